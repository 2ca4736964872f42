/* Sparse rows of svmlight and libsvm: spellings, faults and where they are, data for a model. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"
#include "table/sparse.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 8
#define MOST_VALUES 64

/* A dataset as it was read. */
struct content {
    struct ff_dataset_info info;
    struct ff_schema schema;
    float values[MOST_VALUES];
    uint16_t labels[MOST_ROWS];
};

static char warning[512];

static void keep_warning(void *arg, const char *text)
{
    (void)arg;
    snprintf(warning, sizeof warning, "%s", text);
}

static void write_text(const char *name, const char *text, size_t n)
{
    struct data_bytes bytes = {0};

    data_put(&bytes, text, n);
    data_write(directory, name, &bytes);
}

/* Reads the file NAME of TEXT by SPEC, whose path is set. CONTENT is to be released on FF_OK. */
static int read_rows(const char *name, const char *text, struct ff_dataset_spec spec,
                     struct content *content)
{
    struct ff_dataset *dataset;
    size_t rows = 0;
    int status;

    memset(content, 0, sizeof *content);
    write_text(name, text, strlen(text));
    spec.path = data_path(directory, name);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status != FF_OK)
        return status;
    content->info = dataset->info;
    ck_assert_str_eq(dataset->info.format, "svmlight");
    ck_assert_uint_le(dataset->info.rows, MOST_ROWS);
    ck_assert_uint_le(dataset->info.rows * dataset->info.features, MOST_VALUES);
    status = ff_dataset_read(dataset, MOST_ROWS, content->values, content->labels, &rows);
    if (status == FF_OK) {
        ck_assert_uint_eq(rows, dataset->info.rows);
        content->schema = dataset->schema;
        dataset->schema = (struct ff_schema){.n_columns = 0};
    }
    ff_dataset_close(dataset);
    return status;
}

static struct content take_rows(const char *name, const char *text, struct ff_dataset_spec spec)
{
    struct content content;

    ck_assert_msg(read_rows(name, text, spec, &content) == FF_OK, "%s: %s", text,
                  ff_ctx_message(ctx));
    return content;
}

static void ck_fails(const char *text, struct ff_dataset_spec spec, int status, const char *says)
{
    struct content content;

    ck_assert_msg(read_rows("x.svm", text, spec, &content) == status, "%s: %s", text,
                  ff_ctx_message(ctx));
    ck_assert_msg(strstr(ff_ctx_message(ctx), says), "%s", ff_ctx_message(ctx));
}

/* The rows of TEXT are VALUES, (ROWS, FEATURES), and have LABELS. */
static void ck_reads(const char *text, uint32_t rows, uint32_t features, const float *values,
                     const uint16_t *labels)
{
    struct content content = take_rows("x.svm", text, (struct ff_dataset_spec){0});

    ck_assert_uint_eq(content.info.rows, rows);
    ck_assert_uint_eq(content.info.features, features);
    ck_assert(content.info.is_float);
    ck_assert_mem_eq(content.values, values, rows * features * sizeof *values);
    ck_assert_mem_eq(content.labels, labels, rows * sizeof *labels);
    ff_schema_release(&content.schema);
}

START_TEST(every_spelling_reads_the_same)
{
    static const char *const texts[] = {
        "1 2:0.5 4:-3\n0\n1 1:1e2\n",
        "1 2:.5 4:-3.0\n0\n1 1:100", /* no last line end */
        "+1 2:+0.5 4:-3 \r\n0.0\r\n1.0 1:100\r\n",
        "\xef\xbb\xbf"
        "1\t2:0.5\t4:-3\n0\n1 1:100\n",
        "# file\n\n1 2:0.5 4:-3 # row\n  \n0 # none\n1 1:100#x\n# end",
        "1 qid:7 2:5e-1 4:-3\n0 qid:7\n01 qid:8 1:100\n",
        "  1   2:0.5   3:0 4:-3\n 0\n 1e0 1:100 4:0\n",
    };
    static const float values[] = {0, 0.5f, 0, -3, 0, 0, 0, 0, 100, 0, 0, 0};
    static const uint16_t labels[] = {1, 0, 1};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_reads(texts[i], 3, 4, values, labels);
}
END_TEST

