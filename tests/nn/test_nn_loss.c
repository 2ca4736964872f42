/* Losses: the derivative of every row of the table, for one pair and through a whole layer. */
#include "naive/oracle.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define PAIRS 6
#define UNITS 11
#define FAN_IN 7

static const struct ff_loss *loss_at(int i)
{
    size_t count;
    const struct ff_loss *losses = ff_losses(&count);

    ck_assert_uint_lt((size_t)i, count);
    return &losses[i];
}

static int loss_count(void)
{
    size_t count;

    ff_losses(&count);
    return (int)count;
}

/* The I-th loss of one of the two kinds; NULL: there is none. */
static const struct ff_loss *of_kind(bool over_labels, int i)
{
    size_t count;
    const struct ff_loss *losses = ff_losses(&count);

    for (size_t k = 0; k < count; k++) {
        if ((losses[k].labels != NULL) == over_labels && i-- == 0)
            return &losses[k];
    }
    return NULL;
}

static int kind_count(bool over_labels)
{
    int count = 0;

    while (of_kind(over_labels, count))
        count++;
    return count;
}

static const struct ff_loss *pairs_at(int i)
{
    return of_kind(false, i);
}

static const struct ff_loss *labels_at(int i)
{
    return of_kind(true, i);
}

/* Every loss is of one of the two kinds, and so in the loops of one of them. */
START_TEST(table_is_found_by_name_and_has_sane_defaults)
{
    const struct ff_loss *loss = loss_at(_i);

    ck_assert_ptr_eq(ff_loss_find(loss->name), loss);
    ck_assert_uint_gt(strlen(loss->formula), 0);
    ck_assert_float_gt(loss->defaults.goodness_scale, 0.0f);
    ck_assert_float_ge(loss->defaults.threshold, 0.0f);
    ck_assert_float_gt(loss->learning_rate, 0.0f);
    ck_assert((loss->pairs != NULL) != (loss->labels != NULL));
    ck_assert(loss->defaults.label_smoothing >= 0.0f && loss->defaults.label_smoothing < 1.0f);
    ck_assert_ptr_null(ff_loss_find("no such loss"));
    ck_assert_ptr_null(ff_loss_find(""));
}
END_TEST

START_TEST(loss_follows_its_formula)
{
    const struct ff_loss *loss = pairs_at(_i);
    float g_pos[PAIRS], g_neg[PAIRS], c_pos[PAIRS], c_neg[PAIRS];
    double value, expected = 0.0;

    oracle_fill(1, PAIRS, 0.0f, 3.0f, g_pos);
    oracle_fill(2, PAIRS, 0.0f, 3.0f, g_neg);
    loss->pairs(&loss->defaults, PAIRS, PAIRS, g_pos, g_neg, c_pos, c_neg, &value);
    for (int i = 0; i < PAIRS; i++)
        expected += oracle_loss(loss, &loss->defaults, true, g_pos[i], g_neg[i]);
    ck_assert_double_eq_tol(value, expected / PAIRS, 1e-12 * (1.0 + expected));
}
END_TEST

/* Goodness and step are multiples of 2^-14, so that g + h is exact in single precision. */
#define STEP 0x1p-14f

/* Fourth-order central difference of the mean loss by *G, one of the goodness values. */
static double slope(const struct ff_loss *loss, const struct ff_loss_params *params, float *g,
                    const float *g_pos, const float *g_neg)
{
    static const float steps[4] = {-2.0f, -1.0f, 1.0f, 2.0f};
    static const double weights[4] = {1.0, -8.0, 8.0, -1.0};
    float c_pos[PAIRS], c_neg[PAIRS], at = *g;
    double sum = 0.0, value;

    for (int i = 0; i < 4; i++) {
        *g = at + steps[i] * STEP;
        loss->pairs(params, PAIRS, PAIRS, g_pos, g_neg, c_pos, c_neg, &value);
        sum += weights[i] * value;
    }
    *g = at;
    return sum / (12.0 * STEP);
}

