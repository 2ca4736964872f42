/* Labels that meet a layer: sums, mixtures and gradients by plain loops, and the promised order of
 * additions bit for bit, for every width and tail. */
#include "naive/oracle.h"
#include "nn/labels.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* More than the labels and rows that are evaluated together, and not a multiple of them. */
#define ROWS 21
#define CLASSES 19
#define LISTED 3 /* labels of a row with a list of its own */
#define MAX_UNITS 520
#define PAD 3 /* numbers after each row that nothing may touch */
#define SENTINEL 777.0f
#define SCALE 3.0f

/* Around the lanes, and around the units that a mixture takes at a time. */
static const size_t widths[] = {1,  2,   7,   31,  32,  33,  63,  64,  65,
                                96, 100, 128, 255, 256, 257, 300, 512, 513};
#define WIDTHS ((int)(sizeof widths / sizeof *widths))

/* The lists of five rows, repeated for the others. Class 6 is in nobody's list. */
static const uint16_t some_lists[5 * LISTED] = {2, 0, 5, 1, 3, 0, 5, 4, 2, 0, 1, 2, 3, 5, 4};
static uint16_t lists[ROWS * LISTED];

/* What the rows meet, with weights of either sign. */
struct meeting {
    size_t units, ldz, ldv;
    struct ff_labels with;
    float z[ROWS * (MAX_UNITS + PAD)], v[CLASSES * (MAX_UNITS + PAD)];
    float weight[ROWS * CLASSES];
};

static void fill_rows(uint64_t seed, size_t rows, size_t units, float *out)
{
    oracle_fill(seed, rows * (units + PAD), -1.0f, 1.0f, out);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = units; j < units + PAD; j++)
            out[i * (units + PAD) + j] = SENTINEL;
    }
}

static void check_padding(size_t rows, size_t units, const float *x)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = units; j < units + PAD; j++)
            ck_assert_float_eq(x[i * (units + PAD) + j], SENTINEL);
    }
}

static void make(struct meeting *m, size_t units, bool listed)
{
    m->units = units;
    m->ldz = m->ldv = units + PAD;
    fill_rows(units, ROWS, units, m->z);
    fill_rows(units + 1, CLASSES, units, m->v);
    for (size_t i = 0; i < ROWS * LISTED; i++)
        lists[i] = some_lists[i % (5 * LISTED)];
    m->with =
        (struct ff_labels){listed ? LISTED : CLASSES, listed ? lists : NULL, SCALE, m->v, m->ldv};
    oracle_fill(3, ROWS * m->with.n, -0.5f, 0.5f, m->weight);
}

/* Of a loop over all widths, with every label and with lists. */
#define CASES (2 * WIDTHS)

static void make_case(struct meeting *m, int i)
{
    make(m, widths[i / 2], i % 2);
}

static size_t label_at(const struct meeting *m, size_t row, size_t i)
{
    return m->with.labels ? lists[row * LISTED + i] : i;
}

/* y_j of ROW under its label I; each operation rounded by itself. */
static float output(const struct meeting *m, size_t row, size_t i, size_t j)
{
    volatile float shift = SCALE * m->v[label_at(m, row, i) * m->ldv + j];
    float z = m->z[row * m->ldz + j] + shift;

    return z < 0.0f ? 0.0f : z;
}

START_TEST(sums_have_the_bits_of_the_promised_order)
{
    static struct meeting m;
    float sums[ROWS * CLASSES], y[MAX_UNITS];

    make_case(&m, _i);
    ff_label_sums(&m.with, ROWS, m.units, m.z, m.ldz, sums);
    for (size_t i = 0; i < ROWS * m.with.n; i++) {
        double exact = 0.0;
        float expected;

        for (size_t j = 0; j < m.units; j++) {
            y[j] = output(&m, i / m.with.n, i % m.with.n, j);
            exact += (double)y[j] * (double)y[j];
        }
        expected = oracle_lane_sum_squares(FF_LABEL_LANES, m.units, y);
        ck_assert_mem_eq(&sums[i], &expected, sizeof expected);
        ck_assert_double_eq_tol((double)sums[i], exact, 1e-5 * exact + 1e-9);
    }
    check_padding(ROWS, m.units, m.z);
    check_padding(CLASSES, m.units, m.v);
}
END_TEST

