/*
 * Backpropagation computes what the books say: its gradients are those of finite differences, and
 * weights, metrics and scores those of a naive network in double precision.
 */
#include "naive/backprop.h"
#include "naive/parts.h"
#include "nn/schedule.h"
#include "support/modes.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two batches of 301, each of two chunks, and one of 99. */
#define ROWS 701
#define BATCH 301
#define EPOCHS 6
#define MOST_EPOCHS EPOCHS
/* In deviations of initial weights, as for Forward-Forward. */
#define TOLERANCE 3e-4
#define FIGURE_TOLERANCE 1e-4 /* relative */
#define NEAR_TIES (2.0 / ROWS)

static struct ff_epoch_report reports[MOST_EPOCHS];
static size_t n_reports;

static void keep_report(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    ck_assert_uint_lt(n_reports, MOST_EPOCHS);
    reports[n_reports++] = *report;
}

static void setup(void)
{
    training_begin(ROWS, "24,17,9");
    train_in("bp", &recipe);
    recipe.epochs = EPOCHS;
    recipe.batch = BATCH;
    opts.on_epoch = keep_report;
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* no time for syncing disks */
    opts.force = true;
    n_reports = 0;
}

/* ---- Gradients ---- */

#define STEP 1e-6               /* of a finite difference */
#define RATE 100.0              /* so large that a step gives the gradient in single precision */
#define GRADIENT_TOLERANCE 2e-5 /* of the largest of the tensor */
#define SAMPLES 150             /* of a tensor, at most */

static double *class_weights; /* of the loss */

/* The central difference of the loss by *WEIGHT, which stays as it was. */
static double slope(const struct naive_network *network, const struct naive_data *data,
                    double *weight)
{
    double was = *weight, above, below;

    *weight = was + STEP;
    above = naive_backprop_loss(network, data, class_weights);
    *weight = was - STEP;
    below = naive_backprop_loss(network, data, class_weights);
    *weight = was;
    return (above - below) / (2 * STEP);
}

/* N numbers of a tensor: BEFORE the one step, in NETWORK, and AFTER. */
static void ck_gradient(const char *what, const struct naive_network *network,
                        const struct naive_data *data, size_t n, double *before,
                        const double *after)
{
    size_t every = (n + SAMPLES - 1) / SAMPLES;
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(before[i] - after[i]) / RATE);
    ck_assert_double_gt(most, 1e-4);
    for (size_t i = 0; i < n; i += every) {
        double ours = (before[i] - after[i]) / RATE, exact = slope(network, data, &before[i]);

        ck_assert_msg(fabs(ours - exact) <= GRADIENT_TOLERANCE * most,
                      "%s: %s, number %zu: %.9g, by finite differences %.9g (largest %.3g)",
                      recipe.mode, what, i, ours, exact, most);
    }
}

static void ck_layer_gradients(const char *what, const struct naive_network *network,
                               const struct naive_data *data, struct oracle_layer *before,
                               const struct oracle_layer *after)
{
    char text[64];

    ck_assert_uint_eq(before->fan_in, after->fan_in);
    snprintf(text, sizeof text, "weights of the %s layer", what);
    ck_gradient(text, network, data, before->units * before->fan_in, before->w, after->w);
    snprintf(text, sizeof text, "biases of the %s layer", what);
    ck_gradient(text, network, data, before->units, before->b, after->b);
}

/* One step of plain gradient descent on all rows, of several chunks: it gives the gradient. Every
 * mode with weights of classes and without. */
START_TEST(gradients_are_those_of_finite_differences)
{
    static const char *const hidden[] = {"24,17,9", "13", "21,140,7,11,5"};
    struct naive_network before, after;
    struct naive_data data;
    size_t *rows;

    recipe.mode = mode_name(MODE_BACKPROP, _i % mode_count(MODE_BACKPROP));
    recipe.class_weights = _i % 2 ? "balanced" : "none";
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, hidden[_i / mode_count(MODE_BACKPROP)], &recipe),
                     FF_OK);
    recipe.optimizer = "sgd";
    recipe.momentum = 0;
    recipe.learning_rate = RATE;
    recipe.epochs = 1;
    recipe.batch = ROWS;
    opts.limit_rows = 289; /* two chunks */
    opts.micro_batch_rows = strcmp(recipe.mode, "bp-accum") == 0 ? 1 : 0;
    train_ok(ctx, &recipe, &opts);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_data_limit(&data, opts.limit_rows);
    rows = naive_order(recipe.seed, data.rows);
    class_weights = naive_class_weights(&recipe, &data, data.rows, rows);
    naive_backprop_begin(&recipe, &data, &before);
    naive_read(opts.model, &after);
    for (uint32_t k = 0; k < recipe.layers; k++)
        ck_layer_gradients(k == 0 ? "first" : "next", &before, &data, &before.layer[k],
                           &after.layer[k]);
    ck_layer_gradients("output", &before, &data, &before.head[recipe.layers - 1],
                       &after.head[recipe.layers - 1]);
    free(rows);
    free(class_weights);
    naive_release(&before);
    naive_release(&after);
    naive_data_release(&data);
}
END_TEST

