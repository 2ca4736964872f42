#include "table/scan.h"

#include "table/names.h"
#include "table/number.h"

#include <fftool/text.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WHOLE 9007199254740992.0 /* whole numbers below are doubles */

/* A column as it is found. */
struct found {
    bool is_category;
    double sum;
    uint64_t numbers;
    struct ff_names names;
};

struct scan {
    struct ff_records *records;
    const struct ff_layout *layout;
    struct ff_schema *schema;
    bool finds_columns, finds_classes;
    struct found *found; /* (columns) */
    struct ff_names labels;
    bool changed; /* a column turned out to hold categories in this pass */
};

const char *ff_category_text(const char *text, char out[FF_LABEL_TEXT_BYTES])
{
    size_t n;

    while (*text == ' ' || *text == '\t')
        text++;
    snprintf(out, FF_LABEL_TEXT_BYTES, "%s", text);
    n = strlen(out);
    while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\t'))
        out[--n] = '\0';
    return out;
}

const char *ff_label_text(const char *text, char out[FF_LABEL_TEXT_BYTES])
{
    double value;

    if (!ff_number_read(text, &value) || value != floor(value) || fabs(value) >= MOST_WHOLE)
        return ff_category_text(text, out);
    snprintf(out, FF_LABEL_TEXT_BYTES, "%.0f", value == 0 ? 0 : value);
    return out;
}

static int no_memory(const struct scan *s)
{
    return ff_fail(s->records->ctx, FF_ENOMEM, "out of memory for the columns of %s",
                   ff_input_path(s->records->input));
}

/* Counts TEXT, of field I, among NAMES. */
static int count_name(const struct scan *s, uint32_t i, struct ff_names *names, const char *text,
                      uint32_t most, const char *too_many)
{
    bool out_of_memory = false;

    if (ff_text_escape(text, FF_ESCAPE_BYTES, NULL, 0) != strlen(text))
        return ff_layout_fail(s->layout, s->records, i, FF_EINVAL,
                              "is not UTF-8 text; convert the file with iconv");
    if (strlen(text) == FF_LABEL_TEXT_BYTES - 1)
        return ff_layout_fail(s->layout, s->records, i, FF_EINVAL,
                              "a name of more than 254 bytes; shorten it");
    if (ff_names_count(names, text, most, &out_of_memory))
        return FF_OK;
    if (out_of_memory)
        return no_memory(s);
    return ff_layout_fail(s->layout, s->records, i, FF_EINVAL, too_many);
}

static int take_value(struct scan *s, uint32_t c)
{
    uint32_t i = s->layout->field_of[c];
    const char *text = ff_records_field(s->records, i);
    struct found *found = &s->found[c];
    char name[FF_LABEL_TEXT_BYTES];
    double value;

    if (ff_is_missing(text))
        return s->schema->fills_missing
                   ? FF_OK
                   : ff_layout_fail(s->layout, s->records, i, FF_EINVAL,
                                    "the value is missing; fill it, or use --fill-missing");
    if (!found->is_category && ff_number_read(text, &value)) {
        found->sum += value;
        found->numbers++;
        return FF_OK;
    }
    if (!found->is_category) {
        found->is_category = true;
        s->changed = found->numbers > 0 || s->changed;
    }
    return count_name(s, i, &found->names, ff_category_text(text, name), FF_MAX_CATEGORIES,
                      "the column has more than 1,000 different texts; remove it if it names the "
                      "rows, or correct a text among numbers");
}

static int take_label(struct scan *s)
{
    uint32_t i = s->layout->label;
    const char *text = ff_records_field(s->records, i);
    char name[FF_LABEL_TEXT_BYTES];

    if (ff_is_missing(text))
        return ff_layout_fail(s->layout, s->records, i, FF_EINVAL, "the label is missing");
    if (!s->finds_classes)
        return FF_OK;
    return count_name(s, i, &s->labels, ff_label_text(text, name), FF_MAX_DATA_CLASSES,
                      "the labels have more than 1,000 different values; choose another "
                      "--label-column");
}

/* One pass over all rows. */
static int pass(struct scan *s, bool labelled, uint64_t *rows)
{
    int status = ff_layout_rewind(s->layout, s->records);
    bool end = false;

    s->changed = false;
    for (*rows = 0; status == FF_OK; (*rows)++) {
        status = ff_layout_next(s->layout, s->records, &end);
        if (end || status != FF_OK)
            break;
        for (uint32_t c = 0; s->finds_columns && c < s->layout->columns && status == FF_OK; c++)
            status = take_value(s, c);
        if (status == FF_OK && labelled)
            status = take_label(s);
    }
    return status;
}

