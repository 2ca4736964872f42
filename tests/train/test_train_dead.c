/* Layers without active units are reported, during training and in its result. */
#include "model/layer.h"
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 100
#define UNITS 40
#define HIDDEN "40x2"
#define LARGE 1000.0f /* beside any sum of weighted inputs */

static struct ff_train_result result = {.size = sizeof result};
static bool trained; /* the first layer's last epoch is over */

static void watch_epoch(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    trained = trained || report->epoch == recipe.epochs;
}

static bool is_trained(void *arg)
{
    (void)arg;
    return trained;
}

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.epochs = 1;
    recipe.head_epochs = 0;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    keep_warnings();
}

/* Makes all but LIVE units of the first layer, which is trained, inactive for every input. */
static void leave_alive(uint32_t live)
{
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_layer shape, layer;
    char *text;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_WRITE, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ff_model_file_unpin(file);
    ck_assert_int_eq(manifest.mark.stage, FF_STAGE_FORWARD);
    shape = ff_layer_shape(ff_manifest_fan_in(&manifest, 1), UNITS, 0);
    ck_assert_int_eq(ff_layer_init(&layer, ctx, &shape), FF_OK);
    ck_assert_int_eq(ff_layer_load(&layer, file, 'W', 1, FF_GENERATION_FINAL, false), FF_OK);
    for (uint32_t j = 0; j < UNITS; j++)
        layer.biases[j] = j < live ? LARGE : -LARGE;
    ck_assert_int_eq(ff_layer_save(&layer, file, 'W', 1, FF_GENERATION_FINAL, false), FF_OK);
    ff_layer_release(&layer);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(ff_model_file_flip(file, text), FF_OK);
    free(text);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}

/* Trains with a first layer of which LIVE units are active for every input, and no others. */
static void train_with(uint32_t live)
{
    trained = false;
    opts.on_epoch = watch_epoch;
    opts.interrupted = is_trained;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    leave_alive(live);
    opts.interrupted = NULL;
    ck_assert_msg(ff_train(ctx, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
}

START_TEST(a_layer_without_an_active_unit_warns)
{
    train_with(0);
    ck_assert_ptr_nonnull(strstr(warnings, "layer 1: no unit is active for any sample"));
    ck_assert_ptr_nonnull(strstr(warnings, "lower learning rate than"));
    ck_assert_uint_ge(result.dead_layers, 1);
    ck_assert_uint_ge(result.dead_units, UNITS);
}
END_TEST

START_TEST(a_layer_with_few_active_units_warns)
{
    train_with(3);
    ck_assert_ptr_nonnull(strstr(warnings, "layer 1: 37 of its 40 units are active for no sample"));
    ck_assert_uint_ge(result.dead_units, 37);
}
END_TEST

START_TEST(a_layer_with_enough_active_units_does_not_warn)
{
    train_with(4);
    ck_assert_ptr_null(strstr(warnings, "layer 1"));
}
END_TEST

START_TEST(the_result_counts_dead_units_as_the_model_does)
{
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};
    struct ff_layer_info layer = {.size = sizeof layer};
    uint64_t dead = 0;

    train_named("conditioned", &recipe);
    recipe.validation = 0.2;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    for (int again = 0; again <= 1; again++) {
        ck_assert_msg(ff_model_open(ctx, opts.model, &model) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
        ck_assert_uint_ge(result.choice.first, 1);
        ck_assert_uint_eq(result.choice.first, info.choice.first);
        ck_assert_uint_eq(result.choice.last, info.choice.last);
        ck_assert_double_eq(result.choice.held_out_error, info.choice.held_out_error);
        ck_assert_double_eq(result.choice.temperature, info.choice.temperature);
        dead = 0;
        for (uint32_t k = 1; k <= recipe.layers; k++) {
            ck_assert_int_eq(ff_model_layer(model, k, &layer), FF_OK);
            dead += layer.dead_units;
        }
        ck_assert_uint_eq(result.dead_units, dead);
        ck_assert_uint_eq(result.dead_layers, 0);
        ff_model_close(model);
        ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
        ck_assert(result.was_complete);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: dead units");
    TCase *tc = tcase_create("dead");

    tcase_add_unchecked_fixture(tc, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tc, setup, training_end);
    tcase_add_test(tc, a_layer_without_an_active_unit_warns);
    tcase_add_test(tc, a_layer_with_few_active_units_warns);
    tcase_add_test(tc, a_layer_with_enough_active_units_does_not_warn);
    tcase_add_test(tc, the_result_counts_dead_units_as_the_model_does);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
