#include "model/manifest.h"

#include "model/json_text.h"
#include "model/manifest_files.h"
#include "model/manifest_recipe.h"
#include "model/manifest_schema.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_DIGITS 17 /* digits with which a double reads back unchanged */

static const char *const stage_names[] = {
    [FF_STAGE_IMPORT] = "import", [FF_STAGE_TRAIN] = "train", [FF_STAGE_FORWARD] = "forward",
    [FF_STAGE_HEAD] = "head",     [FF_STAGE_DONE] = "done",
};

void ff_manifest_release(struct ff_manifest *manifest)
{
    ff_recipe_release(&manifest->recipe);
    free(manifest->program);
    free(manifest->blas);
    free(manifest->lmdb);
    free(manifest->zstd);
    free(manifest->data_path);
    free(manifest->data_labels);
    free(manifest->data_arrays);
    ff_schema_release(&manifest->schema);
    ff_moments_release(&manifest->moments);
    ff_class_weights_release(&manifest->class_weights);
    ff_encoding_release(&manifest->encoding);
    memset(manifest, 0, sizeof *manifest);
}

int ff_manifest_set_recipe(struct ff_ctx *ctx, struct ff_manifest *manifest,
                           const struct ff_recipe *recipe)
{
    size_t bytes = recipe->layers * sizeof *recipe->hidden;
    uint32_t *hidden = malloc(bytes);

    if (!hidden)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the list of layers");
    memcpy(hidden, recipe->hidden, bytes);
    ff_recipe_release(&manifest->recipe);
    manifest->recipe = *recipe;
    manifest->recipe.hidden = hidden;
    return FF_OK;
}

