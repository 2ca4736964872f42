/* Looking into a model that is unfinished, in training, or damaged. */
#include "model/layer.h"
#include "model/layer_metrics.h"
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */
#define LAYERS 2

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.embedding = "append";
}

/* Trains until FF_EINTERRUPTED after so many questions. */
static void train_partly(long questions)
{
    struct ff_train_result result;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &questions;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
}

/* What the model says of itself agrees with itself. Returns the state of the first layer that is
 * not trained, or FF_LAYER_TRAINED. */
static enum ff_layer_state ck_states(struct ff_model *model)
{
    struct ff_model_info info;
    enum ff_layer_state last = FF_LAYER_TRAINED;

    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_int_eq(info.complete, info.layer == 0);
    for (uint32_t number = LAYERS; number >= 1; number--) {
        struct ff_layer_info layer;

        ck_assert_int_eq(ff_model_layer(model, number, &layer), FF_OK);
        ck_assert_int_eq(layer.state == FF_LAYER_TRAINED, number <= info.layers_trained);
        ck_assert(layer.state != FF_LAYER_TRAINING || number == info.layer);
        ck_assert_int_eq(layer.optimizer_stored_bytes > 0, layer.state == FF_LAYER_TRAINING);
        ck_assert_int_eq(layer.stored_bytes > 0, layer.state != FF_LAYER_WAITING);
        ck_assert_int_eq(isnan(layer.weights.std), layer.state == FF_LAYER_WAITING);
        ck_assert(layer.state == FF_LAYER_TRAINED || isnan(layer.loss));
        if (layer.state != FF_LAYER_TRAINED)
            last = layer.state;
    }
    return last;
}

START_TEST(states_of_an_unfinished_model)
{
    struct ff_model_info info;
    struct ff_layer_info layer;
    struct ff_tile_info tile;
    struct ff_model *model;

    train_partly(15); /* import asks some times; then 10 batches an epoch */
    model = open_model();
    ck_assert_int_eq(ck_states(model), FF_LAYER_TRAINING);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_uint_eq(info.layers_trained, 0);
    ck_assert_uint_eq(info.layer, 1);
    ck_assert_uint_eq(info.epoch, 1);
    ck_assert(!info.complete && !info.in_training);
    ck_assert_int_eq(ff_model_layer(model, 1, &layer), FF_OK);
    ck_assert_int_eq(layer.state, FF_LAYER_TRAINING);
    /* Adam: two numbers for each weight, which hardly compress */
    ck_assert_uint_gt(layer.optimizer_stored_bytes, layer.raw_bytes);
    ck_assert_int_eq(ff_model_tile(model, 1, 1, 0, 1, NULL, &tile), FF_OK);
    ck_assert_int_eq(ff_model_layer(model, 2, &layer), FF_OK);
    ck_assert_int_eq(layer.state, FF_LAYER_WAITING);
    ck_assert_int_eq(ff_model_tile(model, 2, 0, 0, 1, NULL, &tile), FF_ENOTFOUND);
    ff_model_close(model);
}
END_TEST

/* Interrupted after any number of batches, a model makes sense. */
START_TEST(every_state_makes_sense)
{
    bool seen[3] = {false};

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    for (long questions = 3; questions < 120; questions += 4) {
        struct ff_train_result result;
        struct ff_model *model;
        long left = questions;

        opts.force = true;
        opts.interrupted = train_countdown;
        opts.arg = &left;
        if (ff_train(ctx, &recipe, &opts, &result) == FF_OK)
            break;
        model = open_model();
        seen[ck_states(model)] = true;
        ff_model_close(model);
    }
    ck_assert(seen[FF_LAYER_WAITING] && seen[FF_LAYER_TRAINING] && seen[FF_LAYER_TRAINED]);
}
END_TEST

/* Trains anew until FF_EINTERRUPTED after so many questions, and looks at what the model says.
 * False: it was complete before. */
static bool look_after(long questions, struct ff_model **model, struct ff_model_info *info)
{
    struct ff_train_result result;

    opts.force = true;
    opts.interrupted = train_countdown;
    opts.arg = &questions;
    if (ff_train(ctx, &recipe, &opts, &result) == FF_OK)
        return false;
    *model = open_model();
    ck_assert_int_eq(ff_model_info(*model, info), FF_OK);
    return true;
}

