/*
 * The epochs of a training stage: of a layer, its part of the head, or the network. The order of
 * batches is keyed by (seed, layer, epoch). Progress is in the manifest's mark, so that a run
 * resumes from any batch. The learner does the work of a batch.
 */
#ifndef FF_TRAIN_EPOCHS_H
#define FF_TRAIN_EPOCHS_H

#include "base/rng.h"
#include "learn/learner.h"
#include "train/run.h"

struct ff_learning {
    struct ff_run *run;
    struct ff_learner *learner;
    struct ff_set *set;  /* that it trains on */
    const char *name;    /* for messages: "layer"; NULL: the whole network */
    enum ff_phase phase; /* FF_PHASE_TRAIN or FF_PHASE_HEAD */
    enum ff_rng_purpose order;
    uint32_t epochs; /* of all sweeps; the learning rate is scheduled over them */
    uint32_t until;  /* epochs after which this stage ends */
    double learning_rate;
    double flops_per_row;  /* operations of the matrix products per sample */
    struct ff_sums sums;   /* of the current epoch; a checkpoint copies them to the mark */
    bool stops_early;      /* keeps the epoch with the lowest error on held-out samples */
    double held_out_error; /* after the last epoch; NAN: not measured */
};

/*
 * Runs from the mark to the end of the stage, whose last checkpoint moves the mark to the next one.
 * FF_EINTERRUPTED: stopped after a batch, with a checkpoint. FF_ENUMERIC: the loss or the weights
 * are not finite.
 */
FF_CHECK int ff_run_epochs(struct ff_learning *learning);

#endif