/* ---- From what was found to the schema ---- */

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* Moves the texts of NAMES, in their order, to a list. */
static char **move_names(struct ff_names *names)
{
    char **out = calloc(names->n ? names->n : 1, sizeof *out);

    for (uint32_t k = 0; out && k < names->n; k++) {
        out[k] = names->names[k].text;
        names->names[k].text = NULL;
    }
    return out;
}

static int make_column(const struct scan *s, uint32_t c, struct ff_column *out)
{
    struct found *found = &s->found[c];
    uint32_t i = s->layout->field_of[c];

    if (s->layout->names) {
        out->name = copy_of(s->layout->names[i]);
        if (!out->name)
            return no_memory(s);
    }
    if (!found->is_category && found->numbers == 0)
        return ff_fail(s->records->ctx, FF_EINVAL, "%s: column %u has no values; remove it",
                       ff_input_path(s->records->input), i + 1);
    if (!found->is_category) {
        out->mean = found->sum / (double)found->numbers;
        return FF_OK;
    }
    out->kind = FF_COLUMN_CATEGORY;
    for (uint32_t k = 1; k < found->names.n; k++)
        if (found->names.names[k].count > found->names.names[out->mode].count)
            out->mode = k;
    out->categories = move_names(&found->names);
    out->n_categories = out->categories ? found->names.n : 0;
    return out->categories ? FF_OK : no_memory(s);
}

static int make_columns(const struct scan *s)
{
    struct ff_schema *schema = s->schema;
    int status = FF_OK;

    schema->columns = calloc(s->layout->columns, sizeof *schema->columns);
    if (!schema->columns)
        return no_memory(s);
    for (; schema->n_columns < s->layout->columns && status == FF_OK; schema->n_columns++)
        status = make_column(s, schema->n_columns, &schema->columns[schema->n_columns]);
    return status;
}

static int by_value(const void *a, const void *b)
{
    double x = 0, y = 0;

    (void)ff_number_read(*(char *const *)a, &x);
    (void)ff_number_read(*(char *const *)b, &y);
    return (x > y) - (x < y);
}

static int make_classes(struct scan *s)
{
    struct ff_schema *schema = s->schema;
    const struct ff_layout *layout = s->layout;
    char number[16];
    bool numbers = true;
    double unused;

    for (uint32_t k = 0; k < s->labels.n; k++)
        numbers = numbers && ff_number_read(s->labels.names[k].text, &unused);
    schema->classes = move_names(&s->labels);
    if (!schema->classes)
        return no_memory(s);
    schema->n_classes = s->labels.n;
    if (numbers)
        qsort(schema->classes, schema->n_classes, sizeof *schema->classes, by_value);
    snprintf(number, sizeof number, "%u", layout->label + 1);
    schema->label_name = copy_of(layout->names ? layout->names[layout->label] : number);
    return schema->label_name ? FF_OK : no_memory(s);
}

static int scan(struct scan *s, bool labelled, uint64_t *rows)
{
    int status;

    /* Again where texts were found among numbers: those numbers are categories, too. */
    do {
        for (uint32_t c = 0; c < s->layout->columns; c++) {
            ff_names_release(&s->found[c].names);
            s->found[c].sum = 0;
            s->found[c].numbers = 0;
        }
        ff_names_release(&s->labels);
        status = pass(s, labelled, rows);
    } while (status == FF_OK && s->changed);
    if (status == FF_OK && *rows == 0)
        status = ff_fail(s->records->ctx, FF_EINVAL, "%s: has no rows",
                         ff_input_path(s->records->input));
    if (status == FF_OK && s->finds_columns)
        status = make_columns(s);
    return status == FF_OK && s->finds_classes ? make_classes(s) : status;
}

int ff_table_scan(struct ff_records *records, const struct ff_layout *layout, bool labelled,
                  struct ff_schema *schema, uint64_t *rows)
{
    struct scan s = {
        .records = records,
        .layout = layout,
        .schema = schema,
        .finds_columns = schema->n_columns == 0,
        .finds_classes = labelled && schema->n_classes == 0,
        .found = calloc(layout->columns, sizeof *s.found),
    };
    int status = s.found ? scan(&s, labelled, rows) : no_memory(&s);

    for (uint32_t c = 0; s.found && c < layout->columns; c++)
        ff_names_release(&s.found[c].names);
    ff_names_release(&s.labels);
    free(s.found);
    return status;
}
