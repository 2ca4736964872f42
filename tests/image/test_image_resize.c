/* Resizing: against a naive implementation, against Pillow, and what must hold for any size. */
#include "image/resize.h"
#include "support/suite.h"

#include <check.h>
#include <fftool/fftool.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct ff_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
}

static unsigned char value(size_t i)
{
    return (unsigned char)(i * i * 7 + i * 31 + 11);
}

static unsigned char *make(uint32_t width, uint32_t height, uint32_t channels)
{
    size_t n = (size_t)width * height * channels;
    unsigned char *image = malloc(n);

    for (size_t i = 0; i < n; i++)
        image[i] = value(i);
    return image;
}

/* OUT is (out_height, out_width, channels). */
static void resize(struct ff_resize *state, const unsigned char *in, uint32_t width,
                   uint32_t height, unsigned char *out, uint32_t out_width, uint32_t out_height,
                   uint32_t channels)
{
    const size_t row = (size_t)out_width * channels;
    uint32_t given = 0;

    ck_assert_int_eq(ff_resize_prepare(ctx, state, width, height, out_width, out_height, channels),
                     FF_OK);
    ff_resize_begin(state);
    for (uint32_t y = 0; y < height; y++) {
        ff_resize_take(state, in + (size_t)y * width * channels);
        while (ff_resize_give(state, out + given * row))
            given++;
    }
    ck_assert_uint_eq(given, out_height);
}

/* ---- A naive implementation: in double, one line of values after the other ---- */

/* Resamples N values, STEP apart, to OUT_N values OUT_STEP apart. */
static void resample(const unsigned char *in, size_t n, size_t step, unsigned char *out,
                     size_t out_n, size_t out_step)
{
    double scale = (double)n / (double)out_n, support = fmax(scale, 1);

    for (size_t o = 0; o < out_n; o++) {
        double centre = ((double)o + 0.5) * scale, sum = 0, weights = 0;

        for (size_t i = 0; i < n; i++) {
            double weight = fmax(0, 1 - fabs((double)i + 0.5 - centre) / support);

            sum += weight * in[i * step];
            weights += weight;
        }
        out[o * out_step] = (unsigned char)floor(sum / weights + 0.5);
    }
}

static void resize_naively(const unsigned char *in, uint32_t width, uint32_t height,
                           unsigned char *out, uint32_t out_width, uint32_t out_height,
                           uint32_t channels)
{
    unsigned char *narrow = malloc((size_t)out_width * height * channels);

    for (size_t y = 0; y < height; y++)
        for (size_t c = 0; c < channels; c++)
            resample(in + y * width * channels + c, width, channels,
                     narrow + y * out_width * channels + c, out_width, channels);
    for (size_t i = 0; i < (size_t)out_width * channels; i++)
        resample(narrow + i, height, (size_t)out_width * channels, out + i, out_height,
                 (size_t)out_width * channels);
    free(narrow);
}

static const uint32_t sides[] = {1, 2, 3, 7, 16, 29, 100};
#define SIDES (sizeof sides / sizeof *sides)

START_TEST(every_size_is_nearly_the_naive_one)
{
    const uint32_t width = sides[(size_t)_i % SIDES], height = sides[(size_t)_i / SIDES];
    struct ff_resize state = {.ctx = NULL};
    size_t values = 0, different = 0;

    for (size_t k = 0; k < SIDES * SIDES; k++) {
        const uint32_t out_width = sides[k % SIDES], out_height = sides[k / SIDES];
        const uint32_t channels = k % 2 ? 3 : 1;
        const size_t n = (size_t)out_width * out_height * channels;
        unsigned char *in = make(width, height, channels), *out = malloc(n), *naive = malloc(n);

        resize(&state, in, width, height, out, out_width, out_height, channels);
        resize_naively(in, width, height, naive, out_width, out_height, channels);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_le(abs(out[i] - naive[i]), 1);
            different += out[i] != naive[i];
        }
        values += n;
        ff_resize_release(&state);
        free(in);
        free(out);
        free(naive);
    }
    /* Weights of 22 bits round differently where a value is halfway between two. */
    ck_assert_uint_le(different * 50, values);
}
END_TEST

START_TEST(the_values_are_those_of_pillow)
{
    static const struct {
        uint32_t width, height, out_width, out_height, channels;
        unsigned char out[24];
    } cases[] = {
        {5, 4, 3, 2, 1, {99, 112, 154, 160, 92, 53}},
        {2, 2, 5, 3, 1, {11, 15, 30, 45, 49, 56, 62, 82, 103, 108, 101, 108, 134, 160, 167}},
        {16, 1, 3, 1, 1, {116, 151, 96}},
        {3, 5, 2, 4, 3, {77, 138, 101, 148, 143, 118, 88,  158, 108, 98,  153, 63,
                         70, 138, 141, 165, 124, 181, 144, 197, 130, 109, 176, 161}},
        {9, 9, 1, 1, 1, {132}},
    };

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct ff_resize state = {.ctx = NULL};
        unsigned char *in = make(cases[k].width, cases[k].height, cases[k].channels), out[24];

        resize(&state, in, cases[k].width, cases[k].height, out, cases[k].out_width,
               cases[k].out_height, cases[k].channels);
        ck_assert_mem_eq(out, cases[k].out,
                         cases[k].out_width * cases[k].out_height * cases[k].channels);
        ff_resize_release(&state);
        free(in);
    }
}
END_TEST

START_TEST(the_same_size_changes_nothing)
{
    struct ff_resize state = {.ctx = NULL};
    unsigned char *in = make(37, 21, 3), out[37 * 21 * 3];

    resize(&state, in, 37, 21, out, 37, 21, 3);
    ck_assert_mem_eq(out, in, sizeof out);
    ff_resize_release(&state);
    free(in);
}
END_TEST

START_TEST(an_even_image_stays_even)
{
    static unsigned char in[200 * 150];
    struct ff_resize state = {.ctx = NULL};
    unsigned char out[32 * 17];

    for (unsigned level = 0; level < 256; level += 51) {
        memset(in, (int)level, sizeof in);
        resize(&state, in, 200, 150, out, 32, 17, 1);
        for (size_t i = 0; i < sizeof out; i++)
            ck_assert_uint_eq(out[i], level);
    }
    ff_resize_release(&state);
}
END_TEST

START_TEST(a_reduction_holds_three_rows)
{
    struct ff_resize state = {.ctx = NULL};

    ck_assert_int_eq(ff_resize_prepare(ctx, &state, 4000, 3000, 64, 64, 3), FF_OK);
    ck_assert_uint_le(state.held, 3);
    ff_resize_release(&state);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image: resizing");
    TCase *tc = tcase_create("sizes");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, every_size_is_nearly_the_naive_one, 0, SIDES * SIDES);
    tcase_add_test(tc, the_values_are_those_of_pillow);
    tcase_add_test(tc, the_same_size_changes_nothing);
    tcase_add_test(tc, an_even_image_stays_even);
    tcase_add_test(tc, a_reduction_holds_three_rows);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
