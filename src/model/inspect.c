/* Looking into a model file: the manifest, and metrics of tensors, a tile in memory at a time. */
#include <fftool/model.h>

#include "base/hex.h"
#include "model/layer.h"
#include "model/layer_metrics.h"
#include "model/manifest.h"
#include "recipe/mode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct ff_model {
    struct ff_ctx *ctx;
    struct ff_model_file *file;
    struct ff_manifest manifest;
};

/* A trainer may have gone on since the last look: begins a new snapshot with its mark. */
static int look_again(struct ff_model *model)
{
    ff_model_file_unpin(model->file);
    return ff_manifest_reload(model->ctx, model->file, &model->manifest);
}

int ff_model_open(struct ff_ctx *ctx, const char *path, struct ff_model **out)
{
    struct ff_model *model = ff_alloc(ctx, FF_MEM_OTHER, sizeof *model);
    int status;

    *out = NULL;
    if (!model)
        return ff_alloc_status(ctx);
    model->ctx = ctx;
    status = ff_model_file_open(ctx, path, FF_MODEL_READ, &model->file);
    if (status == FF_OK)
        status = ff_manifest_load(ctx, model->file, &model->manifest);
    if (status != FF_OK) {
        ff_model_close(model);
        return status;
    }
    ff_model_file_unpin(model->file);
    *out = model;
    return FF_OK;
}

void ff_model_close(struct ff_model *model)
{
    if (!model)
        return;
    ff_manifest_release(&model->manifest);
    ff_model_file_close(model->file);
    ff_free(model->ctx, FF_MEM_OTHER, model, sizeof *model);
}

bool ff_model_data_file(const struct ff_model *model, uint32_t index, struct ff_data_file_info *out)
{
    const struct ff_data_files *files = &model->manifest.files;
    const struct ff_data_file *file;

    if (index >= files->count)
        return false;
    file = &files->file[index];
    *out = (struct ff_data_file_info){
        .name = file->name, .bytes = file->bytes, .mtime_ns = file->mtime_ns, .hash = file->hash};
    return true;
}

/* Figures of a tensor, added up tile by tile. */
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

/* One tensor of a layer or head as it is stored. */
struct tensor {
    char kind;
    uint32_t layer;
    uint64_t generation;
    uint32_t slot;
    uint32_t units, per_unit;
    bool by_class; /* a tile's rows are the classes, its columns the units */
};

static size_t tile_bytes(const struct tensor *tensor)
{
    return (size_t)ff_tile_units(tensor->units) * tensor->per_unit * sizeof(float);
}

static struct ff_tile_key tile_key(const struct tensor *tensor, uint32_t tile)
{
    return (struct ff_tile_key){tensor->kind, tensor->layer, tensor->generation, tensor->slot,
                                tile};
}

/* Reads TILE of TENSOR into BUFFER (tile_bytes()); *N is how many elements. */
static int get_tile(struct ff_model *model, const struct tensor *tensor, uint32_t tile,
                    float *buffer, size_t *n)
{
    struct ff_tile_key key = tile_key(tensor, tile);
    uint32_t first, units, rows, columns;

    ff_tile_range(tensor->units, tile, &first, &units);
    rows = tensor->by_class ? tensor->per_unit : units;
    columns = tensor->by_class ? units : tensor->per_unit;
    *n = (size_t)rows * columns;
    return ff_model_file_get(model->file, &key, rows, columns, buffer);
}

/* Calls VISIT with every tile of TENSOR in turn. */
static int each_tile(struct ff_model *model, const struct tensor *tensor,
                     int (*visit)(void *arg, uint32_t tile, const float *data, size_t n), void *arg)
{
    float *buffer = ff_alloc(model->ctx, FF_MEM_WEIGHTS, tile_bytes(tensor));
    int status = buffer ? FF_OK : ff_alloc_status(model->ctx);

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        size_t n;

        status = get_tile(model, tensor, tile, buffer, &n);
        if (status == FF_OK)
            status = visit(arg, tile, buffer, n);
    }
    ff_free(model->ctx, FF_MEM_WEIGHTS, buffer, tile_bytes(tensor));
    return status;
}

static int visit_moments(void *arg, uint32_t tile, const float *data, size_t n)
{
    (void)tile;
    moments_add(arg, data, n);
    return FF_OK;
}

static int visit_hash(void *arg, uint32_t tile, const float *data, size_t n)
{
    (void)tile;
    XXH3_128bits_update(arg, data, n * sizeof *data);
    return FF_OK;
}

/* Slots of the tensors of a layer, or of a head. */
static uint32_t slots_of(const struct ff_manifest *manifest, char kind)
{
    return kind == 'W' && ff_recipe_conditioned(&manifest->recipe) ? FF_SLOTS : FF_SLOT_LABELS;
}

