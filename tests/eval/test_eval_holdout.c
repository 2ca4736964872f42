/* Held-out rows: what they tell of ranges of layers and of temperatures, what is chosen by it, and
 * that no layer learns from them. */
#include "eval/holdout.h"
#include "nn/loss.h"
#include "support/naive_streams.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 700
#define HIDDEN "24x4"
#define LAYERS 4
#define VALIDATION 0.25
#define IMAGES "data/train-images-idx3-ubyte"
#define IDX_HEADER 16 /* bytes, of a file of images */

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
}

/* A recipe of each kind that holds rows out: labels condition its layers; hard negatives. What is
 * learned from is shifted, held-out rows are not. */
#define KINDS 2
static void choose(int kind)
{
    train_named(kind ? "symba" : "conditioned", &recipe);
    if (kind) {
        recipe.negatives = "hard";
        recipe.negative_sets = FF_UNSET;
    }
    recipe.activations = "f32";
    recipe.jitter = 1;
    recipe.validation = VALIDATION;
}

/* ---- Naively ---- */

/* Rows, each with the goodness under every label in every layer. */
struct scored {
    size_t rows;
    uint16_t *labels;
    double *goodness; /* (rows, classes, layers) */
};

static void score_row(const struct naive_network *network, const struct naive_data *data,
                      size_t row, struct scored *out)
{
    for (uint32_t c = 0; c < TRAIN_CLASSES; c++)
        naive_goodness(network, &recipe, data, row, c,
                       out->goodness + (out->rows * TRAIN_CLASSES + c) * LAYERS);
    out->labels[out->rows++] = data->labels[row];
}

/* Rows of a split by the model as trained: of "train" those that are held out. */
static struct scored score(const char *split)
{
    bool all = strcmp(split, "train") != 0;
    struct scored out = {.labels = naive_alloc(ROWS, sizeof *out.labels)};
    struct naive_network network;
    struct naive_streams streams;
    struct naive_data data;

    out.goodness = naive_alloc((size_t)ROWS * TRAIN_CLASSES * LAYERS, sizeof *out.goodness);
    naive_read(opts.model, &network);
    naive_data_read(opts.data.path, split, TRAIN_CLASSES, &data);
    naive_streams_init(&streams, &recipe, &data);
    for (size_t place = all ? 0 : streams.learnt; place < data.rows; place++)
        score_row(&network, &data, all ? place : streams.row_at[place], &out);
    naive_streams_release(&streams);
    naive_data_release(&data);
    naive_release(&network);
    return out;
}

static void scored_release(struct scored *scored)
{
    free(scored->labels);
    free(scored->goodness);
}

/* The goodness of a row summed over layers FIRST .. LAST, from 1. out: (classes) */
static void sum_range(const struct scored *scored, size_t row, uint32_t first, uint32_t last,
                      double *out)
{
    for (size_t c = 0; c < TRAIN_CLASSES; c++) {
        const double *goodness = scored->goodness + (row * TRAIN_CLASSES + c) * LAYERS;

        out[c] = 0;
        for (uint32_t layer = first; layer <= last; layer++)
            out[c] += goodness[layer - 1];
    }
}

/* Rows whose largest sum is not that of their label; in UNSURE those that nearly tie. */
static double count_wrong(const struct scored *scored, uint32_t first, uint32_t last,
                          double *unsure)
{
    double wrong = 0, sums[TRAIN_CLASSES];

    *unsure = 0;
    for (size_t row = 0; row < scored->rows; row++) {
        uint16_t truth = scored->labels[row];
        double others = -INFINITY;

        sum_range(scored, row, first, last, sums);
        for (size_t c = 0; c < TRAIN_CLASSES; c++)
            others = c != truth ? fmax(others, sums[c]) : others;
        wrong += others > sums[truth];
        *unsure += fabs(others - sums[truth]) <= 1e-4 * (1 + fabs(sums[truth]));
    }
    return wrong;
}

/* p = softmax(gs G / T), G the mean over the range. p: (classes) */
static void probabilities(const double *sums, uint32_t layers, double temperature, double *p)
{
    double scale = recipe.goodness_scale / layers / temperature, sum = 0;

    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        sum += exp(scale * (sums[c] - sums[0]));
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        p[c] = exp(scale * (sums[c] - sums[0])) / sum;
}