static void check_coefficients(const struct ff_loss *loss, const struct ff_loss_params *params)
{
    float g_pos[PAIRS], g_neg[PAIRS], c_pos[PAIRS], c_neg[PAIRS];
    double value, tolerance = 1e-6 * (double)params->goodness_scale;

    oracle_fill(3, PAIRS, 0.5f, 1.5f, g_pos);
    oracle_fill(4, PAIRS, 0.5f, 1.5f, g_neg);
    for (int i = 0; i < PAIRS; i++) {
        g_pos[i] = rintf(g_pos[i] / STEP) * STEP;
        g_neg[i] = rintf(g_neg[i] / STEP) * STEP;
    }
    loss->pairs(params, PAIRS, PAIRS, g_pos, g_neg, c_pos, c_neg, &value);
    for (int i = 0; i < PAIRS; i++) {
        ck_assert_double_eq_tol(c_pos[i], slope(loss, params, &g_pos[i], g_pos, g_neg), tolerance);
        ck_assert_double_eq_tol(c_neg[i], slope(loss, params, &g_neg[i], g_pos, g_neg), tolerance);
    }
}

START_TEST(coefficients_are_the_derivatives)
{
    const struct ff_loss *loss = pairs_at(_i);
    struct ff_loss_params other = {.goodness_scale = 1.0f, .threshold = 0.5f};

    check_coefficients(loss, &loss->defaults);
    check_coefficients(loss, &other);
}
END_TEST

START_TEST(parts_of_a_batch_add_up_to_the_batch)
{
    const struct ff_loss *loss = pairs_at(_i);
    float g_pos[PAIRS], g_neg[PAIRS], c_pos[2][PAIRS], c_neg[2][PAIRS];
    double whole, first, second;

    oracle_fill(5, PAIRS, 0.0f, 2.0f, g_pos);
    oracle_fill(6, PAIRS, 0.0f, 2.0f, g_neg);
    loss->pairs(&loss->defaults, PAIRS, PAIRS, g_pos, g_neg, c_pos[0], c_neg[0], &whole);
    loss->pairs(&loss->defaults, 2, PAIRS, g_pos, g_neg, c_pos[1], c_neg[1], &first);
    loss->pairs(&loss->defaults, PAIRS - 2, PAIRS, g_pos + 2, g_neg + 2, c_pos[1] + 2, c_neg[1] + 2,
                &second);
    ck_assert_double_eq_tol(first + second, whole, 1e-12 * (1.0 + whole));
    ck_assert_mem_eq(c_pos[0], c_pos[1], sizeof c_pos[0]);
    ck_assert_mem_eq(c_neg[0], c_neg[1], sizeof c_neg[0]);
}
END_TEST

START_TEST(extreme_goodness_gives_finite_results_of_the_right_sign)
{
    static const float extremes[] = {0.0f, 1e-30f, 1e-3f, 1.0f, 100.0f, 1e4f, 1e6f};
    const int count = (int)(sizeof extremes / sizeof *extremes);
    const struct ff_loss *loss = pairs_at(_i);

    for (int i = 0; i < count * count; i++) {
        float g_pos = extremes[i / count], g_neg = extremes[i % count], c_pos, c_neg;
        double value;

        loss->pairs(&loss->defaults, 1, 1, &g_pos, &g_neg, &c_pos, &c_neg, &value);
        ck_assert(isfinite(value) && isfinite(c_pos) && isfinite(c_neg));
        ck_assert_double_ge(value, 0.0);
        ck_assert_float_le(c_pos, 0.0f); /* more goodness of a positive never costs */
        ck_assert_float_ge(c_neg, 0.0f);
    }
}
END_TEST

START_TEST(not_a_number_is_not_hidden)
{
    const struct ff_loss *loss = pairs_at(_i);

    for (int i = 0; i < 2; i++) {
        float g[2] = {1.0f, 1.0f}, c_pos, c_neg;
        double value;

        g[i] = NAN;
        loss->pairs(&loss->defaults, 1, 1, &g[0], &g[1], &c_pos, &c_neg, &value);
        ck_assert(isnan(value));
    }
}
END_TEST

/* A layer's step in single precision on the kernels, as training does it. Positive rows first. */
struct step {
    float w[UNITS * FAN_IN], b[UNITS];   /* w: (units, fan_in) */
    float x[2 * PAIRS * FAN_IN];         /* (2 pairs, fan_in) */
    float y[2 * PAIRS * UNITS];          /* (2 pairs, units) */
    float dw[UNITS * FAN_IN], db[UNITS]; /* dL/dw, dL/db */
};