START_TEST(indices_count_from_zero_if_one_is_zero)
{
    static const float values[] = {0, 2, 0, 0, 5, 0};
    static const uint16_t labels[] = {0, 1};

    ck_reads("0 1:2\n1 0:0 1:5\n", 2, 2, (const float[]){0, 2, 0, 5}, labels);
    ck_reads("0 2:2\n1 2:5 3:0\n", 2, 3, values, labels);
}
END_TEST

START_TEST(labels_are_classes_in_their_order)
{
    struct content content =
        take_rows("x.svm", "+1 1:1\n-1 1:2\n10 1:3\n2 1:4\n", (struct ff_dataset_spec){0});
    static const char *const names[] = {"-1", "1", "2", "10"};
    static const uint16_t labels[] = {1, 0, 3, 2};

    ck_assert_uint_eq(content.info.classes, 4);
    ck_assert_uint_eq(content.schema.n_classes, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(content.schema.classes[i], names[i]);
    ck_assert_mem_eq(content.labels, labels, sizeof labels);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_fault_is_reported_with_line_and_character)
{
    static const struct ff_dataset_spec spec = {0};

    ck_fails("1 1:2\n\n0 3:1 2:1\n", spec, FF_ECORRUPT,
             "x.svm: line 3, character 7: index 2 after 3; indices must ascend");
    ck_fails("1 1:2 1:2\n", spec, FF_ECORRUPT, "line 1, character 7: index 1 after 1");
    ck_fails("1 1:2\n0 1:x\n", spec, FF_ECORRUPT, "line 2, character 3: value \"x\" is not a");
    ck_fails("1 1:\n", spec, FF_ECORRUPT, "value \"\" is not a number");
    ck_fails("1 1:nan\n", spec, FF_ECORRUPT, "value \"nan\" is not a number");
    ck_fails("1 1:1e39\n", spec, FF_ENUMERIC, "character 3: 1e39 is beyond the range of float");
    ck_fails("1 -1:2\n", spec, FF_ECORRUPT, "\"-1\" is not an index");
    ck_fails("1 :2\n", spec, FF_ECORRUPT, "\"\" is not an index");
    ck_fails("1 1:2 qid:1\n", spec, FF_ECORRUPT, "\"qid\" is not an index");
    ck_fails("1 16777216:2\n", spec, FF_EINVAL, "index 16777216 is too large");
    ck_fails("1 99999999999999999999999:2\n", spec, FF_EINVAL, "is too large");
    ck_fails("1 5\n", spec, FF_ECORRUPT, "\"5\" is not INDEX:VALUE");
    ck_fails("1,3 5:1\n", spec, FF_EINVAL, "\"1,3\" is more than one label");
    ck_fails("0.5 5:1\n", spec, FF_EINVAL, "label 0.5 is not an integer");
    ck_fails("1e17 5:1\n", spec, FF_EINVAL, "label 1e17 is not an integer");
    ck_fails("yes 5:1\n", spec, FF_ECORRUPT, "\"yes\" is not a label");
    ck_fails("1 1:1\n 2:3 4:5\n", spec, FF_EINVAL,
             "line 2, character 2: the label is missing before \"2:3\"");
    ck_fails("1\n0\n", spec, FF_EINVAL, "no row has a value");
    ck_fails("# nothing\n", spec, FF_EINVAL, "has 0 rows");
    ck_fails("1 1:1\n", (struct ff_dataset_spec){.labels = "y"}, FF_EINVAL, "--labels is not");
}
END_TEST

START_TEST(binary_bytes_and_long_fields_are_faults)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.svm")};
    char text[FF_SPARSE_FIELD_BYTES + 8];

    write_text("x.svm", "1 1:2\0003\n", 9);
    ck_refused(&spec, FF_ECORRUPT, "a NUL byte");
    memset(text, '1', sizeof text);
    text[1] = ' ';
    write_text("x.svm", text, sizeof text);
    ck_refused(&spec, FF_ECORRUPT, "character 3: \"11111111111111111111...\" is too long");
}
END_TEST

