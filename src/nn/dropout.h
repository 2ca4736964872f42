/*
 * Dropout of inputs (Srivastava et al. 2014, JMLR 15): each element is set to 0 with probability p,
 * and the others are scaled by 1 / (1 - p), so that their mean stays. What is dropped is a function
 * of the sequence of random numbers and the row's number alone.
 */
#ifndef FF_NN_DROPOUT_H
#define FF_NN_DROPOUT_H

#include "base/rng.h"

#include <stddef.h>

/* The probability that is meant by P, 0 .. 1: a multiple of 2^-16. */
float ff_dropout_probability(double p);
/* OUT = IN with dropout, both (rows, width), rows FIRST and after of the sequence RNG; OUT may be
 * IN. */
void ff_dropout(const struct ff_rng *rng, uint64_t first, size_t rows, size_t width,
                float probability, const float *in, float *out);

#endif
