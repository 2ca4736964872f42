/* Hybrid images: masks of large regions that depend on the row alone, and what is mixed by them. */
#include "data/hybrid.h"
#include "naive/images.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 28 /* of the images that masks are judged by */
#define PIXELS (SIDE * SIDE)
#define MOST_PIXELS 2400
#define MASKS 400

static const struct ff_image digits = {.height = SIDE, .width = SIDE, .channels = 1};

static struct ff_rng sequence(uint32_t epoch)
{
    return ff_rng_make(4, FF_RNG_HYBRID, 1, epoch);
}

static void draw(const struct ff_rng *rng, uint64_t row, const struct ff_image *image,
                 uint8_t *mask)
{
    static float work[2 * MOST_PIXELS];

    for (size_t i = 0; i < 2 * MOST_PIXELS; i++)
        work[i] = (float)(i % 3); /* what was there before does not matter */
    ff_hybrid_mask(rng, row, image, work, mask);
}

/* Lines, small images, random numbers of one block and of many, a part of the last one. A pixel
 * that is one half but for rounding may be either. */
START_TEST(a_mask_is_the_naive_one)
{
    static const uint32_t sides[][2] = {{1, 1}, {1, 2},  {1, 9},   {9, 1},  {2, 3},
                                        {8, 8}, {8, 16}, {28, 28}, {5, 40}, {60, 40}};
    struct ff_image image = {.height = sides[_i][0], .width = sides[_i][1], .channels = 1};
    size_t pixels = (size_t)image.height * image.width;
    struct ff_rng rng = sequence(0);

    for (uint64_t row = 0; row < 20; row++) {
        uint8_t mask[MOST_PIXELS];
        double blurred[MOST_PIXELS];

        draw(&rng, row, &image, mask);
        naive_blur(&rng, row, image.height, image.width, blurred);
        for (size_t i = 0; i < pixels; i++)
            ck_assert(mask[i] == (blurred[i] > 0.5) || fabs(blurred[i] - 0.5) < 1e-6);
    }
}
END_TEST
#define SIDES 10

/* Pixels of two masks that are the same. */
static int same_pixels(const uint8_t *a, const uint8_t *b)
{
    int count = 0;

    for (size_t i = 0; i < PIXELS; i++)
        count += a[i] == b[i];
    return count;
}

/* Other masks share half of the pixels or so: of 50 pairs none shares nine tenths. */
START_TEST(a_mask_is_a_function_of_sequence_and_row)
{
    const int most = PIXELS * 9 / 10;
    struct ff_rng rng = sequence(0), next = sequence(1);

    for (uint64_t row = 50; row-- > 0;) {
        uint8_t mask[PIXELS], again[PIXELS], other[PIXELS];

        draw(&rng, row, &digits, mask);
        draw(&rng, row + 1, &digits, other);
        ck_assert_int_le(same_pixels(mask, other), most);
        draw(&next, row, &digits, other);
        ck_assert_int_le(same_pixels(mask, other), most);
        draw(&rng, row, &digits, again);
        ck_assert_mem_eq(mask, again, PIXELS);
    }
}
END_TEST

START_TEST(half_of_the_pixels_are_of_either_image)
{
    struct ff_rng rng = sequence(0);
    double ones = 0, all = (double)PIXELS * MASKS;

    for (uint64_t row = 0; row < MASKS; row++) {
        uint8_t mask[PIXELS];

        draw(&rng, row, &digits, mask);
        for (size_t i = 0; i < PIXELS; i++) {
            ck_assert_uint_le(mask[i], 1);
            ones += mask[i];
        }
    }
    ck_assert_double_eq_tol(ones / all, 0.5, 0.02);
}
END_TEST

/* Takes the pixel AT and all that are connected with it out of MASK; returns how many. */
static size_t take_region(uint8_t *mask, size_t at)
{
    const uint8_t taken = 2, value = mask[at];
    size_t waiting[4 * PIXELS + 1], n = 0, count = 0;

    for (waiting[n++] = at; n > 0;) {
        size_t i = waiting[--n], x = i % SIDE, y = i / SIDE;

        if (mask[i] != value)
            continue;
        mask[i] = taken;
        count++;
        if (x > 0)
            waiting[n++] = i - 1;
        if (x + 1 < SIDE)
            waiting[n++] = i + 1;
        if (y > 0)
            waiting[n++] = i - SIDE;
        if (y + 1 < SIDE)
            waiting[n++] = i + SIDE;
    }
    return count;
}

/* A handful of regions make up a mask, and two of them nearly all of it. */
START_TEST(regions_are_large)
{
    struct ff_rng rng = sequence(0);
    double regions = 0, in_large = 0;

    for (uint64_t row = 0; row < MASKS; row++) {
        uint8_t mask[PIXELS];

        draw(&rng, row, &digits, mask);
        for (size_t i = 0; i < PIXELS; i++) {
            size_t count = mask[i] <= 1 ? take_region(mask, i) : 0;

            regions += count > 0;
            in_large += count >= PIXELS / 10 ? (double)count : 0;
        }
    }
    ck_assert_double_ge(regions / MASKS, 2);
    ck_assert_double_le(regions / MASKS, 12);
    ck_assert_double_ge(in_large / MASKS, 0.75 * PIXELS);
}
END_TEST

#define CHANNELS 3
#define MOST_ELEMENTS (5 * 6 * CHANNELS)

/* Of IMAGE, with elements of SIZE bytes: every element is that of A or of B, as its pixel says. */
static void ck_mix(const struct ff_image *image, size_t size)
{
    size_t pixels = (size_t)image->height * image->width, n = pixels * image->channels;
    unsigned char a[4 * MOST_ELEMENTS], b[4 * MOST_ELEMENTS], out[4 * MOST_ELEMENTS + 1];
    uint8_t mask[MOST_ELEMENTS] = {0};

    for (size_t i = 0; i < n * size; i++) {
        a[i] = (unsigned char)i;
        b[i] = (unsigned char)~i;
    }
    for (size_t i = 0; i < pixels; i++)
        mask[i] = i % 3 == 1;
    memset(out, 0xee, sizeof out);
    ff_hybrid_mix(image, size, mask, a, b, out);
    for (size_t i = 0; i < n; i++) {
        size_t pixel = image->planar ? i % pixels : i / image->channels;

        ck_assert_mem_eq(out + i * size, (mask[pixel] ? a : b) + i * size, size);
    }
    ck_assert_uint_eq(out[n * size], 0xee);
}

START_TEST(every_pixel_is_of_one_of_the_two)
{
    for (uint32_t channels = 1; channels <= CHANNELS; channels += 2) {
        for (int planar = 0; planar < 2; planar++) {
            struct ff_image image = {5, 6, channels, planar != 0};

            ck_mix(&image, 1);
            ck_mix(&image, sizeof(float));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: hybrid");
    TCase *tcase = tcase_create("hybrid");

    tcase_add_loop_test(tcase, a_mask_is_the_naive_one, 0, SIDES);
    tcase_add_test(tcase, a_mask_is_a_function_of_sequence_and_row);
    tcase_add_test(tcase, half_of_the_pixels_are_of_either_image);
    tcase_add_test(tcase, regions_are_large);
    tcase_add_test(tcase, every_pixel_is_of_one_of_the_two);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
