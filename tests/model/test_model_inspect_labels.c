/* Label weights in a model: their figures, the hash that covers them, and damage to them. */
#include "model/layer.h"
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */
#define LAYERS 2
#define CLASSES TRAIN_CLASSES

static const uint32_t units[] = {140, 20}, fan_ins[] = {TRAIN_FEATURES, 140};

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    train_named("conditioned", &recipe);
}

static struct ff_model_file *open_file(enum ff_model_mode mode)
{
    struct ff_model_file *file;

    ck_assert_msg(ff_model_file_open(ctx, opts.model, mode, &file) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    return file;
}

static struct ff_tile_key label_key(uint32_t layer, uint32_t tile)
{
    return (struct ff_tile_key){'W', layer, FF_GENERATION_FINAL, FF_SLOT_LABELS, tile};
}

/* Reads a tile of label weights, (classes, count); returns how many. */
static size_t read_labels(struct ff_model_file *file, uint32_t layer, uint32_t tile, float *out)
{
    struct ff_tile_key key = label_key(layer, tile);
    uint32_t first, count;

    ff_tile_range(units[layer - 1], tile, &first, &count);
    ck_assert_int_eq(ff_model_file_get(file, &key, CLASSES, count, out), FF_OK);
    return (size_t)CLASSES * count;
}

/* What FILE stores of the tiles of KIND of LAYER, in SLOTS slots, headers included. */
static uint64_t stored_bytes(struct ff_model_file *file, char kind, uint32_t layer,
                             uint64_t generation, uint32_t slots)
{
    uint64_t sum = 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        for (uint32_t tile = 0; tile < ff_tile_count(units[layer - 1]); tile++) {
            struct ff_tile_key key = {kind, layer, generation, slot, tile};
            struct ff_value value;

            ck_assert_int_eq(ff_model_file_describe(file, &key, &value), FF_OK);
            sum += FF_VALUE_HEADER + value.stored_bytes;
        }
    }
    return sum;
}

static void ck_stats(const struct ff_tensor_stats *stats, size_t n, const float *data)
{
    double min = INFINITY, max = -INFINITY, sum = 0;

    for (size_t i = 0; i < n; i++) {
        min = fmin(min, (double)data[i]);
        max = fmax(max, (double)data[i]);
        sum += (double)data[i];
    }
    ck_assert_uint_eq(stats->count, n);
    ck_assert(stats->min == min && stats->max == max);
    ck_assert_double_eq_tol(stats->mean, sum / (double)n, 1e-9);
    ck_assert_double_gt(stats->std, 0);
    ck_assert(stats->nans == 0 && stats->infinities == 0);
}

/* Trained ones have left what they began as, under every class. */
START_TEST(statistics_are_those_of_the_tiles)
{
    float labels[CLASSES * 140];

    train_ok(ctx, &recipe, &opts);
    for (uint32_t number = 1; number <= LAYERS; number++) {
        struct ff_model_file *file = open_file(FF_MODEL_READ);
        uint64_t stored = stored_bytes(file, 'W', number, FF_GENERATION_FINAL, FF_SLOTS);
        uint32_t of_layer = units[number - 1], fan_in = fan_ins[number - 1];
        struct ff_layer_info info = {.size = sizeof info};
        struct ff_model *model;
        size_t n = 0;

        for (uint32_t tile = 0; tile < ff_tile_count(of_layer); tile++)
            n += read_labels(file, number, tile, labels + n);
        ff_model_file_close(file); /* no file may be open twice */
        model = open_model();
        ck_assert_int_eq(ff_model_layer(model, number, &info), FF_OK);
        ck_stats(&info.label_weights, n, labels);
        ck_assert_uint_eq(n, CLASSES * of_layer);
        ck_assert_uint_eq(info.parameters, of_layer * (fan_in + 1 + CLASSES));
        ck_assert_uint_eq(info.raw_bytes, info.parameters * sizeof(float));
        ck_assert_uint_eq(info.stored_bytes, stored);
        ff_model_close(model);
    }
}
END_TEST

START_TEST(totals_include_label_weights)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;
    uint64_t values, bytes;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.conditioned && info.has_head);
    ck_assert_uint_eq(info.parameters, 140 * (64 + 1 + 4) + 20 * (140 + 1 + 4) + 4 * 20 + 4);
    ck_assert_int_eq(ff_model_verify(model, NULL, NULL, &values, &bytes), FF_OK);
    ck_assert_uint_eq(bytes, info.tile_bytes);
    /* 2 + 1 tiles of weights, of biases and of label weights, a head, metrics of two layers */
    ck_assert_uint_eq(values, 3 * (2 + 1) + 2 + 2);
    ff_model_close(model);
}
END_TEST

START_TEST(other_recipes_have_no_label_weights)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_model *model;

    train_named("symba", &recipe);
    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(!info.conditioned);
    ck_assert_int_eq(ff_model_layer(model, 1, &layer), FF_OK);
    ck_assert_uint_eq(layer.label_weights.count, 0);
    ff_model_close(model);
}
END_TEST

