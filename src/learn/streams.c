#include "learn/streams.h"

#include "store/activations.h"

#include <assert.h>

static uint32_t list_from(uint32_t first, uint32_t n, uint32_t out[FF_MAX_STREAMS])
{
    assert(n < FF_MAX_STREAMS);
    for (uint32_t i = 0; i < n; i++)
        out[i] = first + i;
    return n;
}

/* Lists the streams that a layer trains on: copies of label-free rows; or rows under every label,
 * to gather from; or the positive stream and each set of negatives. */
static uint32_t list_learned(const struct ff_manifest *manifest, uint32_t out[FF_MAX_STREAMS])
{
    const struct ff_recipe *recipe = &manifest->recipe;

    if (ff_recipe_gathers(recipe))
        return list_from(FF_STREAM_CLASS, manifest->classes, out);
    return list_from(FF_STREAM_INPUT, ff_streams_variants(recipe) + ff_streams_rows(recipe) - 1,
                     out);
}

/* Inserts the head's stream in ascending order, unless it is listed already. */
static uint32_t add_head(const struct ff_recipe *recipe, uint32_t n, uint32_t out[FF_MAX_STREAMS])
{
    uint32_t head = ff_streams_head(recipe), at = n;

    if (recipe->head_epochs == 0 || (n > 0 && out[0] == head))
        return n;
    for (; at > 0 && out[at - 1] > head; at--)
        out[at] = out[at - 1];
    out[at] = head;
    return n + 1;
}

uint32_t ff_streams_passed(const struct ff_manifest *manifest, bool with_head,
                           uint32_t out[FF_MAX_STREAMS])
{
    uint32_t n = list_learned(manifest, out);

    return with_head ? add_head(&manifest->recipe, n, out) : n;
}

uint32_t ff_streams_stored(const struct ff_manifest *manifest, uint32_t boundary, bool with_head,
                           uint32_t out[FF_MAX_STREAMS])
{
    uint32_t n = boundary < manifest->recipe.layers ? list_learned(manifest, out) : 0;

    return with_head ? add_head(&manifest->recipe, n, out) : n;
}

bool ff_streams_labelled(const struct ff_recipe *recipe)
{
    return recipe->head_epochs > 0 || ff_recipe_conditioned(recipe) || ff_recipe_gathers(recipe);
}

uint32_t ff_streams_variants(const struct ff_recipe *recipe)
{
    if (ff_recipe_gathers(recipe))
        return 1;
    return ff_recipe_conditioned(recipe) ? recipe->augment_copies : recipe->negative_sets;
}

uint32_t ff_streams_rows(const struct ff_recipe *recipe)
{
    return ff_recipe_conditioned(recipe) ? 1 : 2;
}

const char *ff_streams_negatives(const struct ff_recipe *recipe)
{
    return ff_recipe_conditioned(recipe) ? "labels" : recipe->negatives;
}

uint32_t ff_streams_head(const struct ff_recipe *recipe)
{
    bool label_free = ff_recipe_conditioned(recipe) || ff_recipe_unsupervised(recipe);

    return label_free ? (uint32_t)FF_STREAM_INPUT : (uint32_t)FF_STREAM_NEUTRAL;
}
