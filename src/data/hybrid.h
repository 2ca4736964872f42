/*
 * Hybrid images, the negatives of unsupervised Forward-Forward (Hinton 2022, section 3.2): one
 * image inside a mask of large regions, another one outside. Short-range correlations are those of
 * real images, long-range ones are not, so that layers learn shapes. The mask starts as a random
 * bit per pixel, is blurred repeatedly with (1/4, 1/2, 1/4) in both directions, and thresholded at
 * 1/2.
 */
#ifndef FF_DATA_HYBRID_H
#define FF_DATA_HYBRID_H

#include "base/rng.h"
#include "data/image.h"

#include <stddef.h>

/* Computes the mask of row ROW of the sequence RNG: 1 or 0 per pixel (height * width). WORK holds
 * 2 * height * width floats. */
void ff_hybrid_mask(const struct ff_rng *rng, uint64_t row, const struct ff_image *image,
                    float *work, uint8_t *mask);
/* OUT = A where the mask is 1, else B; the images have elements of SIZE bytes. */
void ff_hybrid_mix(const struct ff_image *image, size_t size, const uint8_t *mask, const void *a,
                   const void *b, void *out);

#endif