/* The optimizer's state of label weights is a part of a layer's in training. */
START_TEST(optimizer_state_of_label_weights_counts_during_training)
{
    long left = 25;
    struct ff_train_result result = {.size = sizeof result};
    struct ff_manifest manifest;
    struct ff_model_file *file;
    struct ff_layer_info info = {.size = sizeof info};
    struct ff_model *model;
    uint64_t stored;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    file = open_file(FF_MODEL_READ);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    stored = stored_bytes(file, 'O', 1, manifest.mark.generation, 2 * FF_SLOTS);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    model = open_model();
    ck_assert_int_eq(ff_model_layer(model, 1, &info), FF_OK);
    ck_assert_int_eq(info.state, FF_LAYER_TRAINING);
    ck_assert_uint_eq(info.optimizer_stored_bytes, stored);
    ck_assert_uint_eq(info.label_weights.count, CLASSES * 140);
    ff_model_close(model);
}
END_TEST

START_TEST(the_layers_chosen_on_held_out_rows_are_reported)
{
    struct ff_manifest manifest;
    struct ff_model_file *file;
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    recipe.validation = 0.2;
    train_ok(ctx, &recipe, &opts);
    file = open_file(FF_MODEL_READ);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ff_model_file_close(file);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_uint_ge(info.choice.first, 1);
    ck_assert_uint_eq(info.choice.first, manifest.choice.first);
    ck_assert_uint_eq(info.choice.last, manifest.choice.last);
    ck_assert(info.choice.held_out_error == manifest.choice.error);
    ck_assert(info.choice.temperature == manifest.choice.temperature);
    ff_model_close(model);
    ff_manifest_release(&manifest);
}
END_TEST

/* Adds CHANGE to one label weight of LAYER, and to nothing else. */
static void change_label_weight(uint32_t layer, float change)
{
    struct ff_model_file *file = open_file(FF_MODEL_WRITE);
    uint32_t tile = ff_tile_count(units[layer - 1]) - 1;
    struct ff_tile_key key = label_key(layer, tile);
    struct ff_manifest manifest;
    float labels[CLASSES * 128];
    size_t n = read_labels(file, layer, tile, labels);
    struct ff_matrix matrix = {FF_F32, CLASSES, (uint32_t)(n / CLASSES), labels};
    char *text;

    labels[n - 1] += change;
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(ff_model_file_put(file, &key, &matrix), FF_OK);
    ck_assert_int_eq(ff_model_file_flip(file, text), FF_OK);
    ff_model_file_close(file);
    ff_manifest_release(&manifest);
    free(text);
}

START_TEST(a_model_that_differs_in_label_weights_only_has_another_hash)
{
    const char *whole;

    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        change_label_weight(layer, 0);
        ck_assert_str_eq(train_hash(opts.model), whole);
        change_label_weight(layer, 0.5f);
        ck_assert_str_ne(train_hash(opts.model), whole);
        whole = train_hash(opts.model);
    }
}
END_TEST

static char reported[4096];

static void keep_text(void *arg, const char *text)
{
    (void)arg;
    ck_assert_uint_lt(strlen(reported) + strlen(text) + 2, sizeof reported);
    strcat(strcat(reported, text), "\n");
}

/* Flips a bit in the payload of KEY's value, wherever the like lies in the file, free pages too. */
static void damage(const struct ff_tile_key *key)
{
    static unsigned char bytes[1 << 20];
    struct ff_model_file *file = open_file(FF_MODEL_READ);
    FILE *raw = fopen(opts.model, "r+b");
    size_t size = fread(bytes, 1, sizeof bytes, raw), found = 0;
    struct ff_value value;

    ck_assert(size > 0 && size < sizeof bytes);
    ck_assert_int_eq(ff_model_file_describe(file, key, &value), FF_OK);
    for (size_t at = 0; at + value.stored_bytes < size; at++) {
        if (memcmp(bytes + at, value.payload, value.stored_bytes) != 0)
            continue;
        bytes[at + value.stored_bytes / 2] ^= 4;
        found++;
    }
    ff_model_file_close(file);
    ck_assert_uint_gt(found, 0);
    rewind(raw);
    ck_assert_uint_eq(fwrite(bytes, 1, size, raw), size);
    ck_assert_int_eq(fclose(raw), 0);
}

START_TEST(damage_to_label_weights_is_found_and_named)
{
    const struct ff_tile_key key = label_key(1, 1);
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    struct ff_layer_info info = {.size = sizeof info};
    struct ff_model *model;
    uint64_t values, sizes;

    train_ok(ctx, &recipe, &opts);
    damage(&key);
    model = open_model();
    ck_assert_int_eq(ff_model_verify(model, keep_text, NULL, &values, &sizes), FF_ECORRUPT);
    ck_assert_msg(strstr(reported, "layer 1: weights (labels), tile 1") != NULL, "%s", reported);
    ck_assert_ptr_null(strchr(strchr(reported, '\n') + 1, '\n')); /* and no other */
    ck_assert_int_eq(ff_model_layer(model, 1, &info), FF_ECORRUPT);
    ck_assert_int_eq(ff_model_layer(model, 2, &info), FF_OK);
    ff_model_close(model);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &evaluation), FF_ECORRUPT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: model, label weights");
    TCase *tcase = tcase_create("model, label weights");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, statistics_are_those_of_the_tiles);
    tcase_add_test(tcase, totals_include_label_weights);
    tcase_add_test(tcase, other_recipes_have_no_label_weights);
    tcase_add_test(tcase, the_layers_chosen_on_held_out_rows_are_reported);
    tcase_add_test(tcase, optimizer_state_of_label_weights_counts_during_training);
    tcase_add_test(tcase, a_model_that_differs_in_label_weights_only_has_another_hash);
    tcase_add_test(tcase, damage_to_label_weights_is_found_and_named);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
