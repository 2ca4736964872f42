/* Faults that were found by reading: each test failed once. */
#include "base/context.h"
#include "model/manifest.h"
#include "store/activations.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 600
#define HIDDEN "24x2"
#define IN_LAYER_1 30L /* questions until the trainer stops */
#define IN_LAYER_2 125L
/* The same of two sweeps of three layers. */
#define IN_SWEEP_1 90L
#define IN_SWEEP_2 150L

static struct ff_train_result result = {.size = sizeof result};

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

static void ck_ok(int status)
{
    ck_assert_msg(status == FF_OK, "%d: %s", status, ff_ctx_message(ctx));
}

static bool exists(const char *name)
{
    return access(train_path(directory, name), F_OK) == 0;
}

/* Trains until LEFT questions were asked; LAYER is the one it must stop in. */
static void train_part(long left, uint32_t layer)
{
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
    ck_ok(ff_model_open(ctx, opts.model, &model));
    ck_ok(ff_model_info(model, &info));
    ck_assert_uint_eq(info.layer, layer);
    ck_assert_uint_eq(info.layers_trained, layer - 1);
    ff_model_close(model);
}

/* Puts a tile of one number under KEY; with GENERATION of the checkpoint if so asked. */
static void put_tile(struct ff_tile_key key, bool of_checkpoint)
{
    const float number = 1;
    const struct ff_matrix matrix = {FF_F32, 1, 1, &number};
    struct ff_manifest manifest;
    struct ff_model_file *file;
    char *text;

    ck_ok(ff_model_file_open(ctx, opts.model, FF_MODEL_WRITE, &file));
    ck_ok(ff_manifest_load(ctx, file, &manifest));
    if (of_checkpoint)
        key.generation = manifest.mark.generation;
    ck_ok(ff_manifest_write(ctx, &manifest, &text));
    ck_ok(ff_model_file_put(file, &key, &matrix));
    ck_ok(ff_model_file_flip(file, text));
    ff_model_file_close(file);
    ff_manifest_release(&manifest);
    free(text);
}

static uint64_t count_values(void)
{
    struct ff_model *model;
    uint64_t values, bytes;

    ck_ok(ff_model_open(ctx, opts.model, &model));
    ck_ok(ff_model_verify(model, NULL, NULL, &values, &bytes));
    ff_model_close(model);
    return values;
}

/* A trainer may be killed between the last flip and the end: old tiles and scratch stay. */
START_TEST(leftovers_of_a_run_killed_at_its_end_are_removed)
{
    uint64_t values;
    FILE *left;

    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    values = count_values();
    put_tile((struct ff_tile_key){'O', 2, 7, 0, 0}, false);
    put_tile((struct ff_tile_key){'H', 2, 7, 0, 0}, false);
    ck_assert_uint_eq(count_values(), values + 2);
    ck_assert_int_eq(mkdir(train_path(directory, "model.ff.scratch"), 0700), 0);
    left = fopen(train_path(directory, "model.ff.scratch/boundary-2.lmdb"), "w");
    ck_assert_ptr_nonnull(left);
    fclose(left);
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_assert(result.was_complete);
    ck_assert_uint_eq(count_values(), values);
    ck_assert(!exists("model.ff.scratch"));
}
END_TEST

/* Spoils every chunk of a set, but nothing that is looked at when the file is opened: pages that
 * hold large values alone. */
static void spoil(const char *name)
{
    enum { PAGE = 4096, AT_FLAGS = 10, LARGE_VALUE = 4 };
    FILE *file = fopen(train_path(directory, name), "r+b");
    unsigned char page[PAGE];

    ck_assert_ptr_nonnull(file);
    for (long at = 0; fread(page, 1, PAGE, file) == PAGE; at += PAGE) {
        page[PAGE / 2] ^= page[AT_FLAGS] == LARGE_VALUE;
        ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(page, 1, PAGE, file), PAGE);
        ck_assert_int_eq(fseek(file, at + PAGE, SEEK_SET), 0);
    }
    fclose(file);
}

