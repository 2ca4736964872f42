/* Texts: rows, vocabulary, what is not a text, and texts for a model. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"
#include "text/vocabulary.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 1200
#define MOST_VALUES (MOST_ROWS * 8)
#define NONE FF_SYMBOL_NONE

/* A dataset as it was read. */
struct content {
    struct ff_dataset_info info;
    struct ff_schema schema;
    uint8_t values[MOST_VALUES];
    uint16_t labels[MOST_ROWS];
};

static struct content content; /* to be released after each test */

static void write_bytes(const char *name, const char *text, size_t n)
{
    struct data_bytes bytes = {0};

    data_put(&bytes, text, n);
    data_write(directory, name, &bytes);
}

/* Reads the file NAME by SPEC, whose path is set, to CONTENT. */
static int read_rows(const char *name, struct ff_dataset_spec spec)
{
    struct ff_dataset *dataset;
    size_t rows = 0, got = 1;
    int status;

    ff_schema_release(&content.schema);
    memset(&content, 0, sizeof content);
    spec.path = data_path(directory, name);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status != FF_OK)
        return status;
    content.info = dataset->info;
    ck_assert_uint_le(dataset->info.rows, MOST_ROWS);
    ck_assert_uint_le(dataset->info.rows * dataset->info.features, MOST_VALUES);
    while (status == FF_OK && got > 0) {
        status = ff_dataset_read(dataset, 3, content.values + rows * dataset->info.features,
                                 content.labels + rows, &got);
        rows += got;
    }
    content.schema = dataset->schema;
    dataset->schema = (struct ff_schema){.n_columns = 0};
    ff_dataset_close(dataset);
    ck_assert(status != FF_OK || rows == content.info.rows);
    return status;
}

static void take(const char *text, struct ff_dataset_spec spec)
{
    write_bytes("x.txt", text, strlen(text));
    ck_assert_msg(read_rows("x.txt", spec) == FF_OK, "%s: %s", text, ff_ctx_message(ctx));
    ck_assert_str_eq(content.info.format, "text");
}

static void ck_fails(const char *text, size_t n, int status, const char *says)
{
    write_bytes("x.txt", text, n);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.context = 2}), status);
    ck_assert_msg(strstr(ff_ctx_message(ctx), says), "%s", ff_ctx_message(ctx));
}

static void release(void)
{
    ff_schema_release(&content.schema);
}

START_TEST(a_row_is_the_characters_before_one)
{
    /* a b c are symbols 0 1 2 */
    const uint8_t rows[][3] = {{NONE, NONE, NONE}, {NONE, NONE, 0}, {NONE, 0, 1},
                               {0, 1, 2},          {1, 2, 2},       {2, 2, 0}};
    static const uint16_t labels[] = {0, 1, 2, 2, 0, 1};

    take("abccab", (struct ff_dataset_spec){.context = 3});
    ck_assert_uint_eq(content.info.rows, 6);
    ck_assert_uint_eq(content.info.features, 3);
    ck_assert_uint_eq(content.info.classes, 3);
    ck_assert(!content.info.is_float);
    ck_assert_mem_eq(content.values, rows, sizeof rows);
    ck_assert_mem_eq(content.labels, labels, sizeof labels);
    ck_assert_uint_eq(content.schema.context, 3);
    ck_assert_uint_eq(ff_schema_inputs(&content.schema, 3), 9);
}
END_TEST

START_TEST(the_context_has_a_default)
{
    write_bytes("x.txt", "ab", 2);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){0}), FF_OK);
    ck_assert_uint_eq(content.info.features, FF_DEFAULT_CONTEXT);
}
END_TEST

