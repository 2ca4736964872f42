#include "exchange/import.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/path.h"
#include "exchange/contents.h"
#include "exchange/metadata.h"
#include "exchange/safetensors_read.h"
#include "exchange/sequential.h"
#include "model/layer_metrics.h"
#include "model/network.h"
#include "nn/kernels.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct import {
    struct ff_ctx *ctx;
    const struct ff_import_opts *opts;
    struct ff_safetensors *in;
    struct ff_sequential sequential; /* without layers: ff_export() wrote the file */
    struct ff_manifest manifest;
    struct ff_model_file *file;
    XXH3_state_t *hash;
    char weights_hash[FF_HASH_BYTES];
    float *tile; /* the present tile */
    size_t tile_bytes;
    uint64_t tensors, elements, done;
    bool exact; /* all elements are those of the exported model */
    struct ff_clock clock;
};

static bool is_exported(const struct import *import)
{
    return import->sequential.layers == 0;
}

static void set_name(const struct import *import, struct ff_exported *exported)
{
    if (is_exported(import))
        ff_export_name(&import->manifest.recipe, exported);
    else
        ff_sequential_name(&import->sequential, exported);
}

/* Biases that are missing are 0. */
static bool is_zero(const struct import *import, const struct ff_exported *exported)
{
    return !is_exported(import) && exported->tensor.role == FF_SLOT_BIASES &&
           !ff_safetensors_has(import->in, exported->name);
}

/* Visits the parts of the network: its layers, then its heads. */
static int each_tensor(struct import *import,
                       int (*visit)(struct import *import, const struct ff_exported *exported))
{
    const struct ff_manifest *manifest = &import->manifest;
    const uint32_t layers = manifest->recipe.layers;
    uint32_t head = ff_recipe_first_head(&manifest->recipe);
    int status = FF_OK;

    for (uint32_t i = 0; i < 2 * layers && status == FF_OK; i++) {
        const char kind = i < layers ? 'W' : 'H';
        struct ff_tensor tensors[FF_MAX_TENSORS];
        struct ff_exported exported = {.layer = i % layers + 1};
        size_t n = 0;

        if (kind == 'W' || (head > 0 && exported.layer >= head))
            n = ff_network_tensors(manifest, kind, exported.layer, false, tensors);
        for (size_t t = 0; t < n && status == FF_OK; t++) {
            exported.tensor = tensors[t];
            set_name(import, &exported);
            status = visit(import, &exported);
        }
    }
    return status;
}

static int find(struct import *import, const struct ff_exported *exported,
                struct ff_safetensor *out)
{
    uint32_t shape[2];
    int dimensions = ff_export_shape(exported, shape);

    *out = (struct ff_safetensor){.dimensions = 0};
    if (is_zero(import, exported))
        return FF_OK;
    return ff_safetensors_find(import->in, exported->name, shape[0], dimensions == 1 ? 0 : shape[1],
                               out);
}

/* Checks every tensor before the model is created. */
static int measure(struct import *import, const struct ff_exported *exported)
{
    struct ff_safetensor found;
    size_t bytes = ff_tensor_tile_bytes(&exported->tensor);
    int status = find(import, exported, &found);

    import->tensors += found.dimensions > 0;
    import->elements += (uint64_t)exported->tensor.units * exported->tensor.per_unit;
    import->exact &= found.dtype == FF_EXPORT_F32;
    if (bytes > import->tile_bytes)
        import->tile_bytes = bytes;
    return status;
}

/* Reads TILE into IMPORT's buffer. Label weights have columns of a tile in each row. A tensor
 * without dimensions is zero. */
static int read_tile(struct import *import, const struct ff_exported *exported,
                     const struct ff_safetensor *found, uint32_t tile)
{
    const struct ff_tensor *tensor = &exported->tensor;
    uint32_t first, units;
    size_t n;
    int status = FF_OK;

    ff_tile_range(tensor->units, tile, &first, &units);
    n = (size_t)units * tensor->per_unit;
    if (found->dimensions == 0) {
        memset(import->tile, 0, n * sizeof *import->tile);
        return FF_OK;
    }
    if (!tensor->by_class)
        return ff_safetensors_read(import->in, found, (uint64_t)first * tensor->per_unit, n,
                                   import->tile);
    for (size_t row = 0; row < tensor->per_unit && status == FF_OK; row++)
        status = ff_safetensors_read(import->in, found, row * tensor->units + first, units,
                                     import->tile + row * units);
    return status;
}

