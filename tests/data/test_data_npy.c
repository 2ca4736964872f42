/* NumPy's header: what is understood, and what is said about the rest. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opens, unlabelled, a file of that header and BYTES zero bytes. */
static int open_with(unsigned char version, const char *literal, size_t bytes,
                     struct ff_dataset_info *info)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.npy"), .unlabelled = true};
    struct data_bytes file = data_npy(version, literal);
    struct ff_dataset *dataset;
    int status;

    for (size_t i = 0; i < bytes; i++)
        data_put(&file, "", 1);
    data_write(directory, "x.npy", &file);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK) {
        *info = dataset->info;
        ff_dataset_close(dataset);
    }
    return status;
}

static const struct {
    unsigned char version;
    const char *literal;
    size_t bytes, rows, features;
    bool is_float;
} good[] = {
    {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }    \n", 6, 2, 3, false},
    {2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24, 2, 3, true},
    {3, "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}\n", 24, 2, 3, true},
    {1, "{\"shape\":(2,3),\"descr\":\"<u1\",\"fortran_order\":False}", 6, 2, 3, false},
    {1, " { 'shape' : ( 5 , ) , 'fortran_order' : False , 'descr' : '|u1' } ", 5, 5, 1, false},
    {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L)}", 6, 2, 3, false},
    {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 4)}", 4, 1, 4,
     false},
    {1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 3)}", 6, 2, 3, false},
    {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3)}", 12, 2, 3, true},
    {1, "{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3)}", 48, 2, 3, true},
    {1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3)}", 6, 2, 3, true},
    {1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3)}", 12, 2, 3, true},
    {1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3)}", 48, 2, 3, true},
};

START_TEST(headers_in_every_spelling_are_understood)
{
    struct ff_dataset_info info = {0};

    ck_assert_msg(open_with(good[_i].version, good[_i].literal, good[_i].bytes, &info) == FF_OK,
                  "%s", ff_ctx_message(ctx));
    ck_assert_str_eq(info.format, "npy");
    ck_assert_uint_eq(info.rows, good[_i].rows);
    ck_assert_uint_eq(info.features, good[_i].features);
    ck_assert(info.is_float == good[_i].is_float);
}
END_TEST

static const struct {
    const char *literal;
    int status;
    const char *says;
} bad[] = {
    {"{'descr': '|f2', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'|f2'"},
    {"{'descr': '<f1', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'<f1'"},
    {"{'descr': '<b2', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'<b2'"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'<c8'"},
    {"{'descr': '<f16', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'<f16'"},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'|O'"},
    {"{'descr': '', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "''"},
    {"{'descr': '|u2', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'|u2'"},
    {"{'descr': '<u16', 'fortran_order': False, 'shape': (2, 3)}", FF_EFORMAT, "'<u16'"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", FF_EFORMAT, "named"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': ()}", FF_EFORMAT, "single number"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}", FF_EFORMAT, "axes"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 3)}", FF_EINVAL, "no images"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0)}", FF_EINVAL, "empty"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000, 3)}", FF_EINVAL,
     "limit"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999999, 3)}", FF_ECORRUPT,
     "axis"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 3)}", FF_ECORRUPT, "axis"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2 3)}", FF_ECORRUPT, "comma"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,, 3)}", FF_ECORRUPT, "axis"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': 6}", FF_ECORRUPT, "shape"},
    {"{'descr': '|u1', 'fortran_order': None, 'shape': (2, 3)}", FF_ECORRUPT, "True or False"},
    {"{'descr': 7, 'fortran_order': False, 'shape': (2, 3)}", FF_ECORRUPT, "type"},
    {"{'descr': '|u1', 'fortran_order': False}", FF_ECORRUPT, "each once"},
    {"{'descr': '|u1', 'descr': '|u1', 'shape': (2, 3)}", FF_ECORRUPT, "each once"},
    {"{'descr': '|u1', 'order': False, 'shape': (2, 3)}", FF_ECORRUPT, "each once"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)} x", FF_ECORRUPT, "nothing after"},
    {"{'descr': '|u1' 'fortran_order': False, 'shape': (2, 3)}", FF_ECORRUPT, "comma"},
    {"{'descr': '|u1", FF_ECORRUPT, "damaged"},
    {"{'descr': '|\\u1'}", FF_ECORRUPT, "damaged"},
    {"", FF_ECORRUPT, "brace"},
    {"[]", FF_ECORRUPT, "brace"},
};

START_TEST(other_headers_are_refused_with_a_reason)
{
    struct ff_dataset_info info;

    ck_assert_msg(open_with(1, bad[_i].literal, 6, &info) == bad[_i].status, "%s: %s",
                  bad[_i].literal, ff_ctx_message(ctx));
    ck_assert_msg(strstr(ff_ctx_message(ctx), bad[_i].says), "no '%s' in: %s", bad[_i].says,
                  ff_ctx_message(ctx));
}
END_TEST

START_TEST(other_versions_and_giant_headers_are_refused)
{
    const char *literal = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}";
    struct ff_dataset_info info;
    char *giant = malloc(5001);

    ck_assert_int_eq(open_with(0, literal, 6, &info), FF_EFORMAT);
    ck_assert_int_eq(open_with(4, literal, 6, &info), FF_EFORMAT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "version 4"));
    memset(giant, ' ', 5000);
    giant[5000] = '\0';
    ck_assert_int_eq(open_with(1, giant, 6, &info), FF_EFORMAT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "5000 bytes"));
    free(giant);
}
END_TEST

