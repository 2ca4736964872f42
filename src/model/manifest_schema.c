#include "model/manifest_schema.h"

#include <fftool/data.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

static json_t *names_to_json(uint32_t n, char *const *names)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < n; i++)
        if (json_array_append_new(array, json_string(names[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *column_to_json(const struct ff_column *column)
{
    json_t *object = json_object();
    int failed = 0;

    if (column->name)
        failed |= json_object_set_new(object, "name", json_string(column->name));
    if (column->kind == FF_COLUMN_CATEGORY) {
        failed |= json_object_set_new(object, "categories",
                                      names_to_json(column->n_categories, column->categories));
        failed |= json_object_set_new(object, "mode", json_integer(column->mode));
    } else {
        failed |= json_object_set_new(object, "mean", json_real(column->mean));
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int ff_manifest_schema_write(json_t *data, const struct ff_schema *schema)
{
    json_t *columns = schema->n_columns > 0 ? json_array() : NULL;
    int failed = schema->n_columns > 0 && !columns;

    for (uint32_t c = 0; c < schema->n_columns; c++)
        failed |= json_array_append_new(columns, column_to_json(&schema->columns[c]));
    if (columns)
        failed |= json_object_set_new(data, "columns", columns);
    if (schema->index_base != FF_INDEX_UNKNOWN)
        failed |= json_object_set_new(data, "index_base",
                                      json_integer(schema->index_base == FF_INDEX_FROM_1));
    if (schema->classes)
        failed |= json_object_set_new(data, "class_names",
                                      names_to_json(schema->n_classes, schema->classes));
    if (schema->label_name)
        failed |= json_object_set_new(data, "label_column", json_string(schema->label_name));
    if (schema->id_name)
        failed |= json_object_set_new(data, "id_column", json_string(schema->id_name));
    if (schema->fills_missing)
        failed |= json_object_set_new(data, "fills_missing", json_true());
    if (schema->context > 0)
        failed |= json_object_set_new(data, "context", json_integer(schema->context));
    if (schema->folds_case)
        failed |= json_object_set_new(data, "folds_case", json_true());
    if (schema->image_files)
        failed |= json_object_set_new(data, "image_files", json_true());
    if (schema->resizes)
        failed |= json_object_set_new(data, "resized", json_true());
    return failed ? -1 : 0;
}

static json_t *reals_to_json(uint32_t n, const double *values)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < n; i++)
        if (json_array_append_new(array, json_real(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

int ff_manifest_moments_write(json_t *data, const struct ff_moments *moments)
{
    if (moments->n == 0)
        return 0;
    return json_object_set_new(data, "mean", reals_to_json(moments->n, moments->mean)) |
           json_object_set_new(data, "deviation", reals_to_json(moments->n, moments->deviation));
}

int ff_manifest_class_weights_write(json_t *data, const struct ff_class_weights *weights)
{
    json_t *array;

    if (weights->n == 0)
        return 0;
    array = json_array();
    for (uint32_t c = 0; c < weights->n; c++)
        if (json_array_append_new(array, json_integer((json_int_t)weights->samples[c])) != 0) {
            json_decref(array);
            return -1;
        }
    return json_object_set_new(data, "class_samples", array);
}

/* ---- Reading ---- */

static int damaged(struct ff_ctx *ctx, const char *what)
{
    return ff_fail(ctx, FF_ECORRUPT, "\"%s\" of the data is damaged", what);
}

static int no_memory(struct ff_ctx *ctx)
{
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the columns of the data");
}

static int name_from_json(struct ff_ctx *ctx, const json_t *value, char **out)
{
    if (!json_is_string(value))
        return damaged(ctx, "names");
    *out = strdup(json_string_value(value));
    return *out ? FF_OK : no_memory(ctx);
}

/* Reads an array of LEAST to MOST names, malloc'd. *OUT is to be freed with *COUNT names also on
 * error. */
static int names_from_json(struct ff_ctx *ctx, const json_t *array, size_t least, size_t most,
                           uint32_t *count, char ***out)
{
    size_t n = json_array_size(array);

    if (n < least || n > most)
        return damaged(ctx, "names");
    *out = calloc(n, sizeof **out);
    if (!*out)
        return no_memory(ctx);
    for (*count = 0; *count < n; (*count)++) {
        int status = name_from_json(ctx, json_array_get(array, *count), &(*out)[*count]);

        if (status != FF_OK)
            return status;
    }
    return FF_OK;
}

static int column_from_json(struct ff_ctx *ctx, const json_t *object, struct ff_column *out)
{
    const json_t *name = json_object_get(object, "name");
    const json_t *categories = json_object_get(object, "categories");
    const json_t *mean = json_object_get(object, "mean");
    json_int_t mode = json_integer_value(json_object_get(object, "mode"));
    int status = name ? name_from_json(ctx, name, &out->name) : FF_OK;

    if (status != FF_OK)
        return status;
    if (!categories) {
        out->mean = json_number_value(mean);
        return json_is_number(mean) && isfinite(out->mean) ? FF_OK : damaged(ctx, "columns");
    }
    out->kind = FF_COLUMN_CATEGORY;
    status = names_from_json(ctx, categories, 1, FF_MAX_CATEGORIES, &out->n_categories,
                             &out->categories);
    if (status == FF_OK && (mode < 0 || mode >= out->n_categories))
        return damaged(ctx, "columns");
    out->mode = (uint32_t)mode;
    return status;
}

static int columns_from_json(struct ff_ctx *ctx, const json_t *array, struct ff_schema *out)
{
    size_t n = json_array_size(array);
    int status = FF_OK;

    if (n < 1 || n > UINT32_MAX)
        return damaged(ctx, "columns");
    out->columns = calloc(n, sizeof *out->columns);
    if (!out->columns)
        return no_memory(ctx);
    for (out->n_columns = 0; out->n_columns < n && status == FF_OK; out->n_columns++)
        status = column_from_json(ctx, json_array_get(array, out->n_columns),
                                  &out->columns[out->n_columns]);
    return status;
}

/* Reads the member NAME of DATA, false if there is none. */
static int flag_from_json(struct ff_ctx *ctx, const json_t *data, const char *name, bool *out)
{
    const json_t *value = json_object_get(data, name);

    *out = json_is_true(value);
    return !value || json_is_boolean(value) ? FF_OK : damaged(ctx, name);
}

static int index_base_from_json(struct ff_ctx *ctx, const json_t *value, struct ff_schema *out)
{
    json_int_t base = json_integer_value(value);

    if (!json_is_integer(value) || base < 0 || base > 1)
        return damaged(ctx, "index_base");
    out->index_base = base == 0 ? FF_INDEX_FROM_0 : FF_INDEX_FROM_1;
    return FF_OK;
}

static int context_from_json(struct ff_ctx *ctx, const json_t *value, struct ff_schema *out)
{
    json_int_t context = json_integer_value(value);

    if (!json_is_integer(value) || context < 1 || context > FF_MAX_CONTEXT)
        return damaged(ctx, "context");
    out->context = (uint32_t)context;
    return FF_OK;
}

static int schema_from_json(struct ff_ctx *ctx, const json_t *data, uint32_t classes,
                            struct ff_schema *out)
{
    const json_t *columns = json_object_get(data, "columns");
    const json_t *base = json_object_get(data, "index_base");
    const json_t *names = json_object_get(data, "class_names");
    const json_t *label = json_object_get(data, "label_column");
    const json_t *id = json_object_get(data, "id_column");
    const json_t *context = json_object_get(data, "context");
    int status = columns ? columns_from_json(ctx, columns, out) : FF_OK;

    if (status == FF_OK && context)
        status = context_from_json(ctx, context, out);

    if (status == FF_OK && base)
        status = index_base_from_json(ctx, base, out);
    if (status == FF_OK && names)
        status = names_from_json(ctx, names, classes, classes, &out->n_classes, &out->classes);
    if (status == FF_OK && label)
        status = name_from_json(ctx, label, &out->label_name);
    if (status == FF_OK && id)
        status = name_from_json(ctx, id, &out->id_name);
    if (status == FF_OK)
        status = flag_from_json(ctx, data, "fills_missing", &out->fills_missing);
    if (status == FF_OK)
        status = flag_from_json(ctx, data, "folds_case", &out->folds_case);
    if (status == FF_OK)
        status = flag_from_json(ctx, data, "image_files", &out->image_files);
    if (status == FF_OK)
        status = flag_from_json(ctx, data, "resized", &out->resizes);
    if (!names)
        out->n_classes = classes;
    return status;
}

int ff_manifest_schema_read(struct ff_ctx *ctx, const json_t *data, uint32_t classes,
                            struct ff_schema *out)
{
    int status = schema_from_json(ctx, data, classes, out);

    if (status != FF_OK)
        ff_schema_release(out);
    return status;
}

int ff_manifest_moments_read(struct ff_ctx *ctx, const json_t *data, struct ff_moments *out)
{
    const json_t *means = json_object_get(data, "mean");
    const json_t *deviations = json_object_get(data, "deviation");
    size_t n = json_array_size(means);
    int status = FF_OK;

    if (!means && !deviations)
        return FF_OK;
    if (n < 1 || n > UINT32_MAX || json_array_size(deviations) != n)
        return damaged(ctx, "mean");
    status = ff_moments_init(ctx, (uint32_t)n, out);
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        out->mean[i] = json_number_value(json_array_get(means, i));
        out->deviation[i] = json_number_value(json_array_get(deviations, i));
        if (!isfinite(out->mean[i]) || !isfinite(out->deviation[i]) || out->deviation[i] < 0)
            status = damaged(ctx, "mean");
    }
    if (status != FF_OK)
        ff_moments_release(out);
    return status;
}

/* Reads the N samples of classes from ARRAY; at least one is positive. */
static bool class_samples_from_json(const json_t *array, uint32_t n, uint64_t *out)
{
    bool any = false;

    for (uint32_t c = 0; c < n; c++) {
        const json_t *value = json_array_get(array, c);
        json_int_t samples = json_integer_value(value);

        if (!json_is_integer(value) || samples < 0)
            return false;
        out[c] = (uint64_t)samples;
        any |= samples > 0;
    }
    return any;
}

int ff_manifest_class_weights_read(struct ff_ctx *ctx, const json_t *data, uint32_t classes,
                                   struct ff_class_weights *out)
{
    const json_t *array = json_object_get(data, "class_samples");
    uint64_t *samples;
    int status;

    if (!array)
        return FF_OK;
    if (json_array_size(array) != classes || classes == 0)
        return damaged(ctx, "class_samples");
    samples = malloc(classes * sizeof *samples);
    if (!samples)
        return no_memory(ctx);
    status = class_samples_from_json(array, classes, samples)
                 ? ff_class_weights_init(ctx, classes, samples, out)
                 : damaged(ctx, "class_samples");
    free(samples);
    return status;
}
