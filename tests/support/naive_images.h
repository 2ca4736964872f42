/*
 * Naive hybrid images: the mask by a blur as it is in one step, over an image that is mirrored at
 * its edges, where the library blurs again and again. Random bits alone are the library's.
 */
#ifndef FF_TESTS_NAIVE_IMAGES_H
#define FF_TESTS_NAIVE_IMAGES_H

#include "base/rng.h"
#include "support/naive_network.h"

/* The blurred bits of row ROW of the sequence RNG, which a mask is 1 where they are above 1/2. out:
 * (height, width) */
void naive_blur(const struct ff_rng *rng, uint64_t row, size_t height, size_t width, double *out);
/* The image (features) at PLACE of the stored order, ROW_AT, where its mask is 1, else that of its
 * partner: the row some steps on in the same chunk, of those that batches of BATCH are cut into. */
void naive_hybrid(const struct naive_data *data, const size_t *row_at, uint32_t batch,
                  const struct ff_rng *rng, size_t place, double *out);

#endif
