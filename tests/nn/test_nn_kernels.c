/* Element-wise kernels: the promised order of additions bit for bit, for every width and tail. */
#include "naive/oracle.h"
#include "nn/kernels.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROWS 5
#define MAX_UNITS 300
#define PAD 3 /* numbers after each row that a kernel must leave alone */
#define SENTINEL 777.0f

/* Hashes of results, taken with gcc and clang at -O0 and -O3, from SSE2 to AVX-512. */
#define GOLDEN_SUMS 0x2510a4b6b9c71862u
#define GOLDEN_ROWS 0x5728487f86c249eeu
#define GOLDEN_COLUMNS 0x501f96aacf3f109fu

/* Every tail, then some real widths. */
static const size_t widths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,  12,  13,  14,  15, 16,
                                17, 18, 19, 20, 21, 22, 23, 24, 31, 63, 100, 128, 208, 256, 300};
#define WIDTHS ((int)(sizeof widths / sizeof *widths))

/* A matrix of ROWS rows at an odd address, for nothing may lean on alignment. */
struct matrix {
    size_t units, ld;
    float *y;
    float store[ROWS * (MAX_UNITS + PAD) + 1];
};

static void fill(struct matrix *matrix, size_t units, float low, float high)
{
    matrix->units = units;
    matrix->ld = units + PAD;
    matrix->y = matrix->store + 1;
    oracle_fill(units, ROWS * matrix->ld, low, high, matrix->y);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = units; j < matrix->ld; j++)
            matrix->y[i * matrix->ld + j] = SENTINEL;
    }
}

static float *row(struct matrix *matrix, size_t i)
{
    return matrix->y + i * matrix->ld;
}

static void check_padding(struct matrix *matrix)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = matrix->units; j < matrix->ld; j++)
            ck_assert_float_eq(row(matrix, i)[j], SENTINEL);
    }
}

START_TEST(bias_relu_gives_the_bits_of_the_promised_order)
{
    static struct matrix z, expected;
    float bias[MAX_UNITS], sums[ROWS];
    size_t units = widths[_i];

    fill(&z, units, -1.0f, 1.0f);
    fill(&expected, units, -1.0f, 1.0f);
    oracle_fill(7, units, -0.5f, 0.5f, bias);
    ff_bias_relu(ROWS, units, z.y, z.ld, bias, sums);
    for (size_t i = 0; i < ROWS; i++) {
        double exact = oracle_bias_relu(units, row(&expected, i), bias);
        float sum = oracle_lane_sum_squares(FF_LANES, units, row(&expected, i));

        ck_assert_mem_eq(row(&z, i), row(&expected, i), units * sizeof(float));
        ck_assert_mem_eq(&sums[i], &sum, sizeof sum);
        ck_assert_double_eq_tol(sums[i], exact, 1e-5 * exact + 1e-9);
    }
    check_padding(&z);
}
END_TEST

/* A NaN that became 0 would hide that training has diverged. */
START_TEST(bias_relu_keeps_not_a_number)
{
    float bias[20] = {0.0f};

    for (size_t j = 0; j < 20; j++) {
        float z[20], sum;

        for (size_t k = 0; k < 20; k++)
            z[k] = -1.0f;
        z[j] = NAN;
        ff_bias_relu(1, 20, z, 20, bias, &sum);
        ck_assert(isnan(z[j]));
        ck_assert(isnan(sum));
        ck_assert_float_eq(z[(j + 1) % 20], 0.0f);
        ff_normalise_rows(1, 20, z, 20);
        ck_assert(isnan(z[j]));
        z[j] = INFINITY;
        ff_bias_relu(1, 20, z, 20, bias, &sum);
        ck_assert(isinf(sum) || isnan(sum));
    }
}
END_TEST

START_TEST(scale_rows_multiplies_each_row)
{
    static struct matrix y, before;
    float scale[ROWS] = {0.0f, -1.0f, 0.5f, 3.0f, 1e-3f};
    size_t units = widths[_i];

    fill(&y, units, -1.0f, 1.0f);
    fill(&before, units, -1.0f, 1.0f);
    ff_scale_rows(ROWS, units, y.y, y.ld, scale);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < units; j++)
            ck_assert_float_eq(row(&y, i)[j], row(&before, i)[j] * scale[i]);
    }
    check_padding(&y);
}
END_TEST

