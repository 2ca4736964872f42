/*
 * Mean and standard deviation of the columns of data, by which inputs are standardised, or of all
 * values as one. Measured in one pass: sums of the differences from the first row, in double, row
 * after row, so that they do not depend on threads, and large values with a small deviation keep
 * it.
 */
#ifndef FF_DATA_MOMENTS_H
#define FF_DATA_MOMENTS_H

#include "base/context.h"

struct ff_moments {
    uint32_t n;        /* columns; 1: of all values; 0: not measured */
    double *mean;      /* (n) */
    double *deviation; /* (n): standard deviations; 0: constant */
};

/* Frees the arrays, which are malloc'd; MOMENTS is then empty. */
void ff_moments_release(struct ff_moments *moments);
/* Allocates both arrays for N columns. FF_ENOMEM; OUT is then empty. */
FF_CHECK int ff_moments_init(struct ff_ctx *ctx, uint32_t n, struct ff_moments *out);

/* A measurement. While it runs, the moments hold sums. */
struct ff_moments_sums {
    struct ff_moments moments;
    double *origin; /* (n): the first row, or the first value */
    uint64_t rows;
};
/* For N columns, 1: of all values. FF_ENOMEM. */
FF_CHECK int ff_moments_begin(struct ff_ctx *ctx, uint32_t n, struct ff_moments_sums *sums);
/* Adds a row of COLUMNS values, float or uint8; these count as value / 255 (embed.h). */
void ff_moments_add(struct ff_moments_sums *sums, uint32_t columns, const void *row, bool is_float);
/* Moves the moments of the rows so far to OUT, which is empty, and ends the measurement. */
void ff_moments_end(struct ff_moments_sums *sums, uint32_t columns, struct ff_moments *out);
/* Ends it without a result; does nothing if it has ended or is all zero. */
void ff_moments_abandon(struct ff_moments_sums *sums);

#endif
