#include "data/embed.h"

#include <assert.h>
#include <stdlib.h>

void ff_encoding_release(struct ff_encoding *encoding)
{
    free(encoding->mean);
    free(encoding->scale);
    free(encoding->category);
    *encoding = (struct ff_encoding){.inputs = 0};
}

uint32_t ff_embed_width(const struct ff_embedding *embedding)
{
    const struct ff_encoding *encoding = embedding->encoding;
    uint32_t inputs = encoding ? encoding->inputs : embedding->features;

    return embedding->mode == FF_EMBED_APPEND ? inputs + embedding->classes : inputs;
}

uint16_t ff_wrong_label(uint64_t seed, uint32_t set, uint64_t row, uint16_t label, uint32_t classes)
{
    const struct ff_rng rng = ff_rng_make(seed, FF_RNG_NEGATIVE_LABEL, 0, set);
    uint32_t drawn;

    assert(classes >= 2 && label < classes);
    drawn = ff_rng_below(&rng, row, classes - 1);
    return (uint16_t)(drawn + (drawn >= label));
}
