/* Tables of comma- or tab-separated values: a column is a number or a category, one is the label.
 */
#include "table/layout.h"
#include "table/one_file.h"
#include "table/scan.h"
#include "table/values.h"

#include <stdlib.h>
#include <string.h>

#define LOOKED_AT 16384 /* bytes of a file whose name says nothing */

struct table {
    struct ff_dataset base;
    struct ff_reader reader;
    struct ff_layout layout;
    struct ff_values classes; /* numbered as the labels */
    bool own_schema;          /* found in the file itself: every value is in it */
    uint64_t next;            /* the row to be read next */
    struct ff_reader ids;     /* of the names of the rows; all zero until they are read */
};

/* ---- The file ---- */

/* How often C is in the line TEXT, outside quotation marks. */
static size_t count_separators(const char *text, const char *end, char c)
{
    size_t count = 0;
    bool quoted = false;

    for (; text < end; text++) {
        quoted = quoted != (*text == '"');
        count += *text == c && !quoted;
    }
    return count;
}

/* Where the line at TEXT ends: at its line feed or, as the last line, at END. */
static const char *line_end(const char *text, const char *end)
{
    const char *found = memchr(text, '\n', (size_t)(end - text));

    return found ? found : end;
}

/* Whether TEXT, the beginning of a file or, if WHOLE, all of it, may be a table: its first two
 * lines have as many separators of one kind, and it has no bytes that text does not have. The
 * second line may be beyond the beginning. Data of a model of COLUMNS, 0: none, may have one line,
 * and that of one column no separators. */
static bool looks_like_a_table(const char *text, size_t n, bool whole, uint32_t columns)
{
    const char *end = text + n, *first = line_end(text, end);
    const char *second = first < end ? line_end(first + 1, end) : end;
    const bool has_second = first + 1 < second && (second < end || whole);
    bool same = columns == 1;

    if (!has_second && whole && columns == 0)
        return false;
    for (const char *c = ",;\t|"; *c; c++) {
        size_t count = count_separators(text, first, *c);

        same = same ||
               (count > 0 && (!has_second || count == count_separators(first + 1, second, *c)));
    }
    for (; text < end && same; text++)
        same = (unsigned char)*text >= ' ' || *text == '\t' || *text == '\n' || *text == '\r';
    return same;
}

/* Bids for a file of any name. */
static int bid_for_content(struct ff_ctx *ctx, const char *path, uint32_t columns)
{
    char text[LOOKED_AT];
    struct ff_input *input;
    size_t got;
    int status = ff_input_open(ctx, path, &input);

    if (status != FF_OK)
        return 0; /* another format says why */
    status = ff_input_read(input, text, sizeof text, &got);
    ff_input_close(input);
    return status == FF_OK && looks_like_a_table(text, got, got < sizeof text, columns)
               ? FF_BID_CONTENT
               : 0;
}

static int csv_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    int bid = ff_one_file_bid(spec, &ff_format_csv);

    return bid > 0 || ff_path_is_directory(spec->path)
               ? bid
               : bid_for_content(ctx, spec->path, spec->schema ? spec->schema->n_columns : 0);
}

static int csv_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                    char path[FF_PATH_BYTES])
{
    return ff_one_file_find(ctx, spec, &ff_format_csv, i, path);
}

static int csv_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct table *table = (struct table *)dataset;

    return ff_input_describe(table->reader.input, &out->file[out->count++]);
}

/* ---- Opening ---- */

static void csv_close(struct ff_dataset *dataset)
{
    struct table *table = (struct table *)dataset;

    ff_values_release(dataset->ctx, &table->classes);
    ff_layout_release(&table->layout);
    ff_reader_release(&table->ids);
    ff_reader_release(&table->reader);
    ff_free(dataset->ctx, FF_MEM_IO, table, sizeof *table);
}

