/*
 * Tables of text: CSV, TSV. Columns of numbers are read as float32, those of texts as the index of
 * their category (data/schema.h). A table is read twice: once to find what its columns are, once
 * for its values; it is never held.
 */
#include "data/format.h"
#include "data/paths.h"
#include "table/names.h"
#include "table/number.h"
#include "table/scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct csv {
    struct ff_dataset base;
    struct ff_records records;
    struct ff_layout layout;
    struct ff_names *categories; /* (columns): empty for numbers */
    struct ff_names classes;
    uint64_t next; /* the row to be read next */
};

/* ---- Finding the file ---- */

static bool table_path(const struct ff_dataset_spec *spec, char out[FF_PATH_BYTES])
{
    if (ff_path_is_directory(spec->path))
        return ff_path_find_any(spec->path, ff_format_csv.names[spec->split], out);
    return snprintf(out, FF_PATH_BYTES, "%s", spec->path) < FF_PATH_BYTES;
}

/* True if the name ends with ENDING, maybe compressed. */
static bool has_ending(const char *path, const char *ending)
{
    char compressed[16];

    snprintf(compressed, sizeof compressed, "%s.gz", ending);
    return ff_path_ends_with(path, ending) || ff_path_ends_with(path, compressed);
}

static int csv_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    char path[FF_PATH_BYTES];

    (void)ctx;
    if (!table_path(spec, path))
        return 0;
    if (ff_path_is_directory(spec->path))
        return FF_BID_DIRECTORY;
    return has_ending(path, ".csv") || has_ending(path, ".tsv") ? FF_BID_NAME : 0;
}

static int csv_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                    char path[FF_PATH_BYTES])
{
    *path = '\0';
    if (i > 0)
        return FF_OK;
    return table_path(spec, path) ? FF_OK
                                  : ff_fail(ctx, FF_ENOTFOUND, "%s: no table found", spec->path);
}

/* ---- Opening ---- */

static void csv_close(struct ff_dataset *dataset)
{
    struct csv *csv = (struct csv *)dataset;

    for (uint32_t c = 0; csv->categories && c < csv->layout.columns; c++)
        ff_names_release(&csv->categories[c]);
    free(csv->categories);
    ff_names_release(&csv->classes);
    ff_layout_release(&csv->layout);
    ff_records_close(&csv->records);
    ff_schema_release(&dataset->schema);
    ff_free(dataset->ctx, FF_MEM_IO, csv, sizeof *csv);
}

/* The sets in which categories and labels are looked up. */
static int build_names(struct csv *csv)
{
    const struct ff_schema *schema = &csv->base.schema;
    bool built;

    csv->categories = calloc(schema->n_columns, sizeof *csv->categories);
    built = csv->categories != NULL;
    for (uint32_t c = 0; built && c < schema->n_columns; c++)
        built = ff_names_build(&csv->categories[c], schema->columns[c].n_categories,
                               schema->columns[c].categories);
    for (uint32_t k = 0; built && !schema->classes && k < schema->n_classes; k++) {
        char number[FF_CLASS_NAME_BYTES];
        bool no_memory = false;

        built = ff_names_count(&csv->classes, ff_schema_class(schema, k, number), schema->n_classes,
                               &no_memory);
    }
    if (built && schema->classes)
        built = ff_names_build(&csv->classes, schema->n_classes, schema->classes);
    return built ? FF_OK : ff_fail(csv->base.ctx, FF_ENOMEM, "out of memory for the columns");
}

/* Settles the schema, that of SPEC or one that is found, and counts the rows. */
static int settle(struct csv *csv, const struct ff_dataset_spec *spec)
{
    struct ff_dataset *dataset = &csv->base;
    int status =
        spec->schema ? ff_schema_copy(dataset->ctx, spec->schema, &dataset->schema) : FF_OK;

    if (status != FF_OK)
        return status;
    dataset->schema.fills_missing = dataset->schema.fills_missing || spec->fill_missing;
    status = ff_table_scan(&csv->records, &csv->layout, !spec->unlabelled, &dataset->schema,
                           &dataset->info.rows);
    if (status != FF_OK)
        return status;
    dataset->info.features = csv->layout.columns;
    dataset->info.is_float = true;
    dataset->info.classes = spec->unlabelled ? 0 : dataset->schema.n_classes;
    return build_names(csv);
}