static void compute_gradient(struct step *s, const struct ff_loss *loss,
                             const struct ff_loss_params *params)
{
    float g[2 * PAIRS], c[2 * PAIRS];
    double value;

    ff_gemm_nt(2 * PAIRS, UNITS, FAN_IN, s->x, FAN_IN, s->w, FAN_IN, s->y, UNITS);
    ff_bias_relu(2 * PAIRS, UNITS, s->y, UNITS, s->b, g);
    for (int i = 0; i < 2 * PAIRS; i++)
        g[i] /= (float)UNITS;
    loss->pairs(params, PAIRS, PAIRS, g, g + PAIRS, c, c + PAIRS, &value);
    for (int i = 0; i < 2 * PAIRS; i++)
        c[i] *= 2.0f / (float)UNITS;
    ff_scale_rows(2 * PAIRS, UNITS, s->y, UNITS, c);
    ff_gemm_tn(UNITS, FAN_IN, 2 * PAIRS, s->y, UNITS, s->x, FAN_IN, 0.0f, s->dw, FAN_IN);
    ff_column_sums(2 * PAIRS, UNITS, s->y, UNITS, 0, s->db);
}

/* Central difference of the layer's loss by *PARAMETER, one of the layer's weights or biases. */
static double layer_slope(const struct oracle_layer *layer, double *parameter, double h,
                          const struct ff_loss *loss, const struct ff_loss_params *params,
                          bool exact, const float *x)
{
    const float *x_neg = x + PAIRS * FAN_IN;
    double at = *parameter, above, below;

    *parameter = at + h;
    above = oracle_layer_loss(layer, loss, params, exact, PAIRS, x, x_neg);
    *parameter = at - h;
    below = oracle_layer_loss(layer, loss, params, exact, PAIRS, x, x_neg);
    *parameter = at;
    return (above - below) / (2.0 * h);
}

static double largest(size_t n, const float *values)
{
    double max = 0.0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs((double)values[i]));
    return max;
}

/* Compares with differences of step H, to within PART of the largest derivative. */
static void check_layer(const struct step *s, const struct ff_loss *loss,
                        const struct ff_loss_params *params, bool exact, double h, double part)
{
    double w[UNITS * FAN_IN], b[UNITS];
    struct oracle_layer layer = {.units = UNITS, .fan_in = FAN_IN, .w = w, .b = b};
    double tolerance = part * largest(UNITS * FAN_IN, s->dw);

    ck_assert_double_gt(tolerance, 0.0);
    for (int i = 0; i < UNITS * FAN_IN; i++)
        w[i] = s->w[i];
    for (int i = 0; i < UNITS; i++)
        b[i] = s->b[i];
    for (int i = 0; i < UNITS * FAN_IN; i++)
        ck_assert_double_eq_tol(s->dw[i], layer_slope(&layer, &w[i], h, loss, params, exact, s->x),
                                tolerance);
    for (int i = 0; i < UNITS; i++)
        ck_assert_double_eq_tol(s->db[i], layer_slope(&layer, &b[i], h, loss, params, exact, s->x),
                                tolerance);
}

/* By a formula of the oracle's own; and by the table's function, where the goodness in single
 * precision asks for larger steps and gives fewer digits. */
START_TEST(gradient_of_a_layer_is_that_of_its_loss)
{
    const struct ff_loss *loss = pairs_at(_i);
    struct ff_loss_params gentle = {.goodness_scale = 2.0f, .threshold = 0.3f};
    struct step s;

    ff_gemm_init();
    oracle_fill(11, UNITS * FAN_IN, -0.6f, 0.6f, s.w);
    oracle_fill(12, UNITS, -0.2f, 0.2f, s.b);
    oracle_fill(13, 2 * PAIRS * FAN_IN, -1.0f, 1.5f, s.x);
    compute_gradient(&s, loss, &loss->defaults);
    check_layer(&s, loss, &loss->defaults, true, 1e-6, 2e-5);
    compute_gradient(&s, loss, &gentle);
    check_layer(&s, loss, &gentle, true, 1e-6, 2e-5);
    check_layer(&s, loss, &gentle, false, 1e-3, 1e-2);
}
END_TEST

