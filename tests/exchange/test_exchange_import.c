/* Import: what export wrote is the same model again; anything else is refused, with the place. */
#include "exchange/safetensors_read.h"
#include "store/bytes.h"
#include "support/each_allocation.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 120
#define HIDDEN "140,20" /* two tiles, then one */
#define LENGTH_BYTES 8

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
}

static const char *exported(void)
{
    return train_path(directory, "m.safetensors");
}

static const char *imported(void)
{
    return train_path(directory, "again.ff");
}

static void export_model(enum ff_export_dtype dtype, uint32_t layers)
{
    struct ff_export_opts export = {.size = sizeof export,
                                    .model = opts.model,
                                    .output = exported(),
                                    .dtype = dtype,
                                    .last_layer = layers,
                                    .force = true};
    struct ff_export_result result = {.size = sizeof result};

    ck_assert_msg(ff_export(ctx, &export, &result) == FF_OK, "%s", ff_ctx_message(ctx));
}

static int import_model(void)
{
    struct ff_import_opts import = {
        .size = sizeof import, .input = exported(), .model = imported(), .force = true};
    struct ff_import_result result = {.size = sizeof result};

    return ff_import(ctx, &import, &result);
}

static void train_as(const char *named)
{
    train_named(named, &recipe);
    train_ok(ctx, &recipe, &opts);
}

static void hash_of(const char *path, char out[33])
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    ck_assert_msg(ff_model_open(ctx, path, &model) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.complete);
    memcpy(out, info.weights_hash, sizeof info.weights_hash);
    for (uint32_t layer = 1; layer <= info.layers_trained; layer++) {
        struct ff_layer_info of_layer = {.size = sizeof of_layer};

        ck_assert_int_eq(ff_model_layer(model, layer, &of_layer), FF_OK);
    }
    ff_model_close(model);
}

START_TEST(every_kind_of_model_has_the_same_weights_again)
{
    char before[33], after[33];

    train_kind(_i, &recipe);
    train_ok(ctx, &recipe, &opts);
    hash_of(opts.model, before);
    export_model(FF_EXPORT_F32, 0);
    ck_assert_msg(import_model() == FF_OK, "%s", ff_ctx_message(ctx));
    hash_of(imported(), after);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_model_by_backpropagation_has_the_same_weights_again)
{
    char before[33], after[33];

    train_in("bp", &recipe);
    train_ok(ctx, &recipe, &opts);
    hash_of(opts.model, before);
    export_model(FF_EXPORT_F32, 0);
    ck_assert_msg(import_model() == FF_OK, "%s", ff_ctx_message(ctx));
    hash_of(imported(), after);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(short_elements_are_imported)
{
    char after[33];

    train_as("symba");
    export_model(_i == 0 ? FF_EXPORT_F16 : FF_EXPORT_BF16, 0);
    ck_assert_msg(import_model() == FF_OK, "%s", ff_ctx_message(ctx));
    hash_of(imported(), after);
}
END_TEST

START_TEST(some_layers_are_refused)
{
    train_as("conditioned");
    export_model(FF_EXPORT_F32, 1);
    ck_status(import_model(), FF_EMISMATCH, "has no tensor \"layers.2.weight\"");
    ck_assert_int_ne(access(imported(), F_OK), 0);
}
END_TEST

START_TEST(a_changed_element_is_found_by_the_hash)
{
    FILE *file;

    train_as("symba");
    export_model(FF_EXPORT_F32, 0);
    file = fopen(exported(), "r+e");
    fseek(file, -4, SEEK_END);
    fputc(1, file);
    fclose(file);
    ck_status(import_model(), FF_ECORRUPT, "have the hash");
    ck_assert_int_ne(access(imported(), F_OK), 0);
}
END_TEST

static bool stop(void *arg)
{
    (void)arg;
    return true;
}

START_TEST(an_interrupted_import_leaves_nothing)
{
    struct ff_import_opts import = {
        .size = sizeof import, .input = exported(), .model = imported(), .interrupted = stop};
    struct ff_import_result result = {.size = sizeof result};

    train_as("symba");
    export_model(FF_EXPORT_F32, 0);
    ck_status(ff_import(ctx, &import, &result), FF_EINTERRUPTED, "interrupted");
    ck_assert_int_ne(access(imported(), F_OK), 0);
}
END_TEST

static int use_import(void *arg)
{
    (void)arg;
    return import_model();
}

static int use_export(void *arg)
{
    struct ff_export_opts export = {
        .size = sizeof export, .model = opts.model, .output = exported(), .force = true};
    struct ff_export_result result = {.size = sizeof result};

    (void)arg;
    return ff_export(ctx, &export, &result);
}

START_TEST(a_failed_allocation_is_reported)
{
    train_as("conditioned");
    export_model(FF_EXPORT_F32, 0);
    ck_assert_int_gt(fail_each_allocation(ctx, use_export, NULL, 200), 1);
    ck_assert_int_gt(fail_each_allocation(ctx, use_import, NULL, 200), 1);
}
END_TEST

/* Headers and the bytes behind them, with what is said of them. */
static const struct {
    const char *header;
    size_t data;
    int status;
    const char *message;
} hostile[] = {
    {"{}", 0, FF_OK, ""},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, FF_OK, ""},
    {"", 0, FF_EFORMAT, "byte 8: the header does not begin with {"},
    {" {}", 0, FF_EFORMAT, "byte 8: the header does not begin with {"},
    {"{\"a\":1,}", 0, FF_ECORRUPT, "byte 1"},
    {"{\"a\":1}", 0, FF_ECORRUPT, "byte 9: \"a\": is not a tensor"},
    {"{\"a\":{},\"a\":{}}", 0, FF_ECORRUPT, "duplicate"},
    {"{\"__metadata__\":[]}", 0, FF_ECORRUPT, "is not an object"},
    {"{\"__metadata__\":{\"x\":1}}", 0, FF_ECORRUPT, "not a string"},
    {"{}", 1, FF_ECORRUPT, "byte 10: the tensors end here, but the file at byte 11"},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 16, FF_EFORMAT,
     "dtype F64 is not supported"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, FF_ECORRUPT, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, FF_ECORRUPT, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776,1099511627776],\"data_offsets\":[0,4]}}",
     4, FF_ECORRUPT, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, FF_ECORRUPT,
     "its shape takes 8 bytes, but its data_offsets have 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, FF_ECORRUPT,
     "not two ascending"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, FF_ECORRUPT,
     "no tensor has the bytes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4, FF_ECORRUPT, "two tensors share"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, FF_ECORRUPT,
     "the tensors end here"},
};

