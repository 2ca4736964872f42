/* Inspecting a model file as a whole: manifest, sizes, hash, verification. */
#include "inspect/inspect.h"

#include "base/hex.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Parsing the manifest of a deep network takes milliseconds, and there is a call for each tensor.
 */
int ff_inspect_again(struct ff_model *model)
{
    XXH128_hash_t hash;
    char *text;
    size_t size;
    int status;

    ff_model_file_unpin(model->file);
    status = ff_model_file_manifest(model->file, &text, &size);
    if (status != FF_OK)
        return status;
    hash = XXH3_128bits(text, size);
    ff_free(model->ctx, FF_MEM_OTHER, text, size);
    if (XXH128_isEqual(hash, model->manifest_hash))
        return FF_OK;
    status = ff_manifest_reload(model->ctx, model->file, &model->manifest);
    if (status == FF_OK)
        model->manifest_hash = hash;
    return status;
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

int ff_model_data_file(const struct ff_model *model, uint32_t index, struct ff_data_file_info *out)
{
    const struct ff_data_files *files = &model->manifest.files;
    struct ff_data_file_info own;
    const struct ff_data_file *file;
    int status = FF_CHECK_INFO(model, ff_data_file_info, out);

    if (status != FF_OK)
        return status;
    if (index >= files->count)
        return ff_fail(model->ctx, FF_ENOTFOUND, "%s records %u file%s of its data, no file %u",
                       ff_model_file_path(model->file), files->count, files->count == 1 ? "" : "s",
                       index);
    file = &files->file[index];
    own = (struct ff_data_file_info){
        .name = file->name, .bytes = file->bytes, .mtime_ns = file->mtime_ns, .hash = file->hash};
    ff_sized_give(&own, sizeof own, out);
    return FF_OK;
}

int ff_model_ancestor(const struct ff_model *model, uint32_t index, struct ff_ancestor_info *out)
{
    const struct ff_lineage *lineage = &model->manifest.lineage;
    const struct ff_ancestor *ancestor;
    struct ff_ancestor_info own;
    int status = FF_CHECK_INFO(model, ff_ancestor_info, out);

    if (status != FF_OK)
        return status;
    if (index >= lineage->n)
        return ff_fail(model->ctx, FF_ENOTFOUND, "%s has %u ancestor%s, no ancestor %u",
                       ff_model_file_path(model->file), lineage->n, lineage->n == 1 ? "" : "s",
                       index);
    ancestor = &lineage->ancestors[index];
    own = (struct ff_ancestor_info){.weights_hash = ancestor->weights_hash,
                                    .layers = ancestor->layers,
                                    .layers_kept = ancestor->kept,
                                    .epochs = ancestor->epochs,
                                    .samples = ancestor->samples};
    ff_sized_give(&own, sizeof own, out);
    return FF_OK;
}

static uint32_t count_columns(const struct ff_manifest *manifest)
{
    return manifest->schema.n_columns > 0 ? manifest->schema.n_columns : manifest->moments.n;
}

int ff_model_column(const struct ff_model *model, uint32_t index, struct ff_column_info *out)
{
    const struct ff_manifest *manifest = &model->manifest;
    const struct ff_moments *moments = &manifest->moments;
    struct ff_column_info own = {.mean = NAN, .deviation = NAN};
    uint32_t columns = count_columns(manifest);
    int status = FF_CHECK_INFO(model, ff_column_info, out);

    if (status != FF_OK)
        return status;
    if (index >= columns)
        return ff_fail(model->ctx, FF_ENOTFOUND,
                       "%s describes %u column%s of its data, no column %u",
                       ff_model_file_path(model->file), columns, columns == 1 ? "" : "s", index);
    if (manifest->schema.n_columns > 0) {
        const struct ff_column *column = &manifest->schema.columns[index];

        own.name = column->name;
        own.categories = (const char *const *)column->categories;
        own.n_categories = column->n_categories;
        own.mode = column->mode;
    }
    if (moments->n > 0 && own.n_categories == 0) {
        own.mean = moments->mean[moments->n > 1 ? index : 0];
        own.deviation = moments->deviation[moments->n > 1 ? index : 0];
    }
    ff_sized_give(&own, sizeof own, out);
    return FF_OK;
}

static int visit_hash(void *arg, uint32_t tile, const float *data, size_t n)
{
    (void)tile;
    XXH3_128bits_update(arg, data, n * sizeof *data);
    return FF_OK;
}

/* Hashes the tensors of layers FROM .. TO, or of their heads, in order. */
static int hash_parts(struct ff_model *model, char kind, uint32_t from, uint32_t to,
                      XXH3_state_t *state)
{
    int status = FF_OK;

    for (uint32_t layer = from; layer <= to; layer++) {
        struct ff_tensor tensors[FF_MAX_TENSORS];
        size_t n = ff_network_tensors(&model->manifest, kind, layer, false, tensors);

        for (size_t i = 0; i < n && status == FF_OK; i++)
            status = ff_inspect_each_tile(model, layer, &tensors[i], visit_hash, state);
    }
    return status;
}

int ff_inspect_hash(struct ff_model *model, char out[FF_HASH_BYTES])
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

/* Reports the layer or head that trains or will train next; writing outputs is not reported. */
static void fill_progress(const struct ff_manifest *manifest, struct ff_model_info *out)
{
    struct ff_manifest next = *manifest;
    const struct ff_progress_mark *mark = &next.mark;

    if (mark->stage == FF_STAGE_FORWARD || mark->stage == FF_STAGE_IMPORT)
        ff_manifest_advance(&next);
    out->layers_trained = ff_manifest_layers_stored(manifest);
    out->complete = manifest->mark.stage == FF_STAGE_DONE;
    out->layer = out->complete || out->whole_network ? 0 : mark->layer;
    out->sweep = mark->sweep + 1;
    out->on_head = mark->stage == FF_STAGE_HEAD;
    out->begun = mark->generation > 0;
    out->epoch = mark->epoch;
    if (mark->stage == FF_STAGE_DONE && !out->complete) {
        out->epoch = manifest->recipe.epochs;
        out->begun = true;
    }
    out->checkpoints = mark->checkpoints;
}

static int read_info(struct ff_model *model, struct ff_model_info *out)
{
    const struct ff_manifest *manifest = &model->manifest;
    int status;

    status = ff_inspect_again(model);
    if (status == FF_OK)
        status = ff_inspect_hash(model, out->weights_hash);
    if (status == FF_OK)
        status = fill_sizes(model, out);
    ff_model_file_unpin(model->file);
    if (status != FF_OK)
        return status;
    out->recipe = &manifest->recipe;
    out->program_version = manifest->program;
    out->blas = manifest->blas;
    out->lmdb = manifest->lmdb;
    out->zstd = manifest->zstd;
    out->data_path = manifest->data_path;
    out->data_labels = manifest->data_labels;
    out->data_arrays = manifest->data_arrays;
    memcpy(out->data_fingerprint, manifest->fingerprint, sizeof out->data_fingerprint);
    out->samples = manifest->samples;
    out->held_out_samples = ff_manifest_held_out(manifest);
    out->features = manifest->features;
    out->classes = manifest->classes;
    out->data_is_float = manifest->is_float;
    out->in_training = ff_model_file_in_training(model->file);
    out->whole_network = ff_recipe_trains_at_once(&manifest->recipe);
    out->backprop = !ff_recipe_has_goodness(&manifest->recipe);
    out->conditioned = ff_recipe_conditioned(&manifest->recipe);
    fill_progress(manifest, out);
    out->choice = ff_manifest_choice(manifest);
    out->parameters =
        ff_recipe_parameters(&manifest->recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    out->has_head = ff_recipe_first_head(&manifest->recipe) > 0;
    out->class_names = (const char *const *)manifest->schema.classes;
    out->label_name = manifest->schema.label_name;
    out->columns = count_columns(manifest);
    out->ancestors = manifest->lineage.n;
    out->height = manifest->image.height;
    out->width = manifest->image.width;
    out->channels = manifest->image.channels;
    out->planar = manifest->image.planar;
    out->resized = manifest->schema.resizes;
    out->fills_missing = manifest->schema.fills_missing;
    out->dataset_samples = manifest->all_samples;
    out->id_name = manifest->schema.id_name;
    out->context = manifest->schema.context;
    out->folds_case = manifest->schema.folds_case;
    return FF_OK;
}

int ff_model_info(struct ff_model *model, struct ff_model_info *out)
{
    struct ff_model_info own = {.size = 0};
    int status = FF_CHECK_INFO(model, ff_model_info, out);

    if (status != FF_OK)
        return status;
    status = read_info(model, &own);
    ff_sized_give(&own, sizeof own, out);
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
