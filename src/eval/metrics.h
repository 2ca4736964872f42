/*
 * Metrics of a trained layer, measured in a forward pass over training samples: loss, goodness,
 * error, dead units, and, on held-out samples, the error rate of its goodness summed with that of
 * the layers below (holdout.h). Rows arrive in blocks of the recipe's streams (streams.h):
 *
 * - pairs: a positive stream and sets of negatives, each negative row against its positive one;
 * - every label in turn: the true label against the label of highest goodness among the others;
 * - label-conditioned: a block has the goodness under all labels.
 */
#ifndef FF_EVAL_METRICS_H
#define FF_EVAL_METRICS_H

#include "eval/holdout.h"
#include "model/layer_metrics.h"
#include "nn/loss.h"

struct ff_metrics {
    struct ff_ctx *ctx;
    const struct ff_manifest *manifest; /* not owned */
    const struct ff_geometry *geometry; /* not owned */
    uint32_t number, units;             /* of the layer */
    const struct ff_loss *loss;
    struct ff_loss_params params;
    float *goodness_pos; /* (chunk_rows) */
    float *goodness_neg; /* (chunk_rows) */
    float *c;            /* (chunk_rows, 2), or of a loss over labels (chunk_rows, classes) */
    float *goodness;     /* (chunk_rows, classes): under every label, filled block by block */
    float *sums;         /* (chunk_rows, classes): the same, summed over layers */
    uint8_t *active;     /* (units): set to 1 for units that were active for any row */
    struct ff_sums total;
    struct ff_holdout holdout;
};

/* The metrics of layer NUMBER; nothing is allocated. */
struct ff_metrics ff_metrics_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t number);
FF_CHECK int ff_metrics_init(struct ff_metrics *metrics, struct ff_ctx *ctx,
                             const struct ff_loss *loss, const struct ff_loss_params *params);
void ff_metrics_release(struct ff_metrics *metrics);
/* Adds the memory of METRICS. */
void ff_metrics_needs(const struct ff_metrics *metrics, struct ff_needs *needs);
/* Measures a block whose rows have LABELS (NULL if no stream needs them). Values stored with the
 * rows, such as sums of goodness, are read from FEED and written to OUT (NULL: no next layer). */
FF_CHECK int ff_metrics_take(struct ff_metrics *metrics, struct ff_feed *feed,
                             const struct ff_forward_block *block, const uint16_t *labels,
                             struct ff_set *out, const struct ff_compression *compression);
/* Writes all metrics in the order of model/layer_metrics.h. */
void ff_metrics_read(const struct ff_metrics *metrics, double out[FF_LAYER_METRICS]);

#endif
