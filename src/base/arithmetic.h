/*
 * Saturating arithmetic on sizes: an overflow gives UINT64_MAX, so that the estimate for an
 * absurdly large job is never small.
 */
#ifndef FF_BASE_ARITHMETIC_H
#define FF_BASE_ARITHMETIC_H

#include <stdint.h>

static inline uint64_t ff_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t ff_larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* a / b, rounded up. */
static inline uint64_t ff_divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b > 0);
}

static inline uint64_t ff_times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static inline uint64_t ff_plus(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
