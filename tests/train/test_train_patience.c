/* Early stopping: a layer keeps its best epoch on held-out samples, the same one bit for bit
 * whatever the threads, the memory and the interruptions. */
#include "model/layer_metrics.h"
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <fftool/fftool.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROWS 170
#define EPOCHS 12
#define LAYERS 2
#define KINDS 2

/* What epochs and layers reported. */
static double errors[LAYERS + 1][EPOCHS + 1];
static uint32_t epochs_run[LAYERS + 1];
static struct ff_trained_report trained[LAYERS + 1];

static void keep_epoch(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    if (report->head) {
        ck_assert_double_nan(report->validation_error);
        return;
    }
    errors[report->layer][report->epoch] = report->validation_error;
    epochs_run[report->layer] = report->epoch;
}

static void keep_trained(void *arg, const struct ff_trained_report *report)
{
    (void)arg;
    trained[report->layer] = *report;
}

static void setup(void)
{
    training_begin(ROWS, "40x2");
    opts.threads = 1;
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    opts.force = true;
    opts.on_epoch = keep_epoch;
    opts.on_trained = keep_trained;
    memset(epochs_run, 0, sizeof epochs_run);
}

/* Layers conditioned on labels; hard negatives. */
static void choose(int kind, uint32_t patience)
{
    train_named(kind == 0 ? "conditioned" : "symba", &recipe);
    if (kind == 1) {
        recipe.negatives = "hard";
        recipe.negative_sets = FF_UNSET;
    }
    recipe.head_epochs = 1;
    recipe.epochs = EPOCHS;
    recipe.jitter = 1;
    recipe.schedule = "constant";
    recipe.learning_rate = 0.01;
    recipe.validation = 0.25;
    recipe.patience = patience;
}

static struct ff_layer_info inspected(uint32_t layer)
{
    struct ff_layer_info info = {.size = sizeof info};
    struct ff_model *model = open_model();

    ck_assert_int_eq(ff_model_layer(model, layer, &info), FF_OK);
    ff_model_close(model);
    return info;
}

/* The error rate of LAYER alone on held-out samples, measured in its forward pass. */
static double measured_error(uint32_t layer)
{
    float metrics[FF_MOST_LAYER_METRICS];
    struct ff_manifest manifest;
    struct ff_model_file *file;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ck_assert_int_eq(ff_layer_metrics_load(ctx, file, &manifest, layer, metrics), FF_OK);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    return (double)metrics[FF_METRIC_HELD_OUT_ERROR + layer - 1];
}

/* LAYER keeps the first of its best epochs, and has learned for PATIENCE epochs more or for all. */
static void ck_kept(uint32_t layer, uint32_t patience)
{
    uint32_t best = 1, learned;
    struct ff_layer_info info = inspected(layer);

    for (uint32_t epoch = 2; epoch <= epochs_run[layer]; epoch++)
        best = errors[layer][epoch] < errors[layer][best] ? epoch : best;
    learned = best + patience < EPOCHS ? best + patience : EPOCHS;
    ck_assert_uint_eq(epochs_run[layer], learned);
    ck_assert_uint_eq(info.kept_epoch, best);
    ck_assert_uint_eq(info.learned_epochs, learned);
    ck_assert_uint_eq(trained[layer].epoch, best);
    ck_assert_uint_eq(trained[layer].learned_epochs, learned);
    ck_assert_float_eq((float)errors[layer][best], (float)measured_error(layer));
}

START_TEST(a_layer_keeps_the_epoch_with_the_lowest_error)
{
    uint32_t patience = 1 + (uint32_t)_i / KINDS;
    uint32_t stopped = 0;

    choose(_i % KINDS, patience);
    train_ok(ctx, &recipe, &opts);
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        ck_kept(layer, patience);
        stopped += trained[layer].learned_epochs < EPOCHS;
    }
    ck_assert_uint_gt(stopped, 0);
}
END_TEST

