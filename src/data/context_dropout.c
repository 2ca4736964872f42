#include "data/context_dropout.h"

#include "data/schema.h"

#define WORDS 4u           /* random numbers of a block */
#define RANGE 4294967296.0 /* they are below it: 2^32 */

void ff_context_dropout(const struct ff_rng *rng, uint64_t row, double probability,
                        uint32_t context, const uint8_t *in, uint8_t *out)
{
    const uint32_t blocks = (context + WORDS - 1) / WORDS;
    uint32_t words[WORDS] = {0};

    for (uint32_t c = 0; c < context; c++) {
        const uint32_t nearer = context - 1 - c;
        const double limit = nearer > 0 ? RANGE * probability * nearer / (context - 1) : 0;

        if (c % WORDS == 0)
            ff_rng_block(rng, row * blocks + c / WORDS, words);
        out[c] = words[c % WORDS] < limit ? FF_SYMBOL_NONE : in[c];
    }
}
