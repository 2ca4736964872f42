/*
 * Phase (C) of a step: the gradient of a layer from dL/dz of its units, and the optimizer's step,
 * tile by tile:
 *
 *     dW_t = dZ_t' X,  db_t = column sums of dZ_t,  then the optimizer on W_t, b_t
 *
 * x: (rows, fan_in), dZ_t: (rows, units of the tile). A tile needs nothing of the others, so the
 * gradient of the whole layer is held only with micro-batches: it is then accumulated in the order
 * of the blocks of rows, which gives the same bits. In a label-conditioned layer dZ_t and the
 * gradient of the label weights are formed from the pre-activations (nn/labels.h).
 */
#ifndef FF_LEARN_UPDATE_H
#define FF_LEARN_UPDATE_H

#include "learn/conditioned.h"
#include "nn/optimizer.h"

struct ff_update {
    struct ff_workers *workers;
    struct ff_layer *layer; /* not owned; may be replaced by another one that fits */
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params params;
    bool whole;             /* the gradient of the whole layer is kept between calls */
    uint32_t kept_rows;     /* not 0: outputs are kept, in blocks of at most this many rows */
    struct ff_update_room { /* the largest sizes of the layers it serves */
        size_t weights;     /* of a tile; if WHOLE, of a layer */
        uint32_t tile_units, tiles, units; /* TILES: of this process */
        size_t label_weights;
    } room;
    float *gradient;       /* as the layer's weights if WHOLE; else a tile per worker */
    float *bias_gradient;  /* (units) */
    float *label_gradient; /* as the layer's label weights */
    float *deltas;         /* (kept_rows, tile units) per worker */
};

/* The rows of a gradient. */
struct ff_update_rows {
    const struct ff_block *blocks;
    size_t n_blocks;
    /* (rows of all blocks, units): dL/dz; or, with SCALE, the outputs y, which dL/dz_ij = scale_i
     * y_ij + shift_j overwrites unless outputs are kept. */
    float *delta;
    const float *scale; /* (rows of all blocks) or NULL */
    /* Label-conditioned layers, else NULL: the labels and their weights (ff_conditioned_weigh());
     * DELTA is z. */
    const struct ff_conditioned *conditioned;
    const float *shift; /* (units), added in every other block from the first; or NULL; only if
                           outputs are kept */
    bool first;         /* start the gradient; else add these rows to it (WHOLE only) */
    bool last;          /* the gradient is then complete: make the optimizer's step */
    uint64_t number;    /* of the step, from 1 */
    float lr;
};

/* Before ff_update_init(): also makes room for LAYER, which need not be allocated. */
void ff_update_fit(struct ff_update *update, const struct ff_layer *layer);
/* Allocates the gradient, with room for UPDATE->layer at least. The caller sets the other members
 * first. On error, release UPDATE. */
FF_CHECK int ff_update_init(struct ff_update *update);
void ff_update_release(struct ff_update *update);
/* Adds the memory of UPDATE on THREADS; nothing need be allocated. */
void ff_update_needs(const struct ff_update *update, unsigned threads, struct ff_needs *needs);
FF_CHECK int ff_update_run(struct ff_update *update, const struct ff_update_rows *rows);
/* Makes optimizer step NUMBER with the complete gradient of the whole layer. */
FF_CHECK int ff_update_apply(struct ff_update *update, uint64_t number, float lr);

#endif