static void write_file(const char *path, const char *header, uint64_t length, size_t data)
{
    FILE *out = fopen(path, "we");
    uint8_t prefix[LENGTH_BYTES];

    ff_put_le64(prefix, length);
    fwrite(prefix, 1, sizeof prefix, out);
    fputs(header, out);
    for (size_t i = 0; i < data; i++)
        fputc(0, out);
    fclose(out);
}

START_TEST(a_hostile_header_is_refused)
{
    struct ff_safetensors *file;
    int status;

    write_file(exported(), hostile[_i].header, strlen(hostile[_i].header), hostile[_i].data);
    status = ff_safetensors_open(ctx, exported(), &file);
    if (hostile[_i].status == FF_OK)
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    else
        ck_status(status, hostile[_i].status, hostile[_i].message);
    ff_safetensors_close(file);
}
END_TEST

START_TEST(a_length_beyond_the_file_or_the_limit_is_refused)
{
    write_file(exported(), "{}", 3, 0);
    ck_status(import_model(), FF_EFORMAT, "byte 0: a header of 3 bytes does not fit");
    write_file(exported(), "{}", UINT64_MAX, 0);
    ck_status(import_model(), FF_EFORMAT, "does not fit");
    write_file(exported(), "{}", FF_SAFETENSORS_HEADER_BYTES + 1, 0);
    ck_assert_int_eq(truncate(exported(), 2 * FF_SAFETENSORS_HEADER_BYTES), 0);
    ck_status(import_model(), FF_EFORMAT, "the limit is 16777216");
    ck_assert_int_eq(truncate(exported(), 7), 0);
    ck_status(import_model(), FF_EFORMAT, "it has 7 bytes");
}
END_TEST

START_TEST(a_file_of_another_program_is_refused)
{
    static const char *const headers[] = {
        "{}",
        "{\"__metadata__\":{\"format\":\"fftool model\"}}",
        "{\"__metadata__\":{\"format\":\"fftool model\",\"version\":\"[\"}}",
    };

    write_file(exported(), headers[0], strlen(headers[0]), 0);
    ck_status(import_model(), FF_EFORMAT, "has 0 linear layers");
    write_file(exported(), headers[1], strlen(headers[1]), 0);
    ck_status(import_model(), FF_EFORMAT, "has no metadata");
    write_file(exported(), headers[2], strlen(headers[2]), 0);
    ck_status(import_model(), FF_ECORRUPT, "metadata \"version\": character");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange: import");
    TCase *tests = tcase_create("import");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, training_end);
    tcase_add_loop_test(tests, every_kind_of_model_has_the_same_weights_again, 0, train_kinds());
    tcase_add_test(tests, a_model_by_backpropagation_has_the_same_weights_again);
    tcase_add_loop_test(tests, short_elements_are_imported, 0, 2);
    tcase_add_test(tests, some_layers_are_refused);
    tcase_add_test(tests, a_changed_element_is_found_by_the_hash);
    tcase_add_test(tests, an_interrupted_import_leaves_nothing);
    tcase_add_test(tests, a_failed_allocation_is_reported);
    tcase_add_loop_test(tests, a_hostile_header_is_refused, 0,
                        (int)(sizeof hostile / sizeof *hostile));
    tcase_add_test(tests, a_length_beyond_the_file_or_the_limit_is_refused);
    tcase_add_test(tests, a_file_of_another_program_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
