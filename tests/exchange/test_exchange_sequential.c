/* Import of networks of other programs: layers in the order of their numbers; what is no such
 * network is refused, and the message names the tensor. */
#include "store/bytes.h"
#include "support/each_allocation.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_TENSORS 8
#define HEADER_BYTES 4096

/* A tensor of ROWS x COLUMNS ones; COLUMNS 0: of one dimension. */
struct tensor {
    const char *name;
    unsigned rows, columns;
};

static void setup(void)
{
    training_begin(120, "20");
}

static const char *input(void)
{
    return train_path(directory, "other.safetensors");
}

static const char *imported(void)
{
    return train_path(directory, "other.ff");
}

static size_t elements_of(const struct tensor *tensor)
{
    return (size_t)tensor->rows * (tensor->columns ? tensor->columns : 1);
}

static void write_header(FILE *out, const struct tensor *tensors)
{
    char text[HEADER_BYTES] = "{\"__metadata__\":{\"format\":\"pt\"}";
    uint8_t prefix[8];
    size_t at = 0;

    for (const struct tensor *t = tensors; t->name; t++) {
        const size_t used = strlen(text), bytes = elements_of(t) * sizeof(float);
        char columns[32] = "";

        if (t->columns)
            snprintf(columns, sizeof columns, ",%u", t->columns);
        snprintf(text + used, sizeof text - used,
                 ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%u%s],\"data_offsets\":[%zu,%zu]}", t->name,
                 t->rows, columns, at, at + bytes);
        at += bytes;
    }
    strcat(text, "}");
    ff_put_le64(prefix, strlen(text));
    fwrite(prefix, 1, sizeof prefix, out);
    fputs(text, out);
}

static void write_tensors(const struct tensor *tensors)
{
    FILE *out = fopen(input(), "we");
    const float one = 1;

    write_header(out, tensors);
    for (const struct tensor *t = tensors; t->name; t++) {
        for (size_t i = 0; i < elements_of(t); i++)
            fwrite(&one, sizeof one, 1, out);
    }
    fclose(out);
}

static int import_as(enum ff_import_inputs inputs)
{
    struct ff_import_opts import = {.size = sizeof import,
                                    .input = input(),
                                    .model = imported(),
                                    .inputs = inputs,
                                    .force = true};
    struct ff_import_result result = {.size = sizeof result};

    return ff_import(ctx, &import, &result);
}

/* Numbers that order as texts do not. */
static const struct tensor net[] = {{"net.10.bias", 3, 0},    {"net.10.weight", 3, 5},
                                    {"net.2.weight", 6, 784}, {"net.9.weight", 5, 6},
                                    {"net.2.bias", 6, 0},     {NULL, 0, 0}};

START_TEST(layers_are_in_the_order_of_their_numbers)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    write_tensors(net);
    ck_assert_msg(import_as(FF_INPUTS_U8) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(ff_model_open(ctx, imported(), &model), FF_OK);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert(info.complete && info.backprop && !info.data_is_float);
    ck_assert_uint_eq(info.features, 784);
    ck_assert_uint_eq(info.classes, 3);
    ck_assert_uint_eq(info.samples, 0);
    ck_assert_str_eq(info.data_path, "");
    ck_assert_uint_eq(ff_recipe_units(info.recipe, 1), 6);
    ck_assert_uint_eq(ff_recipe_units(info.recipe, 2), 5);
    ck_assert_uint_eq(info.parameters, 784 * 6 + 6 + 6 * 5 + 5 + 5 * 3 + 3);
    ff_model_close(model);
}
END_TEST

START_TEST(the_type_of_inputs_is_required_of_these_networks_only)
{
    struct ff_export_opts export = {
        .size = sizeof export, .model = opts.model, .output = input(), .force = true};
    struct ff_export_result result = {.size = sizeof result};

    write_tensors(net);
    ck_status(import_as(FF_INPUTS_UNKNOWN), FF_EINVAL, "give --inputs u8");
    train_in("bp", &recipe);
    train_ok(ctx, &recipe, &opts);
    ck_assert_int_eq(ff_export(ctx, &export, &result), FF_OK);
    ck_status(import_as(FF_INPUTS_U8), FF_EINVAL, "leave out --inputs");
    ck_assert_int_ne(access(imported(), F_OK), 0);
}
END_TEST

