/*
 * The second half of learning from a batch: the gradient of a layer from dL/dz of its units, and
 * the optimizer's step, tile by tile:
 *
 *     dW_t = dZ_t' X,  db_t = column sums of dZ_t,  then the optimizer on W_t, b_t
 *
 * x: (rows, fan_in), dZ_t: (rows, units of the tile). A tile needs nothing of the others, so no
 * gradient of the whole layer is held, unless it comes in parts: then it is added up in the order
 * of the blocks of rows, which gives the same bits. A label-conditioned layer's dZ_t is formed from
 * its pre-activations, and the gradient of its label weights with it (nn/labels.h).
 */
#ifndef FF_LEARN_UPDATE_H
#define FF_LEARN_UPDATE_H

#include "learn/conditioned.h"
#include "nn/optimizer.h"

struct ff_update {
    struct ff_workers *workers;
    struct ff_layer *layer; /* not owned; may be set to another that there is room for */
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params params;
    bool whole;         /* the gradient of the whole layer is kept between calls */
    uint32_t kept_rows; /* not 0: scaled outputs are kept, and a block has so many rows at most */
    struct ff_update_room { /* the most of the layers that it is to serve */
        size_t weights;     /* of a tile, or, if WHOLE, of a layer */
        uint32_t tile_units, tiles, units;
        size_t label_weights;
    } room;
    float *gradient;       /* as the layer's weights, or one tile for each at work at a time */
    float *bias_gradient;  /* (units) */
    float *label_gradient; /* as the layer's label weights */
    float *deltas;         /* (kept_rows, tile units) for each tile at work at a time */
};

/* Rows whose gradient is wanted. */
struct ff_update_rows {
    const struct ff_block *blocks;
    size_t n_blocks;
    /* (rows of all blocks, units): dL/dz, or, with SCALE, the outputs: dL/dz_ij = scale_i y_ij +
     * shift_j, which takes their place unless they are to be kept. */
    float *delta;
    const float *scale; /* (rows of all blocks) or NULL */
    /* Of a label-conditioned layer, else NULL: DELTA is z, and how it met its labels, which are
     * weighed (ff_conditioned_weigh()). */
    const struct ff_conditioned *conditioned;
    const float *shift; /* (units), on the rows of every other block from the first; or NULL; only
                           where outputs are kept */
    bool first;         /* begins the gradient; else these rows are added to it (WHOLE only) */
    bool last;          /* the gradient is complete: the optimizer makes its step */
    uint64_t number;    /* of the step, from 1 */
    float lr;
};

/* Before all else: makes room for LAYER, which need not be allocated, beside those before it. */
void ff_update_fit(struct ff_update *update, const struct ff_layer *layer);
/* Allocates the gradient, with room for UPDATE->layer at least. The other members are set before;
 * on error release what is there. */
FF_CHECK int ff_update_init(struct ff_update *update);
void ff_update_release(struct ff_update *update);
/* Adds what UPDATE takes on THREADS; nothing needs to be allocated. */
void ff_update_needs(const struct ff_update *update, unsigned threads, struct ff_needs *needs);
FF_CHECK int ff_update_run(struct ff_update *update, const struct ff_update_rows *rows);
/* The optimizer's step number NUMBER with the gradient of the whole layer, complete before. */
FF_CHECK int ff_update_apply(struct ff_update *update, uint64_t number, float lr);

#endif