/* The tensor in SLOT of the layer, or of the head on it ('H'). */
static struct tensor make_tensor(const struct ff_manifest *manifest, char kind, uint32_t layer,
                                 uint64_t generation, uint32_t slot)
{
    uint32_t units = manifest->recipe.hidden[layer - 1];
    bool head = kind == 'H';
    struct tensor out = {
        .kind = kind,
        .layer = layer,
        .generation = generation,
        .slot = slot,
        .units = head ? manifest->classes : units,
        .per_unit = 1,
        .by_class = slot == FF_SLOT_LABELS,
    };

    if (slot == FF_SLOT_WEIGHTS)
        out.per_unit = head ? units : ff_manifest_fan_in(manifest, layer);
    else if (slot == FF_SLOT_LABELS)
        out.per_unit = manifest->classes;
    return out;
}

/* Hashes the tensors of the layers FROM .. TO, or of their heads, slot after slot. */
static int hash_parts(struct ff_model *model, char kind, uint32_t from, uint32_t to,
                      XXH3_state_t *state)
{
    const struct ff_manifest *manifest = &model->manifest;
    int status = FF_OK;

    for (uint32_t layer = from; layer <= to; layer++) {
        for (uint32_t slot = 0; slot < slots_of(manifest, kind) && status == FF_OK; slot++) {
            struct tensor tensor = make_tensor(manifest, kind, layer,
                                               ff_manifest_generation(manifest, kind, layer), slot);

            status = each_tile(model, &tensor, visit_hash, state);
        }
    }
    return status;
}

/* Hashes weights, biases and label weights of the layers that evaluation uses, then the finished
 * heads. */
static int hash_weights(struct ff_model *model, char out[33])
{
    const struct ff_manifest *manifest = &model->manifest;
    uint32_t first_head = ff_recipe_first_head(&manifest->recipe);
    XXH3_state_t *state = XXH3_createState();
    int status;

    if (!state || XXH3_128bits_reset(state) != XXH_OK) {
        XXH3_freeState(state);
        return ff_fail(model->ctx, FF_ENOMEM, "out of memory for a hash");
    }
    status = hash_parts(model, 'W', 1, ff_manifest_layers_stored(manifest), state);
    if (status == FF_OK && first_head)
        status = hash_parts(model, 'H', first_head, ff_manifest_heads_trained(manifest), state);
    if (status == FF_OK) {
        XXH128_hash_t hash = XXH3_128bits_digest(state);

        ff_hex128(hash.high64, hash.low64, out);
    }
    XXH3_freeState(state);
    return status;
}

static int add_tile_bytes(void *arg, const struct ff_tile_key *key, const struct ff_value *value)
{
    uint64_t *total = arg;

    (void)key;
    *total += FF_VALUE_HEADER + value->stored_bytes;
    return FF_OK;
}

static int skip_damaged(void *arg, const struct ff_tile_key *key, const char *reason)
{
    (void)arg;
    (void)key;
    (void)reason;
    return FF_OK;
}

static int fill_sizes(struct ff_model *model, struct ff_model_info *out)
{
    struct ff_db_usage usage;
    int status =
        ff_model_file_walk(model->file, false, add_tile_bytes, skip_damaged, &out->tile_bytes);

    if (status == FF_OK)
        status = ff_model_file_usage(model->file, &usage);
    if (status != FF_OK)
        return status;
    out->file_bytes = usage.file_bytes;
    out->page_bytes = usage.page_bytes;
    out->free_bytes = usage.free_pages * usage.page_bytes;
    if (out->free_bytes > out->file_bytes - out->tile_bytes)
        out->free_bytes = out->file_bytes - out->tile_bytes;
    out->overhead_bytes = out->file_bytes - out->tile_bytes - out->free_bytes;
    return FF_OK;
}

/* What learns, or will next: the outputs of a layer that has learned are not worth a word. */
static void fill_progress(const struct ff_manifest *manifest, struct ff_model_info *out)
{
    struct ff_manifest next = *manifest;
    const struct ff_progress_mark *mark = &next.mark;

    if (mark->stage == FF_STAGE_FORWARD || mark->stage == FF_STAGE_IMPORT)
        ff_manifest_advance(&next);
    out->layers_trained = ff_manifest_layers_stored(manifest);
    out->complete = manifest->mark.stage == FF_STAGE_DONE;
    out->layer = out->complete || out->whole_network ? 0 : mark->layer;
    out->sweep = mark->round + 1;
    out->on_head = mark->stage == FF_STAGE_HEAD;
    out->begun = mark->generation > 0;
    out->epoch = mark->epoch;
    if (mark->stage == FF_STAGE_DONE && !out->complete) {
        out->epoch = manifest->recipe.epochs;
        out->begun = true;
    }
    out->checkpoints = mark->checkpoints;
}

