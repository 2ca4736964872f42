/* Inspecting a layer of a model file: statistics of its tensors, a tile in memory at a time. */
#include "inspect/inspect.h"

#include "model/layer_metrics.h"

#include <math.h>
#include <string.h>

/* Statistics of a tensor, accumulated tile by tile. */
struct moments {
    struct ff_tensor_stats stats;
    double sum, squares;
};

static void moments_add(struct moments *m, const float *data, size_t n)
{
    struct ff_tensor_stats *stats = &m->stats;

    for (size_t i = 0; i < n; i++) {
        double x = (double)data[i];

        if (!isfinite(x)) {
            stats->nans += isnan(x) != 0;
            stats->infinities += isinf(x) != 0;
            continue;
        }
        if (stats->count + i == stats->nans + stats->infinities) /* the first finite one */
            stats->min = stats->max = x;
        stats->min = x < stats->min ? x : stats->min;
        stats->max = x > stats->max ? x : stats->max;
        stats->zeros += x == 0;
        m->sum += x;
        m->squares += x * x;
    }
    stats->count += n;
}

static void moments_finish(struct moments *m)
{
    struct ff_tensor_stats *stats = &m->stats;
    uint64_t finite = stats->count - stats->nans - stats->infinities;
    double variance;

    if (finite == 0) {
        stats->min = stats->max = stats->mean = stats->std = NAN;
        return;
    }
    stats->mean = m->sum / (double)finite;
    variance = m->squares / (double)finite - stats->mean * stats->mean;
    stats->std = variance > 0 ? sqrt(variance) : 0;
}

static int visit_moments(void *arg, uint32_t tile, const float *data, size_t n)
{
    (void)tile;
    moments_add(arg, data, n);
    return FF_OK;
}

static enum ff_layer_state layer_state(const struct ff_manifest *manifest, uint32_t layer)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    uint64_t generation = ff_manifest_generation(manifest, 'W', layer);

    if (generation == FF_NO_GENERATION)
        return FF_LAYER_WAITING;
    return mark->stage == FF_STAGE_TRAIN && generation == mark->generation ? FF_LAYER_TRAINING
                                                                           : FF_LAYER_TRAINED;
}

/* Adds the stored bytes of a tensor's tiles, headers included. */
static int add_stored(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                      uint64_t *stored)
{
    int status = FF_OK;

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        struct ff_tile_key key = ff_inspect_key(model, layer, tensor, tile);
        struct ff_value value;

        status = ff_model_file_describe(model->file, &key, &value);
        if (status == FF_OK)
            *stored += FF_VALUE_HEADER + value.stored_bytes;
    }
    return status;
}

/* The tensors of LAYER's optimizer that training resumes from. */
static int add_optimizer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    size_t n = ff_network_tensors(&model->manifest, 'W', layer, true, tensors);
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (tensors[i].kind != 'W')
            status = add_stored(model, layer, &tensors[i], &out->optimizer_stored_bytes);
    }
    return status;
}

static int read_metrics(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    const struct ff_progress_mark *mark = &model->manifest.mark;
    float metrics[FF_MOST_LAYER_METRICS];
    int status;

    out->loss = out->goodness_pos = out->goodness_neg = out->error = NAN;
    /* Metrics are measured in the forward pass after a layer's training. */
    if (ff_recipe_trains_at_once(&model->manifest.recipe) || out->state != FF_LAYER_TRAINED ||
        (mark->stage == FF_STAGE_FORWARD && mark->layer == layer))
        return FF_OK;
    status = ff_layer_metrics_load(model->ctx, model->file, &model->manifest, layer, metrics);
    if (status != FF_OK)
        return status;
    out->loss = (double)metrics[FF_METRIC_LOSS];
    out->goodness_pos = (double)metrics[FF_METRIC_GOODNESS_POS];
    out->goodness_neg = (double)metrics[FF_METRIC_GOODNESS_NEG];
    out->error = (double)metrics[FF_METRIC_ERROR];
    out->dead_units = (uint64_t)metrics[FF_METRIC_DEAD_UNITS];
    if (model->manifest.recipe.patience > 0) {
        out->learned_epochs = (uint32_t)metrics[FF_METRIC_LEARNED_EPOCHS];
        out->kept_epoch = (uint32_t)metrics[FF_METRIC_KEPT_EPOCH];
    }
    return FF_OK;
}

static int read_tensor(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                       struct ff_layer_info *out, struct ff_tensor_stats *stats)
{
    struct moments moments = {0};
    int status = ff_inspect_each_tile(model, layer, tensor, visit_moments, &moments);

    if (status == FF_OK)
        status = add_stored(model, layer, tensor, &out->stored_bytes);
    moments_finish(&moments);
    *stats = moments.stats;
    return status;
}

static int check_layer(const struct ff_model *model, uint32_t layer)
{
    if (layer >= 1 && layer <= model->manifest.recipe.layers)
        return FF_OK;
    return ff_fail(model->ctx, FF_EINVAL, "%s has layers 1 to %u; there is no layer %u",
                   ff_model_file_path(model->file), model->manifest.recipe.layers, layer);
}

