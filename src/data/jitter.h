/*
 * Jitter: images shifted by a few pixels, which are other images of the same class. What moves in
 * from outside is 0.
 */
#ifndef FF_DATA_JITTER_H
#define FF_DATA_JITTER_H

#include "base/rng.h"
#include "data/image.h"

#include <stdbool.h>
#include <stddef.h>

/* True if something of IMAGE is left after any shift by up to PIXELS. */
bool ff_jitter_fits(const struct ff_image *image, uint32_t pixels);
/* The shift of row ROW of the sequence RNG: each of x and y uniform in -PIXELS .. PIXELS. */
void ff_jitter_draw(const struct ff_rng *rng, uint64_t row, uint32_t pixels, int32_t shift[2]);
/* OUT = the image IN, of elements of SIZE bytes, shifted by (x, y); they do not overlap. */
void ff_jitter_shift(const struct ff_image *image, size_t size, const int32_t shift[2],
                     const void *in, void *out);

#endif