/* ---- Training ---- */

/* The largest difference of two arrays, in deviations of initial weights. */
static double difference(size_t n, size_t fan_in, const double *a, const double *b)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        ck_assert(isfinite(a[i]) && isfinite(b[i]));
        most = fmax(most, fabs(a[i] - b[i]));
    }
    return most * sqrt((double)fan_in);
}

static void ck_layer(const char *what, uint32_t number, const struct oracle_layer *ours,
                     const struct oracle_layer *naive)
{
    double w, b;

    ck_assert_uint_eq(ours->units, naive->units);
    ck_assert_uint_eq(ours->fan_in, naive->fan_in);
    w = difference(ours->units * ours->fan_in, ours->fan_in, ours->w, naive->w);
    b = difference(ours->units, ours->fan_in, ours->b, naive->b);
    ck_assert_msg(w <= TOLERANCE && b <= TOLERANCE,
                  "%s, %s, %s: %s %u: weights differ by %g, biases by %g deviations", recipe.mode,
                  recipe.optimizer, recipe.schedule, what, number, w, b);
}

static void ck_epochs(const struct naive_network *naive)
{
    ck_assert_uint_eq(n_reports, recipe.epochs);
    for (size_t i = 0; i < n_reports; i++) {
        const struct ff_epoch_report *report = &reports[i];
        double loss = naive->epochs[i].loss;

        ck_assert(!report->head);
        ck_assert_uint_eq(report->layer, 0);
        ck_assert_uint_eq(report->epoch, i + 1);
        ck_assert_msg(fabs(report->loss - loss) <= FIGURE_TOLERANCE * (1 + loss),
                      "epoch %zu: loss %.9g, naively %.9g", i + 1, report->loss, loss);
        ck_assert_double_le(fabs(report->error - naive->epochs[i].error), NEAR_TIES);
        ck_assert(isnan(report->goodness_pos) && isnan(report->goodness_neg));
    }
    ck_assert_double_lt(reports[n_reports - 1].loss, 0.9 * reports[0].loss);
}

/* Trains RECIPE on the directory's data, both ways, and compares all that comes out. */
static void ck_training(void)
{
    struct naive_network naive, ours;
    struct naive_data data;

    n_reports = 0;
    train_ok(ctx, &recipe, &opts);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_backprop_train(&recipe, &data, &naive);
    naive_read(opts.model, &ours);
    ck_assert_uint_eq(ours.layers, recipe.layers);
    for (uint32_t k = 0; k < recipe.layers; k++)
        ck_layer("layer", k + 1, &ours.layer[k], &naive.layer[k]);
    ck_layer("output", recipe.layers, &ours.head[recipe.layers - 1],
             &naive.head[recipe.layers - 1]);
    ck_epochs(&naive);
    naive_release(&naive);
    naive_release(&ours);
    naive_data_release(&data);
}

START_TEST(every_mode_and_optimizer)
{
    size_t count;
    const struct ff_optimizer *optimizers = ff_optimizers(&count);

    recipe.mode = mode_name(MODE_BACKPROP, _i);
    recipe.weight_decay = 0.1;
    opts.micro_batch_rows = strcmp(recipe.mode, "bp-accum") == 0 ? 151 : 0;
    for (size_t i = 0; i < count; i++) {
        recipe.optimizer = optimizers[i].name;
        recipe.momentum = recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN;
        recipe.learning_rate = strcmp(recipe.optimizer, "sgd") == 0 ? 0.05 : 5e-3;
        recipe.class_weights = i % 2 ? "balanced" : "none";
        ck_training();
    }
}
END_TEST

START_TEST(shifted_images)
{
    recipe.mode = mode_name(MODE_BACKPROP, _i);
    recipe.jitter = 2;
    recipe.learning_rate = 5e-3;
    opts.micro_batch_rows = strcmp(recipe.mode, "bp-accum") == 0 ? 151 : 0;
    ck_training();
}
END_TEST

START_TEST(every_schedule)
{
    size_t count;
    const struct ff_schedule *schedules = ff_schedules(&count);

    recipe.learning_rate = 5e-3;
    for (size_t i = 0; i < count; i++) {
        recipe.schedule = schedules[i].name;
        ck_training();
    }
}
END_TEST

/* Batches of one chunk, of several, of all rows and more; several tiles; other depths. */
START_TEST(every_cut_of_rows_and_units)
{
    static const struct {
        const char *hidden;
        uint32_t batch, epochs;
    } cuts[] = {{"24", 65, 2},         {"24x3", 701, 6},   {"24", 9999, 6},
                {"140,20,30", 257, 4}, {"20,150", 101, 2}, {"12x9", 101, 3}};

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, cuts[_i].hidden, &recipe), FF_OK);
    recipe.batch = cuts[_i].batch;
    recipe.epochs = cuts[_i].epochs;
    recipe.learning_rate = 5e-3;
    ck_training();
}
END_TEST

