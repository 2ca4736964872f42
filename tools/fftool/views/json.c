/* fftool inspect --json: everything, for programs. */
#include "views/inspect.h"
#include <math.h>

static json_t *stats_object(const struct ff_tensor_stats *stats)
{
    struct json_builder object = json_build(json_object());
    bool any = stats->count > 0;

    json_add(&object, "count", json_from_count(stats->count));
    json_add(&object, "min", any ? json_from_real(stats->min) : json_null());
    json_add(&object, "max", any ? json_from_real(stats->max) : json_null());
    json_add(&object, "mean", any ? json_from_real(stats->mean) : json_null());
    json_add(&object, "std", any ? json_from_real(stats->std) : json_null());
    json_add(&object, "zeros", json_from_count(stats->zeros));
    json_add(&object, "nans", json_from_count(stats->nans));
    json_add(&object, "infinities", json_from_count(stats->infinities));
    return json_built(&object);
}

static json_t *count_or_null(uint32_t count)
{
    return count > 0 ? json_from_count(count) : json_null();
}

static json_t *layer_object(const struct ff_layer_info *layer)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "layer", json_from_count(layer->layer));
    json_add(&object, "state", json_from_text(layer_state_name(layer->state)));
    json_add(&object, "fan_in", json_from_count(layer->fan_in));
    json_add(&object, "units", json_from_count(layer->units));
    json_add(&object, "parameters", json_from_count(layer->parameters));
    json_add(&object, "dtype", json_from_text(layer->dtype));
    json_add(&object, "tiles", json_from_count(layer->tiles));
    json_add(&object, "tile_units", json_from_count(layer->tile_units));
    json_add(&object, "raw_bytes", json_from_count(layer->raw_bytes));
    json_add(&object, "stored_bytes", json_from_count(layer->stored_bytes));
    json_add(&object, "optimizer_stored_bytes", json_from_count(layer->optimizer_stored_bytes));
    json_add(&object, "weights", stats_object(&layer->weights));
    json_add(&object, "biases", stats_object(&layer->biases));
    if (layer->label_weights.count > 0)
        json_add(&object, "label_weights", stats_object(&layer->label_weights));
    json_add(&object, "goodness_pos", json_from_float(layer->goodness_pos));
    json_add(&object, "goodness_neg", json_from_float(layer->goodness_neg));
    json_add(&object, "error", json_from_float(layer->error));
    json_add(&object, "loss", json_from_float(layer->loss));
    json_add(&object, "dead_units",
             isfinite(layer->loss) ? json_from_count(layer->dead_units) : json_null());
    json_add(&object, "learned_epochs", count_or_null(layer->learned_epochs));
    json_add(&object, "kept_epoch", count_or_null(layer->kept_epoch));
    return json_built(&object);
}

static json_t *data_file_object(const struct ff_data_file_info *file)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "name", json_from_text(file->name));
    json_add(&object, "bytes", json_from_count(file->bytes));
    json_add(&object, "mtime_ns", file->mtime_ns != 0 ? json_integer(file->mtime_ns) : json_null());
    json_add(&object, "hash", json_from_text(file->hash));
    return json_built(&object);
}

static json_t *data_files_array(const struct ff_model *model)
{
    struct json_builder array = json_build(json_array());
    struct ff_data_file_info file = {.size = sizeof file};
    uint32_t i;

    for (i = 0; ff_model_data_file(model, i, &file) == FF_OK; i++)
        json_append(&array, data_file_object(&file));
    return json_built(&array);
}

static json_t *names_array(const char *const *names, uint32_t n)
{
    struct json_builder array = json_build(json_array());

    for (uint32_t i = 0; i < n; i++)
        json_append(&array, json_from_text(names[i]));
    return json_built(&array);
}

static json_t *column_object(const struct ff_column_info *column)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "name", json_from_text(column->name));
    if (column->n_categories > 0) {
        json_add(&object, "categories", names_array(column->categories, column->n_categories));
        json_add(&object, "mode", json_from_text(column->categories[column->mode]));
    } else {
        json_add(&object, "mean", json_from_real(column->mean));
        json_add(&object, "deviation", json_from_real(column->deviation));
    }
    return json_built(&object);
}

