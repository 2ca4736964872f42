/* Looking into a model that is damaged, or into something else. */
#include "model/layer_metrics.h"
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

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.label_embedding = "append";
}

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
START_TEST(metrics_out_of_range_are_damage)
{
    /* Loss, goodness, error and dead units; held-out errors and temperatures */
    const float good[FF_LAYER_METRICS] = {1, 1, 1, 1, 140, 0, 1, NAN, 0.0625f, 32, NAN};
    static const struct {
        size_t at;
        float value;
    } bad[] = {{0, NAN}, {1, INFINITY}, {2, -INFINITY}, {3, -0.1f}, {3, 1.1f},  {4, -1}, {4, 141},
               {4, NAN}, {5, 2},        {5, NAN},       {7, 0.5f},  {8, 0.06f}, {9, 33}, {10, 1}};
    struct ff_layer_info layer = {.size = sizeof layer};
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

static char reported[4096];

static void keep_text(void *arg, const char *text)
{
    (void)arg;
    ck_assert_uint_lt(strlen(reported) + strlen(text) + 2, sizeof reported);
    strcat(strcat(reported, text), "\n");
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
    struct ff_layer_info info = {.size = sizeof info};
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
    ck_assert_msg(strstr(reported, "layer 1: weights, tile 1") != NULL, "%s", reported);
    ck_assert_ptr_null(strchr(strchr(reported, '\n') + 1, '\n')); /* and no other */
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "1 of 10 values"));
    ck_assert_int_eq(ff_model_layer(model, 1, &info), FF_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "layer 1: weights, tile 1"));
    ck_assert_int_eq(ff_model_layer(model, 2, &info), FF_OK);
    ff_model_close(model);
}
END_TEST

START_TEST(a_file_that_is_not_a_model_is_refused)
{
    struct ff_model *model;
    FILE *file;

    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_ENOTFOUND);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(ff_model_open(ctx, directory, &model), FF_EFORMAT);
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
    Suite *suite = suite_create("model: damaged models");
    TCase *tcase = tcase_create("damaged models");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, metrics_out_of_range_are_damage);
    tcase_add_test(tcase, a_damaged_tile_is_named);
    tcase_add_test(tcase, a_file_that_is_not_a_model_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