START_TEST(moved_data_is_found_when_scratch_must_be_computed_again)
{
    const char *data = train_path(directory, "data"), *moved = train_path(directory, "moved");
    struct ff_train_opts again;

    train_part(IN_LAYER_2, 2);
    ck_assert_int_eq(rename(data, moved), 0);
    spoil("model.ff.scratch/boundary-1.lmdb");
    again = opts;
    again.data.path = moved;
    again.checkpoint_interval_s = 1e6;
    keep_warnings();
    ck_ok(ff_train_resume(ctx, &again, &result));
    ck_assert_ptr_nonnull(strchr(warnings, '\n'));
    /* One, met under way, not when the set was opened. */
    ck_assert_str_eq(strchr(warnings, '\n'), "\n");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(resuming_takes_both_files_of_the_data)
{
    const char *data = train_path(directory, "data"), *moved = train_path(directory, "moved");
    const char *whole = opts.data.path;

    opts.data.path = train_path(directory, "data/train-images-idx3-ubyte");
    opts.data.labels = train_path(directory, "data/train-labels-idx1-ubyte");
    train_part(IN_LAYER_2, 2);
    ck_assert_int_eq(rename(data, moved), 0);
    spoil("model.ff.scratch/boundary-1.lmdb");
    opts.data.path = train_path(directory, "moved/train-images-idx3-ubyte");
    opts.data.labels = train_path(directory, "moved/train-labels-idx1-ubyte");
    ck_ok(ff_train_resume(ctx, &opts, &result));
    opts.data = (struct ff_data_source){.path = whole};
}
END_TEST

START_TEST(damage_in_the_model_does_not_cost_the_scratch)
{
    train_part(IN_LAYER_2, 2);
    put_tile((struct ff_tile_key){'W', 2, 0, 0, 0}, true);
    keep_warnings();
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_ECORRUPT);
    ck_assert_msg(strstr(ff_ctx_message(ctx), "layer 2") != NULL, "%s", ff_ctx_message(ctx));
    ck_assert(exists("model.ff.scratch/boundary-1.lmdb"));
    ck_assert_str_eq(warnings, "");
}
END_TEST

START_TEST(model_info_stays_valid_while_layers_are_read)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
    struct ff_model *model;
    const uint32_t *hidden;

    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_ok(ff_model_open(ctx, opts.model, &model));
    ck_ok(ff_model_info(model, &info));
    hidden = info.recipe->hidden;
    ck_ok(ff_model_layer(model, 1, &layer));
    ck_ok(ff_model_tile(model, 1, 0, -1, 1, NULL, &tile));
    ck_assert_uint_eq(hidden[0], 24);
    ck_assert_ptr_nonnull(strstr(info.data_path, "data"));
    ck_ok(ff_model_info(model, &info));
    ck_assert_ptr_eq(info.recipe->hidden, hidden);
    ff_model_close(model);
}
END_TEST

/* A child that trains up to one more interruption for each byte that arrives. */
static pid_t start_trainer(int pipes[2])
{
    pid_t child;

    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        long left = IN_LAYER_1;
        char byte;

        opts.interrupted = train_countdown;
        opts.arg = &left;
        _exit(read(pipes[0], &byte, 1) == 1 &&
                      ff_train(ctx, &recipe, &opts, &result) == FF_EINTERRUPTED
                  ? 0
                  : 1);
    }
    return child;
}

START_TEST(a_tile_is_found_though_the_trainer_has_gone_on)
{
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
    struct ff_model *model;
    int pipes[2], status;
    pid_t child;

    recipe.epochs = 30; /* so that both stops are in layer 1 */
    train_part(IN_LAYER_1, 1);
    child = start_trainer(pipes);
    ck_ok(ff_model_open(ctx, opts.model, &model));
    ck_ok(ff_model_layer(model, 1, &layer));
    ck_assert_int_eq(layer.state, FF_LAYER_TRAINING);
    ck_assert_int_eq(write(pipes[1], "", 1), 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_ok(ff_model_tile(model, 1, 0, -1, 1, NULL, &tile));
    ck_assert_uint_eq(tile.units, 24);
    ff_model_close(model);
}
END_TEST

static int keep_score(void *arg, const struct ff_prediction *prediction)
{
    float *scores = arg;

    memcpy(scores + prediction->index * TRAIN_CLASSES, prediction->scores,
           TRAIN_CLASSES * sizeof *scores);
    return FF_OK;
}

START_TEST(the_limit_on_temporary_files_does_not_change_scores)
{
    static float scores[2][ROWS * TRAIN_CLASSES];
    struct ff_evaluate_opts evaluate;
    uint64_t samples;

    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data.path = train_path(directory, "data/t10k-images-idx3-ubyte");
    for (int method = FF_METHOD_GOODNESS; method <= FF_METHOD_HEAD; method++) {
        evaluate.method = (enum ff_method)method;
        evaluate.scratch_bytes = 0;
        ck_ok(ff_predict(ctx, &evaluate, keep_score, scores[0], &samples));
        ck_assert_uint_eq(samples, ROWS);
        evaluate.scratch_bytes = 300 * 2 * 24 * sizeof(float) * TRAIN_CLASSES;
        ck_ok(ff_predict(ctx, &evaluate, keep_score, scores[1], &samples));
        ck_assert_mem_eq(scores[0], scores[1], sizeof scores[0]);
    }
}
END_TEST

static uint32_t head_epochs_seen;

static void note_epochs(void *arg, const struct ff_progress *progress)
{
    (void)arg;
    if (progress->phase == FF_PHASE_HEAD)
        head_epochs_seen = progress->epochs;
}

START_TEST(two_trainings_do_not_share_a_scratch_directory)
{
    struct ff_scratch other;

    opts.scratch = train_path(directory, "scratch");
    ck_ok(ff_scratch_open(ctx, opts.scratch, &other));
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "scratch"));
    ck_assert(exists("scratch"));
    ff_scratch_close(&other);
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_assert_int_eq(rmdir(opts.scratch), 0); /* it was there before, and is empty */
}
END_TEST

