/*
 * Which fields of a recipe have an effect with its mode, its loss and its other fields, by the
 * table of fields (field.h). Fields without effect are refused, or dropped where one recipe serves
 * to compare modes (ff_recipe_drop_unused()).
 */
#ifndef FF_RECIPE_RECIPE_USE_H
#define FF_RECIPE_RECIPE_USE_H

#include "recipe/recipe.h"

/* RECIPE must be complete. FF_EINVAL names the first field that has no effect yet is not at its
 * default, and why it has none; or fields that are incompatible. */
FF_CHECK int ff_recipe_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe);

#endif
