/*
 * Which fields of a recipe its mode, its loss and its other fields make use of: the table of fields
 * (field.h), for refusing what does nothing, and for dropping it where one recipe serves to compare
 * modes (ff_recipe_drop_unused()).
 */
#ifndef FF_RECIPE_RECIPE_USE_H
#define FF_RECIPE_RECIPE_USE_H

#include "recipe/recipe.h"

/* RECIPE has all its names and numbers. FF_EINVAL names the first field that is not as by default
 * and does nothing, with what makes no use of it; or fields that do not go together. */
FF_CHECK int ff_recipe_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe);

#endif