/* --force on a deeper model that was cut off. */
START_TEST(scratch_of_a_deeper_model_is_removed_too)
{
    FILE *left;

    ck_assert_int_eq(mkdir(train_path(directory, "model.ff.scratch"), 0700), 0);
    left = fopen(train_path(directory, "model.ff.scratch/boundary-11.lmdb"), "w");
    ck_assert_ptr_nonnull(left);
    fclose(left);
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_assert(!exists("model.ff.scratch"));
}
END_TEST

START_TEST(progress_of_a_head_counts_the_head_s_epochs)
{
    opts.on_progress = note_epochs;
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_assert_uint_eq(head_epochs_seen, recipe.head_epochs);
}
END_TEST

/* Two sweeps over three layers, the upper two with a head. */
static void choose_sweeps(void)
{
    ck_ok(ff_recipe_parse_hidden(ctx, "24x3", &recipe));
    recipe.sweeps = 2;
}

START_TEST(heads_wait_for_the_last_sweep)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation unused = {.size = sizeof unused};

    choose_sweeps();
    train_part(IN_SWEEP_1, 3);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.method = FF_METHOD_HEAD;
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &unused), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "no trained head yet"));
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_ok(ff_evaluate(ctx, &evaluate, &unused));
    ff_evaluate_release(&unused);
}
END_TEST

static bool last_outputs_seen;

static bool look_for_last_outputs(void *arg)
{
    (void)arg;
    last_outputs_seen |= exists("model.ff.scratch/boundary-3.lmdb");
    return false;
}

/* They are for the last layer's head. */
START_TEST(the_last_outputs_are_not_stored_before_the_last_sweep)
{
    long left = IN_SWEEP_2;

    choose_sweeps();
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    ck_assert(!exists("model.ff.scratch/boundary-3.lmdb"));
    opts.interrupted = look_for_last_outputs;
    ck_ok(ff_train(ctx, &recipe, &opts, &result));
    ck_assert(last_outputs_seen);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: regressions");
    TCase *tests = tcase_create("train");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, training_end);
    tcase_add_test(tests, leftovers_of_a_run_killed_at_its_end_are_removed);
    tcase_add_test(tests, moved_data_is_found_when_scratch_must_be_computed_again);
    tcase_add_test(tests, resuming_takes_both_files_of_the_data);
    tcase_add_test(tests, damage_in_the_model_does_not_cost_the_scratch);
    tcase_add_test(tests, model_info_stays_valid_while_layers_are_read);
    tcase_add_test(tests, a_tile_is_found_though_the_trainer_has_gone_on);
    tcase_add_test(tests, the_limit_on_temporary_files_does_not_change_scores);
    tcase_add_test(tests, two_trainings_do_not_share_a_scratch_directory);
    tcase_add_test(tests, scratch_of_a_deeper_model_is_removed_too);
    tcase_add_test(tests, progress_of_a_head_counts_the_head_s_epochs);
    tcase_add_test(tests, heads_wait_for_the_last_sweep);
    tcase_add_test(tests, the_last_outputs_are_not_stored_before_the_last_sweep);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