/* Numbers the classes of the schema. */
static int number_classes(struct table *table)
{
    const struct ff_schema *schema = &table->base.schema;
    int status = FF_OK;

    for (uint32_t i = 0; i < schema->n_classes && status == FF_OK; i++) {
        char text[FF_CLASS_NAME_BYTES];
        uint32_t index;

        status = ff_values_count(table->base.ctx, &table->classes, ff_schema_class(schema, i, text),
                                 &index);
    }
    return status;
}

static int open_table(struct table *table, const struct ff_dataset_spec *spec)
{
    struct ff_dataset *base = &table->base;
    char path[FF_PATH_BYTES];
    int status = csv_find(base->ctx, spec, 0, path);

    if (status == FF_OK)
        status = ff_reader_open(base->ctx, path, &table->reader);
    if (status == FF_OK)
        status = ff_layout_find(&table->reader, spec, &table->layout);
    if (status != FF_OK)
        return status;
    table->own_schema = !spec->schema;
    if (spec->schema) {
        status = ff_schema_copy(base->ctx, spec->schema, &base->schema);
        base->info.rows = spec->known_rows;
        if (status == FF_OK && base->info.rows == 0)
            status = ff_table_count(&table->reader, &table->layout, &base->info.rows);
    } else {
        status =
            ff_table_scan(&table->reader, &table->layout, spec, &base->schema, &base->info.rows);
    }
    if (status == FF_OK)
        status = number_classes(table);
    if (status == FF_OK)
        status = ff_layout_rewind(&table->reader, &table->layout);
    base->info.is_float = true;
    base->info.features = table->layout.n_columns;
    base->info.classes = spec->unlabelled ? 0 : base->schema.n_classes;
    return status;
}

static int csv_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    struct table *table;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: a table contains the labels; choose their "
                       "column with --label-column",
                       spec->labels);
    table = ff_alloc(ctx, FF_MEM_IO, sizeof *table);
    if (!table)
        return ff_alloc_status(ctx);
    table->base.ctx = ctx;
    status = open_table(table, spec);
    if (status != FF_OK) {
        ff_schema_release(&table->base.schema);
        csv_close(&table->base);
    } else {
        *out = &table->base;
    }
    return status;
}

static void csv_needs(const struct ff_schema *schema, struct ff_needs *needs)
{
    if (schema->n_columns == 0)
        return;
    ff_reader_needs(needs);
    ff_reader_needs(needs); /* of the names of the rows */
    needs->bytes[FF_MEM_IO] += sizeof(struct table) + FF_VALUES_BYTES(FF_MAX_DATA_CLASSES);
}

/* ---- Reading ---- */

static int compare_name(const void *text, const void *name)
{
    return strcmp(text, *(char *const *)name);
}

static float category_of(const struct ff_column *column, const char *text)
{
    char *const *found = bsearch(text, column->categories, column->n_categories,
                                 sizeof *column->categories, compare_name);

    return found ? (float)(found - column->categories) : FF_CATEGORY_UNSEEN;
}

/* Reads field I of the record as a value of COLUMN; NULL: of a number, which may not be missing. */
static int read_value(const struct table *table, const struct ff_column *column, uint32_t i,
                      float *out)
{
    const struct ff_reader *reader = &table->reader;
    const char *text = ff_reader_field(reader, i);
    bool is_number = !column || column->kind == FF_COLUMN_NUMBER;
    double value;

    if (is_number && ff_reader_number(reader, i, &value)) {
        *out = (float)value;
        return ff_table_check_range(reader, i, value);
    }
    if (ff_reader_is_missing(text)) {
        if (!column || !table->base.schema.fills_missing)
            return ff_table_missing(reader, i);
        *out = is_number ? (float)column->mean : (float)column->mode;
        return FF_OK;
    }
    if (is_number)
        return ff_reader_fail(reader, FF_EINVAL, i,
                              "\"%.60s\" is not a number, but the model was trained on numbers",
                              text);
    *out = category_of(column, text);
    return FF_OK;
}