static double cross_entropy(const struct scored *scored, uint32_t first, uint32_t last,
                            double temperature)
{
    double sum = 0, sums[TRAIN_CLASSES], p[TRAIN_CLASSES];

    for (size_t row = 0; row < scored->rows; row++) {
        sum_range(scored, row, first, last, sums);
        probabilities(sums, last - first + 1, temperature, p);
        sum -= log(p[scored->labels[row]]);
    }
    return sum / (double)scored->rows;
}

/* ---- What the model says ---- */

static void ck_ok(int status)
{
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
}

/* The metrics of every layer, and the range that is chosen. */
static struct ff_range_choice read_model(float metrics[LAYERS][FF_LAYER_METRICS])
{
    struct ff_range_choice choice;
    struct ff_model_file *file;
    struct ff_manifest manifest;

    ck_ok(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file));
    ck_ok(ff_manifest_load(ctx, file, &manifest));
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};

        ck_ok(ff_model_file_get(file, &key, 1, FF_LAYER_METRICS, metrics[layer - 1]));
    }
    choice = manifest.choice;
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    return choice;
}

static double error_of(float metrics[LAYERS][FF_LAYER_METRICS], uint32_t first, uint32_t last)
{
    return (double)metrics[last - 1][FF_METRIC_HELD_OUT_ERROR + first - 1];
}

static double temperature_of(float metrics[LAYERS][FF_LAYER_METRICS], uint32_t first, uint32_t last)
{
    return (double)metrics[last - 1][FF_METRIC_TEMPERATURE + first - 1];
}

START_TEST(errors_are_those_of_naive_sums)
{
    float metrics[LAYERS][FF_LAYER_METRICS];
    struct scored held_out;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    held_out = score("train");
    ck_assert_uint_ge(held_out.rows, (size_t)(VALIDATION * ROWS));
    ck_assert_uint_lt(held_out.rows, (size_t)(VALIDATION * ROWS) + recipe.batch);
    (void)read_model(metrics);
    for (uint32_t last = 1; last <= LAYERS; last++) {
        for (uint32_t first = 1; first <= FF_RANGE_STARTS; first++) {
            double unsure, wrong, error = error_of(metrics, first, last);

            ck_assert_int_eq(isnan(error), first > last);
            if (first > last)
                continue;
            wrong = count_wrong(&held_out, first, last, &unsure);
            ck_assert_double_le(unsure, 2);
            ck_assert_double_le(fabs(error * (double)held_out.rows - wrong), unsure + 1e-3);
        }
    }
    scored_release(&held_out);
}
END_TEST

/* Of equals the one that ends lowest, then the one that begins lowest. */
START_TEST(the_range_of_least_error_is_chosen)
{
    float metrics[LAYERS][FF_LAYER_METRICS];
    struct ff_range_choice choice;
    uint32_t first = 0, last = 0;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    choice = read_model(metrics);
    for (uint32_t k = 1; k <= LAYERS; k++) {
        for (uint32_t j = 1; j <= FF_RANGE_STARTS && j <= k; j++) {
            if (first > 0 && error_of(metrics, j, k) >= error_of(metrics, first, last))
                continue;
            first = j;
            last = k;
        }
    }
    ck_assert_uint_eq(choice.first, first);
    ck_assert_uint_eq(choice.last, last);
    ck_assert_double_eq(choice.error, error_of(metrics, first, last));
    ck_assert_double_eq(choice.temperature, temperature_of(metrics, first, last));
}
END_TEST

START_TEST(of_equal_ranges_the_first_is_chosen)
{
    float metrics[FF_LAYER_METRICS] = {0};
    struct ff_range_choice choice = {0};

    for (int i = 0; i < FF_RANGE_STARTS; i++) {
        metrics[FF_METRIC_HELD_OUT_ERROR + i] = i == 0 ? 0.5f : 0.25f;
        metrics[FF_METRIC_TEMPERATURE + i] = (float)(1 + i);
    }
    ff_holdout_choose(metrics, 3, &choice);
    ff_holdout_choose(metrics, 4, &choice);
    ck_assert_uint_eq(choice.first, 2);
    ck_assert_uint_eq(choice.last, 3);
    ck_assert_double_eq(choice.error, 0.25);
    ck_assert_double_eq(choice.temperature, 2);
}
END_TEST

