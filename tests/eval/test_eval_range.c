/* Evaluation by the range of layers that held-out samples chose, or by another one. */
#include "fixtures/holdout_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct ff_evaluate_opts evaluate_opts_of(uint32_t first, uint32_t last)
{
    struct ff_evaluate_opts out;

    ff_evaluate_opts_init(&out);
    out.model = opts.model;
    out.data = opts.data;
    out.method = FF_METHOD_GOODNESS;
    out.first_layer = first;
    out.last_layer = last;
    return out;
}

/* Evaluation of the layers asked for is that of the naive sums over FIRST .. LAST. */
static void ck_evaluation(const struct ff_evaluate_opts *evaluate, const struct scored *test,
                          uint32_t first, uint32_t last, double temperature)
{
    struct ff_evaluation result = {.size = sizeof result};
    double unsure, wrong = count_wrong(test, first, last, &unsure);
    double entropy = cross_entropy(test, first, last, temperature);

    ck_ok(ff_evaluate(ctx, evaluate, &result));
    ck_assert_uint_eq(result.first_layer, first);
    ck_assert_uint_eq(result.last_layer, last);
    ck_assert_uint_eq(result.layers, last);
    ck_assert_uint_eq(result.trained_layers, HOLDOUT_LAYERS);
    for (uint32_t layer = 1; layer <= last; layer++)
        ck_assert_int_eq(isnan(result.upto_error[layer - 1]), layer < first);
    ck_assert_double_le(fabs(result.error * HOLDOUT_ROWS - wrong), unsure + 1e-6);
    ck_assert_double_le(fabs(result.cross_entropy - entropy), 1e-4 * (1 + entropy));
    ff_evaluate_release(&result);
}

/* Unless others are asked for, when the temperature is that of the chosen ones no longer. */
START_TEST(evaluation_sums_the_chosen_layers)
{
    static const uint32_t asked[][2] = {{1, 1}, {2, 2}, {1, 4}, {2, 3}, {4, 4}};
    float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS];
    struct ff_evaluate_opts evaluate = evaluate_opts_of(0, 0);
    struct ff_range_choice choice;
    struct scored test;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    choice = read_model(metrics);
    test = score("t10k");
    ck_evaluation(&evaluate, &test, choice.first, choice.last, choice.temperature);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        uint32_t first = asked[i][0], last = asked[i][1];
        bool chosen = first == choice.first && last == choice.last;

        evaluate = evaluate_opts_of(first, last);
        ck_evaluation(&evaluate, &test, first, last, chosen ? choice.temperature : 1);
    }
    scored_release(&test);
}
END_TEST

/* What is not said of a range follows from the model. */
START_TEST(either_end_of_the_range_may_be_given)
{
    uint32_t usual =
        _i == 0 ? 1 : 2; /* where the label is among its inputs the first is left out */
    const uint32_t asked[][4] = {
        {0, 3, usual, 3},
        {3, 0, 3, HOLDOUT_LAYERS},
        {0, 1, 1, 1},
        {0, FF_LAST_LAYER, usual, HOLDOUT_LAYERS},
        {FF_LAST_LAYER, 0, HOLDOUT_LAYERS, HOLDOUT_LAYERS},
        {FF_LAST_LAYER, FF_LAST_LAYER, HOLDOUT_LAYERS, HOLDOUT_LAYERS},
        {FF_LAST_LAYER, 2, 2, 2},
    };
    struct ff_evaluation result = {.size = sizeof result};

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct ff_evaluate_opts evaluate = evaluate_opts_of(asked[i][0], asked[i][1]);

        ck_ok(ff_evaluate(ctx, &evaluate, &result));
        ck_assert_uint_eq(result.first_layer, asked[i][2]);
        ck_assert_uint_eq(result.last_layer, asked[i][3]);
        ff_evaluate_release(&result);
    }
}
END_TEST

START_TEST(layers_that_do_not_exist_are_refused)
{
    static const uint32_t asked[][2] = {
        {3, 2}, {5, 5}, {1, 5}, {5, 0}, {FF_LAST_LAYER - 1, FF_LAST_LAYER}};
    struct ff_evaluation result = {.size = sizeof result};

    choose(0);
    train_ok(ctx, &recipe, &opts);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct ff_evaluate_opts evaluate = evaluate_opts_of(asked[i][0], asked[i][1]);

        ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &result), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "has trained layers 1 to 4"));
    }
}
END_TEST

/* Sums over rows of what is predicted. */
struct predicted {
    const struct scored *test;
    uint32_t first, last;
    double temperature, entropy;
};

static int take_prediction(void *arg, const struct ff_prediction *prediction)
{
    struct predicted *predicted = arg;
    size_t row = prediction->index;
    double sums[TRAIN_CLASSES], p[TRAIN_CLASSES], sum = 0;

    sum_range(predicted->test, row, predicted->first, predicted->last, sums);
    probabilities(sums, predicted->last - predicted->first + 1, predicted->temperature, p);
    for (size_t c = 0; c < TRAIN_CLASSES; c++) {
        double ours = (double)prediction->probabilities[c];

        ck_assert_double_le(fabs(ours - p[c]), 1e-3);
        ck_assert_float_le(prediction->probabilities[c],
                           prediction->probabilities[prediction->label]);
        sum += ours;
    }
    ck_assert_double_le(fabs(sum - 1), 1e-6);
    predicted->entropy -= log((double)prediction->probabilities[predicted->test->labels[row]]);
    return 0;
}

START_TEST(probabilities_are_a_distribution)
{
    struct ff_evaluate_opts evaluate = evaluate_opts_of(0, 0);
    float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS];
    struct ff_range_choice choice;
    struct ff_evaluation result = {.size = sizeof result};
    struct predicted predicted;
    struct scored test;
    uint64_t samples;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    choice = read_model(metrics);
    test = score("t10k");
    predicted = (struct predicted){&test, choice.first, choice.last, choice.temperature, 0};
    ck_ok(ff_predict(ctx, &evaluate, take_prediction, &predicted, &samples));
    ck_assert_uint_eq(samples, HOLDOUT_ROWS);
    ck_ok(ff_evaluate(ctx, &evaluate, &result));
    ck_assert_double_le(fabs(result.cross_entropy - predicted.entropy / HOLDOUT_ROWS), 1e-9);
    ff_evaluate_release(&result);
    scored_release(&test);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: range of layers");
    TCase *tcase = tcase_create("range of layers");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, holdout_setup, training_end);
    tcase_add_loop_test(tcase, evaluation_sums_the_chosen_layers, 0, HOLDOUT_KINDS);
    tcase_add_loop_test(tcase, either_end_of_the_range_may_be_given, 0, HOLDOUT_KINDS);
    tcase_add_test(tcase, layers_that_do_not_exist_are_refused);
    tcase_add_loop_test(tcase, probabilities_are_a_distribution, 0, HOLDOUT_KINDS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
