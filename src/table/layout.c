#include "table/layout.h"

#include "table/header.h"
#include "table/values.h"

#include <fftool/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ff_layout_release(struct ff_layout *layout)
{
    ff_header_free(layout->n_fields, layout->names);
    free(layout->field);
    *layout = (struct ff_layout){.n_fields = 0};
}

int ff_layout_rewind(struct ff_reader *reader, const struct ff_layout *layout)
{
    bool got;
    int status = ff_reader_rewind(reader, reader->separator);

    if (status != FF_OK || !layout->header)
        return status;
    reader->expected = 0; /* blank lines before the header are no rows */
    status = ff_reader_next(reader, &got);
    reader->expected = layout->n_fields;
    return status;
}

int ff_layout_check_name(const struct ff_reader *reader, uint32_t i, const char *text)
{
    size_t length = strlen(text);

    if (length >= FF_VALUE_BYTES)
        return ff_reader_fail(reader, FF_EINVAL, i,
                              "a name of %zu bytes; the limit is %d; remove the column if it is "
                              "free text",
                              length, FF_VALUE_BYTES - 1);
    if (ff_text_escape(text, FF_ESCAPE_BYTES, NULL, 0) != length)
        return ff_reader_fail(reader, FF_EINVAL, i,
                              "\"%.60s\" is not UTF-8; save the file as UTF-8", text);
    return FF_OK;
}

/* ---- Names ---- */

/* Names column I, whose name in the header is empty. */
static bool name_by_number(char **name, uint32_t i)
{
    char text[32];

    snprintf(text, sizeof text, "column %u", i + 1);
    free(*name);
    *name = strdup(text);
    return *name;
}

/* Names of columns are different, so that each finds its column in other files. */
static int check_names(struct ff_reader *reader, struct ff_layout *layout)
{
    struct ff_values values = {.n = 0};
    int status = FF_OK;

    reader->line = 1;
    for (uint32_t i = 0; i < layout->n_fields && status == FF_OK; i++) {
        uint32_t index;

        if (!layout->names[i][0] && !name_by_number(&layout->names[i], i))
            status = ff_fail(reader->ctx, FF_ENOMEM, "out of memory for the columns of the data");
        if (status == FF_OK)
            status = ff_layout_check_name(reader, i, layout->names[i]);
        if (status == FF_OK)
            status = ff_values_count(reader->ctx, &values, layout->names[i], &index);
        if (status == FF_OK && index < i)
            status = ff_reader_fail(reader, FF_EINVAL, i, "column %u has the same name; rename one",
                                    index + 1);
    }
    ff_values_release(reader->ctx, &values);
    return status;
}

/* Reads the names of the header, if there is one. */
static int find_names(struct ff_reader *reader, const struct ff_dataset_spec *spec,
                      struct ff_layout *layout)
{
    char separator;
    int status = ff_header_separator(reader, &separator);

    if (status == FF_OK)
        status = ff_header_find(reader, separator, spec->schema, &layout->header, &layout->n_fields,
                                &layout->names);
    if (!layout->header) {
        ff_header_free(layout->n_fields, layout->names);
        layout->names = NULL;
    }
    reader->names = layout->names;
    return status == FF_OK && layout->header ? check_names(reader, layout) : status;
}

static uint32_t find_name(const struct ff_layout *layout, const char *name)
{
    for (uint32_t i = 0; layout->names && i < layout->n_fields; i++)
        if (strcmp(layout->names[i], name) == 0)
            return i;
    return FF_NO_FIELD;
}

/* The field that TEXT numbers from 1, which LAYOUT may not have; FF_NO_FIELD: it is no number. */
static uint32_t number_of(const char *text)
{
    char *end;
    unsigned long number;

    if (strspn(text, "0123456789") == 0)
        return FF_NO_FIELD;
    number = strtoul(text, &end, 10);
    return !*end && number >= 1 && number < FF_NO_FIELD ? (uint32_t)(number - 1) : FF_NO_FIELD;
}

/* ---- The label and the name of the row ---- */

/* FF_EINVAL: there is no column NAME for WHAT. */
static int no_column(const struct ff_reader *reader, const struct ff_layout *layout,
                     const char *name, const char *what)
{
    char list[FF_MESSAGE_BYTES / 2] = "";
    size_t used = 0;

    for (uint32_t i = 0; layout->names && i < layout->n_fields && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 layout->names[i]);
    if (!layout->names)
        snprintf(list, sizeof list, "1 to %u, as the file has no header", layout->n_fields);
    return ff_fail(reader->ctx, FF_EINVAL,
                   "%s: no column \"%.100s\" for the %s; its columns are %s",
                   ff_input_path(reader->input), name, what, list);
}