static json_t *data_to_json(const struct ff_manifest *manifest)
{
    const struct ff_image *image = &manifest->image;
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:[I, I, I], s:b, s:o}", "fingerprint",
                  manifest->fingerprint, "samples", (json_int_t)manifest->samples, "all_samples",
                  (json_int_t)manifest->all_samples, "features", (json_int_t)manifest->features,
                  "classes", (json_int_t)manifest->classes, "float", manifest->is_float, "image",
                  (json_int_t)image->height, (json_int_t)image->width, (json_int_t)image->channels,
                  "planar", image->planar, "files", ff_manifest_files_write(&manifest->files));

    if (ff_manifest_schema_write(object, &manifest->schema) != 0 ||
        ff_manifest_moments_write(object, &manifest->moments) != 0 ||
        ff_manifest_class_weights_write(object, &manifest->class_weights) != 0 ||
        ff_json_set_path(object, "path", manifest->data_path) != 0 ||
        ff_json_set_path(object, "labels", manifest->data_labels) != 0 ||
        (manifest->data_arrays && ff_json_set_path(object, "arrays", manifest->data_arrays) != 0) ||
        (manifest->data_is_rows && json_object_set_new(object, "rows", json_true()) != 0)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *best_to_json(const struct ff_best_epoch *best)
{
    return json_pack("{s:I, s:f, s:I, s:I}", "epoch", (json_int_t)best->epoch, "error", best->error,
                     "generation", (json_int_t)best->generation, "learned",
                     (json_int_t)best->learned);
}

static json_t *progress_to_json(const struct ff_progress_mark *mark)
{
    const struct ff_sums *sums = &mark->sums;
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f, s:f}, s:b}", "stage",
        stage_names[mark->stage], "layer", (json_int_t)mark->layer, "round",
        (json_int_t)mark->sweep, "epoch", (json_int_t)mark->epoch, "batch", (json_int_t)mark->batch,
        "generation", (json_int_t)mark->generation, "checkpoints", (json_int_t)mark->checkpoints,
        "sums", "rows", sums->rows, "loss", sums->loss, "goodness_pos", sums->goodness_pos,
        "goodness_neg", sums->goodness_neg, "wrong", sums->wrong, "compacted", mark->compacted);

    if (mark->best.epoch > 0 && json_object_set_new(object, "best", best_to_json(&mark->best))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *choice_to_json(const struct ff_range_choice *choice)
{
    return json_pack("{s:I, s:I, s:f, s:f}", "first", (json_int_t)choice->first, "last",
                     (json_int_t)choice->last, "error", choice->error, "temperature",
                     choice->temperature);
}

/* Adds the lineage, if there is one, to ROOT. */
static int lineage_to_json(json_t *root, const struct ff_lineage *lineage)
{
    json_t *array = lineage->n > 0 ? json_array() : NULL;
    int failed = lineage->n > 0 && !array ? -1 : 0;

    for (uint32_t i = 0; i < lineage->n && !failed; i++) {
        const struct ff_ancestor *ancestor = &lineage->ancestors[i];

        failed = json_array_append_new(
            array,
            json_pack("{s:s, s:I, s:I, s:I, s:I}", "weights_hash", ancestor->weights_hash, "layers",
                      (json_int_t)ancestor->layers, "kept", (json_int_t)ancestor->kept, "epochs",
                      (json_int_t)ancestor->epochs, "samples", (json_int_t)ancestor->samples));
    }
    if (array && !failed)
        return json_object_set_new(root, "lineage", array);
    json_decref(array);
    return failed;
}

int ff_manifest_write(struct ff_ctx *ctx, const struct ff_manifest *manifest, char **text)
{
    json_t *root = json_pack(
        "{s:s, s:i, s:{s:s, s:s, s:s, s:s}, s:o, s:o, s:o, s:o}", "format", FF_MANIFEST_FORMAT,
        "version", manifest->version, "writer", "fftool", manifest->program, "blas", manifest->blas,
        "lmdb", manifest->lmdb, "zstd", manifest->zstd, "recipe",
        ff_manifest_recipe_write(&manifest->recipe), "data", data_to_json(manifest), "progress",
        progress_to_json(&manifest->mark), "choice", choice_to_json(&manifest->choice));

    *text =
        root && lineage_to_json(root, &manifest->lineage) == 0
            ? ff_json_text(root, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(EXACT_DIGITS))
            : NULL;
    json_decref(root);
    return *text ? FF_OK : ff_fail(ctx, FF_ENOMEM, "out of memory for the manifest");
}

static bool in_u32(json_int_t value)
{
    return value >= 0 && value <= UINT32_MAX;
}

static int stage_from_name(const char *name)
{
    for (int stage = 0; stage <= FF_STAGE_DONE; stage++) {
        if (strcmp(stage_names[stage], name) == 0)
            return stage;
    }
    return -1;
}

/* The status of json_unpack_ex(), with a message on error. */
static int unpacked(struct ff_ctx *ctx, int failed, const json_error_t *error)
{
    if (!failed)
        return FF_OK;
    if (json_error_code(error) == json_error_out_of_memory)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the manifest");
    return ff_fail(ctx, FF_ECORRUPT, "%s", error->text);
}

static int copy_text(struct ff_ctx *ctx, const char *text, char **out)
{
    *out = strdup(text);
    return *out ? FF_OK : ff_fail(ctx, FF_ENOMEM, "out of memory for the manifest");
}

static int out_of_range(struct ff_ctx *ctx)
{
    return ff_fail(ctx, FF_ECORRUPT, "a number is out of range");
}

static int writer_from_json(struct ff_ctx *ctx, json_t *object, struct ff_manifest *out)
{
    const char *program, *blas, *lmdb, *zstd;
    json_error_t error;
    int status = unpacked(ctx,
                          json_unpack_ex(object, &error, 0, "{s:s, s:s, s:s, s:s}", "fftool",
                                         &program, "blas", &blas, "lmdb", &lmdb, "zstd", &zstd),
                          &error);

    if (status == FF_OK)
        status = copy_text(ctx, program, &out->program);
    if (status == FF_OK)
        status = copy_text(ctx, blas, &out->blas);
    if (status == FF_OK)
        status = copy_text(ctx, lmdb, &out->lmdb);
    return status == FF_OK ? copy_text(ctx, zstd, &out->zstd) : status;
}

static int data_from_json(struct ff_ctx *ctx, json_t *object, struct ff_manifest *out)
{
    const char *fingerprint;
    json_int_t samples, all_samples = 0, features, classes, height, width, channels;
    json_t *files = NULL;
    json_error_t error;
    int is_float, planar, is_rows = 0; /* absent: files */
    int status = unpacked(
        ctx,
        json_unpack_ex(object, &error, 0,
                       "{s:s, s:I, s?I, s:I, s:I, s:b, s:[I, I, I], s:b, s?o, s?b}", "fingerprint",
                       &fingerprint, "samples", &samples, "all_samples", &all_samples, "features",
                       &features, "classes", &classes, "float", &is_float, "image", &height, &width,
                       &channels, "planar", &planar, "files", &files, "rows", &is_rows),
        &error);

    if (status != FF_OK)
        return status;
    if (!in_u32(features) || !in_u32(classes) || !in_u32(height) || !in_u32(width) ||
        !in_u32(channels) || samples < 0 || all_samples < 0 ||
        strlen(fingerprint) >= sizeof out->fingerprint)
        return out_of_range(ctx);
    out->samples = (uint64_t)samples;
    out->all_samples = (uint64_t)all_samples;
    out->features = (uint32_t)features;
    out->classes = (uint32_t)classes;
    out->is_float = is_float != 0;
    out->data_is_rows = is_rows != 0;
    out->image =
        (struct ff_image){(uint32_t)height, (uint32_t)width, (uint32_t)channels, planar != 0};
    strcpy(out->fingerprint, fingerprint);
    status = ff_json_get_path(ctx, object, "path", &out->data_path);
    if (status == FF_OK && !out->data_path)
        status = ff_fail(ctx, FF_ECORRUPT, "\"path\" of the data is missing");
    if (status == FF_OK)
        status = ff_json_get_path(ctx, object, "labels", &out->data_labels);
    if (status == FF_OK)
        status = ff_json_get_path(ctx, object, "arrays", &out->data_arrays);
    if (status == FF_OK)
        status = ff_manifest_schema_read(ctx, object, out->classes, &out->schema);
    out->schema.features = out->features;
    if (status == FF_OK)
        status = ff_manifest_moments_read(ctx, object, &out->moments);
    if (status == FF_OK)
        status = ff_manifest_class_weights_read(ctx, object, out->classes, &out->class_weights);
    return status == FF_OK ? ff_manifest_files_read(ctx, files, &out->files) : status;
}

static int best_from_json(struct ff_ctx *ctx, json_t *object, struct ff_best_epoch *out)
{
    json_int_t epoch, generation, learned;
    json_error_t error;
    int status =
        unpacked(ctx,
                 json_unpack_ex(object, &error, 0, "{s:I, s:F, s:I, s:I}", "epoch", &epoch, "error",
                                &out->error, "generation", &generation, "learned", &learned),
                 &error);

    if (status != FF_OK)
        return status;
    if (!in_u32(epoch) || !in_u32(learned) || generation < 0)
        return out_of_range(ctx);
    out->epoch = (uint32_t)epoch;
    out->generation = (uint64_t)generation;
    out->learned = (uint32_t)learned;
    return FF_OK;
}

static int progress_from_json(struct ff_ctx *ctx, json_t *object, struct ff_progress_mark *out)
{
    json_int_t layer, sweep, epoch, batch, generation, checkpoints;
    json_t *best = NULL; /* absent unless a layer that may stop early has one */
    struct ff_sums *sums = &out->sums;
    const char *stage;
    json_error_t error;
    int compacted = 0; /* absent in older models */
    int number;
    int status = unpacked(
        ctx,
        json_unpack_ex(object, &error, 0,
                       "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:F, s:F, s:F, s:F, s:F}, s?b, s?o}",
                       "stage", &stage, "layer", &layer, "round", &sweep, "epoch", &epoch, "batch",
                       &batch, "generation", &generation, "checkpoints", &checkpoints, "sums",
                       "rows", &sums->rows, "loss", &sums->loss, "goodness_pos",
                       &sums->goodness_pos, "goodness_neg", &sums->goodness_neg, "wrong",
                       &sums->wrong, "compacted", &compacted, "best", &best),
        &error);

    if (status != FF_OK)
        return status;
    number = stage_from_name(stage);
    if (number < 0 || !in_u32(layer) || !in_u32(sweep) || !in_u32(epoch) || batch < 0 ||
        generation < 0 || checkpoints < 0)
        return out_of_range(ctx);
    out->stage = (enum ff_stage)number;
    out->layer = (uint32_t)layer;
    out->sweep = (uint32_t)sweep;
    out->epoch = (uint32_t)epoch;
    out->batch = (uint64_t)batch;
    out->generation = (uint64_t)generation;
    out->checkpoints = (uint64_t)checkpoints;
    out->compacted = compacted != 0;
    return best ? best_from_json(ctx, best, &out->best) : FF_OK;
}

static int choice_from_json(struct ff_ctx *ctx, json_t *object, struct ff_range_choice *out)
{
    json_int_t first, last;
    json_error_t error;
    int status =
        unpacked(ctx,
                 json_unpack_ex(object, &error, 0, "{s:I, s:I, s:F, s:F}", "first", &first, "last",
                                &last, "error", &out->error, "temperature", &out->temperature),
                 &error);

    if (status != FF_OK)
        return status;
    if (!in_u32(first) || !in_u32(last))
        return out_of_range(ctx);
    out->first = (uint32_t)first;
    out->last = (uint32_t)last;
    return FF_OK;
}

static int ancestor_from_json(struct ff_ctx *ctx, json_t *object, struct ff_ancestor *out)
{
    json_int_t layers, kept, epochs, samples;
    const char *hash;
    json_error_t error;
    int status = unpacked(ctx,
                          json_unpack_ex(object, &error, 0, "{s:s, s:I, s:I, s:I, s:I}",
                                         "weights_hash", &hash, "layers", &layers, "kept", &kept,
                                         "epochs", &epochs, "samples", &samples),
                          &error);

    if (status != FF_OK)
        return status;
    if (layers < 1 || layers > FF_MAX_LAYERS || kept < 1 || kept > layers || epochs < 1 ||
        epochs > FF_MAX_EPOCHS || samples < 0 || strlen(hash) != sizeof out->weights_hash - 1)
        return out_of_range(ctx);
    strcpy(out->weights_hash, hash);
    out->layers = (uint32_t)layers;
    out->kept = (uint32_t)kept;
    out->epochs = (uint32_t)epochs;
    out->samples = (uint64_t)samples;
    return FF_OK;
}

static int lineage_from_json(struct ff_ctx *ctx, json_t *array, struct ff_lineage *out)
{
    size_t n = json_array_size(array);

    if (array && (!json_is_array(array) || n < 1 || n > FF_MAX_ANCESTORS))
        return ff_fail(ctx, FF_ECORRUPT, "\"lineage\" is not a list of 1 to %d", FF_MAX_ANCESTORS);
    for (; out->n < n; out->n++) {
        int status =
            ancestor_from_json(ctx, json_array_get(array, out->n), &out->ancestors[out->n]);

        if (status != FF_OK)
            return status;
    }
    return FF_OK;
}

static int parse_fields(struct ff_ctx *ctx, json_t *root, struct ff_manifest *out)
{
    json_t *writer, *recipe, *data, *progress, *choice;
    json_error_t error;
    int status = unpacked(ctx,
                          json_unpack_ex(root, &error, 0, "{s:o, s:o, s:o, s:o, s:o}", "writer",
                                         &writer, "recipe", &recipe, "data", &data, "progress",
                                         &progress, "choice", &choice),
                          &error);

    if (status == FF_OK)
        status = writer_from_json(ctx, writer, out);
    if (status == FF_OK)
        status = ff_manifest_recipe_read(ctx, recipe, out->version, &out->recipe);
    if (status == FF_OK)
        status = data_from_json(ctx, data, out);
    if (status == FF_OK)
        status = progress_from_json(ctx, progress, &out->mark);
    if (status == FF_OK)
        status = choice_from_json(ctx, choice, &out->choice);
    if (status == FF_OK)
        status = lineage_from_json(ctx, json_object_get(root, "lineage"), &out->lineage);
    if (status == FF_OK && !ff_manifest_is_sane(out))
        status = ff_fail(ctx, FF_ECORRUPT, "its numbers contradict each other");
    return status == FF_OK ? ff_manifest_encode(ctx, out) : status;
}

static int check_format(struct ff_ctx *ctx, const json_t *root, int *out)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));

    if (!format || strcmp(format, FF_MANIFEST_FORMAT) != 0)
        return ff_fail(ctx, FF_EFORMAT, "not an fftool model");
    if (version < FF_OLDEST_MANIFEST_VERSION || version > FF_MANIFEST_VERSION)
        return ff_fail(ctx, FF_EFORMAT,
                       "format version %lld is not supported; this program reads versions %d to %d",
                       (long long)version, FF_OLDEST_MANIFEST_VERSION, FF_MANIFEST_VERSION);
    *out = (int)version;
    return FF_OK;
}

