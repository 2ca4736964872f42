/* Looking into a model that is unfinished or in training. */
#include "model/layer.h"
#include "model/layer_metrics.h"
#include "model/manifest.h"
#include "recipe/mode.h"
#include "support/modes.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */
#define LAYERS 2

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.label_embedding = "append";
}

/* Trains until FF_EINTERRUPTED after so many questions. */
static void train_partly(long questions)
{
    struct ff_train_result result = {.size = sizeof result};

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
    struct ff_model_info info = {.size = sizeof info};
    enum ff_layer_state last = FF_LAYER_TRAINED;

    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_int_eq(info.complete, info.layer == 0);
    for (uint32_t number = LAYERS; number >= 1; number--) {
        struct ff_layer_info layer = {.size = sizeof layer};

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
    struct ff_model_info info = {.size = sizeof info};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
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
        struct ff_train_result result = {.size = sizeof result};
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

/* Starts over, trains until FF_EINTERRUPTED after so many questions, and looks at what the model
 * says. False: it was complete before. */
static bool look_after(long questions, struct ff_model **model, struct ff_model_info *info)
{
    struct ff_train_result result = {.size = sizeof result};

    opts.force = true;
    opts.interrupted = train_countdown;
    opts.arg = &questions;
    if (ff_train(ctx, &recipe, &opts, &result) == FF_OK)
        return false;
    *model = open_model();
    ck_assert_int_eq(ff_model_info(*model, info), FF_OK);
    return true;
}

/* All tiles but those of metrics count as a layer's. */
static void ck_bytes(struct ff_model *model, const struct ff_model_info *info)
{
    const uint64_t metrics = FF_VALUE_HEADER + FF_LAYER_METRICS * sizeof(float);
    uint64_t counted = 0;

    for (uint32_t number = 1; number <= LAYERS; number++) {
        struct ff_layer_info layer = {.size = sizeof layer};

        ck_assert_int_eq(ff_model_layer(model, number, &layer), FF_OK);
        ck_assert_int_eq(layer.state != FF_LAYER_WAITING,
                         number <= info->layers_trained || (number == info->layer && info->begun));
        counted += layer.stored_bytes + layer.optimizer_stored_bytes;
    }
    ck_assert_uint_le(counted, info->tile_bytes);
    ck_assert_uint_le(info->tile_bytes - counted, LAYERS * metrics);
}

/* In later sweeps the layers of the one before are there, and what they learn from. */
START_TEST(layers_of_the_sweep_before_are_there)
{
    struct ff_model_info info = {.size = sizeof info};
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
START_TEST(the_next_layer_is_reported)
{
    struct ff_model_info info = {.size = sizeof info};
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
        struct ff_layer_info layer = {.size = sizeof layer};
        struct ff_tile_info tile = {.size = sizeof tile};

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
START_TEST(layers_of_a_network_trained_as_a_whole)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    train_in(mode_name(MODE_WHOLE, _i), &recipe);
    train_partly(15);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.whole_network && info.has_head && !info.complete);
    ck_assert_int_eq(info.backprop, ff_mode_find(recipe.mode)->backprop);
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
    struct ff_train_result result = {.size = sizeof result};

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
    struct ff_model_info info = {.size = sizeof info};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
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

START_TEST(a_model_in_training_is_reported_as_such)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;
    int pipes[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct ff_train_result result = {.size = sizeof result};

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

/* Renames the data and resumes with it in another process, as soon as PIPE has a byte. */
static pid_t resume_with_data_at(const char *moved, const int pipes[2])
{
    struct ff_train_result result = {.size = sizeof result};
    pid_t child = fork();
    char byte;

    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    if (read(pipes[0], &byte, 1) != 1 || rename(opts.data.path, moved) != 0)
        _exit(1);
    opts.data.path = moved;
    _exit(ff_train_resume(ctx, &opts, &result) != FF_OK);
}

START_TEST(the_path_of_the_data_is_that_of_opening)
{
    struct ff_model_info info = {.size = sizeof info};
    const char *path = opts.data.path;
    char moved[PATH_MAX];
    struct ff_model *model;
    int pipes[2], status;
    pid_t child;

    snprintf(moved, sizeof moved, "%s.moved", path);
    train_partly(15);
    ck_assert_int_eq(pipe(pipes), 0);
    child = resume_with_data_at(moved, pipes); /* no file of LMDB's is open */
    model = open_model();
    ck_assert_int_eq(write(pipes[1], "", 1), 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.complete);
    ck_assert_str_eq(info.data_path, path);
    ff_model_close(model);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_str_eq(info.data_path, moved);
    ff_model_close(model);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: unfinished models");
    TCase *tcase = tcase_create("incomplete models");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, states_of_an_unfinished_model);
    tcase_add_test(tcase, every_state_makes_sense);
    tcase_add_test(tcase, layers_of_the_sweep_before_are_there);
    tcase_add_test(tcase, the_next_layer_is_reported);
    tcase_add_loop_test(tcase, layers_of_a_network_trained_as_a_whole, 0, mode_count(MODE_WHOLE));
    tcase_add_test(tcase, a_model_can_be_read_while_it_is_trained);
    tcase_add_test(tcase, a_model_in_training_is_reported_as_such);
    tcase_add_test(tcase, the_path_of_the_data_is_that_of_opening);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
