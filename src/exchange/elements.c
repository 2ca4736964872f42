#include "exchange/elements.h"

#include "store/convert.h"

#include <math.h>
#include <string.h>

/* binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
#define FRACTION_BITS 10
#define SMALLEST_NORMAL 0x1p-14f
#define SMALLEST_POWER (-24) /* 2 to this is the smallest subnormal number */
#define HALF_INFINITY 0x7c00u
#define HALF_NAN 0x7e00u
#define SIGN 0x8000u

uint16_t ff_half_of(float x)
{
    const unsigned sign = signbit(x) ? SIGN : 0;
    const float size = fabsf(x);
    int exponent;
    float rounded;

    if (isnan(x))
        return (uint16_t)(sign | HALF_NAN);
    if (isinf(x))
        return (uint16_t)(sign | HALF_INFINITY);
    /* The unit of the last bit: nearbyintf() rounds to nearest even. */
    exponent = size < SMALLEST_NORMAL ? SMALLEST_POWER : ilogbf(size) - FRACTION_BITS;
    rounded = nearbyintf(ldexpf(size, -exponent));
    /* As integers, halves are in the order of their values: a carry of the fraction is right. */
    rounded += (float)((exponent - SMALLEST_POWER) << FRACTION_BITS);
    return (uint16_t)(sign | (rounded < HALF_INFINITY ? (unsigned)rounded : HALF_INFINITY));
}

float ff_half_value(uint16_t half)
{
    const unsigned exponent = (half & ~SIGN) >> FRACTION_BITS;
    const unsigned fraction = half & ((1u << FRACTION_BITS) - 1);
    float size;

    if (exponent == HALF_INFINITY >> FRACTION_BITS)
        size = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        size = ldexpf((float)fraction, SMALLEST_POWER);
    else
        size =
            ldexpf((float)(fraction + (1u << FRACTION_BITS)), (int)exponent - 1 + SMALLEST_POWER);
    return half & SIGN ? -size : size;
}

/* The i-th short element is written where the i/2-th float was, which has been read. */
static size_t narrow_to_half(float *data, size_t n)
{
    unsigned char *out = (unsigned char *)data;

    for (size_t i = 0; i < n; i++) {
        const uint16_t half = ff_half_of(data[i]);

        if ((half & ~SIGN) == HALF_INFINITY)
            return i;
        memcpy(out + i * sizeof half, &half, sizeof half);
    }
    return n;
}

static size_t narrow_to_bf16(float *data, size_t n)
{
    unsigned char *out = (unsigned char *)data;

    for (size_t i = 0; i < n; i++) {
        const float x = data[i];
        uint16_t brief;

        ff_narrow(&x, 1, 1, FF_BF16, &brief);
        if ((brief & ~SIGN) == 0x7f80u)
            return i;
        memcpy(out + i * sizeof brief, &brief, sizeof brief);
    }
    return n;
}

size_t ff_elements_narrow(float *data, size_t n, enum ff_export_dtype dtype)
{
    switch (dtype) {
    case FF_EXPORT_F16:
        return narrow_to_half(data, n);
    case FF_EXPORT_BF16:
        return narrow_to_bf16(data, n);
    default:
        return n;
    }
}

/* From the last one on, so that no element is overwritten before it is read. */
void ff_elements_widen(float *data, size_t n, enum ff_export_dtype dtype)
{
    const unsigned char *in = (const unsigned char *)data;
    uint16_t element;

    for (size_t i = n; dtype != FF_EXPORT_F32 && i-- > 0;) {
        float x;

        memcpy(&element, in + i * sizeof element, sizeof element);
        if (dtype == FF_EXPORT_F16)
            x = ff_half_value(element);
        else
            ff_widen(&element, FF_BF16, 1, 1, &x);
        memcpy(data + i, &x, sizeof x);
    }
}
