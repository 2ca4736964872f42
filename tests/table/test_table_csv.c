/* Tables of text: how records are split, what is a header, what columns mean, where faults are. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

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

static void write_table(const char *name, const char *text, size_t n)
{
    struct data_bytes bytes = {0};

    data_put(&bytes, text, n);
    data_write(directory, name, &bytes);
}

/* Reads the table NAME of TEXT by SPEC, whose path is set. CONTENT, which may be NULL, is to be
 * released on FF_OK. */
static int read_table(const char *name, const char *text, struct ff_dataset_spec spec,
                      struct content *content)
{
    struct content local;
    struct content *out = content ? content : &local;
    struct ff_dataset *dataset;
    size_t rows = 0;
    int status;

    memset(out, 0, sizeof *out);
    write_table(name, text, strlen(text));
    spec.path = data_path(directory, name);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status != FF_OK)
        return status;
    out->info = dataset->info;
    ck_assert_uint_le(dataset->info.rows, MOST_ROWS);
    ck_assert_uint_le(dataset->info.rows * dataset->info.features, MOST_VALUES);
    status = ff_dataset_read(dataset, MOST_ROWS, out->values, out->labels, &rows);
    if (status == FF_OK)
        ck_assert_uint_eq(rows, dataset->info.rows);
    if (status == FF_OK && content) {
        content->schema = dataset->schema;
        dataset->schema = (struct ff_schema){.n_columns = 0};
    }
    ff_dataset_close(dataset);
    return status;
}

static struct content take_table(const char *name, const char *text, struct ff_dataset_spec spec)
{
    struct content content;

    ck_assert_msg(read_table(name, text, spec, &content) == FF_OK, "%s", ff_ctx_message(ctx));
    return content;
}

/* The same table of two numbers and a label, x 1 2 and y 3 4, in many spellings. */
static const struct {
    const char *name, *text;
    bool header;
} spellings[] = {
    {"a.csv", "a,b,c\n1,2,x\n3,4,y\n", true},
    {"a.csv", "1,2,x\n3,4,y\n", false},
    {"a.csv", "a,b,c\n1,2,x\n3,4,y", true},
    {"a.csv", "a,b,c\r\n1,2,x\r\n3,4,y\r\n", true},
    {"a.csv", "a,b,c\r1,2,x\r3,4,y\r", true},
    {"a.csv",
     "\xef\xbb\xbf"
     "a,b,c\n1,2,x\n3,4,y\n",
     true},
    {"a.csv", "\n\na,b,c\n\n1,2,x\n  \n3,4,y\n\n\n", true},
    {"a.csv", "a;b;c\n1;2;x\n3;4;y\n", true},
    {"a.csv", "a|b|c\n1|2|x\n3|4|y\n", true},
    {"a.csv", "a\tb\tc\n1\t2\tx\n3\t4\ty\n", true},
    {"a.tsv", "a\tb\tc\n1\t2\tx\n3\t4\ty\n", true},
    {"a.csv", "\"a\",\"b\",\"c\"\n\"1\",\"2\",\"x\"\n\"3\",\"4\",\"y\"\n", true},
    {"a.csv", "a,b,c\n 1 , 2 ,  x \n\t3,\"4\" ,\"y\"  \n", true},
    {"a.csv", "a,b,c\n1.0,+2,x\n3e0,.4e1,y\n", true},
};

