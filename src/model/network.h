/*
 * A whole network in memory: every layer and head with its optimizer state, for the modes that
 * train all of them at once. The recipe decides which layers have a head (ff_recipe_first_head());
 * with backpropagation there is one, the output layer.
 */
#ifndef FF_MODEL_NETWORK_H
#define FF_MODEL_NETWORK_H

#include "model/layer.h"
#include "model/manifest.h"
#include "model/tensor.h"

struct ff_network {
    struct ff_ctx *ctx;
    uint32_t n_layers, n_heads;
    uint32_t first_head;     /* the layer, from 1, of heads[0]; 0: no heads */
    struct ff_layer *layers; /* (n_layers), first to last */
    struct ff_layer *heads;  /* (n_heads): heads of layers first_head .. n_layers */
    struct ff_part *parts;   /* all layers, then all heads, for checkpoints */
    size_t n_parts;
};

/* Allocates the network of MANIFEST's recipe, of which this process owns its share in TEAM, all
 * zero; it must be seeded or loaded. On error nothing is left to release. */
FF_CHECK int ff_network_init(struct ff_network *out, struct ff_ctx *ctx,
                             const struct ff_manifest *manifest);
void ff_network_release(struct ff_network *network);
/* Adds the memory of MANIFEST's network, or the most that one of RANKS processes has of it. */
void ff_network_needs(const struct ff_manifest *manifest, unsigned ranks, struct ff_needs *needs);
/* The shape, without buffers, of the part of MANIFEST's network stored as KIND and NUMBER (struct
 * ff_part), with the states of its optimizer. Valid in every mode. */
struct ff_layer ff_network_shape(const struct ff_manifest *manifest, char kind, uint32_t number);
/* Lists the tensors of that part; with STATE those of the optimizer, and running means, too.
 * Returns their number. */
size_t ff_network_tensors(const struct ff_manifest *manifest, char kind, uint32_t number,
                          bool state, struct ff_tensor out[FF_MAX_TENSORS]);
/* The optimizer of the heads: with backpropagation that of the layers, of which the output layer is
 * one; else Adam. */
const struct ff_optimizer *ff_network_head_optimizer(const struct ff_recipe *recipe);

#endif