/* With patience for all epochs, too, the best of them is kept. */
START_TEST(all_epochs_over_the_best_is_kept)
{
    choose(_i, EPOCHS);
    train_ok(ctx, &recipe, &opts);
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        ck_kept(layer, EPOCHS);
        ck_assert_uint_eq(epochs_run[layer], EPOCHS);
    }
    ck_assert(trained[1].epoch < EPOCHS || trained[2].epoch < EPOCHS);
}
END_TEST

START_TEST(the_weights_are_those_of_a_training_for_as_many_epochs)
{
    const char *kept;
    uint32_t epoch;

    choose(_i, 2);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "40", &recipe), FF_OK);
    train_ok(ctx, &recipe, &opts);
    kept = train_hash(opts.model);
    epoch = trained[1].epoch;
    ck_assert_uint_lt(epoch, trained[1].learned_epochs);
    recipe.patience = 0;
    recipe.epochs = epoch;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), kept);
    ck_assert_uint_eq(trained[1].learned_epochs, epoch);
    ck_assert_uint_eq(inspected(1).kept_epoch, 0);
    ck_assert_double_nan(errors[1][1]);
}
END_TEST

START_TEST(threads_and_checkpoints_do_not_change_a_bit)
{
    static const unsigned threads[] = {1, 2, 4};
    const char *first = NULL;

    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        choose(_i, 1);
        opts.threads = threads[i];
        opts.checkpoint_interval_s = i == 1 ? 0 : TRAIN_NEVER_S;
        train_ok(ctx, &recipe, &opts);
        first = first ? first : train_hash(opts.model);
        ck_assert_str_eq(train_hash(opts.model), first);
    }
}
END_TEST

/* Three tiles, of which one or two are in memory. */
START_TEST(paging_does_not_change_a_bit)
{
    const char *whole;

    choose(_i, 1);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300x2", &recipe), FF_OK);
    train_ok(ctx, &recipe, &opts);
    ck_assert_uint_lt(trained[1].epoch, trained[1].learned_epochs);
    whole = train_hash(opts.model);
    for (uint32_t slots = 1; slots <= 2; slots++) {
        opts.tile_slots = slots;
        train_ok(ctx, &recipe, &opts);
        ck_assert_str_eq(train_hash(opts.model), whole);
    }
}
END_TEST

/* Trains until it is asked LEFT times, then to the end. Returns whether there was anything left to
 * do. */
