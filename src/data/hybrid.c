#include "data/hybrid.h"

#include <string.h>

/* Gives regions about six pixels wide, a fifth of an MNIST image. */
#define BLURS 10
#define BITS 128 /* in a block of random numbers */

static void random_bits(const struct ff_rng *rng, uint64_t row, size_t n, float *out)
{
    uint64_t blocks = (n + BITS - 1) / BITS;
    uint32_t words[4];

    for (size_t i = 0; i < n; i++) {
        if (i % BITS == 0)
            ff_rng_block(rng, row * blocks + i / BITS, words);
        out[i] = (float)(words[i / 32 % 4] >> (i % 32) & 1);
    }
}

/* Blurs N elements STRIDE apart; the first and the last one are repeated beyond the ends. */
static void blur_line(size_t n, size_t stride, const float *in, float *out)
{
    for (size_t i = 0; i < n; i++) {
        float before = in[(i > 0 ? i - 1 : 0) * stride];
        float after = in[(i + 1 < n ? i + 1 : i) * stride];

        out[i * stride] = 0.25f * before + 0.5f * in[i * stride] + 0.25f * after;
    }
}

void ff_hybrid_mask(const struct ff_rng *rng, uint64_t row, const struct ff_image *image,
                    float *work, uint8_t *mask)
{
    size_t height = image->height, width = image->width, pixels = height * width;
    float *other = work + pixels;

    random_bits(rng, row, pixels, work);
    for (int pass = 0; pass < BLURS; pass++) {
        for (size_t y = 0; y < height; y++)
            blur_line(width, 1, work + y * width, other + y * width);
        for (size_t x = 0; x < width; x++)
            blur_line(height, width, other + x, work + x);
    }
    for (size_t i = 0; i < pixels; i++)
        mask[i] = work[i] > 0.5f;
}

void ff_hybrid_mix(const struct ff_image *image, size_t size, const uint8_t *mask, const void *a,
                   const void *b, void *out)
{
    size_t planes = image->planar ? image->channels : 1;
    size_t element = image->planar ? size : size * image->channels;
    size_t pixels = (size_t)image->height * image->width;

    for (size_t p = 0; p < planes; p++) {
        for (size_t i = 0; i < pixels; i++) {
            size_t at = (p * pixels + i) * element;

            memcpy((char *)out + at, (const char *)(mask[i] ? a : b) + at, element);
        }
    }
}
