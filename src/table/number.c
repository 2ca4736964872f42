#include "table/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 19            /* of a uint64_t */
#define EXACT ((uint64_t)1 << 53) /* integers up to this are doubles */
#define MOST_POWER 22             /* powers of ten up to this are doubles */
#define MOST_EXPONENT 100000

static const double powers[MOST_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal {
    bool negative;
    uint64_t digits;
    int n;        /* significant digits in DIGITS */
    int exponent; /* power of ten by which they are multiplied */
    bool exact;   /* no digit was dropped */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Reads digits into OUT; those behind a point lower the exponent. Returns where they end. */
static const char *take_digits(const char *at, bool behind_point, struct decimal *out)
{
    for (; is_digit(*at); at++) {
        if (out->n < MOST_DIGITS) {
            out->digits = out->digits * 10 + (uint64_t)(*at - '0');
            out->n += out->digits > 0;
            out->exponent -= behind_point;
        } else {
            out->exact = out->exact && *at == '0';
            out->exponent += !behind_point;
        }
    }
    return at;
}

/* Reads an exponent; NULL: there is an e, but no number behind it. */
static const char *take_exponent(const char *at, struct decimal *out)
{
    bool negative = false;
    int value = 0;

    if (*at != 'e' && *at != 'E')
        return at;
    at++;
    if (*at == '+' || *at == '-')
        negative = *at++ == '-';
    if (!is_digit(*at))
        return NULL;
    for (; is_digit(*at); at++)
        value = value < MOST_EXPONENT ? value * 10 + (*at - '0') : value;
    out->exponent += negative ? -value : value;
    return at;
}

/* Reads TEXT; false: it is no decimal number. */
static bool take_decimal(const char *text, struct decimal *out)
{
    const char *at = text, *begin;
    bool has_digits;

    *out = (struct decimal){.exact = true};
    while (is_blank(*at))
        at++;
    if (*at == '+' || *at == '-')
        out->negative = *at++ == '-';
    begin = at;
    at = take_digits(at, false, out);
    has_digits = at > begin;
    if (*at == '.') {
        begin = ++at;
        at = take_digits(at, true, out);
        has_digits = has_digits || at > begin;
    }
    at = has_digits ? take_exponent(at, out) : NULL;
    while (at && is_blank(*at))
        at++;
    return at && *at == '\0';
}

static locale_t plain_locale;

static void make_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* By the C library, whose decimal point depends on the locale. */
static double read_slowly(const char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_locale);
    return plain_locale ? strtod_l(text, NULL, plain_locale) : strtod(text, NULL);
}

bool ff_number_read(const char *text, double *out)
{
    struct decimal decimal;
    double value;

    if (!take_decimal(text, &decimal))
        return false;
    if (decimal.digits == 0) {
        value = 0;
    } else if (decimal.exact && decimal.digits <= EXACT && abs(decimal.exponent) <= MOST_POWER) {
        value = (double)decimal.digits;
        value = decimal.exponent < 0 ? value / powers[-decimal.exponent]
                                     : value * powers[decimal.exponent];
    } else {
        value = fabs(read_slowly(text));
    }
    *out = decimal.negative ? -value : value;
    return isfinite(value);
}
