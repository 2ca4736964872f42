/* Forming rows of inputs. This file is compiled for each level of instruction sets. */
#include "data/embed.h"

#include "base/level.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#define PIXEL_SCALE (1.0f / 255.0f)
#define LENGTH_EPSILON 1e-6 /* added to the length of a row, as in the normalisation of a layer */
#define LANES 8

#define KERNELS(KERNEL)                                                              \
    KERNEL(void, ff_embed,                                                           \
           (const struct ff_embedding *embedding, size_t rows, const void *features, \
            bool is_float, const uint16_t *labels, float *out),                      \
           (embedding, rows, features, is_float, labels, out))

KERNELS(FF_DECLARE_KERNEL)
#if FF_LEVEL == 1
KERNELS(FF_DISPATCH_KERNEL)
#endif

static void write_label(const struct ff_embedding *embedding, uint16_t label, float *restrict out)
{
    const bool neutral = label == FF_LABEL_NEUTRAL;
    const uint32_t classes = embedding->classes;
    const float other = neutral ? embedding->strength / (float)classes : 0.0f;

    assert(neutral || label < classes);
    for (uint32_t c = 0; c < classes; c++)
        out[c] = other;
    if (!neutral)
        out[label] = embedding->strength;
}

static void write_pixels(const unsigned char *restrict pixels, size_t n, float *restrict out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = (float)pixels[j] * PIXEL_SCALE;
}

static void copy_floats(const float *restrict in, size_t n, float *restrict out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = in[j];
}

/* Element j is added to lane j mod LANES, then the lanes in order: the same bits with any
 * vectorisation. In double, because the squares of large floats overflow a float. */
static double sum_of_squares(const float *x, size_t n)
{
    double lane[LANES] = {0}, sum = 0;
    size_t j = 0;

    for (; j + LANES <= n; j += LANES) {
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (double)x[j + l] * (double)x[j + l];
    }
    for (size_t l = 0; j + l < n; l++)
        lane[l] += (double)x[j + l] * (double)x[j + l];
    for (size_t l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* x sqrt(n) / (|x| + epsilon): mean square 1. */
static void normalise(float *x, size_t n)
{
    const double scale = sqrt((double)n) / (sqrt(sum_of_squares(x, n)) + LENGTH_EPSILON);
    const float factor = (float)scale;

    for (size_t j = 0; j < n; j++)
        x[j] *= factor;
}

void FF_AT_LEVEL(ff_embed)(const struct ff_embedding *embedding, size_t rows, const void *features,
                           bool is_float, const uint16_t *labels, float *out)
{
    const size_t n = embedding->features, classes = embedding->classes;
    const size_t width = ff_embed_width(embedding);
    /* The number of pixels that the label replaces, and the position of the others. */
    const size_t replaced = embedding->mode == FF_EMBED_REPLACE ? classes : 0;

    assert(replaced <= n);
    for (size_t row = 0; row < rows; row++, out += width) {
        if (classes > 0)
            write_label(embedding, labels[row], out);
        if (is_float)
            copy_floats((const float *)features + row * n + replaced, n - replaced, out + classes);
        else
            write_pixels((const unsigned char *)features + row * n + replaced, n - replaced,
                         out + classes);
        normalise(out, width);
    }
}
