/*
 * The forward pass of a batch through a network in memory, layer by layer. Only one layer's
 * activations are held: its outputs and, for the gradient, its inputs, in two buffers used in turn.
 * Their size does not depend on depth.
 *
 *     ff_pass_begin()            blocks: inputs of layer 1, in place
 *     ff_pass_layer(k)           y = relu(x W' + b) into the other buffer, and sums of squares
 *     ff_pass_next(k)            blocks: the outputs, scaled to RMS 1, for the next layer
 */
#ifndef FF_LEARN_PASS_H
#define FF_LEARN_PASS_H

#include "learn/feed.h"
#include "model/layer.h"
#include "model/workers.h"

struct ff_pass {
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
 * PASS. */
FF_CHECK int ff_pass_init(struct ff_pass *pass);
void ff_pass_release(struct ff_pass *pass);
/* Adds the memory of PASS, whose layers need not be set. */
void ff_pass_needs(const struct ff_pass *pass, struct ff_needs *needs);

/* Begins with N pieces, one block each. */
void ff_pass_begin(struct ff_pass *pass, size_t n, const struct ff_piece *pieces);
/* Computes the outputs (all_rows, units) of layer K, from 0, on the blocks, which are unchanged. */
FF_CHECK int ff_pass_layer(struct ff_pass *pass, uint32_t k);
/* Makes the outputs of layer K, of the whole team and scaled to RMS 1, the blocks. */
FF_CHECK int ff_pass_next(struct ff_pass *pass, uint32_t k);
/* The outputs of layer K. */
float *ff_pass_outputs(const struct ff_pass *pass, uint32_t k);

#endif
