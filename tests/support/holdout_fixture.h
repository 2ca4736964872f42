/*
 * What the tests of held-out samples share: trainings that hold samples out, what their models say
 * of ranges of layers, and the same by the definition.
 */
#ifndef HOLDOUT_FIXTURE_H
#define HOLDOUT_FIXTURE_H

#include "model/layer_metrics.h"
#include "model/manifest.h"
#include "support/training.h"

#define HOLDOUT_ROWS 700
#define HOLDOUT_LAYERS 4
#define HOLDOUT_SHARE 0.25 /* of the training samples */

/* A checked fixture, released by training_end(). */
void holdout_setup(void);
/* Chooses a recipe of each kind that holds samples out: labels condition its layers; hard
 * negatives. What is learned from is shifted, held-out samples are not. */
#define HOLDOUT_KINDS 2
void choose(int kind);

/* ---- By the definition ---- */

/* Rows, each with the goodness under every label in every layer. */
struct scored {
    size_t rows;
    uint16_t *labels;
    double *goodness; /* (rows, classes, layers) */
};

/* Rows of a split by the model as trained: of "train" those that are held out. */
struct scored score(const char *split);
void scored_release(struct scored *scored);
/* The goodness of a row summed over layers FIRST .. LAST, from 1. out: (classes) */
void sum_range(const struct scored *scored, size_t row, uint32_t first, uint32_t last, double *out);
/* Rows whose largest sum is not that of their label; in UNSURE those that nearly tie. */
double count_wrong(const struct scored *scored, uint32_t first, uint32_t last, double *unsure);
/* p = softmax(gs G / T), G the mean over the range. p: (classes) */
void probabilities(const double *sums, uint32_t layers, double temperature, double *p);
double cross_entropy(const struct scored *scored, uint32_t first, uint32_t last,
                     double temperature);

/* ---- What the model says ---- */

void ck_ok(int status);
/* The metrics of every layer, and the range that is chosen. */
struct ff_range_choice read_model(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS]);
/* Of the held-out samples, summed over layers FIRST .. LAST. */
double error_of(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS], uint32_t first, uint32_t last);
double temperature_of(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS], uint32_t first,
                      uint32_t last);

#endif
