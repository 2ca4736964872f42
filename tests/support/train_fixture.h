/*
 * Small trainings for tests: a dataset of bars that a network of a few units learns in a second, a
 * recipe for it, and the hash of what came out. Everything lies in one directory, made and removed
 * by an unchecked fixture.
 */
#ifndef TRAIN_FIXTURE_H
#define TRAIN_FIXTURE_H

#include "recipe/recipe.h"

#include <fftool/fftool.h>

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define TRAIN_SIDE 8 /* of an image */
#define TRAIN_FEATURES (TRAIN_SIDE * TRAIN_SIDE)
#define TRAIN_CLASSES 4
#define TRAIN_MTIME 1000000000 /* modification time of the files of train_folder(), long ago */
#define TRAIN_NEVER_S 1e9      /* a checkpoint interval: none but that of a layer's end */

void train_root_setup(void);
void train_root_teardown(void);

/* Makes a new directory with a dataset of ROWS training and ROWS test rows in "data"; the name is
 * the caller's to free. */
char *train_folder(size_t rows);
/* The same of CLASSES classes, each a pattern of its own through noise. */
char *train_folder_of(uint32_t classes, size_t rows);
/* Returns "FOLDER/NAME" in one of a few static buffers used in turn. */
const char *train_path(const char *folder, const char *name);
/* Removes a directory and all that is in it; absent is fine. */
void train_remove(const char *path);
/* Sets the modification time of PATH, in s since 1970. */
void train_set_mtime(const char *path, time_t seconds);
/* The size of the file PATH, in bytes. */
off_t train_size_of(const char *path);
/* Makes the data of FOLDER floats of the same content, of other size and sign. */
void train_make_floats(const char *folder);

/* A context whose warnings are dropped. */
struct ff_ctx *train_ctx(void);
/* A small recipe: HIDDEN as in ff_recipe_parse_hidden(), 3 epochs, batches of 32, 2 sets of
 * negatives, a head, activations that are not rounded. Completed later. */
void train_recipe(struct ff_ctx *ctx, const char *hidden, struct ff_recipe *out);
/* Makes RECIPE, of which only the layers stay, the one NAMED in the table, with such numbers. */
void train_named(const char *named, struct ff_recipe *recipe);
/* Tests of what holds for every recipe loop over kinds: those of the table, in its order, then some
 * with what is said otherwise: labels and heads left out, hard negatives, shifted images, copies of
 * them, other outputs handed on, held-out rows, sweeps. At most so many. */
#define TRAIN_MAX_KINDS 8
int train_kinds(void);
/* As train_named(), of KIND. */
void train_kind(int kind, struct ff_recipe *recipe);
/* Removes the head, unless it alone predicts labels; returns whether it is removed. */
bool train_without_head(struct ff_recipe *recipe);
/* Makes it one of MODE, one of those of backpropagation. */
void train_backprop(const char *mode, struct ff_recipe *recipe);
/* Options for FOLDER/model.ff on its data, two threads, no waiting between checkpoints. */
void train_opts(const char *folder, struct ff_train_opts *out);
/* Frees what train_opts() made. */
void train_opts_release(struct ff_train_opts *opts);
/* Completes RECIPE and trains; fails the test if that fails. */
void train_ok(struct ff_ctx *ctx, struct ff_recipe *recipe, const struct ff_train_opts *opts);
/* The weights' hash of a complete model; in a few static buffers used in turn. */
const char *train_hash(const char *model);
/* Trains RECIPE in a directory of its own, with ROWS rows and 2 threads, and gives the hash: what
 * every variant must end in. */
const char *train_reference(const struct ff_recipe *recipe, size_t rows);

/* Interrupts after so many questions: for opts.interrupted, with opts.arg a pointer to the number.
 */
bool train_countdown(void *arg);

#endif
