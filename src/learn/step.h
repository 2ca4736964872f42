/*
 * One optimizer step of one layer on a batch of positive and negative rows, always mixed (a layer
 * does not learn from separate positive and negative steps; Hinton 2022):
 *
 * - (A), parallel: for each tile t of neurons, Y_t = relu(X W_t' + b_t) and the sum of squares of
 *   each row; of a label-conditioned layer the same under each label (conditioned.h).
 * - (B), serial and short: the goodness of each row, the loss, and its coefficients c = dL/dG.
 * - (C), parallel: for each tile, dZ_t = c (2/n) Y_t, dW_t = dZ_t' X, and the optimizer on it
 *   (update.h).
 *
 * With micro-batches the layer's gradient is accumulated chunk by chunk in the order of the whole
 * batch, which gives the same bits.
 */
#ifndef FF_LEARN_STEP_H
#define FF_LEARN_STEP_H

#include "learn/feed.h"
#include "model/layer.h"
#include "model/manifest.h"
#include "nn/loss.h"

struct ff_step_opts {
    struct ff_layer *layer;             /* not owned */
    uint32_t number;                    /* the layer's number, a key of random numbers */
    struct ff_feed *feed;               /* not owned; max_pieces at least ff_step_pieces() */
    const struct ff_manifest *manifest; /* for label-conditioned layers; not owned */
    const struct ff_geometry *geometry;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params optimizer_params;
    uint32_t variants;     /* stored variants of the inputs, used in turn: sets of negatives, or
                              augmentation copies if label-conditioned */
    uint32_t micro_chunks; /* chunks of the dataset at a time, 1 .. chunks of a batch */
};

/* Chunks per micro-batch: for ROWS rows, or with 0 so that the outputs of LAYER take at most 4 MiB;
 * or a whole batch if its other chunks take less memory than the gradient of the layer, which it
 * does not need. */
uint32_t ff_micro_chunks(const struct ff_geometry *geometry, const struct ff_layer *layer,
                         uint32_t rows);
/* Pieces that the feed loads for a micro-batch of CHUNKS. */
uint32_t ff_step_pieces(const struct ff_layer *layer, uint32_t chunks);

struct ff_step;
FF_CHECK int ff_step_new(struct ff_workers *workers, const struct ff_step_opts *opts,
                         struct ff_step **out);
void ff_step_free(struct ff_step *step);
/* Adds the memory of a step on THREADS. The layer of OPTS need not be allocated. */
void ff_step_needs(const struct ff_step_opts *opts, unsigned threads, struct ff_needs *needs);
/* BATCH in EPOCH (from 0) is the one after the next ff_step_run(), which reads it ahead;
 * FF_NO_BATCH: there is none. */
void ff_step_will_need(struct ff_step *step, uint64_t batch, uint32_t epoch);
/*
 * Trains on BATCH in EPOCH, as optimizer step NUMBER (from 1) with learning rate LR, and adds to
 * SUMS. The loss is not finite if training has diverged. FF_ECORRUPT: scratch is damaged.
 */
FF_CHECK int ff_step_run(struct ff_step *step, uint64_t batch, uint32_t epoch, uint64_t number,
                         float lr, struct ff_sums *sums);

#endif
