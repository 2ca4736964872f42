/* Files that export writes obey the rules of the reference parser, and their tensors are the
 * model's. */
#include "store/bytes.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */
#define LENGTH_BYTES 8

static char *bytes;  /* of the exported file */
static size_t size;  /* their number */
static size_t start; /* of the tensors */
static json_t *header;

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
}

static void teardown(void)
{
    json_decref(header);
    header = NULL;
    free(bytes);
    bytes = NULL;
    training_end();
}

static void train_as(const char *named)
{
    train_named(named, &recipe);
    train_ok(ctx, &recipe, &opts);
}

static const char *output(void)
{
    return train_path(directory, "m.safetensors");
}

static struct ff_export_opts export_opts(void)
{
    return (struct ff_export_opts){
        .size = sizeof(struct ff_export_opts), .model = opts.model, .output = output()};
}

static void read_file(void)
{
    json_error_t error;
    FILE *in = fopen(output(), "re");

    ck_assert_ptr_nonnull(in);
    fseek(in, 0, SEEK_END);
    size = (size_t)ftell(in);
    rewind(in);
    bytes = malloc(size);
    ck_assert_uint_eq(fread(bytes, 1, size, in), size);
    fclose(in);
    start = LENGTH_BYTES + ff_get_le64((const uint8_t *)bytes);
    ck_assert_uint_le(start, size);
    ck_assert_uint_eq(start % 8, 0);
    header = json_loadb(bytes + LENGTH_BYTES, start - LENGTH_BYTES, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(header != NULL, "%s", error.text);
    ck_assert_int_eq(bytes[LENGTH_BYTES], '{');
}

static void export_as(enum ff_export_dtype dtype)
{
    struct ff_export_opts export = export_opts();
    struct ff_export_result result = {.size = sizeof result};

    export.dtype = dtype;
    ck_assert_msg(ff_export(ctx, &export, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    read_file();
    ck_assert_uint_eq(result.bytes, size);
    ck_assert_uint_eq(result.tensors, json_object_size(header) - 1);
}

/* The bytes of tensor NAME, of N elements. */
static const void *tensor(const char *name, size_t n, size_t element)
{
    const json_t *offsets = json_object_get(json_object_get(header, name), "data_offsets");
    json_int_t begin = json_integer_value(json_array_get(offsets, 0));
    json_int_t end = json_integer_value(json_array_get(offsets, 1));

    ck_assert_int_eq(end - begin, (json_int_t)(n * element));
    return bytes + start + begin;
}

START_TEST(tensors_follow_each_other_without_gaps_to_the_end_of_the_file)
{
    json_int_t at = 0;
    const char *name;
    json_t *value;

    train_as("conditioned");
    export_as(FF_EXPORT_F32);
    json_object_foreach(header, name, value)
    {
        const json_t *offsets = json_object_get(value, "data_offsets");
        const json_t *shape = json_object_get(value, "shape");
        json_int_t elements = 1;

        if (strcmp(name, "__metadata__") == 0)
            continue;
        for (size_t i = 0; i < json_array_size(shape); i++)
            elements *= json_integer_value(json_array_get(shape, i));
        ck_assert_int_eq(json_integer_value(json_array_get(offsets, 0)), at);
        at += elements * 4;
        ck_assert_int_eq(json_integer_value(json_array_get(offsets, 1)), at);
    }
    ck_assert_uint_eq(start + (size_t)at, size);
}
END_TEST

START_TEST(metadata_are_texts)
{
    const char *name;
    json_t *value;

    train_as("classic");
    export_as(FF_EXPORT_F32);
    json_object_foreach(json_object_get(header, "__metadata__"), name, value)
        ck_assert_msg(json_is_string(value), "%s", name);
    ck_assert_ptr_null(
        strstr(json_string_value(json_object_get(json_object_get(header, "__metadata__"), "data")),
               directory));
}
END_TEST

/* Compares with the tensors that the model has, under its own names. */
static void ck_same(struct ff_model *model, const char *ours, const char *name, size_t n)
{
    float *expected = calloc(n, sizeof *expected);

    ck_assert_msg(ff_model_read_tensor(model, ours, expected, n) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ck_assert_mem_eq(tensor(name, n, sizeof *expected), expected, n * sizeof *expected);
    free(expected);
}

START_TEST(elements_are_those_of_the_model)
{
    struct ff_model *model;

    train_as("conditioned");
    export_as(FF_EXPORT_F32);
    model = open_model();
    ck_same(model, "layer.1.weights", "layers.1.weight", 140 * TRAIN_FEATURES);
    ck_same(model, "layer.1.biases", "layers.1.bias", 140);
    ck_same(model, "layer.1.label_weights", "layers.1.label_weight", 140 * TRAIN_CLASSES);
    ck_same(model, "layer.2.label_weights", "layers.2.label_weight", 20 * TRAIN_CLASSES);
    ck_same(model, "head.2.weights", "head.2.weight", 20 * TRAIN_CLASSES);
    ff_model_close(model);
}
END_TEST

START_TEST(short_elements_are_the_nearest)
{
    const size_t n = 140 * TRAIN_FEATURES;
    float *expected = calloc(n, sizeof *expected);
    struct ff_model *model;
    const uint16_t *brief;

    train_as("symba");
    export_as(FF_EXPORT_BF16);
    model = open_model();
    ck_assert_int_eq(ff_model_read_tensor(model, "layer.1.weights", expected, n), FF_OK);
    brief = tensor("layers.1.weight", n, sizeof *brief);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)brief[i] << 16;
        float value;

        memcpy(&value, &bits, sizeof value);
        ck_assert_float_le(fabsf(value - expected[i]), fabsf(expected[i]) / 256);
    }
    free(expected);
    ff_model_close(model);
}
END_TEST

START_TEST(an_existing_file_stays_unless_forced)
{
    struct ff_export_opts export = export_opts();
    struct ff_export_result result = {.size = sizeof result};

    train_as("symba");
    ck_assert_int_eq(ff_export(ctx, &export, &result), FF_OK);
    ck_status(ff_export(ctx, &export, &result), FF_EEXIST, "exists");
    export.force = true;
    ck_assert_int_eq(ff_export(ctx, &export, &result), FF_OK);
}
END_TEST

static bool stop(void *arg)
{
    long *left = arg;

    return --*left <= 0;
}

START_TEST(an_interrupted_export_leaves_nothing)
{
    struct ff_export_opts export = export_opts();
    struct ff_export_result result = {.size = sizeof result};
    long left = 3;

    train_as("symba");
    export.interrupted = stop;
    export.arg = &left;
    ck_status(ff_export(ctx, &export, &result), FF_EINTERRUPTED, "interrupted");
    ck_assert_ptr_null(fopen(output(), "re"));
}
END_TEST

START_TEST(what_cannot_be_exported_is_refused)
{
    struct ff_export_opts export = export_opts();
    struct ff_export_result result = {.size = sizeof result};

    train_as("symba");
    export.last_layer = 3;
    ck_status(ff_export(ctx, &export, &result), FF_EINVAL, "has trained layers 1 to 2");
    export.first_layer = 2;
    export.last_layer = 1;
    ck_status(ff_export(ctx, &export, &result), FF_EINVAL, "no range");
    export = export_opts();
    export.output = train_path(directory, "m.weights");
    ck_status(ff_export(ctx, &export, &result), FF_EINVAL, ".safetensors");
    export = export_opts();
    export.dtype = 9;
    ck_status(ff_export(ctx, &export, &result), FF_EINVAL, "no such type");
    export.size = 0;
    ck_status(ff_export(ctx, &export, &result), FF_EINVAL, "sizeof");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange: safetensors");
    TCase *tests = tcase_create("export");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, tensors_follow_each_other_without_gaps_to_the_end_of_the_file);
    tcase_add_test(tests, metadata_are_texts);
    tcase_add_test(tests, elements_are_those_of_the_model);
    tcase_add_test(tests, short_elements_are_the_nearest);
    tcase_add_test(tests, an_existing_file_stays_unless_forced);
    tcase_add_test(tests, an_interrupted_export_leaves_nothing);
    tcase_add_test(tests, what_cannot_be_exported_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
