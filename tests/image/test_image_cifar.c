/* CIFAR-10 and CIFAR-100: files, labels, and names of classes. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 11

static void write_named(const char *name, size_t rows)
{
    const struct data_fixture *fixture = fixture_named(name);

    fixture->write(fixture, directory, rows);
}

/* Writes N names, "PREFIX 0" and so on, a line each, and a blank line. */
static void write_names(const char *file, const char *prefix, unsigned n)
{
    struct data_bytes bytes = {0};
    char line[64];

    for (unsigned i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%s %u\r\n", prefix, i);
        data_put(&bytes, line, strlen(line));
    }
    data_put(&bytes, "\n", 1);
    data_write(directory, file, &bytes);
}

static struct ff_dataset *take(const struct ff_dataset_spec *spec)
{
    struct ff_dataset *dataset;

    ck_assert_msg(ff_dataset_open(ctx, spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    return dataset;
}

/* The label of the first row. */
static uint16_t first_label(const struct ff_dataset_spec *spec)
{
    struct ff_dataset *dataset = take(spec);
    unsigned char values[3072];
    uint16_t label;
    size_t n;

    ck_assert_int_eq(ff_dataset_read(dataset, 1, values, &label, &n), FF_OK);
    ff_dataset_close(dataset);
    return label;
}

/* ---- Files ---- */

START_TEST(a_gap_between_cifar10_batches_is_an_error)
{
    write_named("cifar10, batches", 5);
    ck_assert_int_eq(unlink(data_path(directory, "data_batch_2.bin")), 0);
    ck_assert_int_eq(try_folder(), FF_ENOTFOUND);
    ck_says("data_batch_2.bin");
}
END_TEST

START_TEST(labels_have_a_range)
{
    static const struct {
        const char *fixture;
        size_t at; /* the label of row 2 */
        unsigned char label;
        const char *says;
    } cases[] = {{"cifar10", 2 * 3073, 10, "label 10 of row 2"},
                 {"cifar100", 2 * 3074, 20, "coarse 20 of row 2"},
                 {"cifar100", 2 * 3074 + 1, 100, "fine 100 of row 2"}};
    const struct data_fixture *fixture = fixture_named(cases[_i].fixture);
    struct data_bytes bytes;

    fixture->write(fixture, directory, 3);
    bytes = data_read(directory, fixture->images);
    bytes.at[cases[_i].at] = cases[_i].label;
    data_write(directory, fixture->images, &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_says(cases[_i].says);
}
END_TEST

/* The size of a compressed file does not distinguish the two. */
START_TEST(a_file_is_recognised_by_size_or_name)
{
    static const char *const names[] = {"a.bin", "train.bin.gz"};
    struct ff_dataset_spec spec = {0};
    struct data_bytes bytes;
    struct ff_dataset *dataset;

    write_named("cifar100", ROWS);
    bytes = data_read(directory, "train.bin");
    if (_i == 0)
        data_write(directory, names[_i], &bytes);
    else
        data_write_gz(directory, names[_i], &bytes);
    spec.path = data_path(directory, names[_i]);
    dataset = take(&spec);
    ck_assert_str_eq(dataset->info.format, "cifar100");
    ff_dataset_close(dataset);
}
END_TEST

/* ---- Labels ---- */

START_TEST(the_label_of_cifar100_is_fine_or_coarse)
{
    static const struct {
        const char *column;
        unsigned classes, label;
        const char *name;
    } cases[] = {{NULL, 100, 9, "fine"},
                 {"fine", 100, 9, "fine"},
                 {"coarse", 20, 19, "coarse"},
                 {"1", 20, 19, "coarse"}};
    const struct ff_dataset_spec spec = {.path = directory, .label_column = cases[_i].column};
    struct ff_dataset *dataset;
    struct ff_schema schema;

    write_named("cifar100", ROWS);
    dataset = take(&spec);
    ck_assert_uint_eq(dataset->info.classes, cases[_i].classes);
    ck_assert_str_eq(dataset->schema.label_name, cases[_i].name);
    ck_assert_int_eq(ff_schema_copy(ctx, &dataset->schema, &schema), FF_OK);
    ff_dataset_close(dataset);
    ck_assert_uint_eq(first_label(&spec), cases[_i].label);
    /* With the model the label is the same. */
    ck_assert_uint_eq(first_label(&(struct ff_dataset_spec){.path = directory, .schema = &schema}),
                      cases[_i].label);
    ff_schema_release(&schema);
}
END_TEST

START_TEST(an_unknown_label_lists_the_labels)
{
    const struct ff_dataset_spec spec = {.path = directory, .label_column = "rough"};
    struct ff_dataset *dataset;

    write_named("cifar100", ROWS);
    ck_status(ff_dataset_open(ctx, &spec, &dataset), FF_EINVAL, "coarse and fine");
}
END_TEST

/* ---- Names ---- */

START_TEST(names_are_read_from_the_file_beside_them)
{
    struct ff_dataset_spec spec = {.path = directory};
    struct ff_dataset *dataset;

    write_named(_i ? "cifar100" : "cifar10", ROWS);
    write_names(_i ? "fine_label_names.txt" : "batches.meta.txt", "kind", _i ? 100 : 10);
    for (unsigned as_file = 0; as_file < 2; as_file++) {
        if (as_file)
            spec.path = data_path(directory, _i ? "train.bin" : "data_batch_1.bin");
        dataset = take(&spec);
        ck_assert_str_eq(dataset->schema.classes[9], "kind 9");
        ff_dataset_close(dataset);
        ck_assert_uint_eq(first_label(&spec), 9);
    }
}
END_TEST

START_TEST(a_wrong_number_of_names_is_an_error)
{
    write_named("cifar10", ROWS);
    write_names("batches.meta.txt", "kind", 9);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_says("batches.meta.txt: has 9 names of classes instead of 10");
}
END_TEST

/* Classes of a model in another order, under names, numbers, or others. */
START_TEST(labels_are_the_classes_of_the_model)
{
    static const struct {
        const char *prefix; /* of the model's names, in descending order; NULL: it has none */
        unsigned classes;
        bool named; /* the data has names */
        uint16_t label;
    } cases[] = {
        {"kind ", 10, true, 0},
        {"", 10, true, 0},
        {"other ", 10, true, FF_LABEL_UNSEEN},
        {NULL, 10, true, 9},
        {NULL, 10, false, 9},
        {"other ", 10, false, 9},
        {"", 10, false, 0},
        {"other ", 9, false, FF_LABEL_UNSEEN},
    };
    char names[10][16], *list[10];
    const struct ff_schema schema = {.n_classes = cases[_i].classes,
                                     .classes = cases[_i].prefix ? list : NULL};
    const struct ff_dataset_spec spec = {.path = directory, .schema = &schema};
    struct ff_dataset *dataset;

    for (unsigned i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "%s%u", cases[_i].prefix ? cases[_i].prefix : "",
                 9 - i);
        list[i] = names[i];
    }
    write_named("cifar10", ROWS);
    if (cases[_i].named)
        write_names("batches.meta.txt", "kind", 10);
    dataset = take(&spec);
    ck_assert_uint_eq(dataset->info.classes, cases[_i].classes);
    ff_dataset_close(dataset);
    ck_assert_uint_eq(first_label(&spec), cases[_i].label);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image: CIFAR");
    TCase *files = dataset_tcase(suite, "files");
    TCase *labels = dataset_tcase(suite, "labels");

    tcase_add_test(files, a_gap_between_cifar10_batches_is_an_error);
    tcase_add_loop_test(files, labels_have_a_range, 0, 3);
    tcase_add_loop_test(files, a_file_is_recognised_by_size_or_name, 0, 2);
    tcase_add_loop_test(labels, the_label_of_cifar100_is_fine_or_coarse, 0, 4);
    tcase_add_test(labels, an_unknown_label_lists_the_labels);
    tcase_add_loop_test(labels, names_are_read_from_the_file_beside_them, 0, 2);
    tcase_add_test(labels, a_wrong_number_of_names_is_an_error);
    tcase_add_loop_test(labels, labels_are_the_classes_of_the_model, 0, 8);
    return run_suite(suite);
}
