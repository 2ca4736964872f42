/*
 * The climb of a batch: its forward pass through a network in memory, layer by layer. Only one
 * layer's activations are held: its outputs and, for the gradient, its inputs, in two buffers used
 * in turn. Their size does not depend on depth.
 *
 *     ff_climb_begin()            blocks: inputs of layer 1, in place
 *     ff_climb_layer(k)           y = relu(x W' + b) into the other buffer, and sums of squares
 *     ff_climb_on(k)              blocks: the outputs, scaled to RMS 1, for the next layer
 */
#ifndef FF_LEARN_CLIMB_H
#define FF_LEARN_CLIMB_H

#include "learn/feed.h"
#include "model/layer.h"
#include "model/workers.h"

struct ff_climb {
    struct ff_workers *workers;
    const uint32_t *hidden; /* (n_layers): units of each layer; not owned */
    uint32_t n_layers;
    const struct ff_layer *layers; /* (n_layers), not owned */
    size_t max_rows, max_blocks;
    float *y[2]; /* (max_rows, units): outputs of layers 1, 3, .. and of layers 2, 4, .. */
    float *sums; /* (tiles, max_rows) */
    struct ff_block *blocks; /* (max_blocks): inputs of the current layer */
    size_t n_blocks, all_rows;
};

/* Allocates the buffers; the caller sets the members up to max_blocks first. On error, release
 * CLIMB. */
FF_CHECK int ff_climb_init(struct ff_climb *climb);
void ff_climb_release(struct ff_climb *climb);
/* Adds the memory of CLIMB, whose layers need not be set. */
void ff_climb_needs(const struct ff_climb *climb, struct ff_needs *needs);

/* Begins with N pieces, one block each. */
void ff_climb_begin(struct ff_climb *climb, size_t n, const struct ff_piece *pieces);
/* Computes the outputs (all_rows, units) of layer K, from 0, on the blocks, which are unchanged. */
FF_CHECK int ff_climb_layer(struct ff_climb *climb, uint32_t k);
/* Makes the outputs of layer K, scaled to RMS 1, the blocks. */
void ff_climb_on(struct ff_climb *climb, uint32_t k);
/* The outputs of layer K. */
float *ff_climb_outputs(const struct ff_climb *climb, uint32_t k);

#endif
