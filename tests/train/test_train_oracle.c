/* Training computes what the papers say: weights, heads and figures equal those of a naive network
 * in double precision, trained on the same data. */
#include "naive/network.h"
#include "nn/schedule.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two batches of 301, each of two chunks, and one of 99. No batch holds a class as often as chance
 * has it, nor do balanced weights make up for all that a batch lacks: then the first gradient of a
 * head's bias is nothing but rounding, which Adam enlarges. */
#define ROWS 701
#define BATCH 301
#define EPOCHS 8
#define FEW_EPOCHS 4 /* where another test has the recipe learn for longer */
#define MOST_EPOCHS (3 * EPOCHS)
/* In deviations of initial weights; a few dozen steps in single precision take a twentieth of it.
 */
#define TOLERANCE 3e-4
#define ROUNDED_TOLERANCE 2e-3 /* a few values are rounded to the other side, by 2^-8 of them */
#define FIGURE_TOLERANCE 1e-4  /* relative */

static struct ff_epoch_report reports[MOST_EPOCHS]; /* of layers */
static size_t n_reports;

static void keep_report(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    if (report->head)
        return;
    ck_assert_uint_lt(n_reports, MOST_EPOCHS);
    reports[n_reports++] = *report;
}

static void choose_steps(void)
{
    recipe.epochs = EPOCHS;
    recipe.batch = BATCH;
}

static void choose_kind(int kind)
{
    train_kind(kind, &recipe);
    choose_steps();
}

static void setup(void)
{
    training_begin(ROWS, "24x2");
    choose_steps();
    opts.threads = 1; /* test_train_bits compares numbers of threads */
    opts.on_epoch = keep_report;
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* no time for syncing disks */
    n_reports = 0;
}

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
                     const struct oracle_layer *naive, double tolerance)
{
    double w, b;

    ck_assert_uint_eq(ours->units, naive->units);
    ck_assert_uint_eq(ours->fan_in, naive->fan_in);
    w = difference(ours->units * ours->fan_in, ours->fan_in, ours->w, naive->w);
    b = difference(ours->units, ours->fan_in, ours->b, naive->b);
    ck_assert_msg(w <= tolerance && b <= tolerance,
                  "%s, %s, %s, %s: %s %u: weights differ by %g, biases by %g deviations",
                  recipe.loss, recipe.optimizer, recipe.schedule, recipe.label_embedding, what,
                  number, w, b);
}

static void ck_close(const char *what, double ours, double naive, double tolerance)
{
    ck_assert_msg(fabs(ours - naive) <= tolerance * (1 + fabs(naive)), "%s: %s: %.9g, naively %.9g",
                  recipe.loss, what, ours, naive);
}

/* Pairs are counted as wrong whose goodnesses nearly tie: so many may fall to the other side. */
#define NEAR_TIES (2.0 / ROWS)

/* The layer and the epoch of report I: sweeps go over all layers one after another. */
static void place_of_report(size_t i, uint32_t *layer, uint32_t *epoch)
{
    uint32_t first = 0, last = recipe.epochs / recipe.sweeps;

    for (uint32_t sweep = 2; i >= (size_t)(last - first) * recipe.layers; sweep++) {
        i -= (size_t)(last - first) * recipe.layers;
        first = last;
        last = recipe.epochs * sweep / recipe.sweeps;
    }
    *layer = 1 + (uint32_t)i / (last - first);
    *epoch = first + (uint32_t)i % (last - first) + 1;
}

static void ck_epochs(const struct naive_network *naive, double tolerance)
{
    ck_assert_uint_eq(n_reports, recipe.layers * recipe.epochs);
    for (size_t i = 0; i < n_reports; i++) {
        const struct naive_figures *expected;
        uint32_t layer, epoch;

        place_of_report(i, &layer, &epoch);
        expected = &naive->epochs[(layer - 1) * recipe.epochs + epoch - 1];
        ck_assert_uint_eq(reports[i].layer, layer);
        ck_assert_uint_eq(reports[i].epoch, epoch);
        ck_close("loss of an epoch", reports[i].loss, expected->loss, tolerance);
        ck_close("positive goodness of an epoch", reports[i].goodness_pos, expected->goodness_pos,
                 tolerance);
        ck_close("negative goodness of an epoch", reports[i].goodness_neg, expected->goodness_neg,
                 tolerance);
        ck_assert_double_le(fabs(reports[i].error - expected->error), NEAR_TIES);
    }
}