/* The sum over the labels of weight times output: in double, and in order in single precision. */
static double mixture(const struct meeting *m, size_t row, size_t j, float *in_order)
{
    double sum = 0.0;

    *in_order = 0.0f;
    for (size_t i = 0; i < m->with.n; i++) {
        volatile float part = m->weight[row * m->with.n + i] * output(m, row, i, j);

        *in_order += part;
        sum += (double)m->weight[row * m->with.n + i] * (double)output(m, row, i, j);
    }
    return sum;
}

START_TEST(mixtures_have_the_bits_of_the_order_of_labels)
{
    static struct meeting m;
    static float out[ROWS * (MAX_UNITS + PAD)];

    make_case(&m, _i);
    fill_rows(9, ROWS, m.units, out);
    ff_label_mix(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, out, m.ldz);
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t j = 0; j < m.units; j++) {
            float expected;
            double exact = mixture(&m, row, j, &expected);

            ck_assert_mem_eq(&out[row * m.ldz + j], &expected, sizeof expected);
            ck_assert_double_eq_tol((double)expected, exact, 1e-5);
        }
    }
    check_padding(ROWS, m.units, out);
    ff_label_mix(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, m.z, m.ldz);
    ck_assert_mem_eq(m.z, out, ROWS * m.ldz * sizeof *out);
}
END_TEST

/* Adds the gradient of the labels' weights, in double, to EXPECTED. */
static void add_label_gradient(const struct meeting *m, double *expected)
{
    for (size_t i = 0; i < ROWS * m->with.n; i++) {
        size_t row = i / m->with.n, label = i % m->with.n;
        double *of_label = expected + label_at(m, row, label) * m->ldv;

        for (size_t j = 0; j < m->units; j++)
            of_label[j] += (double)SCALE * (double)m->weight[i] * (double)output(m, row, label, j);
    }
}

/* dL/dz is the mixture, in place; dv gets s dL/dz of each label on top of what was there. */
START_TEST(backward_gives_the_mixture_and_adds_up_the_gradient_of_labels)
{
    static struct meeting m;
    static float out[ROWS * (MAX_UNITS + PAD)], dv[CLASSES * (MAX_UNITS + PAD)];
    static double expected[CLASSES * (MAX_UNITS + PAD)];

    make_case(&m, _i);
    fill_rows(10, CLASSES, m.units, dv);
    for (size_t i = 0; i < CLASSES * m.ldv; i++)
        expected[i] = (double)dv[i];
    add_label_gradient(&m, expected);
    memcpy(out, m.z, sizeof out);
    ff_label_mix(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, out, m.ldz);
    ff_label_backward(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, dv);
    ck_assert_mem_eq(m.z, out, ROWS * m.ldz * sizeof *out);
    for (size_t i = 0; i < CLASSES * m.ldv; i++)
        ck_assert_double_eq_tol((double)dv[i], expected[i], 2e-5);
    check_padding(CLASSES, m.units, dv);
}
END_TEST

/* What a label that nobody meets has learned stays, bit for bit. */
START_TEST(a_label_in_no_list_has_no_gradient)
{
    static struct meeting m;
    static float dv[CLASSES * (MAX_UNITS + PAD)], before[CLASSES * (MAX_UNITS + PAD)];

    make(&m, 300, true);
    fill_rows(10, CLASSES, m.units, dv);
    memcpy(before, dv, sizeof dv);
    ff_label_backward(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, dv);
    ck_assert_mem_eq(dv + 6 * m.ldv, before + 6 * m.ldv, m.ldv * sizeof *dv);
    ck_assert_mem_ne(dv + 5 * m.ldv, before + 5 * m.ldv, m.ldv * sizeof *dv);
}
END_TEST

/* Calls with one row each give the bits of one call with all, the gradient of labels too: how a
 * batch is cut does not matter. */