START_TEST(characters_are_those_of_unicode_in_ascending_order)
{
    take("\xef\xbb\xbf\xc3\x86g\n\xe2\x82\xac\xf0\x9f\xa6\x8a"
         "g", /* BOM Ae g LF Euro fox g */
         (struct ff_dataset_spec){.context = 1});
    ck_assert_uint_eq(content.info.rows, 6);
    ck_assert_uint_eq(content.schema.n_classes, 5);
    ck_assert_str_eq(content.schema.classes[0], "\n");
    ck_assert_str_eq(content.schema.classes[1], "g");
    ck_assert_str_eq(content.schema.classes[2], "\xc3\x86");
    ck_assert_str_eq(content.schema.classes[3], "\xe2\x82\xac");
    ck_assert_str_eq(content.schema.classes[4], "\xf0\x9f\xa6\x8a");
    ck_assert_uint_eq(content.labels[0], 2);
    ck_assert_uint_eq(content.labels[5], 1);
}
END_TEST

START_TEST(case_is_folded_on_request)
{
    take("aA\xc3\x86\xc3\xa6", (struct ff_dataset_spec){.context = 1, .fold_case = true});
    ck_assert_uint_eq(content.schema.n_classes, 2);
    ck_assert(content.schema.folds_case);
    ck_assert_uint_eq(content.labels[1], 0);
    ck_assert_uint_eq(content.labels[2], content.labels[3]);
}
END_TEST

/* Characters longer than a byte lie across every boundary of buffers. */
START_TEST(a_long_text_is_read_whole)
{
    struct data_bytes bytes = {0};
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.txt"), .context = 2};
    uint64_t rows, sum, again;

    for (size_t i = 0; i < 30000; i++)
        data_put(&bytes, i % 3 ? "\xe2\x82\xac" : "x", i % 3 ? 3 : 1);
    data_write(directory, "x.txt", &bytes);
    ck_assert_int_eq(read_all(&spec, 100, &rows, &sum), FF_OK);
    ck_assert_uint_eq(rows, 30000);
    ck_assert_int_eq(read_all(&spec, 7, &rows, &again), FF_OK);
    ck_assert_uint_eq(sum, again);
}
END_TEST

/* CHARACTERS different ones, the first most often. */
static void write_many(uint32_t characters)
{
    struct data_bytes bytes = {0};
    char text[FF_CHARACTER_BYTES + 1];

    for (uint32_t times = 0; times < 2; times++)
        for (uint32_t c = 0; c < characters - times * 100; c++)
            data_put(&bytes, text, ff_utf8_write(0x400 + c, text));
    data_write(directory, "x.txt", &bytes);
}

START_TEST(rare_characters_are_replaced_beyond_255)
{
    write_many(255);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.context = 1}), FF_OK);
    ck_assert_uint_eq(content.info.classes, 255);
    ck_assert_str_eq(content.schema.classes[254], "\xd3\xbe");
    write_many(300);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.context = 1}), FF_OK);
    ck_assert_uint_eq(content.info.classes, 255);
    ck_assert_str_eq(content.schema.classes[254], "\xef\xbf\xbd");
    ck_assert_uint_eq(content.labels[253], 253);
    ck_assert_uint_eq(content.labels[254], 254);
    ck_assert_uint_eq(content.labels[299], 254);
}
END_TEST

START_TEST(a_text_for_a_model_has_its_vocabulary)
{
    struct ff_schema model;

    take("abc", (struct ff_dataset_spec){.context = 2});
    model = content.schema;
    content.schema = (struct ff_schema){.n_columns = 0};
    write_bytes("other.md", "cx,a", 4);
    ck_assert_int_eq(read_rows("other.md", (struct ff_dataset_spec){.schema = &model}), FF_OK);
    ck_assert_uint_eq(content.info.classes, 3);
    ck_assert_uint_eq(content.labels[0], 2);
    ck_assert_uint_eq(content.labels[1], FF_LABEL_UNSEEN);
    ck_assert_uint_eq(content.labels[3], 0);
    ck_assert_uint_eq(content.values[2 * 2 + 1], NONE);
    ck_assert_int_eq(
        read_rows("other.md", (struct ff_dataset_spec){.schema = &model, .unlabelled = true}),
        FF_OK);
    ck_assert_uint_eq(content.info.classes, 0);
    ff_schema_release(&model);
}
END_TEST