/* All tiles but those of metrics are told as a layer's. */
static void ck_bytes(struct ff_model *model, const struct ff_model_info *info)
{
    const uint64_t metrics = FF_VALUE_HEADER + FF_LAYER_METRICS * sizeof(float);
    uint64_t told = 0;

    for (uint32_t number = 1; number <= LAYERS; number++) {
        struct ff_layer_info layer;

        ck_assert_int_eq(ff_model_layer(model, number, &layer), FF_OK);
        ck_assert_int_eq(layer.state != FF_LAYER_WAITING,
                         number <= info->layers_trained || (number == info->layer && info->begun));
        told += layer.stored_bytes + layer.optimizer_stored_bytes;
    }
    ck_assert_uint_le(told, info->tile_bytes);
    ck_assert_uint_le(info->tile_bytes - told, LAYERS * metrics);
}

/* In later sweeps the layers of the one before are there, and what they learn from. */
START_TEST(layers_of_the_sweep_before_are_there)
{
    struct ff_model_info info;
    struct ff_model *model;
    char nothing[sizeof info.weights_hash] = "";
    int second = 0, waiting = 0;

    recipe.sweeps = 2;
    recipe.epochs = 4;
    recipe.head_epochs = 0;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    for (long questions = 4; look_after(questions, &model, &info); questions += 5) {
        ck_bytes(model, &info);
        ck_assert_uint_ge(info.sweep, 1);
        if (info.sweep == 2) {
            ck_assert_uint_eq(info.layers_trained, LAYERS);
            ck_assert_str_ne(info.weights_hash, nothing);
            second++;
        } else if (info.layers_trained == 0) {
            strcpy(nothing, info.weights_hash);
            waiting++;
        }
        ff_model_close(model);
    }
    ck_assert_int_gt(second, 3);
    ck_assert_int_gt(waiting, 3);
}
END_TEST

/* While the outputs of a layer are stored it is the one above that is next, or its head. */
START_TEST(what_is_next_is_told)
{
    struct ff_model_info info;
    struct ff_model *model;
    bool next[LAYERS + 1] = {false}, on_head = false;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    for (long questions = 1; look_after(questions, &model, &info); questions += 5) {
        ck_assert(info.begun || info.epoch == 0);
        next[info.layer] |= !info.begun && !info.on_head;
        ck_assert(info.begun || info.on_head || info.layers_trained == info.layer - 1);
        ck_assert(!info.on_head || info.layers_trained == info.layer);
        on_head |= info.on_head && info.begun;
        ff_model_close(model);
    }
    ck_assert(next[1] && next[2] && on_head);
}
END_TEST

/* Every layer of MODEL is in STATE, and can be looked into. */
static void ck_network(struct ff_model *model, enum ff_layer_state state)
{
    uint64_t values, bytes;

    for (uint32_t number = 1; number <= LAYERS; number++) {
        bool training = state == FF_LAYER_TRAINING;
        struct ff_layer_info layer;
        struct ff_tile_info tile;

        ck_assert_int_eq(ff_model_layer(model, number, &layer), FF_OK);
        ck_assert_int_eq(layer.state, state);
        ck_assert_int_eq(layer.optimizer_stored_bytes > layer.raw_bytes, training);
        ck_assert_int_eq(layer.optimizer_stored_bytes > 0, training);
        ck_assert_double_gt(layer.weights.std, 0);
        ck_assert(isnan(layer.loss) && isnan(layer.goodness_pos) && isnan(layer.error));
        ck_assert_int_eq(ff_model_tile(model, number, 0, 0, 1, NULL, &tile), FF_OK);
        ck_assert_uint_gt(tile.stored_bytes, 0);
    }
    ck_assert_int_eq(ff_model_verify(model, NULL, NULL, &values, &bytes), FF_OK);
}

/* Layers, heads and their states; and nothing but them once it is complete. */
START_TEST(a_network_that_trains_all_at_once)
{
    static const char *const modes[] = {"ff-full", "bp", "bp-checkpoint"};
    struct ff_model_info info;
    struct ff_model *model;

    recipe.mode = modes[_i];
    recipe.embedding = "replace";
    recipe.negative_sets = 1;
    recipe.head_epochs = recipe.epochs;
    train_partly(15);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.whole_network && info.has_head && !info.complete);
    ck_assert_int_eq(info.backprop, strcmp(modes[_i], "ff-full") != 0);
    ck_assert_uint_eq(info.layer, 0);
    ck_assert_uint_eq(info.epoch, 1);
    ck_assert_uint_eq(info.layers_trained, 0);
    ck_assert_uint_eq(info.parameters, 140 * 65 + 20 * 141 + 4 * 21);
    ck_network(model, FF_LAYER_TRAINING);
    ff_model_close(model);
    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.complete);
    ck_assert_uint_eq(info.layers_trained, LAYERS);
    /* Raw: no tile of a checkpoint is left behind. */
    ck_assert_uint_lt(info.tile_bytes, info.parameters * sizeof(float) + 4096);
    ck_network(model, FF_LAYER_TRAINED);
    ff_model_close(model);
}
END_TEST