START_TEST(a_row_does_not_depend_on_the_others)
{
    static struct meeting m, single;
    static float dv[2][CLASSES * (MAX_UNITS + PAD)];
    float sums[2][ROWS * CLASSES];

    make_case(&m, _i);
    make_case(&single, _i);
    fill_rows(10, CLASSES, m.units, dv[0]);
    fill_rows(10, CLASSES, m.units, dv[1]);
    ff_label_sums(&m.with, ROWS, m.units, m.z, m.ldz, sums[0]);
    ff_label_backward(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, dv[0]);
    for (size_t row = 0; row < ROWS; row++) {
        struct ff_labels with = single.with;
        float *z = single.z + row * single.ldz;

        with.labels = with.labels ? lists + row * LISTED : NULL;
        ff_label_sums(&with, 1, single.units, z, single.ldz, sums[1] + row * with.n);
        ff_label_backward(&with, 1, single.units, z, single.ldz, single.weight + row * with.n,
                          dv[1]);
    }
    ck_assert_mem_eq(sums[0], sums[1], ROWS * m.with.n * sizeof(float));
    ck_assert_mem_eq(m.z, single.z, ROWS * m.ldz * sizeof(float));
    ck_assert_mem_eq(dv[0], dv[1], CLASSES * m.ldv * sizeof(float));
}
END_TEST

/* Of a loop over units that are not a number, in layers below and above the width up to which
 * labels are evaluated together. */
#define NANS 16

static size_t width_of(int i)
{
    return i % 2 ? 250 : 300;
}

static size_t unit_of(int i)
{
    return (size_t)(i / 2) * 33;
}

/* A NaN that became 0 would hide that training has diverged. */
START_TEST(not_a_number_in_a_row_stays)
{
    static struct meeting m;
    static float dv[CLASSES * (MAX_UNITS + PAD)];
    float sums[ROWS * CLASSES];
    size_t unit = unit_of(_i), at;

    make(&m, width_of(_i), false);
    at = 2 * m.ldz + unit;
    m.z[at] = NAN;
    ff_label_sums(&m.with, ROWS, m.units, m.z, m.ldz, sums);
    for (size_t i = 0; i < ROWS * CLASSES; i++)
        ck_assert_int_eq(isnan(sums[i]), i / CLASSES == 2);
    memset(dv, 0, sizeof dv);
    ff_label_backward(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, dv);
    for (size_t i = 0; i < ROWS * m.ldz; i++)
        ck_assert_int_eq(isnan(m.z[i]), i == at);
    for (size_t i = 0; i < CLASSES * m.ldv; i++)
        ck_assert_int_eq(isnan(dv[i]), i % m.ldv == unit);
}
END_TEST

START_TEST(not_a_number_in_a_label_stays)
{
    static struct meeting m;
    float sums[ROWS * CLASSES];
    size_t unit = unit_of(_i);

    make(&m, width_of(_i), false);
    m.v[4 * m.ldv + unit] = NAN;
    ff_label_sums(&m.with, ROWS, m.units, m.z, m.ldz, sums);
    for (size_t i = 0; i < ROWS * CLASSES; i++)
        ck_assert_int_eq(isnan(sums[i]), i % CLASSES == 4);
    ff_label_mix(&m.with, ROWS, m.units, m.z, m.ldz, m.weight, m.z, m.ldz);
    for (size_t i = 0; i < ROWS * m.ldz; i++)
        ck_assert_int_eq(isnan(m.z[i]), i % m.ldz == unit);
}
END_TEST

START_TEST(no_rows_are_fine)
{
    static struct meeting m;
    float sum = SENTINEL, out = SENTINEL, dv = SENTINEL;

    make(&m, 40, false);
    ff_label_sums(&m.with, 0, m.units, m.z, m.ldz, &sum);
    ff_label_mix(&m.with, 0, m.units, m.z, m.ldz, m.weight, &out, m.ldz);
    ff_label_backward(&m.with, 0, m.units, &out, m.ldz, m.weight, &dv);
    ck_assert_float_eq(sum, SENTINEL);
    ck_assert_float_eq(out, SENTINEL);
    ck_assert_float_eq(dv, SENTINEL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: labels");
    TCase *tests = tcase_create("labels");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, sums_have_the_bits_of_the_promised_order, 0, CASES);
    tcase_add_loop_test(tests, mixtures_have_the_bits_of_the_order_of_labels, 0, CASES);
    tcase_add_loop_test(tests, backward_gives_the_mixture_and_adds_up_the_gradient_of_labels, 0,
                        CASES);
    tcase_add_test(tests, a_label_in_no_list_has_no_gradient);
    tcase_add_loop_test(tests, a_row_does_not_depend_on_the_others, 0, CASES);
    tcase_add_loop_test(tests, not_a_number_in_a_row_stays, 0, NANS);
    tcase_add_loop_test(tests, not_a_number_in_a_label_stays, 0, NANS);
    tcase_add_test(tests, no_rows_are_fine);
    return run_suite(suite);
}