START_TEST(too_many_labels_are_refused)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.svm")};
    struct data_bytes bytes = {0};
    char text[32];

    for (int i = 0; i <= (int)FF_MAX_DATA_CLASSES; i++) {
        snprintf(text, sizeof text, "%d 1:1\n", i - 7);
        data_put(&bytes, text, strlen(text));
    }
    data_write(directory, "x.svm", &bytes);
    ck_refused(&spec, FF_EINVAL, "line 1001, character 1: more than 1000 different labels");
}
END_TEST

/* Lines are longer than any buffer, and fields are cut at every place by its end. */
START_TEST(a_line_may_have_any_length)
{
    const uint32_t features = 200003;
    const struct ff_dataset_spec spec = {.path = data_path(directory, "wide.svm")};
    float *row = calloc(features, sizeof *row);
    struct data_bytes bytes = {0};
    struct ff_dataset *dataset;
    uint16_t label;
    char text[32];
    size_t n;

    data_put(&bytes, "3", 1);
    for (uint32_t j = 1; j <= features; j++) {
        snprintf(text, sizeof text, " %u:%u", j, j * 7 % 1000);
        data_put(&bytes, text, strlen(text));
    }
    data_write(directory, "wide.svm", &bytes);
    ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(dataset->info.features, features);
    ck_assert_int_eq(ff_dataset_read(dataset, 1, row, &label, &n), FF_OK);
    for (uint32_t j = 0; j < features; j++)
        ck_assert(row[j] == (float)((j + 1) * 7 % 1000));
    ff_dataset_close(dataset);
    free(row);
}
END_TEST

START_TEST(data_for_a_model_has_its_features_and_classes)
{
    static char minus[] = "-1", plus[] = "1";
    static char *classes[] = {minus, plus};
    const struct ff_schema schema = {
        .features = 3, .index_base = FF_INDEX_FROM_1, .n_classes = 2, .classes = classes};
    const struct ff_dataset_spec spec = {.schema = &schema};
    struct content content;

    warning[0] = '\0';
    ff_ctx_on_warning(ctx, keep_warning, NULL);
    content = take_rows("x.svm", "+1 1:5\n-1\n7 2:1\n", spec);
    ck_assert_uint_eq(content.info.features, 3);
    ck_assert_mem_eq(content.values, ((const float[]){5, 0, 0, 0, 0, 0, 0, 1, 0}),
                     9 * sizeof(float));
    ck_assert_mem_eq(content.labels, ((const uint16_t[]){1, 0, FF_LABEL_UNSEEN}),
                     3 * sizeof(uint16_t));
    ck_assert_str_eq(warning, "");
    ff_schema_release(&content.schema);
    content = take_rows("x.svm", "1 3:5 4:6 90:7\n", spec);
    ck_assert_uint_eq(content.info.features, 3);
    ck_assert(content.values[2] == 5);
    ck_assert_ptr_nonnull(strstr(warning, "features above index 3, which the model"));
    ff_schema_release(&content.schema);
    ck_fails("1 1:2\n-1 0:5\n", spec, FF_EMISMATCH, "line 2, character 4: index 0, but");
}
END_TEST

START_TEST(data_for_a_model_counts_indices_like_its_training_data)
{
    const struct ff_schema zero = {.features = 2, .index_base = FF_INDEX_FROM_0, .n_classes = 2};
    const struct ff_schema unknown = {.features = 2, .n_classes = 2};
    struct content content =
        take_rows("x.svm", "1 1:5\n", (struct ff_dataset_spec){.schema = &zero});

    ck_assert(content.values[0] == 0 && content.values[1] == 5);
    ff_schema_release(&content.schema);
    content = take_rows("x.svm", "1 1:5\n", (struct ff_dataset_spec){.schema = &unknown});
    ck_assert(content.values[0] == 5 && content.values[1] == 0);
    ff_schema_release(&content.schema);
    content = take_rows("x.svm", "1 0:5\n", (struct ff_dataset_spec){.schema = &unknown});
    ck_assert(content.values[0] == 5 && content.values[1] == 0);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(unlabelled_rows_may_lack_the_label)
{
    const struct ff_dataset_spec spec = {.unlabelled = true};
    struct content content = take_rows("x.svm", "1:2 2:3\n7 1:4\nqid:3 2:1\n", spec);

    ck_assert_uint_eq(content.info.rows, 3);
    ck_assert_uint_eq(content.info.classes, 0);
    ck_assert_mem_eq(content.values, ((const float[]){2, 3, 4, 0, 0, 1}), 6 * sizeof(float));
    ff_schema_release(&content.schema);
    ck_fails("1,2 1:2\n", spec, FF_EINVAL, "more than one label");
}
END_TEST

static const char *format_of(const char *name, const char *text, bool unlabelled)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, name),
                                         .unlabelled = unlabelled};
    struct ff_dataset *dataset;
    const char *format;
    int status;

    write_text(name, text, strlen(text));
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status != FF_OK)
        return status == FF_EFORMAT ? "" : "fails";
    format = dataset->info.format;
    ff_dataset_close(dataset);
    return format;
}

