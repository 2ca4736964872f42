#include "data/embed.h"

#include <assert.h>

uint32_t ff_embed_width(const struct ff_embedding *embedding)
{
    return embedding->mode == FF_EMBED_APPEND ? embedding->features + embedding->classes
                                              : embedding->features;
}

uint16_t ff_wrong_label(uint64_t seed, uint32_t set, uint64_t row, uint16_t label, uint32_t classes)
{
    const struct ff_rng rng = ff_rng_make(seed, FF_RNG_NEGATIVE_LABEL, 0, set);
    uint32_t drawn;

    assert(classes >= 2 && label < classes);
    drawn = ff_rng_below(&rng, row, classes - 1);
    return (uint16_t)(drawn + (drawn >= label));
}