static _Noreturn void train_for_ever(void)
{
    struct ff_train_result result;

    opts.force = true;
    for (;;) {
        int status = ff_train(ctx, &recipe, &opts, &result);

        if (status != FF_OK) {
            fprintf(stderr, "trainer: %s\n", ff_ctx_message(ctx));
            _exit(1);
        }
    }
}

/* Looks into the model once. Returns whether it was there. */
static bool look(void)
{
    struct ff_model_info info;
    struct ff_layer_info layer;
    struct ff_tile_info tile;
    struct ff_model *model;
    uint64_t values, bytes;
    int status = ff_model_open(ctx, opts.model, &model);

    if (status != FF_OK) {
        /* It is being replaced. */
        ck_assert_msg(status == FF_ENOTFOUND || status == FF_EFORMAT, "%d %s", status,
                      ff_ctx_message(ctx));
        return false;
    }
    for (int i = 0; i < 5; i++) {
        ck_assert_msg(ff_model_info(model, &info) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(info.tile_bytes + info.overhead_bytes + info.free_bytes, info.file_bytes);
        ck_assert_uint_eq(info.parameters, 140 * 68 + 140 + 20 * 140 + 20 + 4 * 20 + 4);
        for (uint32_t number = 1; number <= LAYERS; number++) {
            ck_assert_msg(ff_model_layer(model, number, &layer) == FF_OK, "%s",
                          ff_ctx_message(ctx));
            ck_assert_int_eq(layer.state == FF_LAYER_WAITING, layer.stored_bytes == 0);
            status = ff_model_tile(model, number, 0, 0, 1, NULL, &tile);
            ck_assert_msg(status == FF_OK || status == FF_ENOTFOUND, "%s", ff_ctx_message(ctx));
        }
        ck_assert_msg(ff_model_verify(model, NULL, NULL, &values, &bytes) == FF_OK, "%s",
                      ff_ctx_message(ctx));
    }
    ff_model_close(model);
    return true;
}

#define LOOKS 6

/* While another process trains the model again and again, in its place. */
START_TEST(a_model_can_be_read_while_it_is_trained)
{
    int found = 0, status;
    pid_t child;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    child = fork(); /* no file of LMDB's is open */
    ck_assert_int_ge(child, 0);
    if (child == 0)
        train_for_ever();
    while (found < LOOKS && waitpid(child, &status, WNOHANG) == 0) /* it is still at it */
        found += look();
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(found, LOOKS);
}
END_TEST

static bool tell_and_wait(void *arg)
{
    const int *out = arg;
    char byte = 0;

    if (write(*out, &byte, 1) == 1)
        pause();
    return true;
}

START_TEST(a_model_held_by_a_trainer_says_so)
{
    struct ff_model_info info;
    struct ff_model *model;
    int pipes[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct ff_train_result result;

        opts.interrupted = tell_and_wait;
        opts.arg = &pipes[1];
        _exit(ff_train(ctx, &recipe, &opts, &result) == FF_OK);
    }
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.in_training && !info.complete);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(!info.in_training);
    ff_model_close(model);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

/* ---- Damage ---- */

/* Stores METRICS of layer 1. */
static void put_metrics(const float metrics[FF_LAYER_METRICS])
{
    const struct ff_tile_key key = {'S', 1, FF_GENERATION_FINAL, 0, 0};
    const struct ff_matrix matrix = {FF_F32, 1, FF_LAYER_METRICS, metrics};
    struct ff_manifest manifest;
    struct ff_model_file *file;
    char *text;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_WRITE, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(ff_model_file_put(file, &key, &matrix), FF_OK);
    ck_assert_int_eq(ff_model_file_flip(file, text), FF_OK);
    ff_model_file_close(file);
    ff_manifest_release(&manifest);
    free(text);
}

/* Though their hash is right. */
START_TEST(figures_out_of_range_are_damage)
{
    /* Loss, goodness, error and dead units; held-out errors and temperatures */
    const float good[FF_LAYER_METRICS] = {1, 1, 1, 1, 140, 0, 1, NAN, 0.0625f, 32, NAN};
    static const struct {
        size_t at;
        float value;
    } bad[] = {{0, NAN}, {1, INFINITY}, {2, -INFINITY}, {3, -0.1f}, {3, 1.1f},  {4, -1}, {4, 141},
               {4, NAN}, {5, 2},        {5, NAN},       {7, 0.5f},  {8, 0.06f}, {9, 33}, {10, 1}};
    struct ff_layer_info layer;
    struct ff_model *model;

    train_ok(ctx, &recipe, &opts);
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        float metrics[FF_LAYER_METRICS];
        bool whole = i == sizeof bad / sizeof *bad;

        memcpy(metrics, good, sizeof metrics);
        if (!whole)
            metrics[bad[i].at] = bad[i].value;
        put_metrics(metrics);
        model = open_model();
        ck_assert_int_eq(ff_model_layer(model, 1, &layer), whole ? FF_OK : FF_ECORRUPT);
        ff_model_close(model);
    }
}
END_TEST

