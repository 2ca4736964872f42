/*
 * Recipes by name, each one row of the table in recipe_table.c: a set of defaults that was measured
 * to work. Whatever a recipe says can be said otherwise for one training.
 */
#ifndef FF_RECIPE_RECIPE_TABLE_H
#define FF_RECIPE_RECIPE_TABLE_H

#include "recipe/recipe.h"

/* Finds a recipe by name; NULL if there is none. */
const struct ff_recipe_entry *ff_recipe_find(const char *name);
/* The name of the recipe whose defaults hold for RECIPE, of a known mode, if it does not say: of
 * those that have its loss the first one, else the mode's. */
const char *ff_recipe_by_default(const struct ff_recipe *recipe);
/* Sets the numbers of RECIPE that are still unset to those of its mode, loss and optimizer, which
 * are known. */
void ff_recipe_fill_numbers(struct ff_recipe *recipe);
/* Sets the fields of RECIPE that are unset to ENTRY's. */
void ff_recipe_fill(struct ff_recipe *recipe, const struct ff_recipe_entry *entry);

#endif
