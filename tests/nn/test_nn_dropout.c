/* Dropout: how many inputs are dropped, what becomes of the others, and on what it depends. */
#include "naive/oracle.h"
#include "nn/dropout.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROWS 9
#define MAX_WIDTH 784
#define MANY 4000 /* rows that shares are counted over */
#define COLUMNS 150

static const size_t widths[] = {1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 127, 128, 129, 500, 784};
#define WIDTHS ((int)(sizeof widths / sizeof *widths))

static const double probabilities[] = {0.05, 0.2, 0.5, 0.9};
#define PROBABILITIES ((int)(sizeof probabilities / sizeof *probabilities))

static struct ff_rng sequence(uint32_t epoch)
{
    return ff_rng_make(5, FF_RNG_DROPOUT, 2, epoch);
}

/* Dropout of a row of ones: 0 where an input is dropped. */
static void mask_row(const struct ff_rng *rng, uint64_t row, size_t width, double p, float *out)
{
    for (size_t j = 0; j < width; j++)
        out[j] = 1.0f;
    ff_dropout(rng, row, 1, width, ff_dropout_probability(p), out, out);
}

START_TEST(a_probability_is_the_nearest_of_16_bits)
{
    for (int i = 0; i <= 1000; i++) {
        double p = i / 1000.0, meant = (double)ff_dropout_probability(p);

        ck_assert_double_le(fabs(meant - p), 0x1p-17);
        ck_assert_double_eq(meant * 65536, rint(meant * 65536));
    }
    ck_assert_float_eq(ff_dropout_probability(0.0), 0.0f);
    ck_assert_float_eq(ff_dropout_probability(0.25), 0.25f);
    ck_assert_float_eq(ff_dropout_probability(1.0), 1.0f);
}
END_TEST

/* A sum of N draws with probability P is within 5.5 deviations of its mean. */
static void ck_share(uint64_t dropped, double n, double p)
{
    ck_assert_double_le(fabs((double)dropped - n * p), 5.5 * sqrt(n * p * (1 - p)));
}

START_TEST(every_input_is_dropped_as_often_as_asked)
{
    double p = probabilities[_i];
    struct ff_rng rng = sequence(0);
    uint64_t dropped[COLUMNS] = {0}, all = 0, together = 0;
    float mask[COLUMNS];

    for (uint64_t row = 0; row < MANY; row++) {
        mask_row(&rng, row, COLUMNS, p, mask);
        for (size_t j = 0; j < COLUMNS; j++) {
            dropped[j] += mask[j] == 0.0f;
            together += j % 2 == 1 && mask[j - 1] == 0.0f && mask[j] == 0.0f;
        }
    }
    for (size_t j = 0; j < COLUMNS; j++) {
        ck_share(dropped[j], MANY, p);
        all += dropped[j];
    }
    ck_share(all, MANY * COLUMNS, p);
    ck_share(together, MANY * COLUMNS / 2, p * p); /* neighbours know nothing of each other */
}
END_TEST

/* Kept ones are scaled by 1 / (1 - p), so that the mean stays. */
START_TEST(the_mean_is_kept)
{
    static float in[MANY], out[MANY];
    double p = probabilities[_i], sums[2] = {0}, squares = 0;
    float probability = ff_dropout_probability(p), scale = 1.0f / (1.0f - probability);
    struct ff_rng rng = sequence(0);

    oracle_fill(1, MANY, 0.5f, 1.5f, in);
    ff_dropout(&rng, 3, 1, MANY, probability, in, out);
    for (size_t j = 0; j < MANY; j++) {
        ck_assert(out[j] == 0.0f || out[j] == in[j] * scale);
        sums[0] += (double)in[j];
        sums[1] += (double)out[j];
        squares += (double)in[j] * (double)in[j];
    }
    ck_assert_double_le(fabs(sums[1] - sums[0]), 5 * sqrt(squares * p / (1 - p)));
}
END_TEST

