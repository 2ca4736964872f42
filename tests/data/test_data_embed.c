/* Inputs of layer 1 from stored rows and labels, and the drawing of wrong labels. */
#include "base/level.h"
#include "data/embed.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES 37 /* no multiple of a vector's width */
#define CLASSES 10
#define ROWS 5

static unsigned char pixels[ROWS * FEATURES];
static float floats[ROWS * FEATURES];

static void setup(void)
{
    uint32_t noise = 7;

    for (size_t i = 0; i < ROWS * FEATURES; i++) {
        noise = noise * 1664525u + 1013904223u;
        pixels[i] = (unsigned char)(noise >> 24);
        floats[i] = ((float)(noise >> 8) - 8e6f) * 1e-6f;
    }
}

/* The definition, written down in doubles. */
static void oracle(const struct ff_embedding *e, const void *features, bool is_float, size_t row,
                   uint16_t label, double *out)
{
    const size_t width = ff_embed_width(e), front = width - e->features;
    double sum = 0;

    for (size_t j = 0; j < e->features; j++)
        out[front + j] = is_float
                             ? (double)((const float *)features)[row * e->features + j]
                             : ((const unsigned char *)features)[row * e->features + j] / 255.0;
    for (size_t c = 0; c < e->classes; c++)
        out[c] = label == FF_LABEL_NEUTRAL ? (double)e->strength / e->classes
                 : label == c              ? (double)e->strength
                                           : 0.0;
    for (size_t j = 0; j < width; j++)
        sum += out[j] * out[j];
    for (size_t j = 0; j < width; j++)
        out[j] *= sqrt((double)width) / (sqrt(sum) + 1e-6);
}

static void check_against_oracle(enum ff_label_embedding mode, bool is_float, float strength)
{
    const struct ff_embedding e = {mode, strength, FEATURES, CLASSES, NULL, false};
    const void *features = is_float ? (const void *)floats : (const void *)pixels;
    const uint16_t labels[ROWS] = {0, 9, FF_LABEL_NEUTRAL, 4, 4};
    const size_t width = ff_embed_width(&e);
    float out[ROWS * (FEATURES + CLASSES)];
    double want[FEATURES + CLASSES];

    ff_embed(&e, ROWS, features, is_float, labels, out);
    for (size_t row = 0; row < ROWS; row++) {
        double mean_square = 0;

        oracle(&e, features, is_float, row, labels[row], want);
        for (size_t j = 0; j < width; j++) {
            double got = (double)out[row * width + j];

            ck_assert_double_eq_tol(got, want[j], 1e-6 * (1 + fabs(want[j])));
            mean_square += got * got / (double)width;
        }
        ck_assert_double_eq_tol(mean_square, 1.0, 1e-5);
    }
}

START_TEST(equals_the_definition)
{
    for (int mode = 0; mode < 2; mode++) {
        for (int is_float = 0; is_float < 2; is_float++) {
            check_against_oracle((enum ff_label_embedding)mode, is_float, 1.0f);
            check_against_oracle((enum ff_label_embedding)mode, is_float, 3.0f);
        }
    }
}
END_TEST

START_TEST(width_counts_appended_classes)
{
    ck_assert_uint_eq(
        ff_embed_width(&(struct ff_embedding){FF_EMBED_REPLACE, 1, 784, 10, NULL, false}), 784);
    ck_assert_uint_eq(
        ff_embed_width(&(struct ff_embedding){FF_EMBED_APPEND, 1, 784, 10, NULL, false}), 794);
    ck_assert_uint_eq(
        ff_embed_width(&(struct ff_embedding){FF_EMBED_APPEND, 1, 784, 0, NULL, false}), 784);
}
END_TEST

START_TEST(without_classes_rows_are_only_scaled)
{
    const struct ff_embedding e = {FF_EMBED_REPLACE, 1, FEATURES, 0, NULL, false};
    float out[ROWS * FEATURES];
    double want[FEATURES];

    ff_embed(&e, ROWS, pixels, false, NULL, out);
    for (size_t row = 0; row < ROWS; row++) {
        oracle(&e, pixels, false, row, FF_LABEL_NEUTRAL, want);
        for (size_t j = 0; j < FEATURES; j++)
            ck_assert_double_eq_tol((double)out[row * FEATURES + j], want[j], 1e-5);
    }
}
END_TEST

START_TEST(unscaled_rows_are_the_features)
{
    const struct ff_embedding e = {FF_EMBED_REPLACE, 1, FEATURES, 0, NULL, true};
    float out[ROWS * FEATURES];

    ff_embed(&e, ROWS, pixels, false, NULL, out);
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        ck_assert(out[i] == (float)pixels[i] * FF_PIXEL_SCALE);
}
END_TEST

START_TEST(zeros_stay_zeros_and_large_floats_stay_finite)
{
    const struct ff_embedding e = {FF_EMBED_APPEND, 0, 8, 2, NULL, false};
    const float zeros[8] = {0}, large[8] = {3e38f, -3e38f, 1, 0, 3e38f, 2, 3, 4};
    const uint16_t label = 1;
    float out[10];

    ff_embed(&e, 1, zeros, true, &label, out);
    for (int j = 0; j < 10; j++)
        ck_assert(out[j] == 0.0f);
    ff_embed(&e, 1, large, true, &label, out);
    for (int j = 0; j < 10; j++)
        ck_assert(isfinite(out[j]));
    ck_assert_double_eq_tol((double)out[2], sqrt(10.0 / 3), 1e-5);
}
END_TEST