/* Fine steps over the grid of temperatures, and what may be missing to the least cross-entropy. */
#define SCAN_STEPS 400
#define LOWEST_EXPONENT (-4.0)
#define EXPONENTS 9.0 /* up to 2^5 */
#define NEAR_OCTAVES 0.1
#define NEAR_SHARE 2e-3

static double exponent_of_least(const struct scored *scored, uint32_t first, uint32_t last)
{
    double best = 0, least = INFINITY;

    for (int i = 0; i <= SCAN_STEPS; i++) {
        double exponent = LOWEST_EXPONENT + EXPONENTS * i / SCAN_STEPS;
        double entropy = cross_entropy(scored, first, last, exp2(exponent));

        if (entropy >= least)
            continue;
        least = entropy;
        best = exponent;
    }
    return best;
}

START_TEST(temperatures_make_the_cross_entropy_least)
{
    float metrics[LAYERS][FF_LAYER_METRICS];
    struct scored held_out;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    held_out = score("train");
    (void)read_model(metrics);
    for (uint32_t last = 1; last <= LAYERS; last++) {
        for (uint32_t first = 1; first <= FF_RANGE_STARTS && first <= last; first++) {
            double temperature = temperature_of(metrics, first, last);
            double best = exponent_of_least(&held_out, first, last);
            double least = cross_entropy(&held_out, first, last, exp2(best));

            ck_assert_double_le(fabs(log2(temperature) - best), NEAR_OCTAVES);
            ck_assert_double_le(cross_entropy(&held_out, first, last, temperature),
                                least * (1 + NEAR_SHARE));
        }
    }
    scored_release(&held_out);
}
END_TEST

/* ---- They are not learnt from ---- */

/* Turns the pixels of the held-out rows the other way round, or those of one of the others. */
static void invert_images(bool held_out)
{
    struct naive_data data;
    struct naive_streams streams;
    size_t place, end;
    FILE *file = fopen(train_path(folder, IMAGES), "r+b");

    ck_assert_ptr_nonnull(file);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_streams_init(&streams, &recipe, &data);
    place = held_out ? streams.learnt : 0;
    end = held_out ? data.rows : 1;
    for (; place < end; place++) {
        size_t row = streams.row_at[place];
        unsigned char pixels[TRAIN_FEATURES];

        for (size_t i = 0; i < TRAIN_FEATURES; i++)
            pixels[i] = (unsigned char)(255 - lrint(255 * data.values[row * TRAIN_FEATURES + i]));
        ck_assert_int_eq(fseek(file, (long)(IDX_HEADER + row * TRAIN_FEATURES), SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(pixels, 1, sizeof pixels, file), sizeof pixels);
    }
    ck_assert_int_eq(fclose(file), 0);
    naive_streams_release(&streams);
    naive_data_release(&data);
}

/* Other images in their place change no weight, of layers or of the head; another one among the
 * rest does. */
START_TEST(no_layer_learns_from_held_out_rows)
{
    const char *hash;
    float metrics[2][LAYERS][FF_LAYER_METRICS];

    choose(_i);
    opts.force = true;
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    (void)read_model(metrics[0]);
    invert_images(true);
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), hash);
    (void)read_model(metrics[1]);
    ck_assert(error_of(metrics[0], 1, LAYERS) != error_of(metrics[1], 1, LAYERS));
    ck_assert_float_eq(metrics[0][LAYERS - 1][FF_METRIC_LOSS],
                       metrics[1][LAYERS - 1][FF_METRIC_LOSS]);
    invert_images(false);
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_ne(train_hash(opts.model), hash);
}
END_TEST

START_TEST(one_batch_cannot_be_held_out)
{
    struct ff_train_result result;

    choose(_i);
    recipe.batch = ROWS;
    ck_ok(ff_recipe_complete(ctx, &recipe));
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "whole batches are held out"));
}
END_TEST

