/*
 * A whole network in memory: every layer and every head with its optimizer's state, for the modes
 * that train all of them at once. Which layers have a head follows from the recipe
 * (ff_recipe_first_head()); with backpropagation the only one is the output layer.
 */
#ifndef FF_MODEL_NETWORK_H
#define FF_MODEL_NETWORK_H

#include "model/layer.h"
#include "model/manifest.h"

struct ff_network {
    struct ff_ctx *ctx;
    uint32_t n_layers, n_heads;
    uint32_t first_head;     /* the layer, from 1, that heads[0] is on; 0: no heads */
    struct ff_layer *layers; /* (n_layers), first to last */
    struct ff_layer *heads;  /* (n_heads): on layers first_head .. n_layers */
    struct ff_part *parts;   /* all layers, then all heads, as checkpoints see them */
    size_t n_parts;
};

/* Allocates the network of MANIFEST's recipe, all zero, to be seeded or loaded. On error nothing is
 * left to release. */
FF_CHECK int ff_network_init(struct ff_network *out, struct ff_ctx *ctx,
                             const struct ff_manifest *manifest);
void ff_network_release(struct ff_network *network);
/* Adds what the network of MANIFEST takes. */
void ff_network_needs(const struct ff_manifest *manifest, struct ff_needs *needs);
/* The shape, without buffers, of the part of MANIFEST's network that is stored as KIND and NUMBER
 * (struct ff_part), with the states of its own optimizer; also where layers train one by one. */
struct ff_layer ff_network_shape(const struct ff_manifest *manifest, char kind, uint32_t number);
/* The optimizer of the heads: with backpropagation that of the layers, for the output is one of
 * them; else Adam. */
const struct ff_optimizer *ff_network_head_optimizer(const struct ff_recipe *recipe);

#endif