START_TEST(every_spelling_of_a_table_is_read)
{
    struct content content =
        take_table(spellings[_i].name, spellings[_i].text, (struct ff_dataset_spec){.path = NULL});
    const float values[] = {1, 2, 3, 4};

    ck_assert_uint_eq(content.info.rows, 2);
    ck_assert_uint_eq(content.info.features, 2);
    ck_assert_mem_eq(content.values, values, sizeof values);
    ck_assert(content.labels[0] == 0 && content.labels[1] == 1);
    ck_assert_str_eq(content.schema.classes[0], "x");
    ck_assert_str_eq(content.schema.classes[1], "y");
    if (spellings[_i].header) {
        ck_assert_str_eq(content.schema.columns[0].name, "a");
        ck_assert_str_eq(content.schema.label_name, "c");
    } else {
        ck_assert_ptr_null(content.schema.columns[0].name);
        ck_assert_str_eq(content.schema.label_name, "3");
    }
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(quoted_fields_hold_separators_line_ends_and_marks)
{
    struct content content = take_table(
        "a.csv", "n,t,\"la\"\"bel\"\n1,\"a,b\",x\n2,\"c\r\nd\",y\n3,\"say \"\"e\"\"\",x\n",
        (struct ff_dataset_spec){.path = NULL});
    const struct ff_column *column = &content.schema.columns[1];

    ck_assert_str_eq(content.schema.label_name, "la\"bel");
    ck_assert_uint_eq(column->n_categories, 3);
    ck_assert_str_eq(column->categories[0], "a,b");
    ck_assert_str_eq(column->categories[1], "c\r\nd");
    ck_assert_str_eq(column->categories[2], "say \"e\"");
    ck_assert(content.values[1] == 0 && content.values[3] == 1 && content.values[5] == 2);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(columns_of_categories_are_sorted_and_have_a_mode)
{
    struct content content =
        take_table("a.csv", "n,t,c\n1,red,10\n2,blue,9\n3,red,10.0\n6,blue,-1\n,NA,+09\n",
                   (struct ff_dataset_spec){.fill_missing = true});
    const struct ff_column *columns = content.schema.columns;

    ck_assert(columns[0].kind == FF_COLUMN_NUMBER && columns[0].mean == 3);
    ck_assert(columns[1].kind == FF_COLUMN_CATEGORY);
    ck_assert_str_eq(columns[1].categories[0], "blue");
    ck_assert_uint_eq(columns[1].mode, 0); /* as frequent as red */
    ck_assert(content.values[8] == 3 && content.values[9] == 0);
    ck_assert(content.schema.fills_missing);
    /* Integers in the order of their values */
    ck_assert_uint_eq(content.schema.n_classes, 3);
    ck_assert_str_eq(content.schema.classes[0], "-1");
    ck_assert_str_eq(content.schema.classes[1], "9");
    ck_assert_str_eq(content.schema.classes[2], "10");
    ck_assert_uint_eq(content.labels[0], 2);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_column_that_begins_with_numbers_may_be_of_categories)
{
    struct content content = take_table("a.csv", "n,t,c\n1,7,x\n2,5,y\n3,none,x\n4,7,y\n",
                                        (struct ff_dataset_spec){.path = NULL});
    const struct ff_column *columns = content.schema.columns;

    ck_assert(columns[1].kind == FF_COLUMN_CATEGORY);
    ck_assert_uint_eq(columns[1].n_categories, 3);
    ck_assert_str_eq(columns[1].categories[columns[1].mode], "7");
    ck_assert(columns[0].mean == 2.5);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_category_may_look_like_a_number_beyond_the_range_in_any_row)
{
    const char *const texts[] = {"n,t,c\n1,1e999,x\n2,abc,y\n", "n,t,c\n2,abc,y\n1,1e999,x\n"};

    for (int i = 0; i < 2; i++) {
        struct content content =
            take_table("a.csv", texts[i], (struct ff_dataset_spec){.path = NULL});
        const struct ff_column *column = &content.schema.columns[1];

        ck_assert(column->kind == FF_COLUMN_CATEGORY);
        ck_assert_uint_eq(column->n_categories, 2);
        ck_assert_str_eq(column->categories[0], "1e999");
        ff_schema_release(&content.schema);
    }
}
END_TEST

START_TEST(the_label_is_chosen_by_name_or_number)
{
    const char *const columns[] = {"a", "1"};

    for (size_t i = 0; i < 2; i++) {
        struct content content = take_table("a.csv", "a,b,c\nx,2,3\ny,4,5\n",
                                            (struct ff_dataset_spec){.label_column = columns[i]});

        ck_assert_str_eq(content.schema.label_name, "a");
        ck_assert_str_eq(content.schema.columns[0].name, "b");
        ck_assert(content.values[0] == 2 && content.values[1] == 3);
        ff_schema_release(&content.schema);
    }
}
END_TEST

/* Data for the model of the_table_of_a_model(). */
static const struct {
    const char *text;
    bool unlabelled;
    float values[2]; /* of the first row */
    uint16_t label;
    int status;
    const char *says;
} later[] = {
    {"n,t,c\n5,blue,y\n6,red,x\n", false, {5, 0}, 1, FF_OK, ""},
    {"c,t,n\ny,blue,5\nx,red,6\n", false, {5, 0}, 1, FF_OK, ""},
    {"id,t,c,n\n1,red,x,5\n", false, {5, 1}, 0, FF_OK, ""},
    {"n,t,c\n5,green,z\n", false, {5, FF_CATEGORY_UNSEEN}, FF_LABEL_UNSEEN, FF_OK, ""},
    {"5,blue,y\n6,red,x\n", false, {5, 0}, 1, FF_OK, ""},
    {"n,t\n5,blue\n", true, {5, 0}, 0, FF_OK, ""},
    {"t,n,c\nblue,5,?\n", true, {5, 0}, 0, FF_OK, ""},
    {"5,blue\n", true, {5, 0}, 0, FF_OK, ""},
    {"5,blue,x\n", true, {5, 0}, 0, FF_OK, ""},
    {"n,c\n5,x\n", false, {0, 0}, 0, FF_EMISMATCH, "no column \"t\""},
    {"n,t\n5,blue\n", false, {0, 0}, 0, FF_EINVAL, "no column \"c\" for the label"},
    {"5,blue,1,x\n", false, {0, 0}, 0, FF_EMISMATCH, "has 3 columns beside the label"},
    {"n,t,c\n5,blue,y\nfive,red,x\n",
     false,
     {0, 0},
     0,
     FF_EINVAL,
     "line 3, column 1 (\"n\"): \"five\" is not a number"},
    {"n,t,c\n5,,y\n",
     false,
     {0, 0},
     0,
     FF_EINVAL,
     "line 2, column 2 (\"t\"): the value is missing"},
};

START_TEST(later_data_is_read_with_the_columns_of_the_model)
{
    struct content model =
        take_table("a.csv", "n,t,c\n1,red,x\n2,blue,y\n", (struct ff_dataset_spec){.path = NULL});
    const struct ff_dataset_spec spec = {.schema = &model.schema,
                                         .unlabelled = later[_i].unlabelled};
    struct content content;
    int status = read_table("b.csv", later[_i].text, spec, &content);

    ck_assert_msg(status == later[_i].status, "%s", ff_ctx_message(ctx));
    if (status == FF_OK) {
        ck_assert_mem_eq(content.values, later[_i].values, sizeof later[_i].values);
        ck_assert(later[_i].unlabelled || content.labels[0] == later[_i].label);
        ck_assert_uint_eq(content.info.classes, later[_i].unlabelled ? 0 : 2);
        ff_schema_release(&content.schema);
    } else {
        ck_assert_msg(strstr(ff_ctx_message(ctx), later[_i].says), "%s", ff_ctx_message(ctx));
    }
    ff_schema_release(&model.schema);
}
END_TEST

/* Data without a header for a model whose data had names of rows: the label and the names are where
 * they were, but for what is missing. */
static const struct {
    const char *trained, *label_column, *id_column; /* of the model */
    const char *text, *given_id;
    bool unlabelled;
    int status; /* FF_OK: the first row is 5, 0.5 and, unless unlabelled, y */
    const char *says;
} places[] = {
    {"7,1,2,x\n8,3,4,y\n", NULL, "1", "9,5,.5,y\n9,5,1,x\n", NULL, false, FF_OK, ""},
    {"7,1,2,x\n8,3,4,y\n", NULL, "1", "5,.5,y\n5,1,x\n", NULL, false, FF_OK, ""},
    {"7,1,2,x\n8,3,4,y\n", NULL, "1", "9,5,.5\n9,5,1\n", NULL, true, FF_OK, ""},
    {"7,x,1,2\n8,y,3,4\n", "2", "1", "y,5,.5\nx,5,1\n", NULL, false, FF_OK, ""},
    {"x,7,1,2\ny,8,3,4\n", "1", "2", "9,5,.5\n9,5,1\n", NULL, true, FF_OK, ""},
    {"x,7,1,2\ny,8,3,4\n", "1", "2", "5,.5\n5,1\n", NULL, true, FF_OK, ""},
    {"1,2,x\n3,4,y\n", NULL, NULL, "9,5,.5,y\n9,5,1,x\n", "1", true, FF_OK, ""},
    {"1,2,x\n3,4,y\n", NULL, NULL, "9,5,.5\n9,5,1\n", "1", true, FF_OK, ""},
    {"1,x,2\n3,y,4\n", "2", NULL, "5,9,y,.5\n5,9,x,1\n", "2", true, FF_OK, ""},
    {"id,a,2,b\n7,x,1,2\n8,y,3,4\n", "a", "id", "id,a,2,b\n9,y,5,.5\n", NULL, false, FF_OK, ""},
    {"c,a,2\n1,2,x\n3,4,y\n", "2", NULL, "5,.5,y\n5,1,x\n", NULL, false, FF_OK, ""},
    {"id,a,b,c\n7,1,2,x\n8,3,4,y\n", NULL, "id", "9,5,.5\n9,5,1\n", NULL, true, FF_EMISMATCH,
     "no header, so the column \"id\" of names of the rows cannot be found"},
    {"id,a,b,c\n7,1,2,x\n8,3,4,y\n", NULL, "id", "9,5,.5\n9,5,1\n", "1", true, FF_OK, ""},
    {"id,a,b,c\n7,1,2,x\n8,3,4,y\n", NULL, "id", "5,.5,y\n5,1,x\n", NULL, false, FF_OK, ""},
};

START_TEST(the_label_and_the_names_of_rows_are_found_without_a_header)
{
    const struct ff_dataset_spec training = {.label_column = places[_i].label_column,
                                             .id_column = places[_i].id_column};
    struct content model = take_table("a.csv", places[_i].trained, training), content;
    const struct ff_dataset_spec spec = {.schema = &model.schema,
                                         .unlabelled = places[_i].unlabelled,
                                         .id_column = places[_i].given_id};
    const float values[2] = {5, 0.5f};
    int status = read_table("b.csv", places[_i].text, spec, &content);

    ck_assert_msg(status == places[_i].status, "%s", ff_ctx_message(ctx));
    if (status == FF_OK) {
        ck_assert_uint_eq(content.info.features, 2);
        ck_assert_mem_eq(content.values, values, sizeof values);
        ck_assert(places[_i].unlabelled || content.labels[0] == 1);
        ff_schema_release(&content.schema);
    } else {
        ck_says(places[_i].says);
    }
    ff_schema_release(&model.schema);
}
END_TEST

/* A table of one column, with numbers 5, 6 and a missing one, and the row of that. */
static const struct {
    const char *text;
    int missing;
} one_column[] = {
    {"n\n5\n\n6\n", 1},
    {"\n  \nn\n5\n6\n\n", 2},
    {"5\r\n\r\n6\r\n", 1},
    {"\n5\n6", 0},
};

START_TEST(a_blank_line_of_a_table_of_one_column_is_a_missing_value)
{
    const char *text = one_column[_i].text;
    struct content model =
        take_table("a.csv", "n,c\n1,x\n3,y\n", (struct ff_dataset_spec){.fill_missing = true});
    const struct ff_dataset_spec spec = {.schema = &model.schema, .unlabelled = true};
    struct content content = take_table("b.csv", text, spec);

    ck_assert_uint_eq(content.info.rows, 3);
    for (int row = 0, value = 5; row < 3; row++)
        ck_assert(content.values[row] == (float)(row == one_column[_i].missing ? 2 : value++));
    ff_schema_release(&content.schema);
    model.schema.fills_missing = false;
    ck_assert_int_eq(read_table("b.csv", text, spec, NULL), FF_EINVAL);
    ck_says("the value is missing");
    ff_schema_release(&model.schema);
}
END_TEST

static void keep_warning(void *arg, const char *text)
{
    snprintf(arg, FF_MESSAGE_BYTES, "%s", text);
}

START_TEST(a_number_that_is_a_name_too_is_the_name_with_a_warning)
{
    char warning[FF_MESSAGE_BYTES] = "";
    struct content content;

    ff_ctx_on_warning(ctx, keep_warning, warning);
    content =
        take_table("a.csv", "a,2,c\nx,2,3\ny,4,5\n", (struct ff_dataset_spec){.label_column = "1"});
    ff_schema_release(&content.schema);
    ck_assert_str_eq(warning, "");
    content =
        take_table("a.csv", "a,1,c\n2,x,3\n4,y,5\n", (struct ff_dataset_spec){.label_column = "1"});
    ck_assert_str_eq(content.schema.label_name, "1");
    ff_schema_release(&content.schema);
    ck_assert_msg(strstr(warning, "\"1\" for the label is taken for the name of column 2, not for "
                                  "the number of column 1 (\"a\")"),
                  "%s", warning);
}
END_TEST

static const struct {
    const char *text, *label_column;
    int status;
    const char *says;
} bad[] = {
    {"", NULL, FF_EINVAL, "holds no rows"},
    {"a,b,c\n", NULL, FF_EINVAL, "holds no rows"},
    {"a,b\n1,x\n2\n", NULL, FF_ECORRUPT, "line 3, column 2 (\"b\"): is missing"},
    {"1,x\n2,y,3\n", NULL, FF_ECORRUPT, "line 2, column 3: one of 3 columns"},
    {"a,b\n1,x\n\n\"2\n3\",\"y\n", NULL, FF_ECORRUPT, "a quotation mark is not closed"},
    {"a,b\n1,x\n\"2\"3,y\n", NULL, FF_ECORRUPT,
     "line 3, column 1 (\"a\"): text after a closing quotation mark"},
    {"a,b\n1,x\n,y\n", NULL, FF_EINVAL, "line 3, column 1 (\"a\"): the value is missing"},
    {"a,b\n1,x\n\"?\",y\n", NULL, FF_EINVAL, "--missing mean"},
    {"a,b\n1,x\n2,\n", NULL, FF_EINVAL, "line 3, column 2 (\"b\"): the label is missing"},
    {"a,b\n1,x\n1e39,y\n", NULL, FF_ENUMERIC, "line 3, column 1 (\"a\"): 1e39 is beyond"},
    {"a,a,c\n1,2,x\n", NULL, FF_EINVAL, "column 2 (\"a\"): column 1 has the same name"},
    {"a,b\n1,x\n2,y\n", "d", FF_EINVAL, "no column \"d\" for the label; its columns are a, b"},
    {"a,b\n1,x\n2,y\n", "3", FF_EINVAL, "its columns are a, b"},
    {"1,x\n2,y\n", "c", FF_EINVAL, "1 to 2, as the file has no header"},
    {"x\ny\n", NULL, FF_EINVAL, "has only the label column"},
    {"a,b\n1,\xe9t\xe9\n", NULL, FF_EINVAL, "is not UTF-8"},
};

START_TEST(faults_are_reported_with_line_and_column)
{
    const struct ff_dataset_spec spec = {.label_column = bad[_i].label_column};

    ck_assert_msg(read_table("a.csv", bad[_i].text, spec, NULL) == bad[_i].status, "%s",
                  ff_ctx_message(ctx));
    ck_assert_msg(strstr(ff_ctx_message(ctx), bad[_i].says), "no '%s' in: %s", bad[_i].says,
                  ff_ctx_message(ctx));
}
END_TEST

START_TEST(nul_bytes_are_reported)
{
    const char text[] = "a,b\n1,x\n2,\0y\n";
    const struct ff_dataset_spec spec = {.path = data_path(directory, "a.csv")};
    struct ff_dataset *dataset;

    write_table("a.csv", text, sizeof text - 1);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "line 3, column 2 (\"b\"): a NUL byte"));
}
END_TEST