START_TEST(scale_rows_into_leaves_its_input_and_has_the_bits_of_scale_rows)
{
    static struct matrix y, was, out;
    static const float scale[ROWS] = {0.3f, -1.7f, 0.0f, 1e-3f, 41.0f};
    float shift[MAX_UNITS];
    size_t units = widths[_i];

    fill(&y, units, -2.0f, 2.0f);
    fill(&was, units, -2.0f, 2.0f);
    fill(&out, units, 0.0f, 0.0f);
    oracle_fill(9, units, -1.0f, 1.0f, shift);
    for (int shifted = 0; shifted <= 1; shifted++) {
        ff_scale_rows_into(ROWS, units, y.y, y.ld, scale, shifted ? shift : NULL, out.y, out.ld);
        for (size_t i = 0; i < ROWS; i++) {
            ck_assert_mem_eq(row(&y, i), row(&was, i), units * sizeof(float));
            for (size_t j = 0; j < units; j++) {
                volatile float product = row(&y, i)[j] * scale[i];
                float expected = shifted ? product + shift[j] : product;

                ck_assert_mem_eq(&row(&out, i)[j], &expected, sizeof expected);
            }
        }
        check_padding(&out);
    }
}
END_TEST

/* dL/dz = dL/dy dy/dz, and y = max(z, 0) rises by 1 where it is positive; at 0 it is 0. */
START_TEST(relu_backward_is_the_chain_rule)
{
    static struct matrix y, before, dy;
    float zero = 0.0f;
    size_t units = widths[_i];

    fill(&y, units, -1.0f, 1.0f);
    fill(&dy, units, -2.0f, 3.0f);
    for (size_t i = 0; i < ROWS; i++) { /* silent units, as the forward pass leaves them */
        for (size_t j = 0; j < units; j++)
            row(&y, i)[j] = row(&y, i)[j] < 0.0f ? 0.0f : row(&y, i)[j];
    }
    row(&dy, 1)[units - 1] = INFINITY;
    before = y;
    before.y = before.store + 1;
    ff_relu_backward(ROWS, units, dy.y, dy.ld, y.y, y.ld);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < units; j++) {
            const float *expected = row(&before, i)[j] > 0.0f ? &row(&dy, i)[j] : &zero;

            ck_assert_mem_eq(&row(&y, i)[j], expected, sizeof zero);
        }
    }
    check_padding(&y);
}
END_TEST

START_TEST(column_sums_add_rows_in_order)
{
    static struct matrix y;
    float sums[MAX_UNITS + 1], again[MAX_UNITS];
    size_t units = widths[_i];

    fill(&y, units, -1.0f, 1.0f);
    for (size_t j = 0; j < units; j++)
        sums[j] = NAN;
    sums[units] = SENTINEL;
    ff_column_sums(ROWS, units, y.y, y.ld, 0, sums);
    for (size_t j = 0; j < units; j++) {
        float expected = 0.0f;

        for (size_t i = 0; i < ROWS; i++)
            expected += row(&y, i)[j];
        ck_assert_float_eq(sums[j], expected);
    }
    ck_assert_float_eq(sums[units], SENTINEL);
    /* Two calls on parts of the rows are one call on all of them: micro-batches. */
    ff_column_sums(2, units, y.y, y.ld, 0, again);
    ff_column_sums(ROWS - 2, units, row(&y, 2), y.ld, 1, again);
    ck_assert_mem_eq(again, sums, units * sizeof(float));
}
END_TEST

START_TEST(normalise_rows_gives_an_rms_of_1)
{
    static struct matrix y, before;
    double expected[MAX_UNITS];
    size_t units = widths[_i];

    fill(&y, units, 0.0f, 2.0f);
    fill(&before, units, 0.0f, 2.0f);
    ff_normalise_rows(ROWS, units, y.y, y.ld);
    for (size_t i = 0; i < ROWS; i++) {
        double squares = 0.0;

        oracle_normalise(units, row(&before, i), expected);
        for (size_t j = 0; j < units; j++) {
            ck_assert_double_eq_tol(row(&y, i)[j], expected[j], 1e-5 * fabs(expected[j]));
            squares += (double)row(&y, i)[j] * row(&y, i)[j];
        }
        ck_assert_double_eq_tol(squares / (double)units, 1.0, 1e-3);
    }
    check_padding(&y);
}
END_TEST

/* Else the layer above would learn from rows of zeros. */
START_TEST(normalise_rows_does_not_silence_what_overflows)
{
    float y[20];

    for (size_t j = 0; j < 20; j++)
        y[j] = 1e19f;
    ff_normalise_rows(1, 20, y, 20);
    for (size_t j = 0; j < 20; j++)
        ck_assert(isnan(y[j]));
}
END_TEST

START_TEST(values_that_are_not_finite_are_found)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    float x[21];

    for (size_t n = 0; n <= 21; n++) {
        for (size_t j = 0; j < n; j++)
            x[j] = j % 2 ? 1e18f : -1e18f;
        ck_assert(ff_all_finite(n, x) && ff_squares_are_finite(n, x));
        for (size_t j = 0; j < n; j++) {
            float kept = x[j];

            for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                x[j] = bad[i];
                ck_assert(!ff_all_finite(n, x) && !ff_squares_are_finite(n, x));
            }
            x[j] = 1e30f;
            ck_assert(ff_all_finite(n, x) && !ff_squares_are_finite(n, x));
            x[j] = kept;
        }
    }
}
END_TEST