START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const struct ff_embedding e = {FF_EMBED_REPLACE, 1, FEATURES, CLASSES, NULL, false};
    const uint16_t labels[ROWS] = {3, 1, FF_LABEL_NEUTRAL, 5, 9};
    float together[ROWS * FEATURES], alone[FEATURES];

    ff_embed(&e, ROWS, pixels, false, labels, together);
    for (size_t row = 0; row < ROWS; row++) {
        ff_embed(&e, 1, pixels + row * FEATURES, false, labels + row, alone);
        ck_assert_mem_eq(alone, together + row * FEATURES, sizeof alone);
    }
}
END_TEST

/* Any compiler and any vector width must give these bits: they reach the weights. */
START_TEST(bits_are_the_same_on_every_build)
{
    const struct ff_embedding e = {FF_EMBED_REPLACE, 1, FEATURES, CLASSES, NULL, false};
    const uint16_t labels[ROWS] = {3, 1, FF_LABEL_NEUTRAL, 5, 9};
    float out[ROWS * FEATURES];
    uint32_t hash = 2166136261u; /* FNV-1a */

    ff_embed(&e, ROWS, pixels, false, labels, out);
    for (size_t i = 0; i < ROWS * FEATURES; i++) {
        uint32_t bits;

        memcpy(&bits, out + i, sizeof bits);
        hash = (hash ^ bits) * 16777619u;
    }
    ck_assert_uint_eq(hash, 0xa295b951u);
}
END_TEST

START_TEST(bits_are_the_same_on_every_level)
{
    const struct ff_embedding e = {FF_EMBED_APPEND, 1.5f, FEATURES, CLASSES, NULL, false};
    const uint16_t labels[ROWS] = {0, 9, FF_LABEL_NEUTRAL, 4, 4};
    float first[ROWS * (FEATURES + CLASSES)], other[ROWS * (FEATURES + CLASSES)];

    for (int is_float = 0; is_float < 2; is_float++) {
        const void *features = is_float ? (const void *)floats : (const void *)pixels;

        ff_level_use(FF_LEVEL_BASE);
        ff_embed(&e, ROWS, features, is_float, labels, first);
        for (unsigned level = FF_LEVEL_BASE + 1; level < ff_levels_here(); level++) {
            ff_level_use(level);
            ff_embed(&e, ROWS, features, is_float, labels, other);
            ck_assert_mem_eq(first, other, sizeof first);
        }
    }
}
END_TEST

START_TEST(wrong_labels_are_wrong_and_uniform)
{
    const uint32_t rows = 90000;
    uint32_t counts[CLASSES] = {0};

    for (uint64_t row = 0; row < rows; row++)
        counts[ff_wrong_label(1, 0, row, 4, CLASSES)]++;
    for (uint32_t c = 0; c < CLASSES; c++) {
        if (c == 4)
            ck_assert_uint_eq(counts[c], 0);
        else /* 10,000 expected, standard deviation 94 */
            ck_assert_int_lt(abs((int)counts[c] - 10000), 500);
    }
    for (uint64_t row = 0; row < 100; row++) {
        ck_assert_uint_eq(ff_wrong_label(1, 0, row, 0, 2), 1);
        ck_assert_uint_eq(ff_wrong_label(1, 0, row, 1, 2), 0);
        ck_assert_uint_lt(ff_wrong_label(1, 0, row, 999, 1000), 999);
    }
}
END_TEST

START_TEST(wrong_labels_depend_on_seed_set_and_row_alone)
{
    int same_seed = 0, same_set = 0, same_row = 0;

    for (uint64_t row = 0; row < 900; row++) {
        uint16_t drawn = ff_wrong_label(5, 1, row, 2, CLASSES);

        ck_assert_uint_eq(drawn, ff_wrong_label(5, 1, row, 2, CLASSES));
        same_seed += drawn == ff_wrong_label(6, 1, row, 2, CLASSES);
        same_set += drawn == ff_wrong_label(5, 2, row, 2, CLASSES);
        same_row += drawn == ff_wrong_label(5, 1, row + 1, 2, CLASSES);
    }
    /* One in nine is the same by chance: 100, standard deviation 9. */
    ck_assert_int_lt(abs(same_seed - 100), 50);
    ck_assert_int_lt(abs(same_set - 100), 50);
    ck_assert_int_lt(abs(same_row - 100), 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: embedding");
    TCase *tc = tcase_create("embed");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, equals_the_definition);
    tcase_add_test(tc, width_counts_appended_classes);
    tcase_add_test(tc, without_classes_rows_are_only_scaled);
    tcase_add_test(tc, unscaled_rows_are_the_features);
    tcase_add_test(tc, zeros_stay_zeros_and_large_floats_stay_finite);
    tcase_add_test(tc, a_row_does_not_depend_on_its_neighbours);
    tcase_add_test(tc, bits_are_the_same_on_every_build);
    tcase_add_test(tc, bits_are_the_same_on_every_level);
    tcase_add_test(tc, wrong_labels_are_wrong_and_uniform);
    tcase_add_test(tc, wrong_labels_depend_on_seed_set_and_row_alone);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