START_TEST(a_file_of_another_name_is_known_by_its_first_line)
{
    static const char rows[] = "-1 3:1 11:1\n+1 5:1\n";

    ck_assert_str_eq(format_of("a1a", rows, false), "svmlight");
    ck_assert_str_eq(format_of("covtype.libsvm.binary.scale", rows, false), "svmlight");
    ck_assert_str_eq(format_of("x.libsvm", rows, false), "svmlight");
    ck_assert_str_eq(format_of("x.svmlight", rows, false), "svmlight");
    ck_assert_str_eq(format_of("comment", "# a\n1 1:1\n", false), "svmlight");
    ck_assert_str_eq(format_of("unlabelled", "3:1 4:1\n", true), "svmlight");
    ck_assert_str_eq(format_of("unlabelled", "3:1 4:1\n", false), "");
    ck_assert_str_eq(format_of("rows.csv", "1 3:1 #,5\n2 4:1 #,6\n", false), "csv");
    ck_assert_str_eq(format_of("numbers", "1 2 3\n", false), "");
    ck_assert_str_eq(format_of("number", "1\n2\n", false), "");
    ck_assert_str_eq(format_of("prose", "No data here: none.\n", false), "");
    ck_assert_str_eq(format_of("empty", "", false), "");
}
END_TEST

/* The end of a file that is longer than the buffers is overwritten between the passes. */
START_TEST(rows_that_change_while_they_are_read_are_an_error)
{
    static const char *const later[] = {"#       ", "5 1:1 \n ", "0 4:1 \n ", "1:1 2:1\n",
                                        "0\n1 1:1\n"};
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.svm")};

    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct data_bytes bytes = {0};
        struct ff_dataset *dataset;
        float values[4];
        uint16_t labels[2];
        FILE *file;
        size_t n;

        data_put(&bytes, "1 1:1\n#", 7);
        for (size_t j = 0; j < (size_t)1 << 18; j++)
            data_put(&bytes, "x", 1);
        data_put(&bytes, "\n0 2:1  \n", 9);
        data_write(directory, "x.svm", &bytes);
        ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
        file = fopen(spec.path, "r+b");
        ck_assert(file && fseek(file, -8, SEEK_END) == 0 && fputs(later[i], file) >= 0 &&
                  fclose(file) == 0);
        ck_assert_int_eq(ff_dataset_read(dataset, 2, values, labels, &n), FF_EMISMATCH);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "changed while it was read"));
        ff_dataset_close(dataset);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table: svmlight");
    TCase *tc = dataset_tcase(suite, "svmlight");

    tcase_add_test(tc, every_spelling_reads_the_same);
    tcase_add_test(tc, indices_count_from_zero_if_one_is_zero);
    tcase_add_test(tc, labels_are_classes_in_their_order);
    tcase_add_test(tc, a_fault_is_reported_with_line_and_character);
    tcase_add_test(tc, binary_bytes_and_long_fields_are_faults);
    tcase_add_test(tc, too_many_labels_are_refused);
    tcase_add_test(tc, a_line_may_have_any_length);
    tcase_add_test(tc, data_for_a_model_has_its_features_and_classes);
    tcase_add_test(tc, data_for_a_model_counts_indices_like_its_training_data);
    tcase_add_test(tc, unlabelled_rows_may_lack_the_label);
    tcase_add_test(tc, a_file_of_another_name_is_known_by_its_first_line);
    tcase_add_test(tc, rows_that_change_while_they_are_read_are_an_error);
    return run_suite(suite);
}
