/* How the values of tables and floats become inputs: means and deviations, categories, the constant
 * input. */
#include "data/embed.h"
#include "data/moments.h"
#include "data/schema.h"
#include "support/suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

static struct ff_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

/* ---- Moments ---- */

#define ROWS 5
#define COLUMNS 3

static const float table[ROWS][COLUMNS] = {
    {1, 1e6f, 7}, {2, 1e6f + 1, 7}, {3, 1e6f, 7}, {4, 1e6f + 1, 7}, {10, 1e6f, 7}};

static struct ff_moments measure(uint32_t n)
{
    struct ff_moments_sums sums;
    struct ff_moments out;

    ck_assert_int_eq(ff_moments_begin(ctx, n, &sums), FF_OK);
    for (size_t row = 0; row < ROWS; row++)
        ff_moments_add(&sums, COLUMNS, table[row], true);
    ff_moments_end(&sums, COLUMNS, &out);
    ff_moments_abandon(&sums);
    return out;
}

START_TEST(each_column_has_its_moments)
{
    struct ff_moments moments = measure(COLUMNS);

    ck_assert_uint_eq(moments.n, COLUMNS);
    ck_assert_double_eq_tol(moments.mean[0], 4, 1e-12);
    ck_assert_double_eq_tol(moments.deviation[0], sqrt(10), 1e-12);
    /* A large mean does not hide a small deviation. */
    ck_assert_double_eq_tol(moments.mean[1], 1e6 + 0.4, 1e-9);
    ck_assert_double_eq_tol(moments.deviation[1], sqrt(0.24), 1e-9);
    ck_assert_double_eq(moments.mean[2], 7);
    ck_assert_double_eq(moments.deviation[2], 0);
    ff_moments_release(&moments);
}
END_TEST

START_TEST(all_values_have_the_same_moments)
{
    double mean = 0, variance = 0;
    struct ff_moments moments = measure(1);

    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        mean += (double)table[i / COLUMNS][i % COLUMNS] / (ROWS * COLUMNS);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        variance += pow((double)table[i / COLUMNS][i % COLUMNS] - mean, 2) / (ROWS * COLUMNS);
    ck_assert_uint_eq(moments.n, 1);
    ck_assert_double_eq_tol(moments.mean[0], mean, 1e-6);
    ck_assert_double_eq_tol(moments.deviation[0], sqrt(variance), 1e-6);
    ff_moments_release(&moments);
}
END_TEST

START_TEST(bytes_count_as_parts_of_255)
{
    const uint8_t bytes[2][2] = {{0, 51}, {255, 51}};
    struct ff_moments_sums sums;
    struct ff_moments out;

    ck_assert_int_eq(ff_moments_begin(ctx, 2, &sums), FF_OK);
    ff_moments_add(&sums, 2, bytes[0], false);
    ff_moments_add(&sums, 2, bytes[1], false);
    ff_moments_end(&sums, 2, &out);
    ck_assert_double_eq_tol(out.mean[0], 0.5, 1e-7);
    ck_assert_double_eq_tol(out.deviation[0], 0.5, 1e-7);
    ck_assert_double_eq_tol(out.mean[1], 0.2, 1e-7);
    ck_assert_double_eq(out.deviation[1], 0);
    ff_moments_release(&out);
}
END_TEST

/* ---- Encoding ---- */

/* A number, three categories, a number, two categories. */
static double means[] = {5, 0, -1, 0}, scales[] = {2, 0, 0.5, 0};
static uint32_t categories[] = {0, 3, 0, 2};
static const struct ff_encoding mixed = {
    .columns = 4, .inputs = 8, .mean = means, .scale = scales, .category = categories};

#define CLASSES 2
#define MOST_INPUTS 16

/* The inputs of ROW before they are scaled, with the label after the first ones if it is appended.
 */
static void define(const struct ff_embedding *e, const float *row, uint16_t label, double *out)
{
    const struct ff_encoding *encoding = e->encoding;
    double *at = out + (e->mode == FF_EMBED_APPEND ? e->classes : 0), sum = 0;
    uint32_t width = ff_embed_width(e);

    for (uint32_t c = 0; c < encoding->columns; c++) {
        uint32_t n = encoding->category ? encoding->category[c] : 0;
        uint32_t m = encoding->alike ? 0 : c;

        if (n == 0)
            *at++ = ((double)row[c] - encoding->mean[m]) * encoding->scale[m];
        for (uint32_t k = 0; k < n; k++)
            *at++ = (double)row[c] == k;
    }
    *at = 1;
    for (uint32_t c = 0; c < e->classes; c++)
        out[c] = c == label ? (double)e->strength : 0;
    for (uint32_t j = 0; j < width; j++)
        sum += out[j] * out[j];
    for (uint32_t j = 0; j < width; j++)
        out[j] *= sqrt(width) / (sqrt(sum) + 1e-6);
}

static void ck_encoded(const struct ff_embedding *e, const float *rows, size_t n)
{
    const uint16_t labels[] = {1, 0, 1};
    float out[3 * MOST_INPUTS];
    double want[MOST_INPUTS];
    uint32_t width = ff_embed_width(e);

    ck_assert_uint_le(n, 3);
    ck_assert_uint_le(width, MOST_INPUTS);
    ff_embed(e, n, rows, true, labels, out);
    for (size_t row = 0; row < n; row++) {
        define(e, rows + row * e->features, labels[row], want);
        for (uint32_t j = 0; j < width; j++)
            ck_assert_double_eq_tol((double)out[row * width + j], want[j], 1e-5);
    }
}