int ff_manifest_read(struct ff_ctx *ctx, const char *path, const char *text,
                     struct ff_manifest *out)
{
    json_error_t error;
    json_t *root;
    int status;

    memset(out, 0, sizeof *out);
    status = ff_json_parse(ctx, text, strlen(text), &root, &error);
    if (status == FF_OK)
        status = check_format(ctx, root, &out->version);
    if (status == FF_OK)
        status = parse_fields(ctx, root, out);
    json_decref(root);
    if (status == FF_OK)
        return FF_OK;
    ff_manifest_release(out);
    if (status == FF_EINVAL) /* the file holds an invalid recipe */
        status = FF_ECORRUPT;
    char reason[FF_MESSAGE_BYTES / 2];
    snprintf(reason, sizeof reason, "%s", ff_ctx_message(ctx));
    return ff_fail(ctx, (enum ff_status)status, "%s: manifest: %s", path, reason);
}

int ff_manifest_load(struct ff_ctx *ctx, struct ff_model_file *file, struct ff_manifest *out)
{
    char *text;
    size_t size;
    int status = ff_model_file_manifest(file, &text, &size);

    memset(out, 0, sizeof *out);
    if (status != FF_OK)
        return status;
    status =
        ff_about(ctx, ff_manifest_read(ctx, ff_model_file_path(file), text, out), FF_ABOUT_MODEL);
    ff_free(ctx, FF_MEM_OTHER, text, size);
    return status;
}

int ff_manifest_reload(struct ff_ctx *ctx, struct ff_model_file *file, struct ff_manifest *manifest)
{
    struct ff_manifest stored;
    int status = ff_manifest_load(ctx, file, &stored);

    if (status != FF_OK)
        return status;
    manifest->mark = stored.mark;
    manifest->choice = stored.choice;
    memcpy(manifest->fingerprint, stored.fingerprint, sizeof manifest->fingerprint);
    manifest->files = stored.files;
    ff_manifest_release(&stored);
    return FF_OK;
}
