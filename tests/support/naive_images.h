/*
 * The mask of hybrid images, naively: by a blur in one step, over an image that is mirrored at
 * its edges, where the library blurs again and again. Random bits alone are the library's.
 */
#ifndef FF_TESTS_NAIVE_IMAGES_H
#define FF_TESTS_NAIVE_IMAGES_H

#include "base/rng.h"

#include <stddef.h>

/* The blurred bits of row ROW of the sequence RNG, which a mask is 1 where they are above 1/2. out:
 * (height, width) */
void naive_blur(const struct ff_rng *rng, uint64_t row, size_t height, size_t width, double *out);

#endif
