/*
 * Held-out rows (--validation): the last batches of the dataset in stored order, which no layer
 * learns from. They tell the error of the goodness summed over a range of layers, first .. k for
 * some first ones; and the temperature T that makes a distribution of it,
 *
 *     p = softmax(gs G / T),  G the mean over the layers of the range,
 *
 * where T minimises the cross-entropy: the best of a grid, refined by a parabola over log T (Guo,
 * Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017). At the end of
 * training the range of least error is chosen, and stored in the manifest.
 *
 * The sums of goodness go along with the held-out rows from boundary to boundary, as logits do.
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
    float *sums; /* (chunk_rows, FF_RANGE_STARTS, classes) of the chunk at work */
    double rows;
    double wrong[FF_RANGE_STARTS];
    double entropy[FF_RANGE_STARTS][FF_TEMPERATURES]; /* sums of cross-entropies */
};

/* Of LAYER (from 1) of a model; nothing is allocated. */
struct ff_holdout ff_holdout_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t layer);
FF_CHECK int ff_holdout_init(struct ff_holdout *holdout, struct ff_ctx *ctx);
void ff_holdout_release(struct ff_holdout *holdout);
/* Adds what it takes. */
void ff_holdout_needs(const struct ff_holdout *holdout, struct ff_needs *needs);
/* Takes a block of held-out rows with their LABELS after the layer. Sums of the layers below come
 * from FEED; those up to this one go to OUT (NULL: no layer is above). */
FF_CHECK int ff_holdout_take(struct ff_holdout *holdout, struct ff_feed *feed,
                             const struct ff_forward_block *block, const uint16_t *labels,
                             struct ff_set *out, const struct ff_compression *compression);
/* Writes what was found to the layer's METRICS; NAN if no row was held out, and for ranges that
 * begin above the layer. */
void ff_holdout_metrics(const struct ff_holdout *holdout, double metrics[FF_LAYER_METRICS]);
/* With METRICS of LAYER, chooses its best range if it is better than what CHOICE has; of equals
 * the first. */
void ff_holdout_choose(const float metrics[FF_LAYER_METRICS], uint32_t layer,
                       struct ff_range_choice *choice);

#endif
