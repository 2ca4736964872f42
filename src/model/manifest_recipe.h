/* The recipe in a manifest: a JSON object with the layers as text and a key for each other field.
 */
#ifndef FF_MODEL_MANIFEST_RECIPE_H
#define FF_MODEL_MANIFEST_RECIPE_H

#include "recipe/recipe.h"
#include <jansson.h>

/* NULL: out of memory. */
json_t *ff_manifest_recipe_write(const struct ff_recipe *recipe);
/* Reads and checks OUT, which the caller releases also on error. */
FF_CHECK int ff_manifest_recipe_read(struct ff_ctx *ctx, json_t *object, int version,
                                     struct ff_recipe *out);

/* FF_OK if two recipes are the same, else FF_EMISMATCH and a message naming the first difference.
 */
FF_CHECK int ff_manifest_same_recipe(struct ff_ctx *ctx, const struct ff_recipe *stored,
                                     const struct ff_recipe *given);

#endif