START_TEST(more_than_1000_categories_are_an_error)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "a.csv")};
    struct data_bytes bytes = {0};
    struct ff_dataset *dataset;
    char line[32];

    for (int i = 0; i <= 1000; i++)
        data_put(&bytes, line, (size_t)snprintf(line, sizeof line, "id%d,1,%d\n", i, i % 2));
    data_write(directory, "a.csv", &bytes);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "line 1001, column 1: more than 1000"));
}
END_TEST

/* Records lie across the pieces in which the file is read. */
START_TEST(long_files_are_read_whole)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "a.csv"),
                                         .label_column = "3"};
    struct data_bytes bytes = {0};
    char line[256];
    uint64_t rows, sum;

    for (int i = 0; i < 3000; i++)
        data_put(&bytes, line,
                 (size_t)snprintf(line, sizeof line, "%d,\"%0*d\r\n\"\"\",%d\r\n", i, 20 + i % 9,
                                  i % 7, i % 3));
    data_write(directory, "a.csv", &bytes);
    ck_assert_msg(read_all(&spec, 7, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(rows, 3000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: tables");
    TCase *tc = dataset_tcase(suite, "csv");

    tcase_add_loop_test(tc, every_spelling_of_a_table_is_read, 0,
                        (int)(sizeof spellings / sizeof *spellings));
    tcase_add_test(tc, quoted_fields_hold_separators_line_ends_and_marks);
    tcase_add_test(tc, columns_of_categories_are_sorted_and_have_a_mode);
    tcase_add_test(tc, a_column_that_begins_with_numbers_may_be_of_categories);
    tcase_add_test(tc, a_category_may_look_like_a_number_beyond_the_range_in_any_row);
    tcase_add_test(tc, the_label_is_chosen_by_name_or_number);
    tcase_add_loop_test(tc, later_data_is_read_with_the_columns_of_the_model, 0,
                        (int)(sizeof later / sizeof *later));
    tcase_add_loop_test(tc, the_label_and_the_names_of_rows_are_found_without_a_header, 0,
                        (int)(sizeof places / sizeof *places));
    tcase_add_loop_test(tc, a_blank_line_of_a_table_of_one_column_is_a_missing_value, 0,
                        (int)(sizeof one_column / sizeof *one_column));
    tcase_add_test(tc, a_number_that_is_a_name_too_is_the_name_with_a_warning);
    tcase_add_loop_test(tc, faults_are_reported_with_line_and_column, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tc, nul_bytes_are_reported);
    tcase_add_test(tc, more_than_1000_categories_are_an_error);
    tcase_add_test(tc, long_files_are_read_whole);
    return run_suite(suite);
}
