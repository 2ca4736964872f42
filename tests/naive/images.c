#include "naive/images.h"

#include "model/geometry.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ten passes of (1/4, 1/2, 1/4) are one of the binomial coefficients of 20. */
#define REACH 10

void naive_shift(const struct naive_data *data, const struct ff_rng *rng, size_t row,
                 uint64_t place, uint32_t pixels, double *out)
{
    long right, down, height = (long)data->height, width = (long)data->width;
    const double *in = data->values + row * data->features;

    if (pixels == 0) { /* data that are no images have no other shift */
        memcpy(out, in, data->features * sizeof *out);
        return;
    }
    ck_assert_uint_eq((size_t)data->height * data->width, data->features);
    right = (long)ff_rng_below(rng, 2 * place, 2 * pixels + 1) - (long)pixels;
    down = (long)ff_rng_below(rng, 2 * place + 1, 2 * pixels + 1) - (long)pixels;
    for (long y = 0; y < height; y++) {
        for (long x = 0; x < width; x++) {
            long from_y = y - down, from_x = x - right;
            bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;

            out[y * width + x] = inside ? in[from_y * width + from_x] : 0;
        }
    }
}

static double binomial(int n, int k)
{
    double product = 1;

    for (int i = 1; i <= k; i++)
        product *= (double)(n - k + i) / i;
    return product;
}

/* The place in 0 .. n-1 that I is seen at between two mirrors. */
static size_t mirrored(long i, size_t n)
{
    long size = (long)n, at = ((i % (2 * size)) + 2 * size) % (2 * size);

    return (size_t)(at < size ? at : 2 * size - 1 - at);
}

/* Element AT of a blurred line of N elements STRIDE apart. */
static double blurred_at(const double weights[2 * REACH + 1], const double *line, size_t n,
                         size_t stride, size_t at)
{
    double sum = 0;

    for (int k = -REACH; k <= REACH; k++)
        sum += weights[REACH + k] * line[mirrored((long)at + k, n) * stride];
    return ldexp(sum, -2 * REACH);
}

void naive_blur(const struct ff_rng *rng, uint64_t row, size_t height, size_t width, double *out)
{
    const uint64_t bits = 128; /* of a block */
    size_t pixels = height * width;
    double *bit = naive_alloc(2 * pixels, sizeof *bit), *lines = bit + pixels;
    double weights[2 * REACH + 1];

    for (int k = 0; k <= 2 * REACH; k++)
        weights[k] = binomial(2 * REACH, k);
    for (size_t i = 0; i < pixels; i++) {
        uint32_t block[4];

        ff_rng_block(rng, row * ((pixels + bits - 1) / bits) + i / bits, block);
        bit[i] = block[i % bits / 32] >> i % 32 & 1;
    }
    for (size_t i = 0; i < pixels; i++)
        lines[i] = blurred_at(weights, bit + i / width * width, width, 1, i % width);
    for (size_t i = 0; i < pixels; i++)
        out[i] = blurred_at(weights, lines + i % width, height, width, i / width);
    free(bit);
}

void naive_mix(const struct naive_data *data, const struct ff_rng *rng, uint64_t row,
               const double *a, const double *b, double *out)
{
    double *blurred = naive_alloc(data->features, sizeof *blurred);

    naive_blur(rng, row, data->height, data->width, blurred);
    for (size_t i = 0; i < data->features; i++)
        out[i] = blurred[i] > 0.5 ? a[i] : b[i];
    free(blurred);
}

size_t naive_partner(const struct ff_rng *rng, size_t rows, uint32_t batch, size_t place)
{
    struct ff_geometry geometry = ff_geometry_make(rows, batch);
    uint64_t first = 0;
    uint32_t n = 0, step;

    for (uint32_t chunk = 0; place >= first + n; chunk++)
        ff_chunk_range(&geometry, chunk, &first, &n);
    if (n == 1)
        return place;
    step = 1 + ff_rng_below(rng, UINT64_MAX - first, n - 1);
    return first + (place - first + step) % n;
}
