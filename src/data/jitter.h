/*
 * Random shifts: images shifted by a few pixels, as data augmentation. Pixels that move in from
 * outside are 0.
 */
#ifndef FF_DATA_JITTER_H
#define FF_DATA_JITTER_H

#include "base/rng.h"
#include "data/image.h"

#include <stdbool.h>
#include <stddef.h>

/* True if IMAGE is larger than PIXELS in both directions, so that no shift moves all of it out. */
bool ff_jitter_fits(const struct ff_image *image, uint32_t pixels);
/* Draws the shift (x, y) of row ROW of the sequence RNG, both uniform in -PIXELS .. PIXELS. */
void ff_jitter_draw(const struct ff_rng *rng, uint64_t row, uint32_t pixels, int32_t shift[2]);
/* OUT = IN, an image with elements of SIZE bytes, shifted by (x, y). IN and OUT do not overlap. */
void ff_jitter_shift(const struct ff_image *image, size_t size, const int32_t shift[2],
                     const void *in, void *out);

#endif
