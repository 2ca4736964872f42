/*
 * Simple loops that compilers vectorise; memcpy() of an element is an unaligned load or store. This
 * file is compiled for each level of instruction sets.
 */
#include "store/convert.h"

#include "base/level.h"
#include "store/bytes.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define KERNELS(KERNEL)                                                                    \
    KERNEL(void, ff_narrow,                                                                \
           (const void *from, size_t rows, size_t columns, enum ff_dtype to, void *out),   \
           (from, rows, columns, to, out))                                                 \
    KERNEL(void, ff_widen,                                                                 \
           (const void *from, enum ff_dtype type, size_t rows, size_t columns, void *out), \
           (from, type, rows, columns, out))                                               \
    KERNEL(void, ff_shuffle, (const void *from, size_t count, size_t size, void *out),     \
           (from, count, size, out))                                                       \
    KERNEL(void, ff_unshuffle, (const void *from, size_t count, size_t size, void *out),   \
           (from, count, size, out))                                                       \
    KERNEL(size_t, ff_count_zeros, (const void *from, size_t count, size_t size),          \
           (from, count, size))

KERNELS(FF_DECLARE_KERNEL)
#if FF_LEVEL == 1
KERNELS(FF_DISPATCH_KERNEL)
#endif

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

static void bf16_from_f32(const uint8_t *restrict in, size_t count, uint8_t *restrict to)
{
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

static void f32_from_bf16(const uint8_t *restrict in, size_t count, uint8_t *restrict to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)load16(in + 2 * i) << 16;

        memcpy(to + 4 * i, &bits, sizeof bits);
    }
}

static inline float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Compares as integers, whose vector maximum does not drop NaNs: read as signed integers, the bits
 * of non-negative floats have the same order as the floats, and those of negative ones are below.
 */
static float scale_of_row(const uint8_t *in, size_t columns)
{
    const int32_t infinity = 0x7f800000;
    int32_t largest = 0, magnitude = 0;
    float scale;

    for (size_t i = 0; i < columns; i++) {
        int32_t bits = (int32_t)load32(in + 4 * i), without_sign = bits & INT32_MAX;

        largest = bits > largest ? bits : largest;
        magnitude = without_sign > magnitude ? without_sign : magnitude;
    }
    if (magnitude >= infinity)
        return NAN;
    scale = float_of((uint32_t)largest) / UINT8_MAX;
    return scale >= FLT_MIN ? scale : 0;
}

/* SCALE > 0 */
static void quantise(const uint8_t *restrict in, size_t columns, float scale, uint8_t *restrict to)
{
    /* Adding 2^23 leaves no fraction bits: the sum is rounded, half to even, to an integer. */
    const float no_fraction = 0x1p23f;

    for (size_t i = 0; i < columns; i++) {
        float x = float_of(load32(in + 4 * i));
        float sum = (x > 0 ? x : 0) / scale + no_fraction;
        uint32_t bits;

        memcpy(&bits, &sum, sizeof bits);
        to[i] = (uint8_t)bits;
    }
}

static void scaled_from_f32(const uint8_t *in, size_t rows, size_t columns, uint8_t *to)
{
    for (size_t row = 0; row < rows; row++) {
        float scale = scale_of_row(in, columns);
        uint32_t bits;

        memcpy(&bits, &scale, sizeof bits);
        ff_put_le32(to, bits);
        to += FF_SCALE_BYTES;
        if (scale > 0)
            quantise(in, columns, scale, to);
        else
            memset(to, 0, columns);
        to += columns;
        in += 4 * columns;
    }
}

static void dequantise(const uint8_t *restrict in, size_t columns, float scale,
                       uint8_t *restrict to)
{
    for (size_t i = 0; i < columns; i++) {
        float value = scale * (float)in[i];

        memcpy(to + 4 * i, &value, sizeof value);
    }
}

static void f32_from_scaled(const uint8_t *in, size_t rows, size_t columns, uint8_t *to)
{
    for (size_t row = 0; row < rows; row++) {
        dequantise(in + FF_SCALE_BYTES, columns, float_of(ff_get_le32(in)), to);
        in += FF_SCALE_BYTES + columns;
        to += 4 * columns;
    }
}

void FF_AT_LEVEL(ff_narrow)(const void *from, size_t rows, size_t columns, enum ff_dtype to,
                            void *out)
{
    assert(to == FF_BF16 || to == FF_SCALED_U8);
    if (to == FF_BF16)
        bf16_from_f32(from, rows * columns, out);
    else
        scaled_from_f32(from, rows, columns, out);
}

void FF_AT_LEVEL(ff_widen)(const void *from, enum ff_dtype type, size_t rows, size_t columns,
                           void *out)
{
    assert(type == FF_BF16 || type == FF_SCALED_U8);
    if (type == FF_BF16)
        f32_from_bf16(from, rows * columns, out);
    else
        f32_from_scaled(from, rows, columns, out);
}

void FF_AT_LEVEL(ff_shuffle)(const void *from, size_t count, size_t size, void *out)
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

void FF_AT_LEVEL(ff_unshuffle)(const void *from, size_t count, size_t size, void *out)
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

size_t FF_AT_LEVEL(ff_count_zeros)(const void *from, size_t count, size_t size)
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
