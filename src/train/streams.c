#include "train/streams.h"

#include "store/activations.h"
#include "train/manifest.h"

/* What a layer learns from: copies of label-free rows; or the positive ones and each set of
 * negatives. */
static uint32_t list_learnt(const struct ff_recipe *recipe, uint32_t out[FF_MAX_STREAMS])
{
    uint32_t n = ff_streams_variants(recipe) + (ff_recipe_conditioned(recipe) ? 0 : 1);

    for (uint32_t i = 0; i < n; i++)
        out[i] = FF_STREAM_INPUT + i;
    return n;
}

/* The head's, unless it is there already. */
static uint32_t add_head(const struct ff_recipe *recipe, uint32_t n, uint32_t out[FF_MAX_STREAMS])
{
    uint32_t head = ff_streams_head(recipe);

    if (recipe->head_epochs > 0 && (n == 0 || out[0] != head))
        out[n++] = head;
    return n;
}

uint32_t ff_streams_passed(const struct ff_recipe *recipe, uint32_t out[FF_MAX_STREAMS])
{
    return add_head(recipe, list_learnt(recipe, out), out);
}

uint32_t ff_streams_stored(const struct ff_recipe *recipe, uint32_t boundary,
                           uint32_t out[FF_MAX_STREAMS])
{
    return add_head(recipe, boundary < recipe->layers ? list_learnt(recipe, out) : 0, out);
}

bool ff_streams_labelled(const struct ff_recipe *recipe)
{
    return recipe->head_epochs > 0 || ff_recipe_conditioned(recipe);
}

uint32_t ff_streams_variants(const struct ff_recipe *recipe)
{
    return ff_recipe_conditioned(recipe) ? recipe->augment_copies : recipe->negative_sets;
}

uint32_t ff_streams_rows(const struct ff_recipe *recipe)
{
    return ff_recipe_conditioned(recipe) ? 1 : 2;
}

uint32_t ff_streams_head(const struct ff_recipe *recipe)
{
    return ff_recipe_conditioned(recipe) ? (uint32_t)FF_STREAM_INPUT : (uint32_t)FF_STREAM_NEUTRAL;
}
