#include "table/layout.h"

#include "table/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool ff_is_missing(const char *text)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "null", "?"};

    while (*text == ' ' || *text == '\t')
        text++;
    if (*text == '\0')
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

void ff_layout_release(struct ff_layout *layout)
{
    for (uint32_t i = 0; layout->names && i < layout->fields; i++)
        free(layout->names[i]);
    free(layout->names);
    free(layout->field_of);
    *layout = (struct ff_layout){.fields = 0};
}

int ff_layout_fail(const struct ff_layout *layout, const struct ff_records *records, uint32_t i,
                   int status, const char *why)
{
    const char *name = layout->names ? layout->names[i] : NULL;

    return ff_fail(records->ctx, status, "%s: line %" PRIu64 ", column %u%s%.80s%s: %s",
                   ff_input_path(records->input), records->line, i + 1, name ? " (" : "",
                   name ? name : "", name ? ")" : "", why);
}

static int no_memory(const struct ff_records *records)
{
    return ff_fail(records->ctx, FF_ENOMEM, "out of memory for the columns of %s",
                   ff_input_path(records->input));
}

/* True if the record at hand can be a header. */
static bool is_header(const struct ff_records *records)
{
    double unused;

    for (uint32_t i = 0; i < records->n; i++) {
        const char *text = ff_records_field(records, i);

        if (ff_is_missing(text) || ff_number_read(text, &unused))
            return false;
    }
    return true;
}

static int keep_header(const struct ff_records *records, struct ff_layout *out)
{
    out->names = calloc(out->fields, sizeof *out->names);
    for (uint32_t i = 0; out->names && i < out->fields; i++) {
        out->names[i] = strdup(ff_records_field(records, i));
        if (!out->names[i])
            return no_memory(records);
    }
    return out->names ? FF_OK : no_memory(records);
}

/* The field of that name, or of that number from 1 on; FF_NO_FIELD: there is none. */
static uint32_t find_field(const struct ff_layout *layout, const char *name)
{
    char *end;
    unsigned long number;

    for (uint32_t i = 0; layout->names && i < layout->fields; i++)
        if (strcmp(layout->names[i], name) == 0)
            return i;
    number = strtoul(name, &end, 10);
    if (*end || end == name || number < 1 || number > layout->fields)
        return FF_NO_FIELD;
    return (uint32_t)number - 1;
}

static int find_label(const struct ff_records *records, const struct ff_dataset_spec *spec,
                      struct ff_layout *out)
{
    const char *path = ff_input_path(records->input);
    const char *name = spec->label_column;

    if (!name && spec->schema)
        name = spec->schema->label_name;
    out->label = name ? find_field(out, name) : out->fields - 1;
    if (spec->unlabelled && out->label != FF_NO_FIELD && spec->schema &&
        out->fields == spec->schema->n_columns)
        out->label = FF_NO_FIELD; /* the table has no column of labels */
    if (out->label != FF_NO_FIELD || spec->unlabelled)
        return FF_OK;
    return ff_fail(records->ctx, FF_EINVAL,
                   "%s: has no column %.80s for the labels; name one of its %u columns with "
                   "--label-column",
                   path, name, out->fields);
}

/* Columns in the order of the table. */
static int list_all(const struct ff_records *records, struct ff_layout *out)
{
    if (out->columns == 0)
        return ff_fail(records->ctx, FF_EINVAL, "%s: has no column but that of the labels",
                       ff_input_path(records->input));
    for (uint32_t i = 0, c = 0; i < out->fields; i++)
        if (i != out->label)
            out->field_of[c++] = i;
    return FF_OK;
}

/* Columns in the order of SCHEMA, found by name. */
static int list_named(const struct ff_records *records, const struct ff_schema *schema,
                      struct ff_layout *out)
{
    for (uint32_t c = 0; c < schema->n_columns; c++) {
        uint32_t field = 0;

        while (field < out->fields && strcmp(out->names[field], schema->columns[c].name) != 0)
            field++;
        if (field == out->fields)
            return ff_fail(records->ctx, FF_EMISMATCH,
                           "%s: has no column %.80s, which the model was trained on",
                           ff_input_path(records->input), schema->columns[c].name);
        out->field_of[c] = field;
    }
    return FF_OK;
}

static bool has_names(const struct ff_schema *schema)
{
    for (uint32_t c = 0; c < schema->n_columns; c++)
        if (!schema->columns[c].name)
            return false;
    return true;
}

static int list_columns(const struct ff_records *records, const struct ff_dataset_spec *spec,
                        struct ff_layout *out)
{
    const struct ff_schema *schema = spec->schema;
    bool known = schema && schema->n_columns > 0;
    uint32_t others = out->fields - (out->label != FF_NO_FIELD);

    out->columns = known ? schema->n_columns : others;
    out->field_of = calloc(out->columns + 1, sizeof *out->field_of);
    if (!out->field_of)
        return no_memory(records);
    if (known && out->names && has_names(schema))
        return list_named(records, schema, out);
    if (known && others != schema->n_columns)
        return ff_fail(records->ctx, FF_EMISMATCH,
                       "%s: has %u columns beside the labels, but the model was trained on %u",
                       ff_input_path(records->input), others, schema->n_columns);
    return list_all(records, out);
}

int ff_layout_find(struct ff_records *records, const struct ff_dataset_spec *spec,
                   struct ff_layout *out)
{
    bool end;
    int status = ff_records_next(records, &end);

    *out = (struct ff_layout){.label = FF_NO_FIELD};
    if (status == FF_OK && end)
        status = ff_fail(records->ctx, FF_EINVAL, "%s: is empty", ff_input_path(records->input));
    if (status != FF_OK)
        return status;
    out->fields = records->n;
    out->has_header = is_header(records);
    if (out->has_header)
        status = keep_header(records, out);
    if (status == FF_OK)
        status = find_label(records, spec, out);
    if (status == FF_OK)
        status = list_columns(records, spec, out);
    if (status == FF_OK)
        status = ff_layout_rewind(out, records);
    if (status != FF_OK)
        ff_layout_release(out);
    return status;
}

int ff_layout_rewind(const struct ff_layout *layout, struct ff_records *records)
{
    bool end;
    int status = ff_records_rewind(records);

    return status == FF_OK && layout->has_header ? ff_records_next(records, &end) : status;
}

int ff_layout_next(const struct ff_layout *layout, struct ff_records *records, bool *end)
{
    int status = ff_records_next(records, end);

    if (status != FF_OK || *end || records->n == layout->fields)
        return status;
    return ff_fail(records->ctx, FF_ECORRUPT, "%s: line %" PRIu64 ": has %u fields, not %u",
                   ff_input_path(records->input), records->line, records->n, layout->fields);
}