static json_t *columns_array(const struct ff_model *model, uint32_t n)
{
    struct json_builder array = json_build(json_array());
    struct ff_column_info column = {.size = sizeof column};

    for (uint32_t i = 0; i < n && ff_model_column(model, i, &column) == FF_OK; i++)
        json_append(&array, column_object(&column));
    return json_built(&array);
}

static json_t *data_object(const struct ff_model *model, const struct ff_model_info *info)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "path", json_from_text(info->data_path));
    json_add(&object, "labels", json_from_text(info->data_labels));
    json_add(&object, "arrays", json_from_text(info->data_arrays));
    json_add(&object, "fingerprint", json_from_text(info->data_fingerprint));
    json_add(&object, "samples", json_from_count(info->samples));
    json_add(&object, "held_out_samples", json_from_count(info->held_out_samples));
    json_add(&object, "features", json_from_count(info->features));
    json_add(&object, "classes", json_from_count(info->classes));
    json_add(&object, "type", json_from_text(info->data_is_float ? "f32" : "u8"));
    json_add(&object, "files", data_files_array(model));
    json_add(&object, "columns", columns_array(model, info->columns));
    json_add(&object, "label", json_from_text(info->label_name));
    if (info->context > 0) {
        json_add(&object, "context", json_from_count(info->context));
        json_add(&object, "fold_case", json_boolean(info->folds_case));
    }
    json_add(&object, "class_names",
             info->class_names != NULL ? names_array(info->class_names, info->classes)
                                       : json_null());
    return json_built(&object);
}

static json_t *ancestor_object(const struct ff_ancestor_info *ancestor)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "weights_hash", json_from_text(ancestor->weights_hash));
    json_add(&object, "layers", json_from_count(ancestor->layers));
    json_add(&object, "layers_kept", json_from_count(ancestor->layers_kept));
    json_add(&object, "epochs", json_from_count(ancestor->epochs));
    json_add(&object, "samples", json_from_count(ancestor->samples));
    return json_built(&object);
}

static json_t *ancestors_array(const struct ff_model *model, uint32_t n)
{
    struct json_builder array = json_build(json_array());
    struct ff_ancestor_info ancestor = {.size = sizeof ancestor};

    for (uint32_t i = 0; i < n && ff_model_ancestor(model, i, &ancestor) == FF_OK; i++)
        json_append(&array, ancestor_object(&ancestor));
    return json_built(&array);
}

static json_t *file_object(const struct ff_model_info *info)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "file_bytes", json_from_count(info->file_bytes));
    json_add(&object, "page_bytes", json_from_count(info->page_bytes));
    json_add(&object, "tile_bytes", json_from_count(info->tile_bytes));
    json_add(&object, "overhead_bytes", json_from_count(info->overhead_bytes));
    json_add(&object, "free_bytes", json_from_count(info->free_bytes));
    return json_built(&object);
}

static json_t *versions_object(const struct ff_model_info *info)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "fftool", json_from_text(info->program_version));
    json_add(&object, "blas", json_from_text(info->blas));
    json_add(&object, "lmdb", json_from_text(info->lmdb));
    json_add(&object, "zstd", json_from_text(info->zstd));
    return json_built(&object);
}

static json_t *model_object(const struct ff_model *model, const struct ff_model_info *info,
                            const char *path)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "model", json_from_text(path));
    json_add(&object, "complete", json_boolean(info->complete));
    json_add(&object, "in_training", json_boolean(info->in_training));
    json_add(&object, "weights_hash", json_from_text(info->weights_hash));
    json_add(&object, "parameters", json_from_count(info->parameters));
    json_add(&object, "layers_trained", json_from_count(info->layers_trained));
    json_add(&object, "layer", json_from_count(info->layer));
    json_add(&object, "on_head", json_boolean(info->on_head));
    json_add(&object, "sweep", json_from_count(info->sweep));
    json_add(&object, "epoch", json_from_count(info->epoch));
    json_add(&object, "checkpoints", json_from_count(info->checkpoints));
    json_add(&object, "head", json_boolean(info->has_head));
    json_add(&object, "recipe", json_from_recipe(info->recipe));
    json_add(&object, "choice", json_from_choice(&info->choice));
    json_add(&object, "data", data_object(model, info));
    json_add(&object, "ancestors", ancestors_array(model, info->ancestors));
    json_add(&object, "file", file_object(info));
    json_add(&object, "made_by", versions_object(info));
    return json_built(&object);
}

