/*
 * The training that a test is about: its directory, context, recipe and options. A test program has
 * one at a time, made before each test by training_begin() and released by training_end().
 */
#ifndef TRAINING_H
#define TRAINING_H

#include "fixtures/train_fixture.h"
#include "support/at_hand.h"

extern struct ff_recipe recipe;
extern struct ff_train_opts opts;

/* Makes a directory with ROWS rows in either split, a context, a recipe for HIDDEN and options. */
void training_begin(size_t rows, const char *hidden);
/* The same in WHERE, a directory made by train_folder_of(), which it then owns. */
void training_begin_in(char *where, const char *hidden);
/* Releases them; fails the test if the library has not released all its memory. Fit for a checked
 * fixture. */
void training_end(void);

/* Trains the completed recipe while every allocation in turn fails once; each time the same model
 * is resumed. Returns the number of times. */
int64_t train_with_failing_allocations(void);

/* Opens the model file of the training, complete or not. */
struct ff_model *open_model(void);

#endif