int ff_model_info(struct ff_model *model, struct ff_model_info *out)
{
    const struct ff_manifest *manifest = &model->manifest;
    const struct ff_mode *mode;
    int status;

    memset(out, 0, sizeof *out);
    status = look_again(model);
    if (status == FF_OK)
        status = hash_weights(model, out->weights_hash);
    if (status == FF_OK)
        status = fill_sizes(model, out);
    ff_model_file_unpin(model->file);
    if (status != FF_OK)
        return status;
    mode = ff_mode_find(manifest->recipe.mode);
    out->recipe = manifest->recipe;
    out->program_version = manifest->program;
    out->blas = manifest->blas;
    out->lmdb = manifest->lmdb;
    out->zstd = manifest->zstd;
    out->data_path = manifest->data_path;
    out->data_labels = manifest->data_labels;
    memcpy(out->data_fingerprint, manifest->fingerprint, sizeof out->data_fingerprint);
    out->samples = manifest->samples;
    out->held_out_samples = ff_manifest_held_out(manifest);
    out->features = manifest->features;
    out->classes = manifest->classes;
    out->data_is_float = manifest->is_float;
    out->in_training = ff_model_file_in_training(model->file);
    out->whole_network = mode->whole_network;
    out->backprop = mode->backprop;
    out->conditioned = ff_recipe_conditioned(&manifest->recipe);
    fill_progress(manifest, out);
    out->choice = ff_manifest_choice(manifest);
    out->parameters =
        ff_recipe_parameters(&manifest->recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    out->has_head = ff_recipe_first_head(&manifest->recipe) > 0;
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

static struct tensor layer_tensor(const struct ff_model *model, uint32_t layer, uint32_t slot)
{
    const struct ff_manifest *manifest = &model->manifest;

    return make_tensor(manifest, 'W', layer, ff_manifest_generation(manifest, 'W', layer), slot);
}

/* Adds the stored bytes of a tensor's tiles, headers included. */
static int add_stored(struct ff_model *model, const struct tensor *tensor, uint64_t *stored)
{
    int status = FF_OK;

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        struct ff_tile_key key = tile_key(tensor, tile);
        struct ff_value value;

        status = ff_model_file_describe(model->file, &key, &value);
        if (status == FF_OK)
            *stored += FF_VALUE_HEADER + value.stored_bytes;
    }
    return status;
}

/* State tiles that training goes on from; which there are depends on optimizer and recipe. */
static int add_optimizer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    const struct ff_recipe *recipe = &model->manifest.recipe;
    uint32_t states = (uint32_t)ff_optimizer_find(recipe->optimizer)->states;
    uint32_t slots = slots_of(&model->manifest, 'W');
    struct tensor tensor;
    int status = FF_OK;

    for (uint32_t i = 0; i < states * slots && status == FF_OK; i++) {
        tensor = layer_tensor(model, layer, i % slots);
        tensor.kind = 'O';
        tensor.slot += i / slots * FF_SLOTS;
        status = add_stored(model, &tensor, &out->optimizer_stored_bytes);
    }
    if (status != FF_OK || recipe->peer_normalisation <= 0)
        return status;
    tensor = layer_tensor(model, layer, FF_SLOT_BIASES);
    tensor.kind = 'O';
    tensor.slot = FF_SLOT_MEANS;
    return add_stored(model, &tensor, &out->optimizer_stored_bytes);
}

static int read_metrics(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    const struct ff_progress_mark *mark = &model->manifest.mark;
    float metrics[FF_LAYER_METRICS];
    int status;

    out->loss = out->goodness_pos = out->goodness_neg = out->error = NAN;
    /* They are measured in the forward pass after a layer's training. */
    if (ff_mode_find(model->manifest.recipe.mode)->whole_network ||
        out->state != FF_LAYER_TRAINED || (mark->stage == FF_STAGE_FORWARD && mark->layer == layer))
        return FF_OK;
    status = ff_layer_metrics_load(model->ctx, model->file, &model->manifest, layer, metrics);
    if (status != FF_OK)
        return status;
    out->loss = (double)metrics[FF_METRIC_LOSS];
    out->goodness_pos = (double)metrics[FF_METRIC_GOODNESS_POS];
    out->goodness_neg = (double)metrics[FF_METRIC_GOODNESS_NEG];
    out->error = (double)metrics[FF_METRIC_ERROR];
    out->dead_units = (uint64_t)metrics[FF_METRIC_DEAD_UNITS];
    return FF_OK;
}

static int read_tensor(struct ff_model *model, uint32_t layer, uint32_t slot,
                       struct ff_layer_info *out, struct ff_tensor_stats *stats)
{
    struct tensor tensor = layer_tensor(model, layer, slot);
    struct moments moments = {0};
    int status = each_tile(model, &tensor, visit_moments, &moments);