static int csv_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    struct csv *csv = ff_alloc(ctx, FF_MEM_IO, sizeof *csv);
    char path[FF_PATH_BYTES];
    int status;

    if (!csv)
        return ff_alloc_status(ctx);
    csv->base.ctx = ctx;
    status = csv_find(ctx, spec, 0, path);
    if (status == FF_OK)
        status = ff_records_open(ctx, path, has_ending(path, ".tsv") ? '\t' : '\0', &csv->records);
    if (status == FF_OK)
        status = ff_layout_find(&csv->records, spec, &csv->layout);
    if (status == FF_OK)
        status = settle(csv, spec);
    if (status == FF_OK)
        status = ff_layout_rewind(&csv->layout, &csv->records);
    if (status != FF_OK)
        csv_close(&csv->base);
    else
        *out = &csv->base;
    return status;
}

/* ---- Reading ---- */

static int read_number(struct csv *csv, uint32_t field, const char *text, float *out)
{
    double value;

    if (!ff_number_read(text, &value))
        return ff_layout_fail(&csv->layout, &csv->records, field, FF_EINVAL,
                              "is not a number, as the others of its column");
    *out = (float)value;
    if (isfinite(*out))
        return FF_OK;
    return ff_layout_fail(&csv->layout, &csv->records, field, FF_ENUMERIC,
                          "the number is beyond the range of float32");
}

static int read_value(struct csv *csv, uint32_t c, float *out)
{
    const struct ff_schema *schema = &csv->base.schema;
    const struct ff_column *column = &schema->columns[c];
    uint32_t field = csv->layout.field_of[c];
    const char *text = ff_records_field(&csv->records, field);
    char name[FF_LABEL_TEXT_BYTES];
    const struct ff_name *category;

    if (ff_is_missing(text)) {
        if (!schema->fills_missing)
            return ff_layout_fail(&csv->layout, &csv->records, field, FF_EINVAL,
                                  "the value is missing; fill it, or train with --fill-missing");
        *out = column->kind == FF_COLUMN_CATEGORY ? (float)column->mode : (float)column->mean;
        return FF_OK;
    }
    if (column->kind == FF_COLUMN_NUMBER)
        return read_number(csv, field, text, out);
    category = ff_names_find(&csv->categories[c], ff_category_text(text, name));
    *out = category ? (float)category->index : FF_CATEGORY_UNSEEN;
    return FF_OK;
}

/* The class of the record at hand. Of classes without names, the name is the number. */
static uint16_t read_label(const struct csv *csv)
{
    char text[FF_LABEL_TEXT_BYTES];
    const struct ff_name *name = ff_names_find(
        &csv->classes, ff_label_text(ff_records_field(&csv->records, csv->layout.label), text));

    if (!name)
        return FF_LABEL_UNSEEN;
    return (uint16_t)(csv->base.schema.classes ? name->index : strtoul(name->text, NULL, 10));
}

static int csv_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                    size_t *rows)
{
    struct csv *csv = (struct csv *)dataset;
    uint32_t columns = csv->layout.columns;
    int status = FF_OK;
    bool end = false;

    for (*rows = 0; *rows < max_rows; (*rows)++, csv->next++) {
        float *row = (float *)features + *rows * columns;

        status = ff_layout_next(&csv->layout, &csv->records, &end);
        if (status != FF_OK || end)
            break;
        for (uint32_t c = 0; c < columns && status == FF_OK; c++)
            status = read_value(csv, c, &row[c]);
        if (status != FF_OK)
            break;
        if (labels && dataset->info.classes)
            labels[*rows] = read_label(csv);
    }
    return status;
}

static int csv_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct csv *csv = (struct csv *)dataset;

    return ff_input_describe(csv->records.input, &out->file[out->count++]);
}

static const char *const train_names[] = {"train.csv", "train.tsv", NULL};
static const char *const test_names[] = {"test.csv", "test.tsv", NULL};

const struct ff_dataset_format ff_format_csv = {
    .info = {.name = "csv",
             .summary = "CSV and TSV tables, plain or .gz",
             .layout = "a file .csv or .tsv, or a directory with train.csv and test.csv; the first "
                       "record is a header if no field of it is a number; the label is the last "
                       "column or that of --label-column; columns of numbers are standardised, "
                       "others are categories"},
    .names = {train_names, test_names},
    .bid = csv_bid,
    .open = csv_open,
    .read = csv_read,
    .close = csv_close,
    .find = csv_find,
    .describe = csv_describe,
    .needs = ff_records_needs,
};
