#include "support/naive_images.h"

#include "support/naive_network.h"

#include <math.h>
#include <stdlib.h>

/* Ten passes of (1/4, 1/2, 1/4) are one of the binomial coefficients of 20. */
#define REACH 10

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
static double blurred_at(const double *line, size_t n, size_t stride, size_t at)
{
    double sum = 0;

    for (int k = -REACH; k <= REACH; k++)
        sum += binomial(2 * REACH, REACH + k) * line[mirrored((long)at + k, n) * stride];
    return ldexp(sum, -2 * REACH);
}

void naive_blur(const struct ff_rng *rng, uint64_t row, size_t height, size_t width, double *out)
{
    const uint64_t bits = 128; /* of a block */
    size_t pixels = height * width;
    double *bit = naive_alloc(2 * pixels, sizeof *bit), *lines = bit + pixels;

    for (size_t i = 0; i < pixels; i++) {
        uint32_t block[4];

        ff_rng_block(rng, row * ((pixels + bits - 1) / bits) + i / bits, block);
        bit[i] = block[i % bits / 32] >> i % 32 & 1;
    }
    for (size_t i = 0; i < pixels; i++)
        lines[i] = blurred_at(bit + i / width * width, width, 1, i % width);
    for (size_t i = 0; i < pixels; i++)
        out[i] = blurred_at(lines + i % width, height, width, i / width);
    free(bit);
}