/* ---- Evaluation ---- */

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
    struct ff_evaluation result;
    double unsure, wrong = count_wrong(test, first, last, &unsure);
    double entropy = cross_entropy(test, first, last, temperature);

    ck_ok(ff_evaluate(ctx, evaluate, &result));
    ck_assert_uint_eq(result.first_layer, first);
    ck_assert_uint_eq(result.last_layer, last);
    ck_assert_uint_eq(result.layers, last);
    ck_assert_uint_eq(result.trained_layers, LAYERS);
    for (uint32_t layer = 1; layer <= last; layer++)
        ck_assert_int_eq(isnan(result.upto_error[layer - 1]), layer < first);
    ck_assert_double_le(fabs(result.error * ROWS - wrong), unsure + 1e-6);
    ck_assert_double_le(fabs(result.cross_entropy - entropy), 1e-4 * (1 + entropy));
    ff_evaluate_release(&result);
}

/* Unless others are asked for, when the temperature is that of the chosen ones no longer. */
START_TEST(evaluation_sums_the_chosen_layers)
{
    static const uint32_t asked[][2] = {{1, 1}, {2, 2}, {1, 4}, {2, 3}, {4, 4}};
    float metrics[LAYERS][FF_LAYER_METRICS];
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
START_TEST(a_part_of_the_range_may_be_asked_for)
{
    uint32_t usual =
        _i == 0 ? 1 : 2; /* where the label is among its inputs the first is left out */
    const uint32_t asked[][4] = {
        {0, 3, usual, 3},
        {3, 0, 3, LAYERS},
        {0, 1, 1, 1},
        {0, FF_LAST_LAYER, usual, LAYERS},
        {FF_LAST_LAYER, 0, LAYERS, LAYERS},
        {FF_LAST_LAYER, FF_LAST_LAYER, LAYERS, LAYERS},
        {FF_LAST_LAYER, 2, 2, 2},
    };
    struct ff_evaluation result;

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

START_TEST(layers_that_are_not_there_are_refused)
{
    static const uint32_t asked[][2] = {
        {3, 2}, {5, 5}, {1, 5}, {5, 0}, {FF_LAST_LAYER - 1, FF_LAST_LAYER}};
    struct ff_evaluation result;

    choose(0);
    train_ok(ctx, &recipe, &opts);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct ff_evaluate_opts evaluate = evaluate_opts_of(asked[i][0], asked[i][1]);

        ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &result), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "has layers 1 to 4"));
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
    float metrics[LAYERS][FF_LAYER_METRICS];
    struct ff_range_choice choice;
    struct ff_evaluation result;
    struct predicted predicted;
    struct scored test;
    uint64_t samples;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    choice = read_model(metrics);
    test = score("t10k");
    predicted = (struct predicted){&test, choice.first, choice.last, choice.temperature, 0};
    ck_ok(ff_predict(ctx, &evaluate, take_prediction, &predicted, &samples));
    ck_assert_uint_eq(samples, ROWS);
    ck_ok(ff_evaluate(ctx, &evaluate, &result));
    ck_assert_double_le(fabs(result.cross_entropy - predicted.entropy / ROWS), 1e-9);
    ff_evaluate_release(&result);
    scored_release(&test);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: holdout");
    TCase *tcase = tcase_create("holdout");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, errors_are_those_of_naive_sums, 0, KINDS);
    tcase_add_loop_test(tcase, the_range_of_least_error_is_chosen, 0, KINDS);
    tcase_add_test(tcase, of_equal_ranges_the_first_is_chosen);
    tcase_add_loop_test(tcase, temperatures_make_the_cross_entropy_least, 0, KINDS);
    tcase_add_loop_test(tcase, no_layer_learns_from_held_out_rows, 0, KINDS);
    tcase_add_loop_test(tcase, one_batch_cannot_be_held_out, 0, KINDS);
    tcase_add_loop_test(tcase, evaluation_sums_the_chosen_layers, 0, KINDS);
    tcase_add_loop_test(tcase, a_part_of_the_range_may_be_asked_for, 0, KINDS);
    tcase_add_test(tcase, layers_that_are_not_there_are_refused);
    tcase_add_loop_test(tcase, probabilities_are_a_distribution, 0, KINDS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
