/*
 * Kinds of training: properties that follow from a recipe's mode, loss and label embedding
 * together. Only kind.c distinguishes kinds; other code calls these functions, or walks the turns
 * that follow from them (model/turn.h). The recipe's names must be valid.
 */
#ifndef FF_RECIPE_KIND_H
#define FF_RECIPE_KIND_H

#include "recipe/recipe.h"

/* True if layers train on their goodness (Forward-Forward); false with backpropagation, where the
 * head on the last layer gives the outputs. */
bool ff_recipe_has_goodness(const struct ff_recipe *recipe);
/* True if all layers train at the same time; else one after another, on stored activations. */
bool ff_recipe_trains_at_once(const struct ff_recipe *recipe);
/* True if every layer is conditioned on labels (nn/labels.h) and none is embedded in the inputs of
 * layer 1. */
bool ff_recipe_conditioned(const struct ff_recipe *recipe);
/* True if layers train without labels, on images and hybrid images. */
bool ff_recipe_unsupervised(const struct ff_recipe *recipe);
/* True if the linear head predicts by default, not the goodness. */
bool ff_recipe_head_predicts(const struct ff_recipe *recipe);
/* True if the label is embedded in the inputs of layer 1. */
bool ff_recipe_embeds_labels(const struct ff_recipe *recipe);
/* True if the label embedding, and the negatives, are for layers that train without labels. */
bool ff_recipe_embeds_none(const struct ff_recipe *recipe);
bool ff_recipe_mixes_images(const struct ff_recipe *recipe);
/* True if wrong labels are drawn by what the layers have learned, else before training. */
bool ff_recipe_draws_hard(const struct ff_recipe *recipe);
/* True if the embedded label takes the place of the first inputs; else inputs are added for it. */
bool ff_recipe_replaces_inputs(const struct ff_recipe *recipe);
/* How values of the data are standardised; auto: as their type suggests. */
enum ff_standardize {
    FF_STANDARDIZE_AUTO,
    FF_STANDARDIZE_COLUMNS,
    FF_STANDARDIZE_WHOLE,
    FF_STANDARDIZE_NONE,
};
/* The inputs of layer 1 are scaled to RMS 1. */
bool ff_recipe_scales_inputs(const struct ff_recipe *recipe);
enum ff_standardize ff_recipe_standardize(const struct ff_recipe *recipe);
/* True if the loss of a sample is weighted by its class (nn/class_weights.h). */
bool ff_recipe_balances_classes(const struct ff_recipe *recipe);
/* True if samples must be images of known height and width. */
bool ff_recipe_takes_images(const struct ff_recipe *recipe);
/* True if inputs are stored under every label, and a layer gathers its hard negatives from them
 * (learn/hard_negatives.h). */
bool ff_recipe_gathers(const struct ff_recipe *recipe);
/* The lowest layer with a head; 0: no head. The first layer has none unless it is the only one
 * (Hinton 2022, section 3.3). With backpropagation it is the last layer, whose head gives the
 * outputs. */
uint32_t ff_recipe_first_head(const struct ff_recipe *recipe);
/* True if LAYER (from 1) has a head. */
bool ff_recipe_has_head(const struct ff_recipe *recipe, uint32_t layer);
/* The name of the heads' optimizer: with backpropagation that of the layers, of which the head is
 * one; else Adam. */
const char *ff_recipe_head_optimizer(const struct ff_recipe *recipe);
/* The gain of a head's initial weights, N(0, gain / fan-in). A Forward-Forward head starts at zero:
 * its loss is convex, so symmetry need not be broken. With backpropagation it must pass gradients
 * down from the first step on. */
float ff_recipe_head_gain(const struct ff_recipe *recipe);

#endif
