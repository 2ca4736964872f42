#include "data/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_names(uint32_t n, char **names)
{
    for (uint32_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
}

void ff_schema_release(struct ff_schema *schema)
{
    for (uint32_t c = 0; schema->columns && c < schema->n_columns; c++) {
        struct ff_column *column = &schema->columns[c];

        free(column->name);
        release_names(column->n_categories, column->categories);
    }
    free(schema->columns);
    release_names(schema->n_classes, schema->classes);
    free(schema->label_name);
    free(schema->id_name);
    *schema = (struct ff_schema){.n_columns = 0};
}

/* Copies the string IN, which may be NULL. */
static bool copy_name(const char *in, char **out)
{
    *out = in ? strdup(in) : NULL;
    return *out || !in;
}

/* Copies N names, none if IN is NULL. */
static bool copy_names(uint32_t n, char *const *in, char ***out)
{
    *out = in ? calloc(n, sizeof **out) : NULL;
    for (uint32_t i = 0; *out && i < n; i++)
        if (!copy_name(in[i], &(*out)[i]))
            return false;
    return *out || !in;
}

static bool copy_column(const struct ff_column *in, struct ff_column *out)
{
    *out = *in;
    out->name = NULL;
    out->categories = NULL;
    return copy_name(in->name, &out->name) &&
           copy_names(in->n_categories, in->categories, &out->categories);
}

static bool copy(const struct ff_schema *in, struct ff_schema *out)
{
    if (in->n_columns > 0) {
        out->columns = calloc(in->n_columns, sizeof *out->columns);
        if (!out->columns)
            return false;
        out->n_columns = in->n_columns;
    }
    for (uint32_t c = 0; c < in->n_columns; c++)
        if (!copy_column(&in->columns[c], &out->columns[c]))
            return false;
    out->features = in->features;
    out->index_base = in->index_base;
    out->n_classes = in->n_classes;
    out->fills_missing = in->fills_missing;
    out->context = in->context;
    out->folds_case = in->folds_case;
    out->image_files = in->image_files;
    out->resizes = in->resizes;
    return copy_names(in->n_classes, in->classes, &out->classes) &&
           copy_name(in->label_name, &out->label_name) && copy_name(in->id_name, &out->id_name);
}

int ff_schema_copy(struct ff_ctx *ctx, const struct ff_schema *in, struct ff_schema *out)
{
    *out = (struct ff_schema){.n_columns = 0};
    if (copy(in, out))
        return FF_OK;
    ff_schema_release(out);
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the columns of the data");
}

bool ff_schema_has_categories(const struct ff_schema *schema)
{
    for (uint32_t c = 0; c < schema->n_columns; c++)
        if (schema->columns[c].kind == FF_COLUMN_CATEGORY)
            return true;
    return schema->context > 0;
}

uint64_t ff_schema_inputs(const struct ff_schema *schema, uint32_t features)
{
    uint64_t inputs = features;

    if (schema->context > 0)
        return inputs * schema->n_classes;
    for (uint32_t c = 0; c < schema->n_columns; c++)
        if (schema->columns[c].kind == FF_COLUMN_CATEGORY)
            inputs += schema->columns[c].n_categories - 1;
    return inputs;
}

const char *ff_schema_class(const struct ff_schema *schema, uint32_t label,
                            char out[FF_CLASS_NAME_BYTES])
{
    if (schema->classes)
        return schema->classes[label];
    snprintf(out, FF_CLASS_NAME_BYTES, "%u", label);
    return out;
}
