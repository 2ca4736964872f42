/* Philox 4x32-10 on several blocks at once, for kernels, which are compiled for several levels of
 * instruction sets (base/level.h). */
#ifndef FF_BASE_RNG_BLOCKS_H
#define FF_BASE_RNG_BLOCKS_H

#include "base/rng.h"

#include <stddef.h>

#define FF_RNG_LANES 8

#define FF_PHILOX_ROUNDS 10
#define FF_PHILOX_M0 0xD2511F53u
#define FF_PHILOX_M1 0xCD9E8D57u
#define FF_PHILOX_W0 0x9E3779B9u
#define FF_PHILOX_W1 0xBB67AE85u

/* One round of all lanes. */
static inline void ff_philox_round(uint32_t k0, uint32_t k1, uint32_t c[4][FF_RNG_LANES])
{
    for (size_t l = 0; l < FF_RNG_LANES; l++) {
        uint64_t p0 = (uint64_t)FF_PHILOX_M0 * c[0][l], p1 = (uint64_t)FF_PHILOX_M1 * c[2][l];

        c[0][l] = (uint32_t)(p1 >> 32) ^ c[1][l] ^ k0;
        c[1][l] = (uint32_t)p1;
        c[2][l] = (uint32_t)(p0 >> 32) ^ c[3][l] ^ k1;
        c[3][l] = (uint32_t)p0;
    }
}

/* Blocks INDEX .. INDEX + FF_RNG_LANES - 1 at once, laid out so that compilers vectorise the loop:
 * word w of block b is OUT[w][b]. */
static inline void ff_rng_blocks(const struct ff_rng *rng, uint64_t index,
                                 uint32_t out[4][FF_RNG_LANES])
{
    uint32_t k0 = rng->key[0], k1 = rng->key[1];

    for (size_t l = 0; l < FF_RNG_LANES; l++) {
        out[0][l] = (uint32_t)(index + l);
        out[1][l] = (uint32_t)((index + l) >> 32);
        out[2][l] = rng->stream[0];
        out[3][l] = rng->stream[1];
    }
    for (int round = 0; round < FF_PHILOX_ROUNDS; round++) {
        ff_philox_round(k0, k1, out);
        k0 += FF_PHILOX_W0;
        k1 += FF_PHILOX_W1;
    }
}

#endif
