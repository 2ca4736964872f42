/* Forming rows of inputs. This file is compiled for each level of instruction sets. */
#include "data/embed.h"

#include "base/level.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stddef.h>

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
        out[j] = (float)pixels[j] * FF_PIXEL_SCALE;
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

/* (x - mean) scale within the range of float. */
static float standardised(double x, double mean, double scale)
{
    const double y = (x - mean) * scale, most = y < FLT_MAX ? y : FLT_MAX;

    return (float)(most > -FLT_MAX ? most : -FLT_MAX);
}

/* Standardises N numbers in place. */
static void standardise(const struct ff_encoding *encoding, float *restrict x)
{
    const double *mean = encoding->mean, *scale = encoding->scale;
    const size_t n = encoding->columns;

    if (encoding->alike) {
        for (size_t j = 0; j < n; j++)
            x[j] = standardised((double)x[j], *mean, *scale);
    } else {
        for (size_t j = 0; j < n; j++)
            x[j] = standardised((double)x[j], mean[j], scale[j]);
    }
}

static void encode_mixed(const struct ff_encoding *encoding, const float *restrict in,
                         float *restrict out)
{
    for (size_t c = 0; c < encoding->columns; c++) {
        const uint32_t categories = encoding->category[c];
        const size_t at = encoding->alike ? 0 : c;

        if (categories == 0)
            *out++ = standardised((double)in[c], encoding->mean[at], encoding->scale[at]);
        for (uint32_t k = 0; k < categories; k++)
            *out++ = in[c] == (float)k ? 1.0f : 0.0f;
    }
}

/* One byte a column: the index of its category, or a number that none has. A nearer character of a
 * text has a larger scale. */
static void encode_symbols(const struct ff_encoding *encoding, const unsigned char *restrict in,
                           float *restrict out)
{
    for (size_t c = 0; c < encoding->columns; c++) {
        const uint32_t categories = encoding->category[c];

        for (uint32_t k = 0; k < categories; k++)
            out[k] = 0.0f;
        if (in[c] < categories)
            out[in[c]] = (float)encoding->scale[encoding->alike ? 0 : c];
        out += categories;
    }
}

static void encode(const struct ff_embedding *embedding, const void *row, bool is_float, float *out)
{
    const struct ff_encoding *encoding = embedding->encoding;

    if (is_float && encoding->category) {
        encode_mixed(encoding, row, out);
    } else if (encoding->category) {
        encode_symbols(encoding, row, out);
    } else {
        if (is_float)
            copy_floats(row, encoding->columns, out);
        else
            write_pixels(row, encoding->columns, out);
        standardise(encoding, out);
    }
    if (!embedding->unscaled)
        out[encoding->inputs - 1] = 1;
}

/* A row whose values are encoded. The label is written last, for it may replace inputs. */
static void embed_encoded(const struct ff_embedding *embedding, const void *row, bool is_float,
                          const uint16_t *label, float *out)
{
    const size_t before = embedding->mode == FF_EMBED_APPEND ? embedding->classes : 0;

    encode(embedding, row, is_float, out + before);
    if (embedding->classes > 0)
        write_label(embedding, *label, out);
}

void FF_AT_LEVEL(ff_embed)(const struct ff_embedding *embedding, size_t rows, const void *features,
                           bool is_float, const uint16_t *labels, float *out)
{
    const size_t n = embedding->features, classes = embedding->classes;
    const size_t width = ff_embed_width(embedding), element = is_float ? sizeof(float) : 1;
    /* The number of pixels that the label replaces, and the position of the others. */
    const size_t replaced = embedding->mode == FF_EMBED_REPLACE ? classes : 0;

    assert(replaced <= width);
    for (size_t row = 0; row < rows && embedding->encoding; row++, out += width) {
        embed_encoded(embedding, (const char *)features + row * n * element, is_float,
                      labels ? &labels[row] : NULL, out);
        if (!embedding->unscaled)
            normalise(out, width);
    }
    for (size_t row = 0; row < rows && !embedding->encoding; row++, out += width) {
        if (classes > 0)
            write_label(embedding, labels[row], out);
        if (is_float)
            copy_floats((const float *)features + row * n + replaced, n - replaced, out + classes);
        else
            write_pixels((const unsigned char *)features + row * n + replaced, n - replaced,
                         out + classes);
        if (!embedding->unscaled)
            normalise(out, width);
    }
}
