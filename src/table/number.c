/*
 * Most numbers have so few digits that one multiplication or division of exact operands rounds them
 * correctly (W. D. Clinger, "How to read floating point numbers accurately", 1990). With 64 bits
 * of mantissa, as on x86, that decides nearly all others; strtod() decides the rest.
 */
#include "table/number.h"

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 19 /* that any uint64_t holds */
#define EXACT_MANTISSA ((uint64_t)1 << 53)
#define MOST_EXPONENT 100000 /* beyond it only zero is a finite number */
#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal {
    uint64_t mantissa;
    int exponent; /* the number is mantissa * 10^exponent */
    bool negative;
    bool whole; /* the mantissa has all digits */
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Reads digits from AT on; DIGITS are those of the mantissa so far. Returns where they end. */
static const char *take_digits(const char *at, struct decimal *out, int *digits)
{
    for (; is_digit(*at); at++) {
        unsigned digit = (unsigned)(*at - '0');

        if (*digits == MOST_DIGITS) {
            out->whole = false;
            continue;
        }
        out->mantissa = out->mantissa * 10 + digit;
        *digits += out->mantissa > 0;
    }
    return at;
}

/* Reads "e-12" at AT, if anything is there; false: something else is. */
static bool take_exponent(const char *at, struct decimal *out)
{
    bool negative;
    int exponent = 0;

    if (!*at)
        return true;
    if (*at != 'e' && *at != 'E')
        return false;
    at++;
    negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++)
        if (exponent < MOST_EXPONENT)
            exponent = exponent * 10 + (*at - '0');
    out->exponent += negative ? -exponent : exponent;
    return !*at;
}

static bool take_decimal(const char *text, struct decimal *out)
{
    const char *at = text, *first, *point;
    int digits = 0;

    *out = (struct decimal){.negative = *at == '-', .whole = true};
    at += *at == '-' || *at == '+';
    first = at;
    at = take_digits(at, out, &digits);
    if (*at == '.') {
        point = at++;
        at = take_digits(at, out, &digits);
        if (at - point > MOST_EXPONENT)
            out->whole = false;
        else
            out->exponent = -(int)(at - point - 1);
        first++;
    }
    return at > first && take_exponent(at, out);
}

#if LDBL_MANT_DIG == 64
static const long double long_powers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                          1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                          1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                          1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
#define DROPPED_BITS ((1u << 11) - 1) /* of 64 when 53 are left */
#define HALFWAY (1u << 10)

/* The operands are exact, so R is within half a unit of the result. Rounding R again is correct
 * unless R is halfway between two doubles, where the result may be on either side. */
static bool extended_path(const struct decimal *in, double *out)
{
    int power = in->exponent < 0 ? -in->exponent : in->exponent;
    long double r = (long double)in->mantissa;
    uint64_t bits;

    if (power >= LENGTH(long_powers))
        return false;
    r = in->exponent < 0 ? r / long_powers[power] : r * long_powers[power];
    memcpy(&bits, &r, sizeof bits);
    *out = (double)r;
    return (bits & DROPPED_BITS) != HALFWAY;
}
#else
static bool extended_path(const struct decimal *in, double *out)
{
    (void)in;
    (void)out;
    return false;
}
#endif

static bool exact_path(const struct decimal *in, double *out)
{
    int power = in->exponent < 0 ? -in->exponent : in->exponent;

    if (in->mantissa == 0) {
        *out = 0;
        return true;
    }
    if (in->mantissa >= EXACT_MANTISSA || power >= LENGTH(powers))
        return extended_path(in, out);
    *out = in->exponent < 0 ? (double)in->mantissa / powers[power]
                            : (double)in->mantissa * powers[power];
    return true;
}

bool ff_number_parse(const char *text, locale_t c, double *out)
{
    struct decimal decimal;

    if (!take_decimal(text, &decimal))
        return false;
    if (!decimal.whole || !exact_path(&decimal, out)) {
        *out = strtod_l(text, NULL, c);
        return true;
    }
    if (decimal.negative)
        *out = -*out;
    return true;
}
