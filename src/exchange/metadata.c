#include "exchange/metadata.h"

#include "model/json_text.h"
#include "model/layer_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_BYTES 32
#define DUMP (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))

/* The part of PATH behind its directories. */
static char *base_name(char *path)
{
    char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path;
}

/* The manifest as JSON, without the directories of the data: they are nobody else's concern. */
static int manifest_to_json(const struct ff_export *export, json_t **out)
{
    struct ff_manifest shown = export->model->manifest;
    json_error_t error;
    char *text;
    int status;

    if (!shown.data_is_rows) {
        shown.data_path = base_name(shown.data_path);
        shown.data_labels = base_name(shown.data_labels);
    }
    status = ff_manifest_write(export->ctx, &shown, &text);
    if (status != FF_OK)
        return status;
    *out = json_loads(text, 0, &error);
    free(text);
    return *out ? FF_OK : ff_fail(export->ctx, FF_ENOMEM, "out of memory for the metadata");
}

/* The metrics of a layer. A number that is not finite is null. */
static int metrics_of(const struct ff_export *export, uint32_t layer, json_t *all)
{
    const struct ff_manifest *manifest = &export->model->manifest;
    float metrics[FF_MOST_LAYER_METRICS];
    json_t *row = json_array();
    int status = ff_layer_metrics_load(export->ctx, export->model->file, manifest, layer, metrics);
    int failed = json_array_append_new(all, row);

    for (uint32_t i = 0; i < ff_layer_metrics_stored(&manifest->recipe) && status == FF_OK; i++)
        failed |= json_array_append_new(row, isfinite(metrics[i]) ? json_real((double)metrics[i])
                                                                  : json_null());
    if (status == FF_OK && failed)
        status = ff_fail(export->ctx, FF_ENOMEM, "out of memory for the metadata");
    return status;
}

/* Those of all exported layers; NULL: layers that train at once have none. */
static int metrics_to_json(const struct ff_export *export, json_t **out)
{
    int status = FF_OK;

    *out = NULL;
    if (ff_recipe_trains_at_once(&export->model->manifest.recipe))
        return FF_OK;
    *out = json_array();
    for (uint32_t layer = export->first; layer <= export->last && status == FF_OK; layer++)
        status = metrics_of(export, layer, *out);
    return status;
}

static const char *embedding_name(const struct ff_embedding *embedding)
{
    if (embedding->classes == 0)
        return "none";
    return embedding->mode == FF_EMBED_APPEND ? "append" : "replace";
}

static json_t *inference_to_json(const struct ff_export *export)
{
    const struct ff_manifest *manifest = &export->model->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    struct ff_embedding embedding = ff_manifest_embedding(manifest);
    bool by_head = ff_recipe_head_predicts(recipe);
    uint32_t first, last;

    ff_manifest_range(manifest, ff_manifest_layers_stored(manifest), &first, &last);
    return json_pack("{s:s, s:I, s:I, s:b, s:b, s:s, s:b, s:I, s:I}", "method",
                     by_head ? "head" : "goodness", "features", (json_int_t)manifest->features,
                     "inputs", (json_int_t)ff_manifest_fan_in(manifest, 1), "encoded",
                     manifest->encoding.inputs > 0, "scaled", !embedding.unscaled,
                     "label_embedding", embedding_name(&embedding), "normalised",
                     ff_recipe_has_goodness(recipe), "first_layer", (json_int_t)first, "last_layer",
                     (json_int_t)last);
}

/* Sets KEY to VALUE, a new reference, as text. Returns 0, or -1 if out of memory. */
static int set_text(json_t *metadata, const char *key, json_t *value)
{
    char *text = value ? ff_json_text(value, DUMP) : NULL;
    int failed = text ? json_object_set_new(metadata, key, json_string(text)) : -1;

    free(text);
    json_decref(value);
    return failed;
}

static int fill(const struct ff_export *export, json_t *manifest, json_t *metrics, json_t *metadata)
{
    char layers[LAYERS_BYTES];
    const char *key;
    json_t *value;
    int failed = 0;

    json_object_foreach(manifest, key, value) failed |=
        json_is_string(value) ? json_object_set(metadata, key, value)
                              : set_text(metadata, key, json_incref(value));
    snprintf(layers, sizeof layers, "%u-%u", export->first, export->last);
    failed |= set_text(metadata, "inference", inference_to_json(export));
    if (metrics)
        failed |= set_text(metadata, "metrics", json_incref(metrics));
    failed |= json_object_set_new(metadata, "weights_hash", json_string(export->weights_hash));
    failed |= json_object_set_new(metadata, "layers", json_string(layers));
    failed |= json_object_set_new(metadata, "dtype",
                                  json_string(ff_export_dtype_name(export->opts->dtype)));
    return failed;
}

int ff_metadata_of(const struct ff_export *export, json_t **out)
{
    json_t *manifest = NULL, *metrics = NULL, *metadata = json_object();
    int status = manifest_to_json(export, &manifest);

    if (status == FF_OK)
        status = metrics_to_json(export, &metrics);
    if (status == FF_OK && (!metadata || fill(export, manifest, metrics, metadata) != 0))
        status = ff_fail(export->ctx, FF_ENOMEM, "out of memory for the metadata");
    json_decref(manifest);
    json_decref(metrics);
    *out = metadata;
    return status;
}