static int read_layer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    const struct ff_manifest *manifest = &model->manifest;
    struct ff_tensor_stats *const stats[FF_SLOTS] = {&out->weights, &out->biases,
                                                     &out->label_weights};
    struct ff_tensor tensors[FF_MAX_TENSORS];
    int status = check_layer(model, layer);
    size_t n;

    if (status != FF_OK)
        return status;
    status = ff_inspect_again(model);
    if (status != FF_OK)
        return status;
    out->layer = layer;
    out->state = layer_state(manifest, layer);
    out->fan_in = ff_manifest_fan_in(manifest, layer);
    out->units = manifest->recipe.hidden[layer - 1];
    n = ff_network_tensors(&model->manifest, 'W', layer, false, tensors);
    for (size_t i = 0; i < n; i++)
        out->parameters += (uint64_t)out->units * tensors[i].per_unit;
    out->dtype = ff_dtype_name(FF_F32);
    out->tiles = ff_tile_count(out->units);
    out->tile_units = ff_tile_units(out->units);
    out->raw_bytes = out->parameters * sizeof(float);
    out->weights.min = out->weights.max = out->weights.mean = out->weights.std = NAN;
    out->biases = out->label_weights = out->weights;
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (out->state != FF_LAYER_WAITING)
            status = read_tensor(model, layer, &tensors[i], out, stats[tensors[i].role]);
    }
    if (status == FF_OK &&
        ff_manifest_generation(manifest, ff_state_kind('W'), layer) != FF_NO_GENERATION)
        status = add_optimizer(model, layer, out);
    if (status == FF_OK)
        status = read_metrics(model, layer, out);
    ff_model_file_unpin(model->file);
    return status;
}

int ff_model_layer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    struct ff_layer_info own = {.size = 0};
    int status = FF_CHECK_INFO(model, ff_layer_info, out);

    if (status != FF_OK)
        return status;
    status = read_layer(model, layer, &own);
    ff_sized_give(&own, sizeof own, out);
    return status;
}

static void add_to_histogram(const float *data, size_t n, double low, double high,
                             uint64_t histogram[FF_HISTOGRAM_BINS])
{
    double bins_per_unit = high > low ? FF_HISTOGRAM_BINS / (high - low) : 0;

    for (size_t i = 0; i < n; i++) {
        double at = ((double)data[i] - low) * bins_per_unit;

        if (isnan(at))
            continue;
        at = at < 0 ? 0 : at >= FF_HISTOGRAM_BINS ? FF_HISTOGRAM_BINS - 1 : at;
        histogram[(int)at]++;
    }
}

/* Statistics and histogram of one tile of TENSOR. */
static int read_tile(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                     uint32_t tile, double low, double high, uint64_t histogram[FF_HISTOGRAM_BINS],
                     struct ff_tile_info *out)
{
    struct ff_tile_key key = ff_inspect_key(model, layer, tensor, tile);
    float *buffer = ff_alloc(model->ctx, FF_MEM_WEIGHTS, ff_tensor_tile_bytes(tensor));
    struct moments moments = {0};
    struct ff_value value;
    uint32_t first;
    size_t n;
    int status;

    if (!buffer)
        return ff_alloc_status(model->ctx);
    out->tile = tile;
    ff_tile_range(tensor->units, tile, &first, &out->units);
    out->raw_bytes = (uint64_t)out->units * tensor->per_unit * sizeof(float);
    status = ff_inspect_tile(model, layer, tensor, tile, buffer, &n);
    if (status == FF_OK)
        status = ff_model_file_describe(model->file, &key, &value);
    if (status == FF_OK) {
        out->stored_bytes = FF_VALUE_HEADER + value.stored_bytes;
        moments_add(&moments, buffer, n);
        moments_finish(&moments);
        out->weights = moments.stats;
        if (histogram)
            add_to_histogram(buffer, n, low, high, histogram);
    }
    ff_free(model->ctx, FF_MEM_WEIGHTS, buffer, ff_tensor_tile_bytes(tensor));
    return status;
}

int ff_model_tile(struct ff_model *model, uint32_t layer, uint32_t tile, double low, double high,
                  uint64_t histogram[FF_HISTOGRAM_BINS], struct ff_tile_info *out)
{
    struct ff_tile_info own = {.size = 0};
    int status = FF_CHECK_INFO(model, ff_tile_info, out);

    if (status != FF_OK)
        return status;
    status = check_layer(model, layer);
    if (status == FF_OK)
        status = ff_inspect_again(model);
    if (status == FF_OK) {
        struct ff_tensor tensors[FF_MAX_TENSORS];

        (void)ff_network_tensors(&model->manifest, 'W', layer, false,
                                 tensors); /* the weights come first */
        if (layer_state(&model->manifest, layer) == FF_LAYER_WAITING ||
            tile >= ff_tile_count(tensors[0].units))
            status = ff_fail(model->ctx, FF_ENOTFOUND, "layer %u has no tile %u yet", layer, tile);
        else
            status = read_tile(model, layer, &tensors[0], tile, low, high, histogram, &own);
    }
    ff_sized_give(&own, sizeof own, out);
    ff_model_file_unpin(model->file);
    return status;
}
