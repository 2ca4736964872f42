#include "table/scan.h"

#include "table/values.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    NUMBERS,
    CATEGORIES,
    LATE, /* of categories, but began with numbers, which were not counted as such */
};

struct column {
    enum kind kind;
    uint64_t n;    /* numbers */
    bool beyond;   /* one of them is beyond the range of float */
    double mean;   /* of them */
    uint64_t line; /* of the first value that is no number */
    struct ff_values values;
};

struct scan {
    struct ff_reader *reader;
    const struct ff_layout *layout;
    bool fill_missing;
    bool again; /* this pass is not the first: columns of numbers are known to be */
    struct column *columns;
    struct ff_values classes;
};

int ff_table_missing(const struct ff_reader *reader, uint32_t i)
{
    return ff_reader_fail(reader, FF_EINVAL, i,
                          "the value is missing; train with --missing mean to fill such values, or "
                          "remove the row");
}

int ff_table_check_range(const struct ff_reader *reader, uint32_t i, double value)
{
    if (isfinite((float)value))
        return FF_OK;
    return ff_reader_fail(reader, FF_ENUMERIC, i, "%.60s is beyond the range of float (%.6g)",
                          ff_reader_field(reader, i), (double)FLT_MAX);
}

/* ---- A pass ---- */

static int add_category(struct scan *scan, struct column *column, uint32_t i)
{
    const char *text = ff_reader_field(scan->reader, i);
    uint32_t before = column->values.n, index;
    int status = FF_OK;

    if (ff_values_find(&column->values, text) == before)
        status = ff_layout_check_name(scan->reader, i, text);
    if (status == FF_OK)
        status = ff_values_count(scan->reader->ctx, &column->values, text, &index);
    if (status == FF_OK && column->values.n > FF_MAX_CATEGORIES)
        status = ff_reader_fail(scan->reader, FF_EINVAL, i,
                                "more than %u categories (line %" PRIu64 " has the first value "
                                "that is not a number); remove the column if it is an identifier "
                                "or free text",
                                FF_MAX_CATEGORIES, column->line);
    return status;
}

static void add_number(struct column *column, double value)
{
    column->n++;
    column->mean += (value - column->mean) / (double)column->n;
}

static int add_value(struct scan *scan, struct column *column, uint32_t i)
{
    struct ff_reader *reader = scan->reader;
    double value;

    if (column->kind == NUMBERS && ff_reader_number(reader, i, &value)) {
        add_number(column, value);
        column->beyond = column->beyond || !isfinite((float)value);
        return scan->again ? ff_table_check_range(reader, i, value) : FF_OK;
    }
    if (ff_reader_is_missing(ff_reader_field(reader, i)))
        return scan->fill_missing ? FF_OK : ff_table_missing(reader, i);
    if (column->kind == NUMBERS) {
        column->kind = column->n > 0 ? LATE : CATEGORIES;
        column->line = reader->line;
    }
    return column->kind == CATEGORIES ? add_category(scan, column, i) : FF_OK;
}

static int add_label(struct scan *scan)
{
    const uint32_t i = scan->layout->label;
    char whole[FF_WHOLE_BYTES];
    const char *text = ff_shortest_whole(ff_reader_field(scan->reader, i), whole);
    uint32_t index;
    int status = FF_OK;

    if (ff_reader_is_missing(text))
        return ff_reader_fail(scan->reader, FF_EINVAL, i, "the label is missing; remove the row");
    if (ff_values_find(&scan->classes, text) == scan->classes.n)
        status = ff_layout_check_name(scan->reader, i, text);
    if (status == FF_OK)
        status = ff_values_count(scan->reader->ctx, &scan->classes, text, &index);
    if (status == FF_OK && scan->classes.n > FF_MAX_DATA_CLASSES)
        status = ff_reader_fail(scan->reader, FF_EINVAL, i,
                                "more than %u different labels; choose the column of the labels "
                                "with --label-column",
                                FF_MAX_DATA_CLASSES);
    return status;
}

