/*
 * Kinds of training: what follows from a recipe's mode, loss and label embedding together. All that
 * tells kinds apart is in kind.c; other code asks these functions, or walks what follows from them
 * (model/turn.h). The recipe's names must be known.
 */
#ifndef FF_RECIPE_KIND_H
#define FF_RECIPE_KIND_H

#include "recipe/recipe.h"

/* True if layers learn by their goodness; else by errors that the layers above hand down, and the
 * head on the last layer gives the outputs. */
bool ff_recipe_has_goodness(const struct ff_recipe *recipe);
/* True if all layers train at the same time; else one after another, on stored activations. */
bool ff_recipe_trains_at_once(const struct ff_recipe *recipe);
/* True if labels condition every layer (nn/labels.h), and none enters the inputs of layer 1. */
bool ff_recipe_conditioned(const struct ff_recipe *recipe);
/* True if layers learn without labels, from images and hybrid ones. */
bool ff_recipe_unsupervised(const struct ff_recipe *recipe);
/* True if labels are among the inputs of layer 1. */
bool ff_recipe_embeds_labels(const struct ff_recipe *recipe);
/* True if rows must be images, of known height and width. */
bool ff_recipe_takes_images(const struct ff_recipe *recipe);
/* True if inputs are stored under every label, and a layer gathers its hard negatives from them
 * (learn/hard_negatives.h). */
bool ff_recipe_gathers(const struct ff_recipe *recipe);
/* The lowest layer with a head (the first is left out where there are more; Hinton 2022,
 * section 3.3; with backpropagation the last one, for its head gives the outputs); 0: no head. */
uint32_t ff_recipe_first_head(const struct ff_recipe *recipe);
/* The name of the optimizer of the heads: that of the layers where their head gives the outputs,
 * for it is one of them; else Adam. */
const char *ff_recipe_head_optimizer(const struct ff_recipe *recipe);
/* Weights of a head begin as N(0, gain / fan-in). A head of Forward-Forward begins at zero: its
 * loss is convex, and the first step needs no luck. With backpropagation it hands errors down from
 * the first step on. */
float ff_recipe_head_gain(const struct ff_recipe *recipe);

#endif