static int open_labels(const char *descr, const void *labels, size_t bytes, uint32_t *classes)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct data_bytes file;
    struct ff_dataset *dataset;
    char text[128];
    int status;

    file = data_npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}");
    data_put(&file, "abcdef", 6);
    data_write(directory, "x_train.npy", &file);
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", descr);
    file = data_npy(1, text);
    data_put(&file, labels, bytes);
    data_write(directory, "y_train.npy", &file);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK) {
        *classes = dataset->info.classes;
        ff_dataset_close(dataset);
    }
    return status;
}

START_TEST(labels_of_every_type_are_read)
{
    static const struct {
        const char *descr;
        const char *labels; /* 0 and 5, or 0 and 1 */
        size_t bytes;
    } types[] = {
        {"|b1", "\0\1", 2},
        {"|u1", "\0\5", 2},
        {"|i1", "\0\5", 2},
        {"<u2", "\0\0\5\0", 4},
        {"<i2", "\0\0\5\0", 4},
        {">i2", "\0\0\0\5", 4},
        {"<u4", "\0\0\0\0\5\0\0\0", 8},
        {">i4", "\0\0\0\0\0\0\0\5", 8},
        {"<u8", "\0\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 16},
        {"<i8", "\0\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 16},
        {"<f2", "\0\0\0\105", 4},
        {">f4", "\0\0\0\0\100\240\0\0", 8},
        {"<f8", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\24\100", 16},
    };

    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        const struct ff_schema schema = {.n_classes = 6};
        struct ff_dataset_spec spec = {.path = directory, .schema = &schema};
        struct ff_dataset *dataset;
        unsigned char features[6];
        uint16_t labels[2];
        uint32_t classes = 0;
        size_t n;

        ck_assert_msg(open_labels(types[t].descr, types[t].labels, types[t].bytes, &classes) ==
                          FF_OK,
                      "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(classes, 2);
        ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
        ck_assert_int_eq(ff_dataset_read(dataset, 2, features, labels, &n), FF_OK);
        ck_assert_uint_eq(labels[0], 0);
        ck_assert_uint_eq(labels[1], strcmp(types[t].descr, "|b1") == 0 ? 1 : 5);
        ff_dataset_close(dataset);
    }
}
END_TEST

START_TEST(labels_that_are_not_integers_are_refused)
{
    uint32_t classes;

    ck_assert_int_eq(
        open_labels("<u8", "\377\377\377\377\377\377\377\377\0\0\0\0\0\0\0\0", 16, &classes),
        FF_EINVAL);
    ck_says("row 0 (from 0) is 1.84467e+19: labels are whole numbers below 2^63");
    ck_assert_int_eq(open_labels("<f4", "\0\0\0\0\0\0\0\77", 8, &classes), FF_EINVAL);
    ck_says("row 1 (from 0) is 0.5: labels are whole");
    ck_assert_int_eq(open_labels("<f4", "\0\0\0\0\0\0\300\177", 8, &classes), FF_EINVAL);
    ck_says("row 1 (from 0) is nan");
}
END_TEST

/* Writes 0 to 23 in Fortran order as x.npy; returns how to read them. */
static struct ff_dataset_spec write_fortran(const char *shape, bool compressed)
{
    char text[128];
    struct data_bytes file;

    snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': True, 'shape': (%s)}", shape);
    file = data_npy(1, text);
    for (unsigned char i = 0; i < 24; i++)
        data_put(&file, &i, 1);
    if (compressed)
        data_write_gz(directory, "x.npy", &file);
    else
        data_write(directory, "x.npy", &file);
    return (struct ff_dataset_spec){.path = data_path(directory, "x.npy"), .unlabelled = true};
}

START_TEST(fortran_order_is_read_by_columns)
{
    static const struct {
        const char *shape;
        size_t row;               /* the second one */
        unsigned char values[12]; /* its first ones */
    } shapes[] = {
        {"2, 12", 12, {1, 3, 5, 7, 9, 11, 13}},
        {"2, 3, 4", 12, {1, 7, 13, 19, 3, 9}}, /* [1][y][x] is at 1 + 2 y + 6 x */
        {"2, 2, 2, 3", 12, {1, 9, 17, 5, 13, 21, 3}},
        {"24,", 1, {1}},
        {"24, 1", 1, {1}},
        {"12, 1, 2", 2, {1, 13}},
    };

    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const struct ff_dataset_spec spec = write_fortran(shapes[s].shape, false);
        unsigned char got[24];
        struct ff_dataset *dataset;
        size_t n;

        ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(dataset->info.features, shapes[s].row);
        ck_assert_int_eq(ff_dataset_read(dataset, 2, got, NULL, &n), FF_OK);
        ck_assert_uint_eq(n, 2);
        for (size_t i = 0; i < 12 && shapes[s].values[i]; i++)
            ck_assert_uint_eq(got[shapes[s].row + i], shapes[s].values[i]);
        ff_dataset_close(dataset);
    }
}
END_TEST

START_TEST(compressed_fortran_order_is_refused_unless_it_is_a_vector)
{
    struct ff_dataset_spec spec = write_fortran("2, 12", true);
    struct ff_dataset *dataset;

    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EFORMAT);
    ck_says("numpy.ascontiguousarray(x)");
    spec = write_fortran("24, 1", true);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    ff_dataset_close(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: npy");
    TCase *tc = tcase_create("header");

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, dataset_setup, dataset_teardown);
    tcase_add_loop_test(tc, headers_in_every_spelling_are_understood, 0,
                        (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(tc, other_headers_are_refused_with_a_reason, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tc, other_versions_and_giant_headers_are_refused);
    tcase_add_test(tc, fortran_order_is_read_by_columns);
    tcase_add_test(tc, compressed_fortran_order_is_refused_unless_it_is_a_vector);
    tcase_add_test(tc, labels_of_every_type_are_read);
    tcase_add_test(tc, labels_that_are_not_integers_are_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
