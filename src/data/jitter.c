#include "data/jitter.h"

#include <string.h>

bool ff_jitter_fits(const struct ff_image *image, uint32_t pixels)
{
    return pixels < image->height && pixels < image->width;
}

void ff_jitter_draw(const struct ff_rng *rng, uint64_t row, uint32_t pixels, int32_t shift[2])
{
    for (uint64_t axis = 0; axis < 2; axis++)
        shift[axis] = (int32_t)ff_rng_below(rng, 2 * row + axis, 2 * pixels + 1) - (int32_t)pixels;
}

/* The overlap of N elements of one axis with themselves shifted: elements from *FROM on move to *TO
 * on. Returns their number; if it is 0, so are *FROM and *TO. */
static size_t overlap(size_t n, int32_t shift, size_t *from, size_t *to)
{
    size_t distance = (size_t)(shift < 0 ? -(int64_t)shift : (int64_t)shift);

    *from = *to = 0;
    if (distance >= n)
        return 0;
    *(shift < 0 ? from : to) = distance;
    return n - distance;
}

/* Shifts a plane of HEIGHT lines of WIDTH elements of SIZE bytes. */
static void shift_plane(size_t height, size_t width, size_t size, const int32_t shift[2],
                        const unsigned char *in, unsigned char *out)
{
    size_t from_x, to_x, from_y, to_y;
    size_t columns = overlap(width, shift[0], &from_x, &to_x);
    size_t lines = overlap(height, shift[1], &from_y, &to_y);

    memset(out, 0, height * width * size);
    for (size_t y = 0; y < lines; y++)
        memcpy(out + ((to_y + y) * width + to_x) * size,
               in + ((from_y + y) * width + from_x) * size, columns * size);
}

void ff_jitter_shift(const struct ff_image *image, size_t size, const int32_t shift[2],
                     const void *in, void *out)
{
    size_t planes = image->planar ? image->channels : 1;
    size_t element = image->planar ? size : size * image->channels;
    size_t bytes = (size_t)image->height * image->width * element;

    for (size_t p = 0; p < planes; p++)
        shift_plane(image->height, image->width, element, shift,
                    (const unsigned char *)in + p * bytes, (unsigned char *)out + p * bytes);
}
