/*
 * Hybrid images, the negatives of unsupervised Forward-Forward (Hinton 2022, section 3.2): one
 * image within a mask of large regions, another one outside. Over short distances they look like
 * data, over long ones they do not, so that layers learn shapes. The mask is a random bit for each
 * pixel, blurred again and again with (1/4, 1/2, 1/4) in both directions, and cut at 1/2.
 */
#ifndef FF_DATA_HYBRID_H
#define FF_DATA_HYBRID_H

#include "base/rng.h"
#include "data/image.h"

#include <stddef.h>

/* The mask of row ROW of the sequence RNG: 1 or 0 for each pixel (height * width). WORK is working
 * memory for twice as many. */
void ff_hybrid_mask(const struct ff_rng *rng, uint64_t row, const struct ff_image *image,
                    float *work, uint8_t *mask);
/* OUT = A where the mask is 1, else B: images of elements of SIZE bytes. */
void ff_hybrid_mix(const struct ff_image *image, size_t size, const uint8_t *mask, const void *a,
                   const void *b, void *out);

#endif