static bool train_in_two(long left)
{
    struct ff_train_result result = {.size = sizeof result};
    int status;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    status = ff_train(ctx, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
    opts.interrupted = NULL;
    ck_assert_msg(ff_train_resume(ctx, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    return status == FF_EINTERRUPTED;
}

START_TEST(a_cut_anywhere_does_not_change_a_bit)
{
    const long step = getenv("FFTOOL_LONG") ? 1 : 5;
    uint32_t learned[LAYERS + 1];
    const char *whole;
    bool cut = true;

    choose(_i % KINDS, 2);
    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    for (uint32_t layer = 1; layer <= LAYERS; layer++)
        learned[layer] = trained[layer].learned_epochs;
    opts.checkpoint_interval_s = _i / KINDS ? 0 : TRAIN_NEVER_S;
    for (long left = 1 + _i; cut; left += step) {
        cut = train_in_two(left);
        ck_assert_msg(strcmp(train_hash(opts.model), whole) == 0, "cut after %ld batches", left);
        for (uint32_t layer = 1; layer <= LAYERS; layer++)
            ck_assert_uint_eq(trained[layer].learned_epochs, learned[layer]);
    }
}
END_TEST

/* Stops again and again, so that the best epoch outlives several checkpoints. */
START_TEST(resumed_at_every_checkpoint)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = FF_EINTERRUPTED;
    const char *whole;

    choose(_i, 3);
    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    opts.checkpoint_interval_s = 0;
    for (int turn = 0; status == FF_EINTERRUPTED; turn++) {
        long left = 9;

        opts.interrupted = train_countdown;
        opts.arg = &left;
        status = turn == 0 ? ff_train(ctx, &recipe, &opts, &result)
                           : ff_train_resume(ctx, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        ck_assert_int_lt(turn, 1000);
    }
    ck_assert_str_eq(train_hash(opts.model), whole);
}
END_TEST

struct counted {
    uint64_t generations, state_generations;
    uint64_t last[2];
};

/* Counts the generations of layer 1's first tile of weights, and of its state. */
static int count_tile(void *arg, const struct ff_tile_key *key, const struct ff_value *value)
{
    struct counted *counted = arg;

    (void)value;
    if (key->layer == 1 && key->slot == 0 && key->tile == 0) {
        counted->generations += key->kind == 'W';
        counted->state_generations += key->kind == 'O';
    }
    return FF_OK;
}

static int fail_damaged(void *arg, const struct ff_tile_key *key, const char *reason)
{
    (void)arg;
    (void)key;
    ck_abort_msg("%s", reason);
}

/* The model holds the best epoch without its optimizer state, beside the last checkpoint. */
START_TEST(the_best_epoch_is_a_generation_of_its_own)
{
    struct ff_train_result result = {.size = sizeof result};
    struct counted counted = {0};
    struct ff_manifest manifest;
    struct ff_model_file *file;
    const struct ff_best_epoch *best = &manifest.mark.best;
    long left;

    choose(0, EPOCHS);
    train_ok(ctx, &recipe, &opts);
    ck_assert_uint_lt(trained[1].epoch, EPOCHS - 1);
    left = (long)(trained[1].epoch + 1) * 4 + 2; /* in the epoch after the next but one */
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ck_assert_int_eq(manifest.mark.stage, FF_STAGE_TRAIN);
    ck_assert_uint_gt(best->epoch, 0);
    ck_assert_uint_le(best->epoch, manifest.mark.epoch);
    ck_assert_uint_lt(best->generation, manifest.mark.generation);
    ck_assert_double_eq(best->error, errors[1][best->epoch]);
    ck_assert_int_eq(ff_model_file_walk(file, true, count_tile, fail_damaged, &counted), FF_OK);
    ck_assert_uint_eq(counted.generations, 2);
    ck_assert_uint_eq(counted.state_generations, 1);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}
END_TEST

static struct ff_plan planned;

static void keep_plan(void *arg, const struct ff_plan *plan)
{
    (void)arg;
    planned = *plan;
}

/* The plan holds, as an upper bound of disk use and of the bytes written, with the smallest
 * budget, too. */
START_TEST(memory_and_disk_use_are_within_the_plan)
{
    struct ff_train_result result = {.size = sizeof result};
    const char *whole = NULL;

    choose(_i, 1);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300x2", &recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    opts.on_plan = keep_plan;
    for (int turn = 0; turn < 2; turn++) {
        struct stat model;

        ck_assert_msg(ff_train(ctx, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_le(result.bytes_written, planned.written_bytes);
        ck_assert_int_eq(stat(opts.model, &model), 0);
        ck_assert_uint_le((uint64_t)model.st_size, planned.model_peak_bytes);
        if (turn == 0) {
            ck_assert_uint_le(result.memory.accounted_peak_bytes, planned.accounted_peak_bytes);
            whole = train_hash(opts.model);
        }
        ck_assert_str_eq(train_hash(opts.model), whole);
        opts.memory_bytes = planned.smallest_bytes;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: early stopping");
    TCase *tcase = tcase_create("early stopping");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, a_layer_keeps_the_epoch_with_the_lowest_error, 0, KINDS * 2);
    tcase_add_loop_test(tcase, all_epochs_over_the_best_is_kept, 0, KINDS);
    tcase_add_loop_test(tcase, the_weights_are_those_of_a_training_for_as_many_epochs, 0, KINDS);
    tcase_add_loop_test(tcase, threads_and_checkpoints_do_not_change_a_bit, 0, KINDS);
    tcase_add_loop_test(tcase, paging_does_not_change_a_bit, 0, KINDS);
    tcase_add_loop_test(tcase, a_cut_anywhere_does_not_change_a_bit, 0, KINDS * 2);
    tcase_add_loop_test(tcase, resumed_at_every_checkpoint, 0, KINDS);
    tcase_add_test(tcase, the_best_epoch_is_a_generation_of_its_own);
    tcase_add_loop_test(tcase, memory_and_disk_use_are_within_the_plan, 0, KINDS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