static int add_row(struct scan *scan, bool labelled)
{
    int status = FF_OK;

    for (uint32_t c = 0; c < scan->layout->n_columns && status == FF_OK; c++)
        status = add_value(scan, &scan->columns[c], scan->layout->field[c]);
    return status == FF_OK && labelled ? add_label(scan) : status;
}

/* Another pass counts the categories of COLUMN, or reports where its number is beyond the range:
 * only now is it known that a text further down does not make that a category. */
static bool needs_pass(const struct column *column)
{
    return column->kind == LATE || (column->kind == NUMBERS && column->beyond);
}

/* Forgets the values but not the kinds. scan->again is set if a column needs another pass. */
static void restart(struct scan *scan)
{
    struct ff_ctx *ctx = scan->reader->ctx;

    scan->again = false;
    for (uint32_t c = 0; c < scan->layout->n_columns; c++)
        scan->again = scan->again || needs_pass(&scan->columns[c]);
    for (uint32_t c = 0; c < scan->layout->n_columns && scan->again; c++) {
        struct column *column = &scan->columns[c];

        ff_values_release(ctx, &column->values);
        *column = (struct column){
            .kind = column->kind == NUMBERS ? NUMBERS : CATEGORIES,
            .line = column->line,
        };
    }
    if (scan->again)
        ff_values_release(ctx, &scan->classes);
}

static int check_rows(const struct ff_reader *reader, uint64_t rows)
{
    if (rows == 0)
        return ff_fail(reader->ctx, FF_EINVAL, "%s: holds no rows", ff_input_path(reader->input));
    if (rows > FF_MAX_DATA_SAMPLES)
        return ff_fail(reader->ctx, FF_EINVAL, "%s: the limit is %" PRIu64 " rows",
                       ff_input_path(reader->input), FF_MAX_DATA_SAMPLES);
    return FF_OK;
}

/* Reads all rows, into SCAN unless that is NULL. */
static int pass(struct ff_reader *reader, const struct ff_layout *layout, struct scan *scan,
                bool labelled, uint64_t *rows)
{
    int status = ff_layout_rewind(reader, layout);
    bool got = true;

    for (*rows = 0; status == FF_OK && got; *rows += got) {
        status = ff_reader_next(reader, &got);
        if (status == FF_OK && got && scan)
            status = add_row(scan, labelled);
    }
    return status == FF_OK ? check_rows(reader, *rows) : status;
}

/* ---- The schema ---- */

/* A text and its number, to be sorted. */
struct entry {
    const char *text;
    uint32_t index;
    long long integer;
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static int compare_integers(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->integer != y->integer)
        return x->integer < y->integer ? -1 : 1;
    return strcmp(x->text, y->text);
}

