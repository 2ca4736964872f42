#include "nn/dropout.h"

#include "nn/level.h"

#define NUMBERS 8           /* 16-bit numbers in a block */
#define BLOCKS FF_RNG_LANES /* blocks drawn at a time */

/* Draws the 16-bit numbers of BLOCKS blocks from INDEX on, in the order of blocks. */
static void draw(const struct ff_rng *rng, uint64_t index, uint16_t out[BLOCKS * NUMBERS])
{
    uint32_t words[4][BLOCKS];

    ff_rng_blocks(rng, index, words);
    for (size_t b = 0; b < BLOCKS; b++) {
        for (size_t w = 0; w < 4; w++) {
            out[b * NUMBERS + 2 * w] = (uint16_t)words[w][b];
            out[b * NUMBERS + 2 * w + 1] = (uint16_t)(words[w][b] >> 16);
        }
    }
}

/* In two loops: IN may be OUT, and compilers vectorise neither stores to what was read nor
 * multiplications under a condition. */
static void drop(const uint16_t *restrict numbers, size_t n, uint32_t below, float scale,
                 const float *in, float *out)
{
    float kept[BLOCKS * NUMBERS];

    for (size_t j = 0; j < n; j++)
        kept[j] = in[j] * scale;
    for (size_t j = 0; j < n; j++)
        out[j] = numbers[j] < below ? 0.0f : kept[j];
}

void FF_AT_LEVEL(ff_dropout)(const struct ff_rng *rng, uint64_t first, size_t rows, size_t width,
                             float probability, const float *in, float *out)
{
    size_t blocks = (width + NUMBERS - 1) / NUMBERS, at_a_time = BLOCKS * NUMBERS;
    uint32_t below = (uint32_t)(probability * FF_DROPOUT_STEPS);
    float scale = 1.0f / (1.0f - probability);
    uint16_t numbers[BLOCKS * NUMBERS];

    for (size_t i = 0; i < rows; i++, in += width, out += width) {
        for (size_t j = 0; j < width; j += at_a_time) {
            draw(rng, (first + i) * blocks + j / NUMBERS, numbers);
            drop(numbers, width - j < at_a_time ? width - j : at_a_time, below, scale, in + j,
                 out + j);
        }
    }
}