static void ck_figures(const struct naive_network *naive, double tolerance)
{
    struct ff_model *model;

    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
    for (uint32_t k = 0; k < naive->layers; k++) {
        struct ff_layer_info info = {.size = sizeof info};

        ck_assert_int_eq(ff_model_layer(model, k + 1, &info), FF_OK);
        ck_close("loss as trained", info.loss, naive->final[k].loss, tolerance);
        ck_close("goodness as trained", info.goodness_pos, naive->final[k].goodness_pos, tolerance);
        ck_close("goodness as trained", info.goodness_neg, naive->final[k].goodness_neg, tolerance);
        ck_assert_double_le(fabs(info.error - naive->final[k].error), NEAR_TIES);
        ck_assert_uint_eq(info.dead_units, naive->final[k].dead_units);
    }
    ff_model_close(model);
}

/* Trains RECIPE on the directory's data, both ways, and compares all that comes out. */
static void ck_training(double tolerance)
{
    struct naive_data data;
    struct naive_network naive, ours;

    n_reports = 0;
    opts.force = true;
    train_ok(ctx, &recipe, &opts);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_train(&recipe, &data, &naive);
    naive_read(opts.model, &ours);
    ck_assert_uint_eq(ours.layers, recipe.layers);
    for (uint32_t k = 0; k < recipe.layers; k++) {
        ck_layer("layer", k + 1, &ours.layer[k], &naive.layer[k], tolerance);
        ck_assert_int_eq(ours.head[k].w != NULL, naive.head[k].w != NULL);
        if (naive.head[k].w)
            ck_layer("head", k + 1, &ours.head[k], &naive.head[k], tolerance);
    }
    ck_epochs(&naive, fmax(tolerance, FIGURE_TOLERANCE));
    ck_figures(&naive, fmax(tolerance, FIGURE_TOLERANCE));
    naive_release(&naive);
    naive_release(&ours);
    naive_data_release(&data);
}

/* As it was reported. */
static double loss_of(uint32_t layer, uint32_t epoch)
{
    size_t i = 0;

    while (reports[i].layer != layer || reports[i].epoch != epoch)
        ck_assert_uint_lt(++i, n_reports);
    return reports[i].loss;
}

/* Learning rates with which the loss falls in so few steps. */
static void choose_optimizer(const char *name)
{
    recipe.optimizer = name;
    recipe.learning_rate = strcmp(name, "sgd") == 0 ? 5e-3 : 3e-3;
}

/* Every recipe with every optimizer; the loss falls in every layer. */
START_TEST(every_recipe_and_optimizer)
{
    size_t count;
    const struct ff_optimizer *optimizers = ff_optimizers(&count);

    for (size_t i = 0; i < count; i++) {
        choose_kind(_i);
        choose_optimizer(optimizers[i].name);
        ck_training(TOLERANCE);
        for (uint32_t k = 0; k < recipe.layers; k++)
            ck_assert_double_lt(loss_of(k + 1, EPOCHS), 0.98 * loss_of(k + 1, 1));
    }
}
END_TEST

START_TEST(every_schedule)
{
    size_t count;
    const struct ff_schedule *schedules = ff_schedules(&count);

    for (size_t i = 0; i < count; i++) {
        recipe.schedule = schedules[i].name;
        ck_training(TOLERANCE);
    }
}
END_TEST

START_TEST(every_embedding_of_labels)
{
    for (const struct ff_recipe_choice *choice = ff_recipe_choices("label_embedding"); choice->name;
         choice++) {
        if (strcmp(choice->name, "none") == 0)
            continue;
        recipe.label_embedding = choice->name;
        recipe.label_strength = 3;
        ck_training(TOLERANCE);
    }
}
END_TEST

/* Every recipe with one of the optimizers, every optimizer with several recipes. */
START_TEST(weight_decay_of_layers_and_heads)
{
    size_t count;
    const struct ff_optimizer *optimizers = ff_optimizers(&count);

    choose_kind(_i);
    recipe.activations = "f32"; /* the rounding of others would cover small differences */
    recipe.epochs = FEW_EPOCHS;
    recipe.weight_decay = 2;
    if (recipe.head_epochs != 0) {
        recipe.head_weight_decay = 5;
        recipe.head_learning_rate = 0.01;
    }
    choose_optimizer(optimizers[(size_t)_i % count].name);
    ck_training(TOLERANCE);
}
END_TEST

