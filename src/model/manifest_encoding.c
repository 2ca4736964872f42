/* How the features of a manifest's data become inputs. */
#include "model/manifest.h"

#include <stdlib.h>

/* How features are standardised: never FF_STANDARDIZE_AUTO. */
static enum ff_standardize standardize(const struct ff_manifest *manifest)
{
    enum ff_standardize chosen = ff_recipe_standardize(&manifest->recipe);

    if (manifest->version < FF_ENCODING_VERSION)
        return FF_STANDARDIZE_NONE;
    if (chosen != FF_STANDARDIZE_AUTO)
        return chosen;
    if (!manifest->is_float)
        return FF_STANDARDIZE_NONE;
    return manifest->image.height > 0 || manifest->features > FF_MAX_STANDARD_COLUMNS
               ? FF_STANDARDIZE_WHOLE
               : FF_STANDARDIZE_COLUMNS;
}

uint32_t ff_manifest_moments(const struct ff_manifest *manifest)
{
    switch (standardize(manifest)) {
    case FF_STANDARDIZE_COLUMNS:
        return manifest->features;
    case FF_STANDARDIZE_WHOLE:
        return 1;
    default:
        return 0;
    }
}

static bool encodes(const struct ff_manifest *manifest)
{
    return manifest->version >= FF_ENCODING_VERSION &&
           (manifest->is_float || ff_manifest_moments(manifest) > 0 ||
            manifest->schema.context > 0);
}

uint64_t ff_manifest_inputs(const struct ff_manifest *manifest)
{
    if (!encodes(manifest))
        return manifest->features;
    return ff_schema_inputs(&manifest->schema, manifest->features) +
           ff_recipe_scales_inputs(&manifest->recipe);
}

/* Every column of a text has the classes as its categories. */
static bool list_symbols(const struct ff_schema *schema, struct ff_encoding *out)
{
    out->category = calloc(schema->context, sizeof *out->category);
    for (uint32_t c = 0; out->category && c < schema->context; c++)
        out->category[c] = schema->n_classes;
    return out->category != NULL;
}

/* Categories of the columns; NULL if there are none. */
static bool list_categories(const struct ff_schema *schema, struct ff_encoding *out)
{
    if (schema->context > 0)
        return list_symbols(schema, out);
    for (uint32_t c = 0; c < schema->n_columns; c++) {
        if (schema->columns[c].kind != FF_COLUMN_CATEGORY)
            continue;
        if (!out->category)
            out->category = calloc(schema->n_columns, sizeof *out->category);
        if (!out->category)
            return false;
        out->category[c] = schema->columns[c].n_categories;
    }
    return true;
}

/* The input of the character that is d places back is 1 / d, as far as it usually matters for the
 * next one. */
static void scale_by_distance(uint32_t context, double *scale)
{
    for (uint32_t c = 0; c < context; c++)
        scale[c] = 1.0 / (context - c);
}

static bool scales_by_distance(const struct ff_manifest *manifest)
{
    return manifest->version >= FF_DISTANCE_VERSION && manifest->schema.context > 1;
}

static bool fill(const struct ff_manifest *manifest, struct ff_encoding *out)
{
    const struct ff_moments *moments = &manifest->moments;
    uint32_t n = moments->n > 1 ? moments->n : 1;

    if (scales_by_distance(manifest))
        n = manifest->schema.context;
    out->columns = manifest->features;
    out->inputs = (uint32_t)ff_manifest_inputs(manifest);
    out->alike = n == 1;
    out->mean = calloc(n, sizeof *out->mean);
    out->scale = calloc(n, sizeof *out->scale);
    if (!out->mean || !out->scale || !list_categories(&manifest->schema, out))
        return false;
    if (scales_by_distance(manifest))
        scale_by_distance(n, out->scale);
    else if (moments->n == 0)
        out->scale[0] = 1;
    for (uint32_t i = 0; i < moments->n; i++) {
        out->mean[i] = moments->mean[i];
        out->scale[i] = moments->deviation[i] > 0 ? 1 / moments->deviation[i] : 0;
    }
    return true;
}

int ff_manifest_encode(struct ff_ctx *ctx, struct ff_manifest *manifest)
{
    struct ff_encoding *encoding = &manifest->encoding;

    ff_encoding_release(encoding);
    if (!encodes(manifest) || fill(manifest, encoding))
        return FF_OK;
    ff_encoding_release(encoding);
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the columns of the data");
}
