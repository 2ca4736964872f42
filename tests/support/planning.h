/*
 * Plans of trainings beside what these trainings measure: the training at hand (support/training.h)
 * with its plan.
 */
#ifndef PLANNING_H
#define PLANNING_H

#include "support/training.h"

#define MIB ((uint64_t)1 << 20)
#define PLANNING_ROWS 1200

extern struct ff_plan seen; /* the plan of the last training */

/* A checked fixture, released by training_end(): two layers of 300 units, one epoch; a model in the
 * way is overwritten. */
void planning_setup(void);

/* What differs from the usual recipe and options; zero: nothing. */
struct config {
    const char *hidden, *mode, *recipe, *optimizer, *activations, *compress, *negatives, *pass_on;
    uint32_t batch, micro_batch, label_samples, classes, jitter, copies, sweeps;
    double validation;
    bool no_head, no_dropout;
    unsigned threads;
};

/* The recipe NAMED, with the epochs of these tests. */
void choose_recipe(const char *named);
/* Replaces the dataset by one of CLASSES classes, and the options by those of planning_setup(). */
void use_classes(uint32_t classes);
/* Applies what CONFIG says of shifts, negatives, outputs passed on, held-out samples and sweeps. */
void apply_noise(const struct config *config);

/* Completes the recipe and trains; the plan is in SEEN. */
struct ff_train_result train_seen(void);
/* Fails the test unless the accounted peak was planned: as MEASURED, give or take what the planner
 * cannot know. */
void check_accounted(uint64_t planned, uint64_t measured);
/* Fails the test unless STATUS is that of LIMITED's own limit, which still holds. */
void check_limit(struct ff_ctx *limited, uint64_t limit, int status);

#endif
