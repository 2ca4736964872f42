#include "base/rng.h"

#include <assert.h>
#include <math.h>

#define FEISTEL_ROUNDS 6

struct ff_rng ff_rng_make(uint64_t seed, enum ff_rng_purpose purpose, uint32_t layer,
                          uint32_t epoch)
{
    assert(layer < 1u << 24);
    return (struct ff_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .stream = {(uint32_t)purpose << 24 | layer, epoch},
    };
}

void ff_rng_block(const struct ff_rng *rng, uint64_t index, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
    uint32_t c2 = rng->stream[0], c3 = rng->stream[1];
    uint32_t k0 = rng->key[0], k1 = rng->key[1];

    for (int round = 0; round < FF_PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)FF_PHILOX_M0 * c0;
        uint64_t p1 = (uint64_t)FF_PHILOX_M1 * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += FF_PHILOX_W0;
        k1 += FF_PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t ff_rng_below(const struct ff_rng *rng, uint64_t index, uint32_t bound)
{
    uint32_t block[4];
    uint64_t low;

    assert(bound > 0);
    ff_rng_block(rng, index, block);
    /* The upper half of the 96-bit product of a 64-bit random number and the bound. */
    low = (uint64_t)block[0] * bound >> 32;
    return (uint32_t)(((uint64_t)block[1] * bound + low) >> 32);
}

double ff_rng_unit(const struct ff_rng *rng, uint64_t index)
{
    uint32_t block[4];

    ff_rng_block(rng, index, block);
    return (double)((uint64_t)block[0] << 21 | block[1] >> 11) * 0x1p-53;
}

void ff_rng_normal(const struct ff_rng *rng, uint64_t index, float out[4])
{
    uint32_t block[4];

    ff_rng_block(rng, index, block);
    for (int pair = 0; pair < 4; pair += 2) {
        /* (u + 1) / 2^32 lies in (0, 1], so the logarithm is finite. */
        double radius = sqrt(-2.0 * log(((double)block[pair] + 1.0) * 0x1p-32));
        double angle = 2.0 * M_PI * ((double)block[pair + 1] * 0x1p-32);

        out[pair] = (float)(radius * cos(angle));
        out[pair + 1] = (float)(radius * sin(angle));
    }
}

struct ff_permutation ff_permutation_make(struct ff_rng rng, uint64_t n)
{
    unsigned half_bits = 1;

    assert(n >= 1 && n <= (uint64_t)1 << 62);
    while ((uint64_t)1 << (2 * half_bits) < n)
        half_bits++;
    return (struct ff_permutation){.rng = rng, .n = n, .half_bits = half_bits};
}

static uint64_t feistel(const struct ff_permutation *permutation, uint64_t value)
{
    uint64_t mask = ((uint64_t)1 << permutation->half_bits) - 1;
    uint64_t left = value >> permutation->half_bits, right = value & mask;

    for (uint64_t round = 0; round < FEISTEL_ROUNDS; round++) {
        uint32_t block[4];
        uint64_t next;

        ff_rng_block(&permutation->rng, right << 3 | round, block);
        next = left ^ (block[0] & mask);
        left = right;
        right = next;
    }
    return left << permutation->half_bits | right;
}

uint64_t ff_permutation_at(const struct ff_permutation *permutation, uint64_t i)
{
    assert(i < permutation->n);
    do
        i = feistel(permutation, i);
    while (i >= permutation->n);
    return i;
}