START_TEST(normalise_rows_leaves_silence_and_splits_by_row)
{
    float silent[11] = {0.0f};
    static struct matrix y, one;

    ff_normalise_rows(1, 11, silent, 11);
    for (size_t j = 0; j < 11; j++)
        ck_assert_float_eq(silent[j], 0.0f);
    fill(&y, 37, -1.0f, 1.0f);
    fill(&one, 37, -1.0f, 1.0f);
    ff_normalise_rows(ROWS, 37, y.y, y.ld);
    for (size_t i = 0; i < ROWS; i++)
        ff_normalise_rows(1, 37, row(&one, i), one.ld);
    ck_assert_mem_eq(y.y, one.y, ROWS * y.ld * sizeof(float));
}
END_TEST

START_TEST(mark_active_finds_units_that_fire_and_never_clears)
{
    static struct matrix y;
    uint8_t active[MAX_UNITS + 1];
    size_t units = widths[_i];

    fill(&y, units, -1.0f, 0.0f);
    memset(active, 0, sizeof active);
    active[units] = 9;
    for (size_t j = 0; j < units; j += 3)
        row(&y, j % ROWS)[j] = 0.5f;
    active[units / 2] = 1;
    ff_mark_active(ROWS, units, y.y, y.ld, active);
    for (size_t j = 0; j < units; j++)
        ck_assert_uint_eq(active[j], j % 3 == 0 || j == units / 2);
    ck_assert_uint_eq(active[units], 9);
}
END_TEST

START_TEST(no_rows_are_fine)
{
    float y = SENTINEL, sum = SENTINEL;
    uint8_t active = 9;

    ff_bias_relu(0, 1, &y, 1, &y, &sum);
    ff_scale_rows(0, 1, &y, 1, &sum);
    ff_normalise_rows(0, 1, &y, 1);
    ff_mark_active(0, 1, &y, 1, &active);
    ff_column_sums(0, 1, &y, 1, 1, &sum);
    ck_assert_float_eq(y, SENTINEL);
    ck_assert_float_eq(sum, SENTINEL);
    ck_assert_uint_eq(active, 9);
    ff_column_sums(0, 1, &y, 1, 0, &sum);
    ck_assert_float_eq(sum, 0.0f);
}
END_TEST

/* The same on every compiler, at every level of optimisation, with every vector width. */
START_TEST(bits_are_those_of_every_build)
{
    static struct matrix y;
    float bias[MAX_UNITS], sums[MAX_UNITS];

    fill(&y, 293, -1.0f, 1.0f);
    oracle_fill(3, 293, -0.5f, 0.5f, bias);
    ff_bias_relu(ROWS, 293, y.y, y.ld, bias, sums);
    ck_assert_uint_eq(oracle_hash(ROWS, sums), GOLDEN_SUMS);
    ff_normalise_rows(ROWS, 293, y.y, y.ld);
    ff_scale_rows(ROWS, 293, y.y, y.ld, sums);
    ck_assert_uint_eq(oracle_hash(ROWS * y.ld, y.y), GOLDEN_ROWS);
    ff_column_sums(ROWS, 293, y.y, y.ld, 0, sums);
    ck_assert_uint_eq(oracle_hash(293, sums), GOLDEN_COLUMNS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: kernels");
    TCase *tests = tcase_create("kernels");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, bias_relu_gives_the_bits_of_the_promised_order, 0, WIDTHS);
    tcase_add_test(tests, bias_relu_keeps_not_a_number);
    tcase_add_loop_test(tests, scale_rows_multiplies_each_row, 0, WIDTHS);
    tcase_add_loop_test(tests, scale_rows_into_leaves_its_input_and_has_the_bits_of_scale_rows, 0,
                        WIDTHS);
    tcase_add_loop_test(tests, relu_backward_is_the_chain_rule, 0, WIDTHS);
    tcase_add_loop_test(tests, column_sums_add_rows_in_order, 0, WIDTHS);
    tcase_add_loop_test(tests, normalise_rows_gives_an_rms_of_1, 0, WIDTHS);
    tcase_add_test(tests, normalise_rows_does_not_silence_what_overflows);
    tcase_add_test(tests, values_that_are_not_finite_are_found);
    tcase_add_test(tests, normalise_rows_leaves_silence_and_splits_by_row);
    tcase_add_loop_test(tests, mark_active_finds_units_that_fire_and_never_clears, 0, WIDTHS);
    tcase_add_test(tests, no_rows_are_fine);
    tcase_add_test(tests, bits_are_those_of_every_build);
    return run_suite(suite);
}
