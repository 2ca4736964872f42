/* Labels, shapes and values of a dataset: what is read, and what is refused. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

static void write_labels(unsigned char type, size_t width, const int32_t *labels, uint32_t count)
{
    struct data_bytes bytes = data_idx(type, 1, &count);

    for (uint32_t i = 0; i < count; i++) {
        const unsigned char b[4] = {
            (unsigned char)((uint32_t)labels[i] >> 24), (unsigned char)((uint32_t)labels[i] >> 16),
            (unsigned char)((uint32_t)labels[i] >> 8), (unsigned char)labels[i]};

        data_put(&bytes, b + 4 - width, width);
    }
    data_write(directory, "train-labels-idx1-ubyte", &bytes);
}

START_TEST(labels_of_every_width_are_read)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const int32_t labels[] = {0, 7, 100, 3};
    const uint16_t classes[] = {0, 2, 3, 1};
    const struct ff_dataset_spec spec = {.path = directory};
    static const struct {
        unsigned char type;
        size_t width;
    } types[] = {{0x08, 1}, {0x09, 1}, {0x0b, 2}, {0x0c, 4}};

    fixture->write(fixture, directory, 4);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct ff_dataset *dataset;
        unsigned char features[4 * 12];
        uint16_t got[4];
        size_t n;

        write_labels(types[t].type, types[t].width, labels, 4);
        ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
        ck_assert_uint_eq(dataset->info.classes, 4);
        ck_assert_int_eq(ff_dataset_read(dataset, 4, features, got, &n), FF_OK);
        for (size_t i = 0; i < 4; i++)
            ck_assert_uint_eq(got[i], classes[i]);
        ff_dataset_close(dataset);
    }
}
END_TEST

START_TEST(labels_that_are_not_one_integer_each_are_refused)
{
    const struct data_fixture *fixture = fixture_named("idx");
    struct data_bytes bytes;

    fixture->write(fixture, directory, 2);
    bytes = data_idx(0x08, 2, (const uint32_t[]){2, 3});
    data_put(&bytes, "abcdef", 6);
    data_write(directory, "train-labels-idx1-ubyte", &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_says("3 values");
    bytes = data_idx(0x0d, 1, (const uint32_t[]){2});
    data_put(&bytes, "\0\0\0\0\x3f\0\0", 8); /* 0 and 0.5 */
    data_write(directory, "train-labels-idx1-ubyte", &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_says("row 1 (from 0) is 0.5");
}
END_TEST

static int open_idx_of(unsigned axes, const uint32_t *lengths, struct ff_dataset_info *info)
{
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};
    struct data_bytes bytes = data_idx(0x08, axes, lengths);
    struct ff_dataset *dataset;
    size_t n = 1;
    int status;

    for (unsigned i = 0; i < axes; i++)
        n *= lengths[i];
    for (size_t i = 0; i < n && n < 1000; i++)
        data_put(&bytes, "", 1);
    data_write(directory, "train-images-idx3-ubyte", &bytes);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK) {
        *info = dataset->info;
        ff_dataset_close(dataset);
    }
    return status;
}

START_TEST(one_to_four_axes_are_described)
{
    static const struct {
        unsigned axes;
        uint32_t lengths[4], features, height, width, channels;
    } cases[] = {
        {1, {5}, 1, 0, 0, 0},
        {2, {5, 12}, 12, 0, 0, 0},
        {3, {5, 3, 4}, 12, 3, 4, 1},
        {4, {2, 6, 5, 3}, 90, 6, 5, 3},  /* channels last */
        {4, {2, 3, 6, 5}, 90, 6, 5, 3},  /* channels first */
        {4, {1, 6, 5, 7}, 210, 0, 0, 0}, /* neither */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ff_dataset_info info = {0};

        ck_assert_int_eq(open_idx_of(cases[i].axes, cases[i].lengths, &info), FF_OK);
        ck_assert_uint_eq(info.rows, cases[i].lengths[0]);
        ck_assert_uint_eq(info.features, cases[i].features);
        ck_assert_uint_eq(info.height, cases[i].height);
        ck_assert_uint_eq(info.width, cases[i].width);
        ck_assert_uint_eq(info.channels, cases[i].channels);
    }
}
END_TEST

START_TEST(no_rows_empty_rows_and_giant_rows_are_refused)
{
    struct ff_dataset_info info;

    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){0, 28, 28}, &info), FF_EINVAL);
    ck_says("holds no images");
    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){9, 28, 0}, &info), FF_EINVAL);
    ck_says("empty");
    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){9, 1u << 31, 1u << 31}, &info), FF_EINVAL);
    ck_says("limit");
    ck_assert_int_eq(open_idx_of(2, (const uint32_t[]){UINT32_MAX, 1u << 24}, &info), FF_ECORRUPT);
    ck_says("holds 0 of 4294967295 images");
}
END_TEST

START_TEST(a_float_that_is_not_finite_is_found)
{
    const struct data_fixture *fixture = fixture_named("idx, floats");
    static const struct {
        uint32_t bits;
        const char *says;
    } cases[] = {{0x7fc00000u, "not a number"}, {0x7f800000u, "infinite"}, {0xff800000u, "infin"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_bytes bytes, bad = {0};
        const size_t at = 12 + 4 * (6 * 5 + 2); /* row 6, column 2 */

        fixture->write(fixture, directory, 9);
        bytes = data_read(directory, fixture->images);
        data_put(&bad, bytes.at, at);
        data_put_be32(&bad, cases[i].bits);
        data_put(&bad, bytes.at + at + 4, bytes.n - at - 4);
        free(bytes.at);
        data_write(directory, fixture->images, &bad);
        ck_assert_int_eq(try_folder(), FF_ENUMERIC);
        ck_says("row 6, column 2");
        ck_says(cases[i].says);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: labels, shapes and values");
    TCase *labels = dataset_tcase(suite, "labels");
    TCase *values = dataset_tcase(suite, "values");

    tcase_add_test(labels, labels_of_every_width_are_read);
    tcase_add_test(labels, labels_that_are_not_one_integer_each_are_refused);
    tcase_add_test(values, one_to_four_axes_are_described);
    tcase_add_test(values, no_rows_empty_rows_and_giant_rows_are_refused);
    tcase_add_test(values, a_float_that_is_not_finite_is_found);
    return run_suite(suite);
}