static int check_tile(struct import *import, const struct ff_exported *exported, size_t n)
{
    if (ff_squares_are_finite(n, import->tile))
        return FF_OK;
    return ff_fail(import->ctx, FF_ENUMERIC,
                   "%s: \"%s\" has elements that are not finite, or too large to compute with",
                   import->opts->input, exported->name);
}

static int copy_tile(struct import *import, const struct ff_exported *exported,
                     const struct ff_safetensor *found, uint32_t tile)
{
    const struct ff_tensor *tensor = &exported->tensor;
    struct ff_matrix matrix = {.dtype = FF_F32, .data = import->tile};
    struct ff_tile_key key = {
        tensor->kind, exported->layer,
        ff_manifest_generation(&import->manifest, tensor->kind, exported->layer), tensor->slot,
        tile};
    size_t n;
    int status = read_tile(import, exported, found, tile);

    ff_tensor_tile(tensor, tile, &matrix.rows, &matrix.columns);
    n = (size_t)matrix.rows * matrix.columns;
    if (status == FF_OK)
        status = check_tile(import, exported, n);
    if (status != FF_OK)
        return status;
    XXH3_128bits_update(import->hash, import->tile, n * sizeof *import->tile);
    import->done += n;
    import->clock.now.layer = exported->layer;
    if (ff_clock_tick(&import->clock, import->done, NAN))
        return ff_fail(import->ctx, FF_EINTERRUPTED, "interrupted");
    return ff_model_file_put(import->file, &key, &matrix);
}

static int copy(struct import *import, const struct ff_exported *exported)
{
    struct ff_safetensor found;
    int status = find(import, exported, &found);

    for (uint32_t tile = 0; tile < ff_tile_count(exported->tensor.units) && status == FF_OK; tile++)
        status = copy_tile(import, exported, &found, tile);
    return status;
}

/* Layers that train one after another have metrics. */
static int copy_metrics(struct import *import)
{
    const struct ff_recipe *recipe = &import->manifest.recipe;
    const uint32_t n = ff_layer_metrics_stored(recipe);
    float metrics[FF_MOST_LAYER_METRICS];
    const struct ff_matrix matrix = {FF_F32, 1, n, metrics};
    json_t *all = NULL;
    int status;

    if (ff_recipe_trains_at_once(recipe))
        return FF_OK;
    status = ff_metadata_metrics(import->ctx, import->in, recipe->layers, &all);
    for (uint32_t layer = 1; layer <= recipe->layers && status == FF_OK; layer++) {
        struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};

        status = ff_metadata_metrics_of(import->ctx, import->in, all, layer, n, metrics);
        if (status == FF_OK)
            status = ff_model_file_put(import->file, &key, &matrix);
        if (status == FF_OK)
            status =
                ff_layer_metrics_load(import->ctx, import->file, &import->manifest, layer, metrics);
    }
    json_decref(all);
    return status;
}

static void end_hash(struct import *import)
{
    XXH128_hash_t hash = XXH3_128bits_digest(import->hash);

    ff_hex128(hash.high64, hash.low64, import->weights_hash);
}

/* The weights must be those that were exported. */
static int check_hash(struct import *import)
{
    const char *expected = ff_safetensors_metadata(import->in, "weights_hash");

    end_hash(import);
    if (!import->exact || (expected && strcmp(expected, import->weights_hash) == 0))
        return FF_OK;
    return ff_fail(import->ctx, FF_ECORRUPT,
                   "%s: its weights have the hash %s, not %s as when they were exported; copy or "
                   "export it again",
                   import->opts->input, import->weights_hash, expected ? expected : "any");
}

static int commit(struct import *import)
{
    char *text;
    int status = ff_manifest_write(import->ctx, &import->manifest, &text);

    if (status != FF_OK)
        return status;
    status = ff_model_file_flip(import->file, text);
    free(text);
    return status == FF_OK ? ff_model_file_publish(import->file) : status;
}