START_TEST(the_network_trains_on_only_if_data_is_named)
{
    struct ff_extend_opts extend = {.size = sizeof extend, .from = imported(), .epochs = 1};
    struct ff_train_opts train = opts;
    struct ff_train_result result = {.size = sizeof result};
    const struct tensor fits[] = {{"0.weight", 6, TRAIN_FEATURES},
                                  {"0.bias", 6, 0},
                                  {"1.weight", TRAIN_CLASSES, 6},
                                  {NULL, 0, 0}};

    write_tensors(fits);
    ck_assert_msg(import_as(FF_INPUTS_U8) == FF_OK, "%s", ff_ctx_message(ctx));
    train.data.path = NULL;
    ck_status(ff_extend(ctx, &extend, &train, &result), FF_EINVAL, "has no data; name it");
    ck_assert_int_ne(access(train.model, F_OK), 0);
    ck_assert_msg(ff_extend(ctx, &extend, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(result.samples, 120);
}
END_TEST

static const struct {
    int status;
    const char *message;
    struct tensor tensors[MOST_TENSORS];
} refused[] = {
    {FF_EFORMAT, "tensor \"encoder\" is not of a network", {{"encoder", 3, 0}}},
    {FF_EFORMAT,
     "tensor \"0.running_mean\" is not",
     {{"0.weight", 2, 3}, {"0.running_mean", 2, 0}}},
    {FF_EFORMAT, "tensor \"weight\" is not", {{"weight", 2, 3}}},
    {FF_EFORMAT, "tensor \"x.weight\" is not", {{"x.weight", 2, 3}}},
    {FF_EFORMAT, "tensor \"00.weight\" is not", {{"0.weight", 2, 3}, {"00.weight", 2, 2}}},
    {FF_EFORMAT, "tensor \"4294967296.weight\" is not", {{"4294967296.weight", 2, 3}}},
    {FF_EFORMAT,
     "\"a0.weight\" and \"b1.weight\" differ",
     {{"a0.weight", 2, 3}, {"b1.weight", 2, 2}}},
    {FF_EFORMAT,
     "\"a0.weight\" and \"1.weight\" differ",
     {{"a0.weight", 2, 3}, {"1.weight", 2, 2}}},
    {FF_EFORMAT, "has 1 linear layer;", {{"0.weight", 2, 3}, {"0.bias", 2, 0}}},
    {FF_EFORMAT,
     "\"1.bias\" has no weights",
     {{"0.weight", 2, 3}, {"1.bias", 2, 0}, {"2.weight", 2, 2}}},
    {FF_EFORMAT, "\"1.weight\" has one dimension", {{"0.weight", 2, 3}, {"1.weight", 2, 0}}},
    {FF_EMISMATCH,
     "\"2.weight\" has 5 inputs, but \"0.weight\" below it 4 outputs",
     {{"2.weight", 2, 5}, {"0.weight", 4, 3}}},
    {FF_EMISMATCH,
     "\"0.bias\" has 5 x 1 elements, but its model 4 x 1",
     {{"0.weight", 4, 3}, {"0.bias", 5, 0}, {"1.weight", 2, 4}}},
    {FF_EMISMATCH,
     "\"0.bias\" has 4 x 1 elements",
     {{"0.weight", 4, 3}, {"0.bias", 4, 1}, {"1.weight", 2, 4}}},
    {FF_EMISMATCH,
     "\"1.weight\" has 1 outputs; a network of classes has 2 to 1000",
     {{"0.weight", 4, 3}, {"1.weight", 1, 4}}},
    {FF_EMISMATCH, "\"1.weight\" has 1001 outputs", {{"0.weight", 1, 1}, {"1.weight", 1001, 1}}},
    {FF_EMISMATCH,
     "\"0.weight\" has 1048577 outputs; a hidden layer has 1 to 1048576",
     {{"0.weight", 1048577, 1}, {"1.weight", 2, 1048577}}},
    {FF_EMISMATCH,
     "\"0.weight\" has 1048577 inputs; a layer has at most 1048576",
     {{"0.weight", 1, 1048577}, {"1.weight", 2, 1}}},
};

START_TEST(other_tensors_are_refused_by_name)
{
    write_tensors(refused[_i].tensors);
    ck_status(import_as(FF_INPUTS_FLOAT), refused[_i].status, refused[_i].message);
    ck_assert_int_ne(access(imported(), F_OK), 0);
}
END_TEST

START_TEST(a_name_of_any_length_is_refused_or_read)
{
    char name[600] = "";
    struct tensor tensors[] = {{name, 4, 3}, {NULL, 0, 0}};

    for (size_t length = 200; length < sizeof name - 10; length++) {
        memset(name, 'x', length);
        strcpy(name + length, "0.weight");
        write_tensors(tensors);
        ck_status(import_as(FF_INPUTS_FLOAT), FF_EFORMAT, "");
    }
}
END_TEST

static int use_import(void *arg)
{
    (void)arg;
    return import_as(FF_INPUTS_FLOAT);
}

START_TEST(a_failed_allocation_is_reported)
{
    write_tensors(net);
    ck_assert_int_gt(fail_each_allocation(ctx, use_import, NULL, 200), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange: networks of other programs");
    TCase *tests = tcase_create("sequential");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, training_end);
    tcase_add_test(tests, layers_are_in_the_order_of_their_numbers);
    tcase_add_test(tests, the_type_of_inputs_is_required_of_these_networks_only);
    tcase_add_test(tests, the_network_trains_on_only_if_data_is_named);
    tcase_add_loop_test(tests, other_tensors_are_refused_by_name, 0,
                        (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tests, a_name_of_any_length_is_refused_or_read);
    tcase_add_test(tests, a_failed_allocation_is_reported);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
