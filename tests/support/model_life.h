/*
 * The life of a model file: the training at hand (support/training.h), what lies beside its model,
 * and what befalls both.
 */
#ifndef MODEL_LIFE_H
#define MODEL_LIFE_H

#include "support/training.h"

#define LIFE_ROWS 200

extern char *elsewhere; /* another path in the directory, for a model */
extern char *own;       /* and one for scratch */
extern struct ff_train_result result;

/* A checked fixture: two layers, one thread, and checkpoints at the end of a layer only. */
void life_setup(void);
void life_teardown(void);

/* What lies beside the data in the directory: names, with blanks between. */
const char *left(void);
void write_text(const char *path, const char *text);
/* Fails the test unless the file PATH holds TEXT. */
void ck_text(const char *path, const char *text);
/* The path of the file that becomes the model with its first checkpoint; the caller's to free. */
char *partial(void);

/* Trains a complete model with another seed and renames it to ELSEWHERE; returns its hash. */
const char *make_other(void);
/* Trains in a child that SIGKILL ends after so many questions whether to stop. */
void train_and_die(long questions);

#endif
