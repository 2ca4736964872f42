/*
 * Dropout of inputs (Srivastava et al. 2014, JMLR 15): each element is set to 0 with probability p,
 * and the others are scaled by 1 / (1 - p), which preserves the mean. The mask of a row is a
 * function of the random sequence and the row's number alone.
 */
#ifndef FF_NN_DROPOUT_H
#define FF_NN_DROPOUT_H

#include "base/rng.h"

#include <math.h>
#include <stddef.h>

#define FF_DROPOUT_STEPS 65536.0f /* values of a 16-bit random number */

/* P, 0 .. 1, rounded to a multiple of 2^-16: the probability in effect. */
static inline float ff_dropout_probability(double p)
{
    return (float)(rint(p * FF_DROPOUT_STEPS) / FF_DROPOUT_STEPS);
}
/* OUT = IN with dropout; both (rows, width). Row i has the mask of row FIRST + i of the sequence
 * RNG. OUT may be IN. */
void ff_dropout(const struct ff_rng *rng, uint64_t first, size_t rows, size_t width,
                float probability, const float *in, float *out);

#endif