START_TEST(a_text_and_other_data_are_not_exchanged)
{
    const struct ff_schema numbers = {.features = 2, .n_classes = 2},
                           text = {.features = 2, .n_classes = 2, .context = 2};
    struct ff_dataset_spec spec = {.path = directory, .schema = &numbers, .split = FF_SPLIT_TEST};
    struct ff_dataset *dataset;

    write_bytes("test.txt", "abc", 3);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EMISMATCH);
    ck_assert_ptr_nonnull(
        strstr(ff_ctx_message(ctx), "a text, but the model was trained on other"));
    remove(data_path(directory, "test.txt"));
    write_bytes("test.csv", "1,2,a\n", 6);
    spec.schema = &text;
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "the model was trained on a text"));
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    char message[64];

    ck_fails("", 0, FF_EINVAL, "holds no characters");
    ck_fails("\xef\xbb\xbf", 3, FF_EINVAL, "holds no characters");
    ck_fails("a\nb\xff", 4, FF_ECORRUPT, "x.txt: line 2: byte 0xff is not UTF-8; convert");
    ck_fails("a\xc3", 2, FF_ECORRUPT, "line 1: byte 0xc3 is not UTF-8");
    ck_fails("\xed\xa0\x80", 3, FF_ECORRUPT, "byte 0xed is not UTF-8");
    ck_fails("a\0b", 3, FF_ECORRUPT, "line 1: byte 0x00: this is not text");
    snprintf(message, sizeof message, "at most %u characters", FF_MAX_CONTEXT);
    write_bytes("x.txt", "ab", 2);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.context = FF_MAX_CONTEXT + 1}),
                     FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), message));
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.labels = "y.txt"}), FF_EINVAL);
    ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.arrays = "x"}), FF_EINVAL);
}
END_TEST

START_TEST(the_options_of_texts_are_for_texts)
{
    const struct ff_dataset_spec specs[] = {{.path = directory, .context = 3},
                                            {.path = directory, .fold_case = true}};

    write_bytes("train.csv", "1,2,a\n3,4,b\n", 12);
    ck_refused(&specs[0], FF_EINVAL, "--context is for texts");
    ck_refused(&specs[1], FF_EINVAL, "--fold-case is for texts");
}
END_TEST

/* Tables come in files of this name, too. */
START_TEST(a_table_in_a_txt_file_stays_one)
{
    static const char *const tables[] = {"1,2,a\n3,4,b\n5,6,a\n", "1 1:2\n0 2:1\n"};
    static const char prose[] = "One, two\nand, three\nand four\n";

    for (size_t i = 0; i < 2; i++) {
        write_bytes("x.txt", tables[i], strlen(tables[i]));
        ck_assert_int_eq(read_rows("x.txt", (struct ff_dataset_spec){.unlabelled = true}), FF_OK);
        ck_assert_str_eq(content.info.format, i ? "svmlight" : "csv");
    }
    take(tables[0], (struct ff_dataset_spec){.context = 3});
    take(prose, (struct ff_dataset_spec){0});
    write_bytes("x.txt", prose, strlen(prose));
    ck_assert_int_ne(read_rows("x.txt", (struct ff_dataset_spec){.label_column = "1"}), FF_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text: texts");
    TCase *tc = dataset_tcase(suite, "texts");

    tcase_add_checked_fixture(tc, NULL, release);
    tcase_add_test(tc, a_row_is_the_characters_before_one);
    tcase_add_test(tc, the_context_has_a_default);
    tcase_add_test(tc, characters_are_those_of_unicode_in_ascending_order);
    tcase_add_test(tc, case_is_folded_on_request);
    tcase_add_test(tc, a_long_text_is_read_whole);
    tcase_add_test(tc, rare_characters_are_replaced_beyond_255);
    tcase_add_test(tc, a_text_for_a_model_has_its_vocabulary);
    tcase_add_test(tc, a_text_and_other_data_are_not_exchanged);
    tcase_add_test(tc, what_is_no_text_is_refused);
    tcase_add_test(tc, the_options_of_texts_are_for_texts);
    tcase_add_test(tc, a_table_in_a_txt_file_stays_one);
    return run_suite(suite);
}