static bool read_integer(const char *text, long long *out)
{
    const char *digits = text + (*text == '-' || *text == '+');
    size_t length = strspn(digits, "0123456789");

    *out = 0;
    if (length == 0 || length > 18 || digits[length])
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

/* Copies the texts of VALUES to *NAMES in ascending order: of their bytes, or of their values if
 * INTEGERS and all are such. ORDER gets their numbers. */
static int sort(struct ff_ctx *ctx, const struct ff_values *values, bool integers, uint32_t *order,
                char ***names)
{
    struct entry *entries = ff_alloc_array(ctx, FF_MEM_IO, values->n, sizeof *entries);

    if (!entries)
        return ff_alloc_status(ctx);
    for (uint32_t i = 0; i < values->n; i++) {
        entries[i].text = ff_values_text(values, i);
        entries[i].index = i;
        integers = integers && read_integer(entries[i].text, &entries[i].integer);
    }
    qsort(entries, values->n, sizeof *entries, integers ? compare_integers : compare_texts);
    for (uint32_t i = 0; i < values->n; i++)
        order[i] = entries[i].index;
    ff_free(ctx, FF_MEM_IO, entries, values->n * sizeof *entries);
    return ff_values_copy(ctx, values, order, names);
}

static int describe_categories(struct ff_ctx *ctx, const struct ff_values *values,
                               struct ff_column *out)
{
    uint32_t order[FF_MAX_CATEGORIES];
    int status = sort(ctx, values, false, order, &out->categories);

    if (status != FF_OK)
        return status;
    out->n_categories = values->n;
    for (uint32_t i = 1; i < values->n; i++)
        if (values->value[order[i]].count > values->value[order[out->mode]].count)
            out->mode = i;
    return FF_OK;
}

static int describe_column(const struct scan *scan, uint32_t c, struct ff_column *out)
{
    const struct column *column = &scan->columns[c];
    const uint32_t field = scan->layout->field[c];
    struct ff_ctx *ctx = scan->reader->ctx;

    if (scan->layout->names) {
        out->name = strdup(scan->layout->names[field]);
        if (!out->name)
            return ff_fail(ctx, FF_ENOMEM, "out of memory for the columns of the data");
    }
    out->kind = column->kind == NUMBERS ? FF_COLUMN_NUMBER : FF_COLUMN_CATEGORY;
    if (column->kind == CATEGORIES)
        return describe_categories(ctx, &column->values, out);
    if (column->n == 0)
        return ff_reader_fail(scan->reader, FF_EINVAL, field,
                              "every value of the column is missing; remove it");
    out->mean = column->mean;
    return FF_OK;
}

/* Sets *OUT to the name of FIELD, or to its number from 1. */
static int name_field(const struct scan *scan, uint32_t field, char **out)
{
    char number[16];

    snprintf(number, sizeof number, "%u", field + 1);
    *out = strdup(scan->layout->names ? scan->layout->names[field] : number);
    return *out
               ? FF_OK
               : ff_fail(scan->reader->ctx, FF_ENOMEM, "out of memory for the columns of the data");
}

static int describe_label(const struct scan *scan, struct ff_schema *schema)
{
    uint32_t order[FF_MAX_DATA_CLASSES];
    int status = sort(scan->reader->ctx, &scan->classes, true, order, &schema->classes);

    if (status != FF_OK)
        return status;
    schema->n_classes = scan->classes.n;
    return name_field(scan, scan->layout->label, &schema->label_name);
}

static int describe(const struct scan *scan, bool labelled, struct ff_schema *schema)
{
    const uint32_t n = scan->layout->n_columns;
    int status = FF_OK;

    schema->columns = calloc(n, sizeof *schema->columns);
    if (!schema->columns)
        return ff_fail(scan->reader->ctx, FF_ENOMEM, "out of memory for the columns of the data");
    schema->n_columns = n;
    schema->fills_missing = scan->fill_missing;
    for (uint32_t c = 0; c < n && status == FF_OK; c++)
        status = describe_column(scan, c, &schema->columns[c]);
    if (status == FF_OK && scan->layout->id != FF_NO_FIELD)
        status = name_field(scan, scan->layout->id, &schema->id_name);
    return status == FF_OK && labelled ? describe_label(scan, schema) : status;
}

static void release(struct scan *scan)
{
    struct ff_ctx *ctx = scan->reader->ctx;

    for (uint32_t c = 0; c < scan->layout->n_columns; c++)
        ff_values_release(ctx, &scan->columns[c].values);
    ff_values_release(ctx, &scan->classes);
    ff_free(ctx, FF_MEM_IO, scan->columns, scan->layout->n_columns * sizeof *scan->columns);
}

int ff_table_scan(struct ff_reader *reader, const struct ff_layout *layout,
                  const struct ff_dataset_spec *spec, struct ff_schema *schema, uint64_t *rows)
{
    struct scan scan = {.reader = reader, .layout = layout, .fill_missing = spec->fill_missing};
    bool labelled = !spec->unlabelled;
    int status;

    scan.columns = ff_alloc_array(reader->ctx, FF_MEM_IO, layout->n_columns, sizeof *scan.columns);
    if (!scan.columns)
        return ff_alloc_status(reader->ctx);
    do {
        status = pass(reader, layout, &scan, labelled, rows);
        if (status == FF_OK)
            restart(&scan);
    } while (status == FF_OK && scan.again);
    if (status == FF_OK)
        status = describe(&scan, labelled, schema);
    release(&scan);
    return status;
}

int ff_table_count(struct ff_reader *reader, const struct ff_layout *layout, uint64_t *rows)
{
    return pass(reader, layout, NULL, false, rows);
}