START_TEST(in_place_equals_out_of_place)
{
    static float in[ROWS * MAX_WIDTH], out[ROWS * MAX_WIDTH];
    size_t width = widths[_i];
    struct ff_rng rng = sequence(0);

    oracle_fill(2, ROWS * width, -1.0f, 1.0f, in);
    ff_dropout(&rng, 70, ROWS, width, 0.25f, in, out);
    ck_assert_mem_ne(in, out, ROWS * width * sizeof *in);
    ff_dropout(&rng, 70, ROWS, width, 0.25f, in, in);
    ck_assert_mem_eq(in, out, ROWS * width * sizeof *in);
}
END_TEST

/* Rows come out the same alone and in any company: what is in a batch does not matter. */
START_TEST(a_row_is_a_function_of_its_number)
{
    static float in[ROWS * MAX_WIDTH], whole[ROWS * MAX_WIDTH], single[ROWS * MAX_WIDTH];
    const uint64_t first = ((uint64_t)1 << 40) + 5;
    size_t width = widths[_i];
    struct ff_rng rng = sequence(0);

    oracle_fill(2, ROWS * width, -1.0f, 1.0f, in);
    ff_dropout(&rng, first, ROWS, width, 0.25f, in, whole);
    for (size_t row = ROWS; row-- > 0;)
        ff_dropout(&rng, first + row, 1, width, 0.25f, in + row * width, single + row * width);
    ck_assert_mem_eq(single, whole, ROWS * width * sizeof *in);
}
END_TEST

/* No two rows, and no two stretches of rows, share what is dropped; nor do two epochs. */
START_TEST(nothing_is_dropped_twice_in_the_same_way)
{
    enum { STRETCH = 64, STRETCHES = 12, MASKS = 2 * ROWS * STRETCHES };
    static float masks[MASKS][STRETCH];
    struct ff_rng rngs[2] = {sequence(0), sequence(1)};

    for (size_t i = 0; i < 2 * ROWS; i++)
        mask_row(&rngs[i / ROWS], i % ROWS, STRETCH * STRETCHES, 0.5, masks[i * STRETCHES]);
    for (size_t i = 0; i < MASKS; i++) {
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(masks[i], masks[j], sizeof masks[i]);
    }
}
END_TEST

START_TEST(with_probability_0_nothing_changes)
{
    float in[100], out[100];
    struct ff_rng rng = sequence(0);

    oracle_fill(3, 100, -1.0f, 1.0f, in);
    in[17] = NAN;
    ff_dropout(&rng, 0, 2, 50, 0.0f, in, out);
    ck_assert_mem_eq(in, out, sizeof in);
}
END_TEST

/* Stored models are continued with the same noise: this may never change. */
START_TEST(what_is_dropped_is_that_of_stored_models)
{
    static const char expected[] = ".x........x...xx......x....x..x........x";
    struct ff_rng rng = ff_rng_make(42, FF_RNG_DROPOUT, 2, 3);
    char dropped[41] = {0};
    float mask[100];

    mask_row(&rng, 1000, 100, 0.25, mask);
    for (size_t j = 0; j < 40; j++)
        dropped[j] = mask[60 + j] == 0.0f ? 'x' : '.';
    ck_assert_str_eq(dropped, expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: dropout");
    TCase *tests = tcase_create("dropout");

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_probability_is_the_nearest_of_16_bits);
    tcase_add_loop_test(tests, every_input_is_dropped_as_often_as_asked, 0, PROBABILITIES);
    tcase_add_loop_test(tests, the_mean_is_kept, 0, PROBABILITIES);
    tcase_add_loop_test(tests, in_place_equals_out_of_place, 0, WIDTHS);
    tcase_add_loop_test(tests, a_row_is_a_function_of_its_number, 0, WIDTHS);
    tcase_add_test(tests, nothing_is_dropped_twice_in_the_same_way);
    tcase_add_test(tests, with_probability_0_nothing_changes);
    tcase_add_test(tests, what_is_dropped_is_that_of_stored_models);
    return run_suite(suite);
}