/* ---- Losses over labels ---- */

#define ROWS 6
#define LABELS 5

static const uint16_t truths[ROWS] = {0, 4, 2, 2, 1, 3};

/* Of rows by their true labels, whether or not these come first. */
static const float of_class[LABELS] = {0.25f, 3.0f, 1.0f, 0.75f, 1.5f};
static const struct ff_row_weights row_weights = {truths, of_class};

/* Smoothed or not; truths given, or the first ones; rows weighted or not. */
struct label_case {
    struct ff_loss_params params;
    const uint16_t *truth;
    const struct ff_row_weights *weights;
    float g[ROWS * LABELS];
};

#define LABEL_CASES 8

static struct label_case label_case_make(const struct ff_loss *loss, int i)
{
    struct label_case out = {
        .params = loss->defaults,
        .truth = i % 2 ? truths : NULL,
        .weights = i / 4 ? &row_weights : NULL,
    };

    if (i / 2 % 2)
        out.params = (struct ff_loss_params){.goodness_scale = 2.0f,
                                             .label_smoothing = 0.3f * (float)(i % 4)};
    oracle_fill(21, ROWS * LABELS, 0.5f, 1.5f, out.g);
    for (int k = 0; k < ROWS * LABELS; k++)
        out.g[k] = rintf(out.g[k] / STEP) * STEP;
    return out;
}

/* The loss of all rows; the derivatives go to C. */
static double over_labels(const struct ff_loss *loss, const struct label_case *given, float *c)
{
    double value;

    loss->labels(&given->params, ROWS, LABELS, ROWS, given->truth, given->weights, given->g, c,
                 &value);
    return value;
}

START_TEST(loss_over_labels_follows_its_formula)
{
    const struct ff_loss *loss = labels_at(_i);

    for (int i = 0; i < LABEL_CASES; i++) {
        struct label_case given = label_case_make(loss, i);
        float c[ROWS * LABELS];
        double expected = 0.0, value = over_labels(loss, &given, c);

        for (size_t row = 0; row < ROWS; row++) {
            double g[LABELS];

            for (size_t k = 0; k < LABELS; k++)
                g[k] = (double)given.g[row * LABELS + k];
            expected += (given.weights ? (double)of_class[truths[row]] : 1.0) *
                        oracle_label_loss(loss, &given.params, true, LABELS,
                                          given.truth ? given.truth[row] : 0, g);
        }
        ck_assert_double_eq_tol(value, expected / ROWS, 1e-12 * (1.0 + expected));
    }
}
END_TEST

/* Fourth-order central difference of the mean loss by number K of the goodness. */
static double label_slope(const struct ff_loss *loss, struct label_case *given, int k)
{
    static const float steps[4] = {-2.0f, -1.0f, 1.0f, 2.0f};
    static const double weights[4] = {1.0, -8.0, 8.0, -1.0};
    float c[ROWS * LABELS], at = given->g[k];
    double sum = 0.0;

    for (int i = 0; i < 4; i++) {
        given->g[k] = at + steps[i] * STEP;
        sum += weights[i] * over_labels(loss, given, c);
    }
    given->g[k] = at;
    return sum / (12.0 * (double)STEP);
}

START_TEST(derivatives_over_labels_are_those_of_the_loss)
{
    const struct ff_loss *loss = labels_at(_i);

    for (int i = 0; i < LABEL_CASES; i++) {
        struct label_case given = label_case_make(loss, i);
        double tolerance = 1e-6 * (double)given.params.goodness_scale;
        float c[ROWS * LABELS];

        over_labels(loss, &given, c);
        for (int k = 0; k < ROWS * LABELS; k++)
            ck_assert_double_eq_tol((double)c[k], label_slope(loss, &given, k), tolerance);
        /* They may take the goodness's place. */
        over_labels(loss, &given, given.g);
        ck_assert_mem_eq(given.g, c, sizeof c);
    }
}
END_TEST

