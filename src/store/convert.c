/* Simple loops that compilers vectorise; memcpy() of one element is an unaligned load or store. */
#include "store/convert.h"

#include <string.h>

static inline uint16_t load16(const uint8_t *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load32(const uint8_t *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

void ff_bf16_from_f32(const void *from, size_t count, void *out)
{
    const uint8_t *restrict in = from;
    uint8_t *restrict to = out;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits = load32(in + 4 * i);
        /* Adding just under half of the last kept bit, or half if that bit is odd, carries into the
         * upper half exactly when rounding to nearest even goes up. */
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        uint32_t quiet_nan = bits >> 16 | 0x40;
        uint16_t half = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded);

        memcpy(to + 2 * i, &half, sizeof half);
    }
}

void ff_f32_from_bf16(const void *from, size_t count, void *out)
{
    const uint8_t *restrict in = from;
    uint8_t *restrict to = out;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)load16(in + 2 * i) << 16;

        memcpy(to + 4 * i, &bits, sizeof bits);
    }
}

void ff_shuffle(const void *from, size_t count, size_t size, void *out)
{
    const uint8_t *restrict in = from;
    uint8_t *restrict to = out;

    if (size == 4) {
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = load32(in + 4 * i);

            to[i] = (uint8_t)bits;
            to[count + i] = (uint8_t)(bits >> 8);
            to[2 * count + i] = (uint8_t)(bits >> 16);
            to[3 * count + i] = (uint8_t)(bits >> 24);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            uint16_t bits = load16(in + 2 * i);

            to[i] = (uint8_t)bits;
            to[count + i] = (uint8_t)(bits >> 8);
        }
    }
}

void ff_unshuffle(const void *from, size_t count, size_t size, void *out)
{
    const uint8_t *restrict in = from;
    uint8_t *restrict to = out;

    if (size == 4) {
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = in[i] | (uint32_t)in[count + i] << 8 |
                            (uint32_t)in[2 * count + i] << 16 | (uint32_t)in[3 * count + i] << 24;

            memcpy(to + 4 * i, &bits, sizeof bits);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            uint16_t bits = (uint16_t)(in[i] | in[count + i] << 8);

            memcpy(to + 2 * i, &bits, sizeof bits);
        }
    }
}

size_t ff_count_zeros(const void *from, size_t count, size_t size)
{
    const uint8_t *in = from;
    size_t zeros = 0;

    if (size == 4) {
        for (size_t i = 0; i < count; i++)
            zeros += load32(in + 4 * i) == 0;
    } else if (size == 2) {
        for (size_t i = 0; i < count; i++)
            zeros += load16(in + 2 * i) == 0;
    } else {
        for (size_t i = 0; i < count; i++)
            zeros += in[i] == 0;
    }
    return zeros;
}
