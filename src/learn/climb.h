/*
 * The climb of a batch through a network in memory. The activations of one layer are there at a
 * time: its outputs, and, for the gradient, its inputs, in two buffers that change places. They
 * take as much in a deep network as in one of two layers.
 *
 *     ff_climb_begin()            blocks: inputs of layer 1, where they lie
 *     ff_climb_layer(k)           y = relu(x W' + b) into the other buffer; sums of squares
 *     ff_climb_on(k)              the outputs, scaled to RMS 1, are the blocks of the next layer
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
    float *y[2];             /* (max_rows, units): of layers 1, 3, .., and of layers 2, 4, .. */
    float *sums;             /* (tiles, max_rows) */
    struct ff_block *blocks; /* (max_blocks): inputs of the layer at work */
    size_t n_blocks, all_rows;
};

/* Allocates; the members up to max_blocks are set before. On error release what is there. */
FF_CHECK int ff_climb_init(struct ff_climb *climb);
void ff_climb_release(struct ff_climb *climb);
/* Adds what CLIMB takes; it has no need of layers. */
void ff_climb_needs(const struct ff_climb *climb, struct ff_needs *needs);

/* Begins with N pieces, one block each. */
void ff_climb_begin(struct ff_climb *climb, size_t n, const struct ff_piece *pieces);
/* The outputs (all_rows, units) of layer K, from 0, on the blocks, which stay as they are. */
FF_CHECK int ff_climb_layer(struct ff_climb *climb, uint32_t k);
/* They become the blocks. */
void ff_climb_on(struct ff_climb *climb, uint32_t k);
/* Where the outputs of layer K are. */
float *ff_climb_outputs(const struct ff_climb *climb, uint32_t k);

#endif