START_TEST(categories_become_inputs_and_the_last_is_constant)
{
    const float rows[3][4] = {{7, 2, 0, 0}, {5, 0, 3, 1}, {-4, FF_CATEGORY_UNSEEN, -1, 1}};

    for (int mode = 0; mode < 3; mode++) {
        struct ff_embedding e = {
            (enum ff_label_embedding)(mode % 2), 1.5f, 4, mode < 2 ? CLASSES : 0, &mixed, false};

        ck_assert_uint_eq(ff_embed_width(&e), mode == FF_EMBED_APPEND ? 8 + CLASSES : 8);
        ck_encoded(&e, rows[0], 3);
    }
}
END_TEST

START_TEST(numbers_are_standardised_apart_or_alike)
{
    const float rows[3][3] = {{1, 2, 3}, {4, -5, 6}, {0, 0, 0.5f}};
    double mean[] = {1, -2, 3}, scale[] = {0.5, 0, 4};
    const struct ff_encoding apart = {.columns = 3, .inputs = 4, .mean = mean, .scale = scale};
    const struct ff_encoding alike = {
        .columns = 3, .inputs = 4, .alike = true, .mean = mean, .scale = scale};

    ck_encoded(&(struct ff_embedding){FF_EMBED_APPEND, 1, 3, CLASSES, &apart, false}, rows[0], 3);
    ck_encoded(&(struct ff_embedding){FF_EMBED_REPLACE, 1, 3, CLASSES, &alike, false}, rows[0], 3);
}
END_TEST

START_TEST(unscaled_rows_have_no_constant)
{
    const float row[3] = {1, 2, -3};
    double mean[] = {0}, scale[] = {1};
    const struct ff_encoding encoding = {
        .columns = 3, .inputs = 3, .alike = true, .mean = mean, .scale = scale};
    const struct ff_embedding e = {.features = 3, .encoding = &encoding, .unscaled = true};
    float out[3];

    ck_assert_uint_eq(ff_embed_width(&e), 3);
    ff_embed(&e, 1, row, true, NULL, out);
    ck_assert_mem_eq(out, row, sizeof row);
}
END_TEST

START_TEST(symbols_become_inputs_as_categories_do)
{
    const unsigned char symbols[2][3] = {{2, 255, 0}, {0, 1, 255}};
    const float same[2][3] = {{2, FF_CATEGORY_UNSEEN, 0}, {0, 1, FF_CATEGORY_UNSEEN}};
    double mean[] = {0}, scale[] = {1};
    uint32_t three[] = {3, 3, 3};
    const struct ff_encoding encoding = {
        .columns = 3, .inputs = 10, .alike = true, .mean = mean, .scale = scale, .category = three};

    for (int unscaled = 0; unscaled < 2; unscaled++) {
        const struct ff_embedding e = {
            .features = 3, .encoding = &encoding, .unscaled = unscaled > 0};
        float of_symbols[20] = {0}, of_floats[20] = {0};

        ff_embed(&e, 2, symbols, false, NULL, of_symbols);
        ff_embed(&e, 2, same, true, NULL, of_floats);
        ck_assert_mem_eq(of_symbols, of_floats, sizeof of_symbols);
        ck_assert_float_gt(of_symbols[2], 0);
    }
}
END_TEST

/* Each column of a text has its scale. */
START_TEST(a_symbol_has_the_scale_of_its_column)
{
    const unsigned char symbols[3] = {2, 255, 0};
    const float expected[9] = {0, 0, 0.25f, 0, 0, 0, 1, 0, 0};
    double mean[] = {0, 0, 0}, scale[] = {0.25, 0.5, 1};
    uint32_t three[] = {3, 3, 3};
    const struct ff_encoding encoding = {
        .columns = 3, .inputs = 9, .mean = mean, .scale = scale, .category = three};
    const struct ff_embedding e = {.features = 3, .encoding = &encoding, .unscaled = true};
    float out[9];

    ff_embed(&e, 1, symbols, false, NULL, out);
    ck_assert_mem_eq(out, expected, sizeof out);
}
END_TEST

START_TEST(outliers_stay_finite)
{
    double mean[] = {0, 3e38}, scale[] = {1e30, 1};
    const struct ff_encoding encoding = {.columns = 2, .inputs = 3, .mean = mean, .scale = scale};
    const struct ff_embedding e = {.features = 2, .encoding = &encoding};
    const float rows[2][2] = {{1e20f, -FLT_MAX}, {-FLT_MAX, FLT_MAX}};
    float out[6];

    ff_embed(&e, 2, rows, true, NULL, out);
    for (size_t i = 0; i < 6; i++)
        ck_assert(isfinite(out[i]));
    ck_assert_float_gt(out[0], 1);
    ck_assert_float_lt(out[3], -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: encoding");
    TCase *tc = tcase_create("encoding");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, each_column_has_its_moments);
    tcase_add_test(tc, all_values_have_the_same_moments);
    tcase_add_test(tc, bytes_count_as_parts_of_255);
    tcase_add_test(tc, categories_become_inputs_and_the_last_is_constant);
    tcase_add_test(tc, numbers_are_standardised_apart_or_alike);
    tcase_add_test(tc, unscaled_rows_have_no_constant);
    tcase_add_test(tc, symbols_become_inputs_as_categories_do);
    tcase_add_test(tc, a_symbol_has_the_scale_of_its_column);
    tcase_add_test(tc, outliers_stay_finite);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