static char told[4096];

static void keep_text(void *arg, const char *text)
{
    (void)arg;
    ck_assert_uint_lt(strlen(told) + strlen(text) + 2, sizeof told);
    strcat(strcat(told, text), "\n");
}

/* Where the payload of layer 1's tile 1 lies in the file. */
static long find_tile(const unsigned char *bytes, size_t size)
{
    const struct ff_tile_key key = {'W', 1, FF_GENERATION_FINAL, 0, 1};
    struct ff_model_file *file;
    struct ff_value value;
    size_t at;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_model_file_describe(file, &key, &value), FF_OK);
    for (at = 0; at + value.stored_bytes < size; at++) {
        if (memcmp(bytes + at, value.payload, value.stored_bytes) == 0)
            break;
    }
    ff_model_file_close(file);
    ck_assert_uint_lt(at + value.stored_bytes, size);
    return (long)at;
}

START_TEST(a_damaged_tile_is_named)
{
    static unsigned char bytes[1 << 20];
    struct ff_layer_info info;
    struct ff_model *model;
    uint64_t values, sizes;
    FILE *file;
    size_t size;
    long at;

    train_ok(ctx, &recipe, &opts);
    file = fopen(opts.model, "r+b");
    size = fread(bytes, 1, sizeof bytes, file);
    ck_assert(size > 0 && size < sizeof bytes);
    at = find_tile(bytes, size) + 100;
    ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
    fputc(bytes[at] ^ 4, file);
    ck_assert_int_eq(fclose(file), 0);
    model = open_model();
    ck_assert_int_eq(ff_model_verify(model, keep_text, NULL, &values, &sizes), FF_ECORRUPT);
    ck_assert_msg(strstr(told, "layer 1: weights, tile 1") != NULL, "%s", told);
    ck_assert_ptr_null(strchr(strchr(told, '\n') + 1, '\n')); /* and no other */
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "1 of 10 values"));
    ck_assert_int_eq(ff_model_layer(model, 1, &info), FF_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "layer 1: weights, tile 1"));
    ck_assert_int_eq(ff_model_layer(model, 2, &info), FF_OK);
    ff_model_close(model);
}
END_TEST

START_TEST(what_is_no_model_is_refused)
{
    struct ff_model *model;
    FILE *file;

    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_ENOTFOUND);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(ff_model_open(ctx, folder, &model), FF_EFORMAT);
    file = fopen(opts.model, "wb");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 20000; i++)
        fputc(i % 251, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_EFORMAT);
    ck_assert_ptr_null(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: model, live");
    TCase *tcase = tcase_create("model, live");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, states_of_an_unfinished_model);
    tcase_add_test(tcase, every_state_makes_sense);
    tcase_add_test(tcase, layers_of_the_sweep_before_are_there);
    tcase_add_test(tcase, what_is_next_is_told);
    tcase_add_loop_test(tcase, a_network_that_trains_all_at_once, 0, 3);
    tcase_add_test(tcase, a_model_can_be_read_while_it_is_trained);
    tcase_add_test(tcase, a_model_held_by_a_trainer_says_so);
    tcase_add_test(tcase, figures_out_of_range_are_damage);
    tcase_add_test(tcase, a_damaged_tile_is_named);
    tcase_add_test(tcase, what_is_no_model_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
