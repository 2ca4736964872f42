/*
 * What a forward pass over the training samples tells of a layer as trained: loss, goodness, error,
 * silent units, and, on held-out rows, the error of its goodness summed with that of the layers
 * below (holdout.h). Rows come in blocks, of streams that follow from the recipe (streams.h):
 *
 * - pairs: a positive stream and sets of negatives, each row against the positive one;
 * - under every label, one after another: the true label against the strongest of the others;
 * - label-conditioned: a block tells of all labels at once.
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
    float *goodness;     /* (chunk_rows, classes): under every label, as blocks come in */
    float *sums;         /* (chunk_rows, classes): the same summed over layers */
    uint8_t *active;     /* (units): set to 1 for units that were active for any row */
    struct ff_sums total;
    struct ff_holdout holdout;
};

/* Of layer NUMBER; nothing is allocated. */
struct ff_metrics ff_metrics_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t number);
FF_CHECK int ff_metrics_init(struct ff_metrics *metrics, struct ff_ctx *ctx,
                             const struct ff_loss *loss, const struct ff_loss_params *params);
void ff_metrics_release(struct ff_metrics *metrics);
/* Adds what they take. */
void ff_metrics_needs(const struct ff_metrics *metrics, struct ff_needs *needs);
/* Takes a block whose rows have LABELS (NULL where no stream needs them). FEED brings what goes
 * along with the rows from the layer below; what goes along to the one above is put to OUT (NULL:
 * there is none). */
FF_CHECK int ff_metrics_take(struct ff_metrics *metrics, struct ff_feed *feed,
                             const struct ff_forward_block *block, const uint16_t *labels,
                             struct ff_set *out, const struct ff_compression *compression);
/* All of them, in the order of model/layer_metrics.h. */
void ff_metrics_read(const struct ff_metrics *metrics, double out[FF_LAYER_METRICS]);

#endif
