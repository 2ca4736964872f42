/*
 * Naive images: one pixel at a time, of one channel. The mask of a hybrid comes from a blur in one
 * step, over an image that is mirrored at its edges, where the library blurs again and again.
 * Random bits alone are the library's.
 */
#ifndef TESTS_NAIVE_IMAGES_H
#define TESTS_NAIVE_IMAGES_H

#include "base/rng.h"
#include "naive/network.h"

/* The image of row ROW of a dataset, which has PLACE in the stored order, moved by a shift of up to
 * PIXELS that is that of the place in RNG. */
void naive_shift(const struct naive_data *data, const struct ff_rng *rng, size_t row,
                 uint64_t place, uint32_t pixels, double *out);

/* The blurred bits of row ROW of the sequence RNG, which a mask is 1 where they are above 1/2. out:
 * (height, width) */
void naive_blur(const struct ff_rng *rng, uint64_t row, size_t height, size_t width, double *out);
/* Image A of a dataset where the mask of row ROW is 1, else B. */
void naive_mix(const struct naive_data *data, const struct ff_rng *rng, uint64_t row,
               const double *a, const double *b, double *out);
/* The place of the row that the one at PLACE is mixed with: some steps on in the same chunk, of
 * those that ROWS rows in batches of BATCH are cut into. */
size_t naive_partner(const struct ff_rng *rng, size_t rows, uint32_t batch, size_t place);

#endif
