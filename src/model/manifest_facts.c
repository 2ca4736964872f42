/* Properties that follow from a recipe and its data. */
#include "base/arithmetic.h"
#include "model/manifest.h"

#include <string.h>

/* By default every label is evaluated for up to this many classes. */
#define ALL_LABELS 20

uint32_t ff_manifest_labels_met(const struct ff_manifest *manifest)
{
    uint32_t wrong = manifest->recipe.label_samples;

    if (wrong == 0)
        wrong = ALL_LABELS - 1;
    return wrong + 1 < manifest->classes ? wrong + 1 : manifest->classes;
}

uint32_t ff_manifest_most_epochs(const struct ff_manifest *manifest)
{
    uint32_t most = manifest->recipe.epochs;

    for (uint32_t i = 0; i < manifest->lineage.n; i++)
        most = (uint32_t)ff_larger(most, manifest->lineage.ancestors[i].epochs);
    return most;
}

struct ff_geometry ff_manifest_geometry(const struct ff_manifest *manifest)
{
    uint64_t rows = ff_larger(manifest->samples, 1); /* a geometry has at least a row */
    struct ff_geometry geometry = ff_geometry_make(rows, manifest->recipe.batch);

    ff_geometry_hold_out(&geometry, manifest->recipe.validation);
    return geometry;
}

struct ff_layer_choice ff_manifest_choice(const struct ff_manifest *manifest)
{
    return (struct ff_layer_choice){
        .first = manifest->choice.first,
        .last = manifest->choice.last,
        .held_out_error = manifest->choice.error,
        .temperature = manifest->choice.temperature,
    };
}

uint32_t ff_manifest_first_summed(const struct ff_manifest *manifest, uint32_t last)
{
    return ff_recipe_conditioned(&manifest->recipe) || last == 1 ? 1 : 2;
}

void ff_manifest_range(const struct ff_manifest *manifest, uint32_t layers, uint32_t *first,
                       uint32_t *last)
{
    const struct ff_range_choice *choice = &manifest->choice;
    bool chosen = choice->first > 0;

    *first = chosen ? choice->first : ff_manifest_first_summed(manifest, layers);
    *last = chosen ? choice->last : layers;
}

uint64_t ff_manifest_held_out(const struct ff_manifest *manifest)
{
    struct ff_geometry geometry = ff_manifest_geometry(manifest);

    return geometry.rows - geometry.learned_rows;
}

struct ff_embedding ff_manifest_embedding(const struct ff_manifest *manifest)
{
    bool replace = ff_recipe_replaces_inputs(&manifest->recipe);
    struct ff_embedding out = {
        .features = manifest->features,
        .encoding = manifest->encoding.inputs > 0 ? &manifest->encoding : NULL,
        .unscaled = !ff_recipe_scales_inputs(&manifest->recipe),
    };

    if (!ff_recipe_embeds_labels(&manifest->recipe))
        return out;
    out.mode = replace ? FF_EMBED_REPLACE : FF_EMBED_APPEND;
    out.strength = (float)manifest->recipe.label_strength;
    out.classes = manifest->classes;
    return out;
}

uint32_t ff_manifest_fan_in(const struct ff_manifest *manifest, uint32_t layer)
{
    struct ff_embedding embedding = ff_manifest_embedding(manifest);

    return layer == 1 ? ff_embed_width(&embedding) : manifest->recipe.hidden[layer - 2];
}

uint64_t ff_recipe_parameters(const struct ff_recipe *recipe, uint32_t inputs, uint32_t classes)
{
    uint32_t of_labels = ff_recipe_conditioned(recipe) ? classes : 0;
    uint64_t total = 0;

    for (uint32_t layer = 1; layer <= recipe->layers; layer++) {
        uint64_t units = recipe->hidden[layer - 1];

        total += units * inputs + units * of_labels + units;
        if (ff_recipe_has_head(recipe, layer))
            total += units * classes + classes;
        inputs = (uint32_t)units;
    }
    return total;
}
