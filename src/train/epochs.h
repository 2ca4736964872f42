/*
 * The epochs of a stage that learns: a layer's, those of its part of the head, or the network's.
 * Batches are visited in an order keyed by (seed, layer, epoch); progress stands in the manifest's
 * mark, so that a run goes on from any batch it stopped at. What one batch does is the
 * learner's own.
 */
#ifndef FF_TRAIN_EPOCHS_H
#define FF_TRAIN_EPOCHS_H

#include "base/rng.h"
#include "learn/learner.h"
#include "train/run.h"

struct ff_learning {
    struct ff_run *run;
    struct ff_learner *learner;
    const char *name;    /* for messages: "layer"; NULL: the whole network */
    enum ff_phase phase; /* FF_PHASE_TRAIN or FF_PHASE_HEAD */
    enum ff_rng_purpose order;
    uint32_t epochs; /* of all rounds, which the learning rate is scheduled over */
    uint32_t until;  /* epochs after which this stage ends */
    double learning_rate;
    double flops_per_row; /* of the matrix products of one sample */
    struct ff_sums sums;  /* of the epoch under way; a checkpoint writes them into the mark */
};

/*
 * Runs from the mark to the end of the stage, whose last checkpoint moves the mark to the next one.
 * FF_EINTERRUPTED: a checkpoint of the batch it stopped at is saved. FF_ENUMERIC: the loss is not
 * finite, or what was to be saved.
 */
FF_CHECK int ff_run_epochs(struct ff_learning *learning);

#endif
