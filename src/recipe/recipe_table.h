/*
 * Named recipes (presets), each one row of the table in recipe_table.c: defaults chosen by
 * measurement. Every one can be overridden.
 */
#ifndef FF_RECIPE_RECIPE_TABLE_H
#define FF_RECIPE_RECIPE_TABLE_H

#include "recipe/recipe.h"

/* Finds a recipe by name; NULL if there is none. */
const struct ff_recipe_entry *ff_recipe_find(const char *name);
/* The name of the default preset of RECIPE, whose mode is valid: if its loss is set, the first with
 * that loss, or else with one of the same kind (of pairs, over labels); otherwise the mode's. */
const char *ff_recipe_by_default(const struct ff_recipe *recipe);
/* Sets those unset fields of RECIPE, which is valid but may be incomplete, that have other defaults
 * for texts: with conditioned context dropout instead of dropout and label smoothing. */
void ff_recipe_fill_for_text(struct ff_recipe *recipe);
/* Sets the unset numbers of RECIPE to the defaults of its mode, loss and optimizer, which are
 * valid. */
void ff_recipe_fill_numbers(struct ff_recipe *recipe);
/* Sets the unset fields of RECIPE to ENTRY's. */
void ff_recipe_fill(struct ff_recipe *recipe, const struct ff_recipe_entry *entry);

#endif