/* Sets *OUT to the field that TEXT, a name or else a number from 1, means for WHAT. FF_EINVAL:
 * there is none. */
static int find_given(const struct ff_reader *reader, const struct ff_layout *layout,
                      const char *text, const char *what, uint32_t *out)
{
    const uint32_t named = find_name(layout, text), numbered = number_of(text);

    *out = named != FF_NO_FIELD ? named : numbered;
    if (*out >= layout->n_fields)
        return no_column(reader, layout, text, what);
    if (*out != numbered && numbered < layout->n_fields)
        ff_warn(reader->ctx,
                "%s: \"%s\" for the %s is taken for the name of column %u, not for the "
                "number of column %u (\"%.100s\"), which has to be given by its name",
                ff_input_path(reader->input), text, what, *out + 1, numbered + 1,
                layout->names[numbered]);
    return FF_OK;
}

static bool has_names(const struct ff_schema *schema)
{
    return schema->n_columns > 0 && schema->columns[0].name;
}

/* True if the columns of both have names. */
static bool is_named(const struct ff_layout *layout, const struct ff_schema *schema)
{
    return layout->names && has_names(schema);
}

/* Fields other than the name of the row. */
static uint32_t other_fields(const struct ff_layout *layout)
{
    return layout->n_fields - (layout->id != FF_NO_FIELD);
}

/* Whether unlabelled data for SCHEMA has no label: named columns say so by its name, others by
 * their number. A model of images does not know; its data then has none. */
static bool lacks_label(const struct ff_layout *layout, const struct ff_schema *schema)
{
    if (is_named(layout, schema))
        return schema->label_name && find_name(layout, schema->label_name) == FF_NO_FIELD;
    return schema->n_columns == 0 || other_fields(layout) == schema->n_columns;
}

/* Whether data for SCHEMA, whose rows have names, has too few fields for them. */
static bool lacks_id(const struct ff_layout *layout, const struct ff_dataset_spec *spec)
{
    const struct ff_schema *schema = spec->schema;

    if (is_named(layout, schema))
        return find_name(layout, schema->id_name) == FF_NO_FIELD;
    return layout->n_fields <= schema->n_columns + !spec->unlabelled;
}

/* The field that names the rows of data for SCHEMA, whose columns have no names. */
static uint32_t place_of_id(const struct ff_layout *layout, const struct ff_schema *schema)
{
    const uint32_t label = schema->label_name ? number_of(schema->label_name) : FF_NO_FIELD;
    const bool unlabelled = layout->n_fields == schema->n_columns + 1;
    uint32_t id = number_of(schema->id_name);

    id -= unlabelled && label < id;
    return id < layout->n_fields ? id : FF_NO_FIELD;
}

static int find_id(const struct ff_reader *reader, const struct ff_dataset_spec *spec,
                   struct ff_layout *layout)
{
    const struct ff_schema *schema = spec->schema;

    layout->id = FF_NO_FIELD;
    if (spec->id_column)
        return find_given(reader, layout, spec->id_column, "names of the rows", &layout->id);
    if (!schema || !schema->id_name || lacks_id(layout, spec))
        return FF_OK;
    if (has_names(schema) && !layout->names)
        return ff_fail(reader->ctx, FF_EMISMATCH,
                       "%s: has %u columns but no header, so the column \"%.100s\" of names of the "
                       "rows cannot be found; add the header, or remove the column",
                       ff_input_path(reader->input), layout->n_fields, schema->id_name);
    layout->id =
        has_names(schema) ? find_name(layout, schema->id_name) : place_of_id(layout, schema);
    return FF_OK;
}

/* The field of the label of data for SCHEMA, which may be NULL. FF_NO_FIELD: its name is missing.
 */
static uint32_t place_of_label(const struct ff_layout *layout, const struct ff_schema *schema)
{
    const uint32_t last = layout->n_fields - 1 - (layout->id == layout->n_fields - 1);
    uint32_t label, id;

    if (!schema || !schema->label_name)
        return last;
    if (schema->n_columns == 0 || has_names(schema))
        return layout->names ? find_name(layout, schema->label_name) : last;
    label = number_of(schema->label_name);
    id = schema->id_name ? number_of(schema->id_name) : FF_NO_FIELD;
    /* Either data may lack the names of the rows, or have them elsewhere. */
    label -= id < label;
    label += layout->id <= label;
    return label < layout->n_fields ? label : last;
}