static int read_exported(struct import *import)
{
    const char *input = import->opts->input;
    int status = ff_metadata_manifest(import->ctx, import->in, &import->manifest);

    import->exact = true;
    if (status == FF_OK && import->manifest.mark.stage != FF_STAGE_DONE)
        return ff_fail(import->ctx, FF_EINVAL,
                       "%s: was exported before its training was complete; resume that, and export "
                       "again",
                       input);
    if (status == FF_OK && import->opts->inputs != FF_INPUTS_UNKNOWN)
        return ff_fail(
            import->ctx, FF_EINVAL,
            "%s: was exported by fftool and says what its inputs are; leave out --inputs", input);
    return status;
}

static int read_sequential(struct import *import)
{
    int status = ff_sequential_read(import->ctx, import->in, &import->sequential);

    return status == FF_OK ? ff_sequential_manifest(&import->sequential, import->opts->inputs,
                                                    &import->manifest)
                           : status;
}

static int prepare(struct import *import)
{
    int status = ff_metadata_is_ours(import->in) ? read_exported(import) : read_sequential(import);

    if (status == FF_OK)
        status = each_tensor(import, measure);
    if (status != FF_OK)
        return status;
    if (import->tensors != ff_safetensors_count(import->in))
        return ff_fail(import->ctx, FF_EMISMATCH, "%s: has %zu tensors, but its model %" PRIu64,
                       import->opts->input, ff_safetensors_count(import->in), import->tensors);
    import->tile = ff_alloc(import->ctx, FF_MEM_WEIGHTS, import->tile_bytes);
    if (!import->tile)
        return ff_alloc_status(import->ctx);
    import->hash = XXH3_createState();
    if (!import->hash || XXH3_128bits_reset(import->hash) != XXH_OK)
        return ff_fail(import->ctx, FF_ENOMEM, "out of memory for a hash");
    return ff_model_file_open(import->ctx, import->opts->model,
                              import->opts->force ? FF_MODEL_REPLACE : FF_MODEL_CREATE,
                              &import->file);
}

static void begin_clock(struct import *import)
{
    const struct ff_progress phase = {
        .phase = FF_PHASE_EXCHANGE, .layer = 1, .rows_total = import->elements};

    import->clock.on_progress = import->opts->on_progress;
    import->clock.interrupted = import->opts->interrupted;
    import->clock.arg = import->opts->arg;
    import->clock.work_left = (double)import->elements;
    import->clock.now.layers = import->manifest.recipe.layers;
    ff_clock_phase(&import->clock, &phase, import->clock.work_left);
}

static void release(struct import *import)
{
    XXH3_freeState(import->hash);
    ff_free(import->ctx, FF_MEM_WEIGHTS, import->tile, import->tile_bytes);
    ff_model_file_close(import->file);
    ff_manifest_release(&import->manifest);
    ff_sequential_release(&import->sequential);
    ff_safetensors_close(import->in);
}

static int report(struct import *import, struct ff_import_result *result)
{
    struct ff_db_usage usage;
    int status = ff_model_file_usage(import->file, &usage);

    if (status != FF_OK)
        return status;
    result->layers = import->manifest.recipe.layers;
    result->parameters = import->elements;
    result->bytes = usage.file_bytes;
    memcpy(result->weights_hash, import->weights_hash, sizeof result->weights_hash);
    result->seconds = ff_now() - import->clock.began;
    ff_memory_read(import->ctx, &result->memory);
    return FF_OK;
}

int ff_import_run(struct ff_ctx *ctx, const struct ff_import_opts *opts,
                  struct ff_import_result *result)
{
    struct import import = {.ctx = ctx, .opts = opts, .clock.began = ff_now()};
    int status;

    if (!opts->input || !opts->model)
        return ff_fail(ctx, FF_EINVAL, "no file to import or no model file is given");
    if (ff_path_same(opts->input, opts->model))
        return ff_fail(ctx, FF_EINVAL, "%s is the file to import; give another name", opts->model);
    status = ff_safetensors_open(ctx, opts->input, &import.in);
    if (status == FF_OK)
        status = prepare(&import);
    if (status == FF_OK) {
        begin_clock(&import);
        status = each_tensor(&import, copy);
    }
    if (status == FF_OK)
        status = check_hash(&import);
    if (status == FF_OK)
        status = copy_metrics(&import);
    if (status == FF_OK)
        status = commit(&import);
    if (status == FF_OK)
        status = report(&import, result);
    release(&import);
    return status;
}
