#include "table/header.h"

#include "input/paths.h"
#include "table/values.h"

#include <stdlib.h>
#include <string.h>

#define PREVIEW_RECORDS 100 /* that decide whether the first is a header */

void ff_header_free(uint32_t n, char **fields)
{
    for (uint32_t i = 0; fields && i < n; i++)
        free(fields[i]);
    free(fields);
}

int ff_header_separator(struct ff_reader *reader, char *separator)
{
    static const char candidates[] = ",;\t|";
    const char *path = ff_input_path(reader->input);
    uint32_t most = 0;

    *separator = ',';
    if (ff_path_has_ending(path, ".tsv")) {
        *separator = '\t';
        return FF_OK;
    }
    for (const char *c = candidates; *c; c++) {
        bool got;
        int status = ff_reader_rewind(reader, *c);

        if (status == FF_OK)
            status = ff_reader_next(reader, &got);
        if (status == FF_ECORRUPT) /* with another separator it may be a record */
            continue;
        if (status != FF_OK)
            return status;
        if (got && reader->n_fields > most) {
            most = reader->n_fields;
            *separator = *c;
        }
    }
    return FF_OK;
}

/* What the first records say about a column. */
struct column {
    bool text;    /* the first field is neither a number nor empty */
    bool numbers; /* those below, without missing ones, are numbers */
    bool any;     /* and there is one */
    bool recurs;  /* the first field recurs below */
};

static bool is_number(const struct ff_reader *reader, uint32_t i)
{
    double value;

    return ff_reader_number(reader, i, &value);
}

static int copy_first(struct ff_reader *reader, char ***first)
{
    *first = calloc(reader->n_fields, sizeof **first);
    for (uint32_t i = 0; *first && i < reader->n_fields; i++) {
        (*first)[i] = strdup(ff_reader_field(reader, i));
        if (!(*first)[i]) {
            ff_header_free(i, *first);
            *first = NULL;
        }
    }
    return *first ? FF_OK
                  : ff_fail(reader->ctx, FF_ENOMEM, "out of memory for the columns of the data");
}

/* Reads the first records, after the first one, into COLUMNS. */
static int preview(struct ff_reader *reader, char *const *first, struct column *columns)
{
    bool got = true;

    for (uint32_t i = 0; i < reader->n_fields; i++)
        columns[i] = (struct column){.text = first[i][0] && !is_number(reader, i), .numbers = true};
    for (int record = 1; record < PREVIEW_RECORDS && got; record++) {
        int status = ff_reader_next(reader, &got);

        /* It is reported, with the name of the column, when the record is reached again. */
        if (status == FF_ECORRUPT)
            return FF_OK;
        if (status != FF_OK)
            return status;
        for (uint32_t i = 0; got && i < reader->n_fields; i++) {
            const char *text = ff_reader_field(reader, i);

            columns[i].recurs = columns[i].recurs || strcmp(text, first[i]) == 0;
            if (ff_reader_is_missing(text))
                continue;
            columns[i].any = true;
            columns[i].numbers = columns[i].numbers && is_number(reader, i);
        }
    }
    return FF_OK;
}

static bool names_a_column(uint32_t n, char *const *first, const struct ff_schema *schema)
{
    for (uint32_t c = 0; schema && c < schema->n_columns; c++)
        for (uint32_t i = 0; schema->columns[c].name && i < n; i++)
            if (strcmp(first[i], schema->columns[c].name) == 0)
                return true;
    return false;
}

/* Sets *HEADER by what the records below the first say. SCHEMA may be NULL. */
static int decide(struct ff_reader *reader, uint32_t n, char *const *first,
                  const struct column *columns, const struct ff_schema *schema, bool *header)
{
    struct ff_values values = {.n = 0};
    /* The data of a model without names has none, whatever its first row is. */
    bool texts = !schema || schema->n_columns == 0 || schema->columns[0].name;
    int status = FF_OK;

    *header = false;
    for (uint32_t i = 0; i < n && status == FF_OK; i++) {
        uint32_t index;

        if (columns[i].text && !ff_reader_is_missing(first[i]) && columns[i].any &&
            columns[i].numbers)
            *header = true;
        texts = texts && columns[i].text && !columns[i].recurs;
        if (texts)
            status = ff_values_count(reader->ctx, &values, first[i], &index);
    }
    if (texts && values.n == n)
        *header = true;
    ff_values_release(reader->ctx, &values);
    return status;
}

int ff_header_find(struct ff_reader *reader, char separator, const struct ff_schema *schema,
                   bool *header, uint32_t *n, char ***first)
{
    struct column *columns;
    bool got;
    int status;

    *first = NULL;
    reader->expected = 0;
    reader->names = NULL;
    status = ff_reader_rewind(reader, separator);
    if (status == FF_OK)
        status = ff_reader_next(reader, &got);
    if (status != FF_OK)
        return status;
    if (!got)
        return ff_fail(reader->ctx, FF_EINVAL, "%s: holds no rows", ff_input_path(reader->input));
    *n = reader->expected = reader->n_fields;
    status = copy_first(reader, first);
    if (status != FF_OK)
        return status;
    columns = ff_alloc_array(reader->ctx, FF_MEM_IO, *n, sizeof *columns);
    status = columns ? preview(reader, *first, columns) : ff_alloc_status(reader->ctx);
    if (status == FF_OK)
        status = decide(reader, *n, *first, columns, schema, header);
    if (status == FF_OK && names_a_column(*n, *first, schema))
        *header = true;
    ff_free(reader->ctx, FF_MEM_IO, columns, *n * sizeof *columns);
    return status;
}
