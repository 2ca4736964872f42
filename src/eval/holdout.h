/*
 * Held-out samples (--validation): the last batches of the dataset in stored order, which no layer
 * trains on. They measure the error rate of the goodness summed over layers first .. k, for several
 * first layers, and fit the temperature T of the probabilities
 *
 *     p = softmax(gs G / T), with G the mean goodness over the layers of the range.
 *
 * T minimises the cross-entropy: the best of a grid, refined by a parabola over log T (Guo, Pleiss,
 * Sun, Weinberger, "On calibration of modern neural networks", ICML 2017). At the end of training
 * the range with the smallest error is chosen and stored in the manifest.
 *
 * The sums of goodness are stored with the held-out samples at every boundary, as logits are.
 */
#ifndef FF_EVAL_HOLDOUT_H
#define FF_EVAL_HOLDOUT_H

#include "learn/feed.h"
#include "learn/forward.h"
#include "model/layer_metrics.h"

#define FF_TEMPERATURES 19

struct ff_holdout {
    struct ff_ctx *ctx;
    uint32_t layer, classes;
    float goodness_scale;
    size_t chunk_rows;
    float *sums; /* (chunk_rows, FF_RANGE_STARTS, classes), of the current chunk */
    double rows;
    double wrong[FF_RANGE_STARTS];
    double entropy[FF_RANGE_STARTS][FF_TEMPERATURES]; /* sums of cross-entropies */
};

/* The hold-out of LAYER (from 1) of a model; nothing is allocated. */
struct ff_holdout ff_holdout_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t layer);
FF_CHECK int ff_holdout_init(struct ff_holdout *holdout, struct ff_ctx *ctx);
void ff_holdout_release(struct ff_holdout *holdout);
/* Adds the memory of HOLDOUT. */
void ff_holdout_needs(const struct ff_holdout *holdout, struct ff_needs *needs);
/* Evaluates a block of held-out samples with LABELS after the layer. Reads the sums of the layers
 * below from FEED and writes those up to this one to OUT (NULL: last layer). */
FF_CHECK int ff_holdout_take(struct ff_holdout *holdout, struct ff_feed *feed,
                             const struct ff_forward_block *block, const uint16_t *labels,
                             struct ff_set *out, const struct ff_compression *compression);
/* Writes the results to the layer's METRICS: NAN if no sample is held out, and for ranges that
 * begin above the layer. */
void ff_holdout_metrics(const struct ff_holdout *holdout, double metrics[FF_LAYER_METRICS]);
/* Replaces CHOICE by the best range of METRICS of LAYER, if that is strictly better. */
void ff_holdout_choose(const float metrics[FF_LAYER_METRICS], uint32_t layer,
                       struct ff_range_choice *choice);

#endif
