#include "data/numbers.h"

#include <math.h>
#include <string.h>

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
#define HALF_FRACTION_BITS 10
#define HALF_EXPONENT_MAX 31
#define HALF_SMALLEST_POWER (-24) /* 2 to this is the smallest subnormal number */

bool ff_element_is_byte(struct ff_element element)
{
    return element.kind == 'u' && element.bytes == 1;
}

static uint64_t bits_at(struct ff_element element, const void *at)
{
    const unsigned char *b = at;
    uint64_t bits = 0;

    for (unsigned i = 0; i < element.bytes; i++)
        bits = bits << 8 | b[element.big_endian ? i : element.bytes - 1u - i];
    return bits;
}

static int64_t extend_sign(struct ff_element element, uint64_t bits)
{
    unsigned unused = 64 - 8u * element.bytes;

    return (int64_t)(bits << unused) >> unused;
}

static double half_to_double(uint64_t bits)
{
    unsigned exponent = bits >> HALF_FRACTION_BITS & HALF_EXPONENT_MAX;
    unsigned fraction = bits & ((1u << HALF_FRACTION_BITS) - 1);
    double size;

    if (exponent == HALF_EXPONENT_MAX)
        size = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        size = ldexp(fraction, HALF_SMALLEST_POWER);
    else
        size =
            ldexp(fraction + (1u << HALF_FRACTION_BITS), (int)exponent - 1 + HALF_SMALLEST_POWER);
    return bits >> 15 ? -size : size;
}

static double real_to_double(struct ff_element element, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    double real;
    float single;

    if (element.bytes == 2)
        return half_to_double(bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return element.bytes == 4 ? (double)single : real;
}

double ff_number_to_double(struct ff_element element, const void *at)
{
    uint64_t bits = bits_at(element, at);

    if (element.kind == 'f')
        return real_to_double(element, bits);
    return element.kind == 'i' ? (double)extend_sign(element, bits) : (double)bits;
}

/* Integers are converted at once: by way of a double they would be rounded twice. */
static float to_float(struct ff_element element, uint64_t bits)
{
    if (element.kind == 'f')
        return (float)real_to_double(element, bits);
    return element.kind == 'i' ? (float)extend_sign(element, bits) : (float)bits;
}

size_t ff_numbers_to_floats(struct ff_element element, size_t n, const void *in, float *out)
{
    const unsigned char *at = in;

    for (size_t i = 0; i < n; i++, at += element.bytes) {
        out[i] = to_float(element, bits_at(element, at));
        if (isinf(out[i]) && isfinite(ff_number_to_double(element, at)))
            return i;
    }
    return n;
}

bool ff_number_to_integer(struct ff_element element, const void *at, int64_t *out)
{
    const double end = 9223372036854775808.0; /* 2^63 */
    uint64_t bits = bits_at(element, at);

    if (element.kind == 'f') {
        double real = real_to_double(element, bits);

        if (!(real >= -end && real < end) || real != trunc(real))
            return false;
        *out = (int64_t)real;
        return true;
    }
    if (element.kind == 'u' && bits > INT64_MAX)
        return false;
    *out = element.kind == 'i' ? extend_sign(element, bits) : (int64_t)bits;
    return true;
}