static int find_label(const struct ff_reader *reader, const struct ff_dataset_spec *spec,
                      struct ff_layout *layout)
{
    const struct ff_schema *schema = spec->schema;
    int status = FF_OK;

    layout->label = FF_NO_FIELD;
    if (other_fields(layout) == 0)
        return ff_fail(reader->ctx, FF_EINVAL, "%s: has only the column of names",
                       ff_input_path(reader->input));
    if (spec->label_column)
        status = find_given(reader, layout, spec->label_column, "label", &layout->label);
    else if (!schema || !spec->unlabelled || !lacks_label(layout, schema))
        layout->label = place_of_label(layout, schema);
    if (status != FF_OK)
        return status;
    if (layout->label != FF_NO_FIELD && layout->label == layout->id)
        return ff_fail(reader->ctx, FF_EINVAL,
                       "%s: column %u is both the label and the names of the rows; give another "
                       "--label-column or --id-column",
                       ff_input_path(reader->input), layout->id + 1);
    if (layout->label != FF_NO_FIELD || spec->unlabelled)
        return FF_OK;
    return no_column(reader, layout, schema->label_name, "label");
}

/* ---- The columns ---- */

static int match_by_name(const struct ff_reader *reader, const struct ff_schema *schema,
                         struct ff_layout *layout)
{
    uint32_t extra = other_fields(layout) - (layout->label != FF_NO_FIELD);

    for (uint32_t c = 0; c < schema->n_columns; c++) {
        const char *name = schema->columns[c].name;
        const bool in_place = c < layout->n_fields && strcmp(layout->names[c], name) == 0;

        layout->field[c] = in_place ? c : find_name(layout, name);
        if (layout->field[c] == FF_NO_FIELD)
            return ff_fail(reader->ctx, FF_EMISMATCH,
                           "%s: has no column \"%.100s\", which the model was trained on",
                           ff_input_path(reader->input), name);
        extra -= layout->field[c] != layout->label && layout->field[c] != layout->id && extra > 0;
    }
    if (extra > 0)
        ff_warn(reader->ctx, "%s: %u column%s that the model was not trained on %s ignored",
                ff_input_path(reader->input), extra, extra == 1 ? "" : "s",
                extra == 1 ? "is" : "are");
    return FF_OK;
}

static int match_by_position(const struct ff_reader *reader, const struct ff_schema *schema,
                             struct ff_layout *layout)
{
    uint32_t columns = other_fields(layout) - (layout->label != FF_NO_FIELD), n = 0;

    if (columns == 0)
        return ff_fail(reader->ctx, FF_EINVAL,
                       "%s: has only the label column; is the separator , ; | or a tab?",
                       ff_input_path(reader->input));
    if (schema && schema->n_columns > 0 && schema->n_columns != columns)
        return ff_fail(reader->ctx, FF_EMISMATCH,
                       "%s: has %u column%s%s, but the model was trained on %u",
                       ff_input_path(reader->input), columns, columns == 1 ? "" : "s",
                       layout->label != FF_NO_FIELD ? " beside the label" : "", schema->n_columns);
    for (uint32_t i = 0; i < layout->n_fields; i++)
        if (i != layout->label && i != layout->id)
            layout->field[n++] = i;
    return FF_OK;
}

int ff_layout_find(struct ff_reader *reader, const struct ff_dataset_spec *spec,
                   struct ff_layout *layout)
{
    const struct ff_schema *schema = spec->schema;
    bool by_name;
    int status;

    *layout = (struct ff_layout){.n_fields = 0};
    status = find_names(reader, spec, layout);
    if (status == FF_OK)
        status = find_id(reader, spec, layout);
    if (status == FF_OK)
        status = find_label(reader, spec, layout);
    if (status != FF_OK)
        return status;
    by_name = schema && is_named(layout, schema);
    layout->n_columns =
        by_name ? schema->n_columns : other_fields(layout) - (layout->label != FF_NO_FIELD);
    layout->field = calloc(layout->n_columns + 1, sizeof *layout->field);
    if (!layout->field)
        return ff_fail(reader->ctx, FF_ENOMEM, "out of memory for the columns of the data");
    return by_name ? match_by_name(reader, schema, layout)
                   : match_by_position(reader, schema, layout);
}
