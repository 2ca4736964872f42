/* What a table of text is read as: headers, quotes, categories, labels, missing values, and the
 * columns of a model. */
#include "data/dataset.h"
#include "fixtures/data_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct ff_ctx *ctx;
static char *directory;
static struct ff_dataset *dataset;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    directory = data_folder();
}

static void teardown(void)
{
    ff_dataset_close(dataset);
    dataset = NULL;
    free(directory);
    ff_ctx_free(ctx);
}

/* Opens TEXT as a table, with the rest of SPEC. */
static int open_table(const char *text, struct ff_dataset_spec spec)
{
    struct data_bytes bytes = {0};

    ff_dataset_close(dataset);
    dataset = NULL;
    data_put(&bytes, text, strlen(text));
    data_write(directory, "table.csv", &bytes);
    spec.path = data_path(directory, "table.csv");
    return ff_dataset_open(ctx, &spec, &dataset);
}

static void ck_open(const char *text, struct ff_dataset_spec spec)
{
    ck_assert_msg(open_table(text, spec) == FF_OK, "%s", ff_ctx_message(ctx));
}

static void ck_refused(const char *text, struct ff_dataset_spec spec, const char *why)
{
    int status = open_table(text, spec);
    float values[64];
    uint16_t labels[16];
    size_t rows;

    if (status == FF_OK)
        status = ff_dataset_read(dataset, 16, values, labels, &rows);
    ck_assert_int_ne(status, FF_OK);
    ck_assert_msg(strstr(ff_ctx_message(ctx), why) != NULL, "%s", ff_ctx_message(ctx));
}

/* The rows are VALUES, (N, columns), with LABELS. */
static void ck_rows(size_t n, const float *values, const uint16_t *labels)
{
    float read[64];
    uint16_t read_labels[16];
    size_t rows, columns = dataset->info.features;

    ck_assert_uint_eq(dataset->info.rows, n);
    ck_assert_int_eq(ff_dataset_read(dataset, 16, read, read_labels, &rows), FF_OK);
    ck_assert_uint_eq(rows, n);
    for (size_t i = 0; i < n * columns; i++)
        ck_assert_float_eq(read[i], values[i]);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(read_labels[i], labels[i]);
}

static const struct ff_dataset_spec plain = {.path = NULL};

START_TEST(a_header_quotes_categories_and_labels_are_read)
{
    ck_open("\xef\xbb\xbfsize,\"the \"\"colour\"\"\",kind\r\n1.5,\"blue, dark\",cat\r\n\r\n"
            "-2e1, red,dog\r\n+.25,\"blue, dark\",\"cat\"",
            plain);
    ck_assert_uint_eq(dataset->info.features, 2);
    ck_assert_uint_eq(dataset->info.classes, 2);
    ck_assert_str_eq(dataset->schema.columns[1].name, "the \"colour\"");
    ck_assert_str_eq(dataset->schema.columns[1].categories[0], "blue, dark");
    ck_assert_str_eq(dataset->schema.classes[1], "dog");
    ck_assert_str_eq(dataset->schema.label_name, "kind");
    ck_rows(3, (const float[]){1.5f, 0, -20, 1, 0.25f, 0}, (const uint16_t[]){0, 1, 0});
}
END_TEST

START_TEST(labels_are_sorted_by_value_and_may_be_any_column)
{
    ck_open("10;3;x\n-1;4;y\n02;5;x\n10.0;6;x\n", (struct ff_dataset_spec){.label_column = "1"});
    ck_assert_uint_eq(dataset->info.classes, 3);
    ck_assert_str_eq(dataset->schema.classes[0], "-1");
    ck_assert_str_eq(dataset->schema.classes[2], "10");
    ck_rows(4, (const float[]){3, 0, 4, 1, 5, 0, 6, 0}, (const uint16_t[]){2, 0, 1, 2});
    ck_refused("a,b\n1,2\n", (struct ff_dataset_spec){.label_column = "c"}, "no column c");
}
END_TEST

START_TEST(a_text_among_numbers_makes_a_column_of_categories)
{
    ck_open("a,y\n1,0\n2,1\nmany,0\n1,1\n", plain);
    ck_assert_uint_eq(dataset->schema.columns[0].n_categories, 3);
    ck_rows(4, (const float[]){0, 1, 2, 0}, (const uint16_t[]){0, 1, 0, 1});
}
END_TEST

START_TEST(missing_values_are_errors_or_filled)
{
    const char *table = "a,b,y\n1,u,0\n?,v,1\n4,NA,0\n,v,1\n";

    ck_refused(table, plain, "line 3, column 1 (a): the value is missing");
    ck_open(table, (struct ff_dataset_spec){.fill_missing = true});
    ck_rows(4, (const float[]){1, 0, 2.5f, 1, 4, 1, 2.5f, 1}, (const uint16_t[]){0, 1, 0, 1});
    ck_refused("a,y\n1,0\n2,\n", (struct ff_dataset_spec){.fill_missing = true},
               "line 3, column 2 (y): the label is missing");
}
END_TEST

START_TEST(damage_is_found_with_its_line)
{
    ck_refused("a,y\n1,0\n2,1,3\n", plain, "line 3: has 3 fields, not 2");
    ck_refused("a,y\n\"1,0\n2,1\n", plain, "line 2: ");
    ck_refused("a,y\n\"1\"x,0\n", plain, "line 2: a quote");
    ck_refused("a,y\n1e39,0\n2,1\n", plain, "line 2, column 1 (a): the number is beyond");
    ck_refused("a,y\n", plain, "has no rows");
    ck_refused("", plain, "is empty");
    ck_refused("y\n1\n", plain, "no column but");
}
END_TEST

START_TEST(columns_of_a_model_are_found_by_name)
{
    struct ff_schema schema;
    struct ff_dataset_spec spec = {.schema = &schema};

    ck_open("a,c,y\n1,u,no\n2,v,yes\n", plain);
    ck_assert_int_eq(ff_schema_copy(ctx, &dataset->schema, &schema), FF_OK);
    ck_open("y,extra,c,a\nyes,9,v,3\nmaybe,9,w,4\n", spec);
    ck_assert_uint_eq(dataset->info.features, 2);
    ck_rows(2, (const float[]){3, 1, 4, FF_CATEGORY_UNSEEN},
            (const uint16_t[]){1, FF_LABEL_UNSEEN});
    ck_refused("y,a\nyes,3\n", spec, "has no column c");
    ck_refused("a,c,y\nmany,u,no\n", spec, "line 2, column 1 (a): is not a number");
    ff_schema_release(&schema);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: tables");
    TCase *tc = tcase_create("table");

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_header_quotes_categories_and_labels_are_read);
    tcase_add_test(tc, labels_are_sorted_by_value_and_may_be_any_column);
    tcase_add_test(tc, a_text_among_numbers_makes_a_column_of_categories);
    tcase_add_test(tc, missing_values_are_errors_or_filled);
    tcase_add_test(tc, damage_is_found_with_its_line);
    tcase_add_test(tc, columns_of_a_model_are_found_by_name);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