/* Numbers that are not the defaults: each reaches the place it is meant for. */
static void choose_numbers(void)
{
    recipe.goodness_scale = 3;
    recipe.label_strength = 2;
    recipe.dropout = 0.3;
    recipe.beta1 = 0.8;
    recipe.beta2 = 0.95;
    recipe.epsilon = 1e-3;
    recipe.seed = UINT64_C(0x123456789abcdef);
    recipe.head_epochs = 7;
}

static void choose_momentum(void)
{
    recipe.optimizer = "sgd";
    recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN;
    recipe.momentum = 0.5;
}

START_TEST(every_number_of_a_recipe_of_pairs)
{
    choose_numbers();
    recipe.threshold = 1.5;
    recipe.loss = "logistic";
    recipe.negative_sets = 5;
    ck_training(TOLERANCE);
    choose_momentum();
    ck_training(TOLERANCE);
}
END_TEST

START_TEST(every_number_of_a_conditioned_recipe)
{
    train_named("conditioned", &recipe);
    choose_steps();
    choose_numbers();
    recipe.label_smoothing = 0.25;
    ck_training(TOLERANCE);
    choose_momentum();
    ck_training(TOLERANCE);
}
END_TEST

START_TEST(everything_that_may_be_passed_on)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices("pass_on");

    for (; choice->name; choice++) {
        train_named("conditioned", &recipe);
        choose_steps();
        recipe.pass_on = choice->name;
        ck_training(TOLERANCE);
    }
}
END_TEST

/* Batches of one chunk, of several, of all rows and more; several tiles; other depths. */
static const struct {
    const char *hidden;
    uint32_t batch, epochs, head_epochs;
} cuts[] = {
    {"24", 65, 2, 2},   {"24", 301, 6, 0},        {"24x3", 701, 4, 2},
    {"24", 9999, 4, 2}, {"140,20,30", 257, 4, 2}, {"150", 101, 2, 2},
};
#define CUTS ((int)(sizeof cuts / sizeof *cuts))

/* Every kind of recipe is cut in half of the ways, every way with half of the kinds. */
START_TEST(every_cut_of_rows_and_units)
{
    int half = CUTS / 2, kind = _i / half, i = 2 * (_i % half) + kind % 2;

    choose_kind(kind);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, cuts[i].hidden, &recipe), FF_OK);
    recipe.batch = cuts[i].batch;
    if (recipe.batch >= ROWS) { /* of one batch none can be held out; see ROWS */
        recipe.validation = 0;
        recipe.class_weights = "none";
    }
    recipe.epochs = cuts[i].epochs;
    if (recipe.sweeps > recipe.epochs)
        recipe.sweeps = recipe.epochs;
    recipe.head_epochs = cuts[i].head_epochs;
    if (recipe.head_epochs == 0 && !train_without_head(&recipe))
        recipe.head_epochs = 1;
    opts.micro_batch_rows = 151;
    ck_training(TOLERANCE);
}
END_TEST

START_TEST(rounded_activations)
{
    static const char *const types[] = {"bf16", "u8"};
    int n = sizeof types / sizeof *types;

    choose_kind(_i / n);
    recipe.activations = types[_i % n];
    recipe.epochs = FEW_EPOCHS;
    ck_training(ROUNDED_TOLERANCE);
}
END_TEST

START_TEST(data_of_floats)
{
    choose_kind(_i);
    recipe.epochs = FEW_EPOCHS;
    train_make_floats(directory);
    ck_training(TOLERANCE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: oracle");
    TCase *tcase = tcase_create("oracle");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, every_recipe_and_optimizer, 0, train_kinds());
    tcase_add_test(tcase, every_schedule);
    tcase_add_test(tcase, every_embedding_of_labels);
    tcase_add_loop_test(tcase, weight_decay_of_layers_and_heads, 0, train_kinds());
    tcase_add_test(tcase, every_number_of_a_recipe_of_pairs);
    tcase_add_test(tcase, every_number_of_a_conditioned_recipe);
    tcase_add_test(tcase, everything_that_may_be_passed_on);
    tcase_add_loop_test(tcase, every_cut_of_rows_and_units, 0, CUTS / 2 * train_kinds());
    tcase_add_loop_test(tcase, rounded_activations, 0, 2 * train_kinds());
    tcase_add_loop_test(tcase, data_of_floats, 0, train_kinds());
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