START_TEST(data_of_floats)
{
    train_make_floats(directory);
    recipe.learning_rate = 5e-3;
    ck_training();
}
END_TEST

/* ---- Evaluation ---- */

struct scores {
    uint64_t next;
    float logits[ROWS][TRAIN_CLASSES];
};

static int keep_scores(void *arg, const struct ff_prediction *prediction)
{
    struct scores *scores = arg;

    ck_assert_uint_eq(prediction->index, scores->next);
    memcpy(scores->logits[scores->next++], prediction->scores, sizeof scores->logits[0]);
    return 0;
}

static void evaluate_opts_of(struct ff_evaluate_opts *out)
{
    ff_evaluate_opts_init(out);
    out->model = opts.model;
    out->data = opts.data;
    out->threads = 2;
}

static void ck_message(int status, int wanted, const char *in_message)
{
    ck_assert_msg(status == wanted && strstr(ff_ctx_message(ctx), in_message), "%d: %s", status,
                  ff_ctx_message(ctx));
}

/* The error that the scores of predict make is that of eval, and each score is the naive logit. */
START_TEST(scores_are_the_naive_logits)
{
    static struct scores scores;
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation result = {.size = sizeof result};
    struct naive_network naive;
    struct naive_data data;
    double wrong = 0;

    recipe.mode = mode_name(MODE_BACKPROP, _i);
    recipe.learning_rate = 0.02;
    train_ok(ctx, &recipe, &opts);
    evaluate_opts_of(&evaluate);
    evaluate.scratch_bytes = 100000; /* several blocks of rows */
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &result), FF_OK);
    ck_assert_int_eq(result.method, FF_METHOD_HEAD);
    ck_assert_ptr_null(result.layer_error);
    ck_assert_uint_eq(result.layers, recipe.layers);
    scores.next = 0;
    ck_assert_int_eq(ff_predict(ctx, &evaluate, keep_scores, &scores, &result.samples), FF_OK);
    naive_data_read(opts.data.path, "t10k", TRAIN_CLASSES, &data);
    naive_read(opts.model, &naive);
    for (size_t row = 0; row < ROWS; row++) {
        double logits[TRAIN_CLASSES];
        size_t best = 0;

        naive_backprop_logits(&naive, &data, row, logits);
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            ck_assert_double_le(fabs((double)scores.logits[row][c] - logits[c]), 1e-4);
            best = scores.logits[row][c] > scores.logits[row][best] ? c : best;
        }
        wrong += best != data.labels[row];
    }
    ck_assert_double_eq_tol(result.error, wrong / ROWS, 1e-9);
    ck_assert_double_lt(result.error, 0.3); /* of four classes */
    ff_evaluate_release(&result);
    naive_release(&naive);
    naive_data_release(&data);
}
END_TEST

START_TEST(the_output_layer_decides_and_goodness_is_refused)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation result = {.size = sizeof result};
    double error;

    train_ok(ctx, &recipe, &opts);
    evaluate_opts_of(&evaluate);
    ck_assert_int_eq(evaluate.method, FF_METHOD_AUTO);
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &result), FF_OK);
    error = result.error;
    ff_evaluate_release(&result);
    evaluate.method = FF_METHOD_HEAD;
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &result), FF_OK);
    ck_assert_double_eq(result.error, error);
    ff_evaluate_release(&result);
    evaluate.method = FF_METHOD_GOODNESS;
    ck_message(ff_evaluate(ctx, &evaluate, &result), FF_EINVAL, "backpropagation");
}
END_TEST

START_TEST(an_unfinished_model_has_nothing_to_evaluate)
{
    struct ff_train_result trained = {.size = sizeof trained};
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation result = {.size = sizeof result};
    long left = 9;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &trained), FF_EINTERRUPTED);
    evaluate_opts_of(&evaluate);
    ck_message(ff_evaluate(ctx, &evaluate, &result), FF_EINVAL, "no trained layer yet: resume");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: backprop");
    TCase *tcase = tcase_create("backprop");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, gradients_are_those_of_finite_differences, 0,
                        3 * mode_count(MODE_BACKPROP));
    tcase_add_loop_test(tcase, every_mode_and_optimizer, 0, mode_count(MODE_BACKPROP));
    tcase_add_loop_test(tcase, shifted_images, 0, mode_count(MODE_BACKPROP));
    tcase_add_test(tcase, every_schedule);
    tcase_add_loop_test(tcase, every_cut_of_rows_and_units, 0, 6);
    tcase_add_test(tcase, data_of_floats);
    tcase_add_loop_test(tcase, scores_are_the_naive_logits, 0, mode_count(MODE_BACKPROP));
    tcase_add_test(tcase, the_output_layer_decides_and_goodness_is_refused);
    tcase_add_test(tcase, an_unfinished_model_has_nothing_to_evaluate);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