static int read_label(const struct table *table, uint16_t *out)
{
    const uint32_t i = table->layout.label;
    char whole[FF_WHOLE_BYTES];
    const char *text = ff_shortest_whole(ff_reader_field(&table->reader, i), whole);
    uint32_t label;

    if (ff_reader_is_missing(text))
        return ff_reader_fail(&table->reader, FF_EINVAL, i, "the label is missing; remove the row");
    label = ff_values_find(&table->classes, text);
    *out = label < table->classes.n ? (uint16_t)label : FF_LABEL_UNSEEN;
    return FF_OK;
}

static int changed(const struct table *table)
{
    return ff_data_changed(table->base.ctx, ff_input_path(table->reader.input));
}

static int next_record(struct ff_dataset *dataset, bool *got)
{
    return ff_reader_next(&((struct table *)dataset)->reader, got);
}

/* Reads the record to FEATURES and *LABEL, which may be NULL. */
static int read_record(struct ff_dataset *dataset, float *features, uint16_t *label)
{
    const struct table *table = (struct table *)dataset;
    const struct ff_schema *schema = &dataset->schema;
    int status = FF_OK;

    for (uint32_t c = 0; c < table->layout.n_columns && status == FF_OK; c++) {
        const struct ff_column *column = schema->n_columns > 0 ? &schema->columns[c] : NULL;

        status = read_value(table, column, table->layout.field[c], &features[c]);
        if (status == FF_OK && table->own_schema && features[c] == FF_CATEGORY_UNSEEN &&
            column->kind == FF_COLUMN_CATEGORY)
            return changed(table);
    }
    if (status == FF_OK && label)
        status = read_label(table, label);
    if (status == FF_OK && label && table->own_schema && *label == FF_LABEL_UNSEEN)
        return changed(table);
    return status;
}

static int csv_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                    size_t *rows)
{
    static const struct ff_one_file_rows how = {next_record, read_record};
    struct table *table = (struct table *)dataset;

    return ff_one_file_read(dataset, &how, ff_input_path(table->reader.input), &table->next,
                            max_rows, features, labels, rows);
}

static int csv_begin_ids(struct ff_dataset *dataset, const char **name)
{
    struct table *table = (struct table *)dataset;
    const struct ff_layout *layout = &table->layout;
    struct ff_reader *ids = &table->ids;
    int status;

    if (layout->id == FF_NO_FIELD)
        return FF_OK;
    *name = layout->names ? layout->names[layout->id] : "id";
    status = ff_reader_open(dataset->ctx, ff_input_path(table->reader.input), ids);
    if (status != FF_OK)
        return status;
    ids->separator = table->reader.separator;
    ids->expected = table->reader.expected;
    ids->names = table->reader.names;
    return ff_layout_rewind(ids, layout);
}

static int csv_next_id(struct ff_dataset *dataset, const char **id)
{
    struct table *table = (struct table *)dataset;
    bool got;
    int status = ff_reader_next(&table->ids, &got);

    if (status == FF_OK && !got)
        return changed(table);
    if (status == FF_OK)
        *id = ff_reader_field(&table->ids, table->layout.id);
    return status;
}

static const char *const train_names[] = {"train.csv", "train.tsv", NULL};
static const char *const test_names[] = {"test.csv", "test.tsv", NULL};

const struct ff_dataset_format ff_format_csv = {
    .info = {.name = "csv",
             .summary = "tables of numbers and categories: .csv and .tsv files",
             .layout = "a directory with train.csv and test.csv, or train.tsv and test.tsv, or a "
                       "file; a row is a sample, and a column with other values than numbers is "
                       "one of at most 1,000 categories; the last column is the label, unless "
                       "--label-column names another; columns have names if the first line has "
                       "no numbers where the lines below have; fields are divided by a comma, "
                       "semicolon, tab or |, and may be quoted as in RFC 4180; a value is missing "
                       "if it is empty, NA, N/A, NaN, nan, null or ?"},
    .names = {train_names, test_names},
    .bid = csv_bid,
    .open = csv_open,
    .read = csv_read,
    .close = csv_close,
    .find = csv_find,
    .describe = csv_describe,
    .begin_ids = csv_begin_ids,
    .next_id = csv_next_id,
    .needs = csv_needs,
    .is_table = true,
    .has_label_columns = true,
};