static json_t *tile_object(const struct ff_tile_info *tile)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "tile", json_from_count(tile->tile));
    json_add(&object, "units", json_from_count(tile->units));
    json_add(&object, "raw_bytes", json_from_count(tile->raw_bytes));
    json_add(&object, "stored_bytes", json_from_count(tile->stored_bytes));
    json_add(&object, "weights", stats_object(&tile->weights));
    return json_built(&object);
}

static json_t *histogram_object(const uint64_t histogram[FF_HISTOGRAM_BINS], double low,
                                double high)
{
    struct json_builder object = json_build(json_object()), bins = json_build(json_array());
    int i;

    for (i = 0; i < FF_HISTOGRAM_BINS; i++)
        json_append(&bins, json_from_count(histogram[i]));
    json_add(&object, "low", json_from_real(low));
    json_add(&object, "high", json_from_real(high));
    json_add(&object, "bins", json_built(&bins));
    return json_built(&object);
}

static json_t *verification_object(const struct verification *verification)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "values", json_from_count(verification->values));
    json_add(&object, "bytes", json_from_count(verification->bytes));
    json_add(&object, "damaged", json_incref(verification->damaged.value));
    return json_built(&object);
}

static int write_layers(struct json_writer *writer, struct ff_model *model, uint32_t layers)
{
    struct ff_layer_info layer = {.size = sizeof layer};
    int status = FF_OK;
    uint32_t i;

    json_begin_array(writer, "layers");
    for (i = 1; i <= layers && status == FF_OK; i++) {
        status = ff_model_layer(model, i, &layer);
        if (status == FF_OK)
            json_member(writer, NULL, layer_object(&layer));
    }
    json_end_array(writer);
    return status;
}

static int write_tiles(struct json_writer *writer, struct ff_model *model,
                       const struct ff_layer_info *layer)
{
    uint64_t histogram[FF_HISTOGRAM_BINS] = {0};
    uint32_t tiles = layer->weights.count > 0 ? layer->tiles : 0, i;
    struct ff_tile_info tile = {.size = sizeof tile};
    double low, high;
    int status = FF_OK;

    inspect_range(&layer->weights, &low, &high);
    json_begin_array(writer, "tile_list");
    for (i = 0; i < tiles && status == FF_OK; i++) {
        status = ff_model_tile(model, layer->layer, i, low, high, histogram, &tile);
        if (status == FF_OK)
            json_member(writer, NULL, tile_object(&tile));
    }
    json_end_array(writer);
    if (status == FF_OK)
        json_member(writer, "histogram", histogram_object(histogram, low, high));
    return status;
}

static int write_model(struct json_writer *writer, struct ff_model *model, const char *path)
{
    struct ff_model_info info = {.size = sizeof info};
    int status = ff_model_info(model, &info);

    if (status != FF_OK)
        return status;
    json_members(writer, model_object(model, &info, path));
    return write_layers(writer, model, ff_recipe_layers(info.recipe));
}

static int write_layer(struct json_writer *writer, struct ff_model *model, uint32_t number)
{
    struct ff_layer_info layer = {.size = sizeof layer};
    int status = ff_model_layer(model, number, &layer);

    if (status != FF_OK)
        return status;
    json_members(writer, layer_object(&layer));
    return write_tiles(writer, model, &layer);
}

int inspect_print_json(const struct cli *cli, struct ff_model *model, uint32_t number,
                       const struct verification *verification)
{
    struct json_writer writer;
    int status;

    json_begin(&writer);
    status =
        number == 0 ? write_model(&writer, model, cli->model) : write_layer(&writer, model, number);
    if (status != FF_OK) {
        json_discard(&writer);
        return report_status(cli, status);
    }
    if (verification->done)
        json_member(&writer, "verify", verification_object(verification));
    return json_end(&writer, cli);
}

int inspect_print_damage_json(const struct cli *cli, const struct verification *verification)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "model", json_from_text(cli->model));
    json_add(&object, "verify", verification_object(verification));
    return json_print(cli, json_built(&object));
}