    if (status == FF_OK)
        status = add_stored(model, &tensor, &out->stored_bytes);
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

int ff_model_layer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out)
{
    const struct ff_manifest *manifest = &model->manifest;
    struct ff_tensor_stats *const stats[FF_SLOTS] = {&out->weights, &out->biases,
                                                     &out->label_weights};
    int status = check_layer(model, layer);
    uint32_t slots;

    memset(out, 0, sizeof *out);
    if (status != FF_OK)
        return status;
    status = look_again(model);
    if (status != FF_OK)
        return status;
    out->layer = layer;
    out->state = layer_state(manifest, layer);
    out->fan_in = ff_manifest_fan_in(manifest, layer);
    out->units = manifest->recipe.hidden[layer - 1];
    slots = slots_of(manifest, 'W');
    out->parameters = (uint64_t)out->units * (out->fan_in + 1);
    if (slots > FF_SLOT_LABELS)
        out->parameters += (uint64_t)out->units * manifest->classes;
    out->dtype = ff_dtype_name(FF_F32);
    out->tiles = ff_tile_count(out->units);
    out->tile_units = ff_tile_units(out->units);
    out->raw_bytes = out->parameters * sizeof(float);
    out->weights.min = out->weights.max = out->weights.mean = out->weights.std = NAN;
    out->biases = out->label_weights = out->weights;
    for (uint32_t slot = 0; slot < slots && status == FF_OK; slot++) {
        if (out->state != FF_LAYER_WAITING)
            status = read_tensor(model, layer, slot, out, stats[slot]);
    }
    if (status == FF_OK && ff_manifest_generation(manifest, 'O', layer) != FF_NO_GENERATION)
        status = add_optimizer(model, layer, out);
    if (status == FF_OK)
        status = read_metrics(model, layer, out);
    ff_model_file_unpin(model->file);
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

/* Figures and histogram of one tile of TENSOR. */
static int read_tile(struct ff_model *model, const struct tensor *tensor, uint32_t tile, double low,
                     double high, uint64_t histogram[FF_HISTOGRAM_BINS], struct ff_tile_info *out)
{
    struct ff_tile_key key = tile_key(tensor, tile);
    float *buffer = ff_alloc(model->ctx, FF_MEM_WEIGHTS, tile_bytes(tensor));
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
    status = get_tile(model, tensor, tile, buffer, &n);
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
    ff_free(model->ctx, FF_MEM_WEIGHTS, buffer, tile_bytes(tensor));
    return status;
}

int ff_model_tile(struct ff_model *model, uint32_t layer, uint32_t tile, double low, double high,
                  uint64_t histogram[FF_HISTOGRAM_BINS], struct ff_tile_info *out)
{
    int status = check_layer(model, layer);

    memset(out, 0, sizeof *out);
    if (status == FF_OK)
        status = look_again(model);
    if (status == FF_OK) {
        struct tensor tensor = layer_tensor(model, layer, FF_SLOT_WEIGHTS);

        if (layer_state(&model->manifest, layer) == FF_LAYER_WAITING ||
            tile >= ff_tile_count(tensor.units))
            status = ff_fail(model->ctx, FF_ENOTFOUND, "layer %u has no tile %u yet", layer, tile);
        else
            status = read_tile(model, &tensor, tile, low, high, histogram, out);
    }
    ff_model_file_unpin(model->file);
    return status;
}

struct verifying {
    void (*damaged)(void *arg, const char *text);
    void *arg;
    uint64_t values, bytes, bad;
};

static int verify_value(void *arg, const struct ff_tile_key *key, const struct ff_value *value)
{
    struct verifying *v = arg;

    (void)key;
    v->values++;
    v->bytes += FF_VALUE_HEADER + value->stored_bytes;
    return FF_OK;
}

static int verify_damaged(void *arg, const struct ff_tile_key *key, const char *reason)
{
    struct verifying *v = arg;

    (void)key;
    v->values++;
    v->bad++;
    if (v->damaged)
        v->damaged(v->arg, reason);
    return FF_OK;
}

int ff_model_verify(struct ff_model *model, void (*damaged)(void *arg, const char *text), void *arg,
                    uint64_t *values, uint64_t *bytes)
{
    struct verifying v = {.damaged = damaged, .arg = arg};
    int status = ff_model_file_walk(model->file, true, verify_value, verify_damaged, &v);

    ff_model_file_unpin(model->file);
    *values = v.values;
    *bytes = v.bytes;
    if (status == FF_OK && v.bad)
        status = ff_fail(model->ctx, FF_ECORRUPT, "%s: %llu of %llu value%s %s damaged",
                         ff_model_file_path(model->file), (unsigned long long)v.bad,
                         (unsigned long long)v.values, v.values == 1 ? "" : "s",
                         v.bad == 1 ? "is" : "are");
    return ff_about(model->ctx, status, FF_ABOUT_MODEL);
}