START_TEST(parts_of_a_batch_under_labels_add_up_to_the_batch)
{
    const struct ff_loss *loss = labels_at(_i);
    struct label_case given = label_case_make(loss, 5);
    const struct ff_row_weights rest = {truths + 2, of_class};
    float whole_c[ROWS * LABELS], c[ROWS * LABELS];
    double whole = over_labels(loss, &given, whole_c), first, second;

    loss->labels(&given.params, 2, LABELS, ROWS, truths, &row_weights, given.g, c, &first);
    loss->labels(&given.params, ROWS - 2, LABELS, ROWS, truths + 2, &rest, given.g + 2 * LABELS,
                 c + 2 * LABELS, &second);
    ck_assert_double_eq_tol(first + second, whole, 1e-12 * (1.0 + whole));
    ck_assert_mem_eq(c, whole_c, sizeof c);
}
END_TEST

/* Without smoothing more goodness of the true label never costs, and of another one always does.
 * The derivatives of a row add up to 0. */
START_TEST(extreme_goodness_under_labels_gives_finite_results_of_the_right_sign)
{
    static const float extremes[] = {0.0f, 1e-30f, 1e-3f, 1.0f, 100.0f, 1e4f, 1e6f, 1e30f};
    const int count = (int)(sizeof extremes / sizeof *extremes);
    const struct ff_loss *loss = labels_at(_i);

    for (int i = 0; i < 2 * count * count * count; i++) {
        float g[3] = {extremes[i / 2 % count], extremes[i / 2 / count % count],
                      extremes[i / 2 / count / count]};
        float c[3], largest_slope = (float)loss->defaults.goodness_scale;
        struct ff_loss_params params = loss->defaults;
        double value;

        params.label_smoothing = i % 2 ? params.label_smoothing : 0.0f;
        loss->labels(&params, 1, 3, 1, NULL, NULL, g, c, &value);
        ck_assert(isfinite(value) && isfinite(c[0]) && isfinite(c[1]) && isfinite(c[2]));
        ck_assert_double_ge(value, 0.0);
        ck_assert_double_le(fabs((double)c[0] + (double)c[1] + (double)c[2]),
                            1e-6 * (double)largest_slope);
        if (params.label_smoothing <= 0.0f)
            ck_assert(c[0] <= 0.0f && c[1] >= 0.0f && c[2] >= 0.0f);
    }
}
END_TEST

START_TEST(not_a_number_under_a_label_is_not_hidden)
{
    const struct ff_loss *loss = labels_at(_i);

    for (int k = 0; k < ROWS * LABELS; k++) {
        struct label_case given = label_case_make(loss, k % LABEL_CASES);
        float c[ROWS * LABELS];

        given.g[k] = NAN;
        ck_assert(isnan(over_labels(loss, &given, c)));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: loss");
    TCase *tests = tcase_create("loss");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, table_is_found_by_name_and_has_sane_defaults, 0, loss_count());
    tcase_add_loop_test(tests, loss_follows_its_formula, 0, kind_count(false));
    tcase_add_loop_test(tests, coefficients_are_the_derivatives, 0, kind_count(false));
    tcase_add_loop_test(tests, parts_of_a_batch_add_up_to_the_batch, 0, kind_count(false));
    tcase_add_loop_test(tests, extreme_goodness_gives_finite_results_of_the_right_sign, 0,
                        kind_count(false));
    tcase_add_loop_test(tests, not_a_number_is_not_hidden, 0, kind_count(false));
    tcase_add_loop_test(tests, gradient_of_a_layer_is_that_of_its_loss, 0, kind_count(false));
    tcase_add_loop_test(tests, loss_over_labels_follows_its_formula, 0, kind_count(true));
    tcase_add_loop_test(tests, derivatives_over_labels_are_those_of_the_loss, 0, kind_count(true));
    tcase_add_loop_test(tests, parts_of_a_batch_under_labels_add_up_to_the_batch, 0,
                        kind_count(true));
    tcase_add_loop_test(tests, extreme_goodness_under_labels_gives_finite_results_of_the_right_sign,
                        0, kind_count(true));
    tcase_add_loop_test(tests, not_a_number_under_a_label_is_not_hidden, 0, kind_count(true));
    return run_suite(suite);
}
