#include "train/begin.h"

#include <fftool/fftool.h>

#include "data/dataset.h"
#include "data/jitter.h"
#include "model/geometry.h"
#include "model/workers.h"
#include "recipe/mode.h"
#include "recipe/recipe_table.h"
#include "store/partial.h"
#include "train/modes.h"
#include "train/place.h"
#include "train/same_data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_ZSTD_LEVEL 1
#define MAX_ZSTD_LEVEL 19

int ff_begin_compression(struct ff_ctx *ctx, const char *text, struct ff_compression *out)
{
    static const char prefix[] = "zstd:";
    char *end;
    long level = DEFAULT_ZSTD_LEVEL;

    *out = (struct ff_compression){FF_CODEC_NONE, 0};
    if (!text || strcmp(text, "none") == 0)
        return FF_OK;
    if (strncmp(text, prefix, strlen(prefix)) == 0) {
        level = strtol(text + strlen(prefix), &end, 10);
        if (end == text + strlen(prefix) || *end || level < 1 || level > MAX_ZSTD_LEVEL)
            return ff_fail(ctx, FF_EINVAL, "compression \"%s\": zstd levels are 1 to %d", text,
                           MAX_ZSTD_LEVEL);
    } else if (strcmp(text, "zstd") != 0) {
        return ff_fail(ctx, FF_EINVAL, "compression \"%s\" is not known: none, zstd or zstd:LEVEL",
                       text);
    }
    *out = (struct ff_compression){FF_CODEC_ZSTD, (int)level};
    return FF_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

int ff_begin_check(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                   const struct ff_train_opts *opts)
{
    if (!opts->model || !*opts->model)
        return ff_fail(ctx, FF_EINVAL, "no model file is given");
    if (ends_with(opts->model, FF_PARTIAL_SUFFIX))
        return ff_fail(ctx, FF_EINVAL,
                       "%s: names that end with " FF_PARTIAL_SUFFIX
                       " are reserved for incomplete models; choose another name",
                       opts->model);
    if (recipe && !opts->data.path)
        return ff_fail(ctx, FF_EINVAL, "no dataset is given");
    if (!(opts->checkpoint_interval_s >= 0))
        return ff_fail(ctx, FF_EINVAL, "checkpoint interval %g: must be 0 seconds or more",
                       opts->checkpoint_interval_s);
    return ff_place_check(ctx, opts);
}

int ff_begin_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                       const struct ff_train_opts *opts)
{
    const struct ff_mode *mode = ff_mode_find(recipe->mode);

    if (opts->micro_batch_rows && !ff_mode_cuts_batches(mode))
        return ff_fail(ctx, FF_EINVAL, "micro-batch: mode %s holds the whole batch", mode->name);
    if (opts->tile_slots && !ff_mode_work(mode, FF_STAGE_TRAIN)->pages)
        return ff_fail(ctx, FF_EINVAL, "tile slots: mode %s holds every layer", mode->name);
    if ((ff_team_size(ctx) > 1 || opts->ranks > 1) && !ff_recipe_has_goodness(recipe))
        return ff_fail(ctx, FF_EINVAL,
                       "mode %s is not spread over several processes: backpropagation needs the "
                       "deltas of a whole layer at every step; start one",
                       recipe->mode);
    return ff_workers_check(ctx, opts->threads);
}

/* An image alone in its batch could only be mixed with itself. */
static int check_hybrids(struct ff_ctx *ctx, const struct ff_recipe *recipe, uint64_t samples)
{
    if (!ff_recipe_unsupervised(recipe) || (recipe->batch > 1 && samples > 1))
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "hybrid negatives are mixed from two images of a batch: %s",
                   samples > 1 ? "use --batch 2 or more" : "one sample is too few");
}

void ff_train_opts_drop_unused(struct ff_train_opts *opts, const char *mode,
                               const char *const *modes, size_t n)
{
    const struct ff_mode *own = ff_mode_find(mode);

    for (size_t i = 0; i < n; i++) {
        const struct ff_mode *other = ff_mode_find(modes[i]);

        if (ff_mode_cuts_batches(other) && !ff_mode_cuts_batches(own))
            opts->micro_batch_rows = 0;
        if (ff_mode_work(other, FF_STAGE_TRAIN)->pages && !ff_mode_work(own, FF_STAGE_TRAIN)->pages)
            opts->tile_slots = 0;
    }
}

/* PATH is NULL if options give the shape. */
static int check_images(struct ff_ctx *ctx, const struct ff_recipe *recipe, const char *path,
                        const struct ff_dataset_info *info)
{
    struct ff_image image = {info->height, info->width, info->channels, info->planar};
    const char *takes = recipe->jitter > 0 ? "jitter takes" : "hybrid negatives take";

    if (ff_recipe_takes_images(recipe) && info->height == 0 && path)
        return ff_fail(
            ctx, FF_EINVAL,
            "%s images, and %s has rows of %u value%s without a height and a width: save "
            "it as (rows, height, width) or (rows, height, width, channels)",
            takes, path, info->features, info->features == 1 ? "" : "s");
    if (ff_recipe_takes_images(recipe) && info->height == 0)
        return ff_fail(ctx, FF_EINVAL, "%s images; give their --height and --width", takes);
    if (recipe->jitter > 0 && !ff_jitter_fits(&image, recipe->jitter))
        return ff_fail(
            ctx, FF_EINVAL,
            "jitter: shifts of up to %u pixels are too large for images of %u x %u pixels",
            recipe->jitter, info->width, info->height);
    return FF_OK;
}

/* Refuses a validation fraction if there is only one batch. */
static int refuse_one_batch(struct ff_ctx *ctx, const struct ff_recipe *recipe, uint64_t samples)
{
    if (samples < 2)
        return ff_fail(ctx, FF_EINVAL,
                       "validation: a single sample cannot be held out; use more samples");
    return ff_fail(ctx, FF_EINVAL,
                   "validation: whole batches are held out, but %llu samples are a single batch of "
                   "%u; use --batch %llu or less",
                   (unsigned long long)samples, recipe->batch, (unsigned long long)(samples - 1));
}

/* Each column has a mean and a deviation in the manifest. */
static int check_columns(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                         const struct ff_dataset_info *info, const struct ff_schema *schema)
{
    if (schema->n_columns > FF_MAX_STANDARD_COLUMNS)
        return ff_fail(ctx, FF_EINVAL, "%u columns: a table has at most %u", schema->n_columns,
                       FF_MAX_STANDARD_COLUMNS);
    if (schema->context > 0 && ff_recipe_standardize(recipe) != FF_STANDARDIZE_AUTO &&
        ff_recipe_standardize(recipe) != FF_STANDARDIZE_NONE)
        return ff_fail(ctx, FF_EINVAL, "standardize: characters of a text are not numbers");
    if (schema->context == 0 && recipe->context_dropout > 0)
        return ff_fail(ctx, FF_EINVAL, "context dropout is for texts; leave it out");
    if (ff_recipe_standardize(recipe) == FF_STANDARDIZE_COLUMNS &&
        info->features > FF_MAX_STANDARD_COLUMNS)
        return ff_fail(ctx, FF_EINVAL,
                       "standardize: %u features, of which at most %u have a mean and a deviation "
                       "each; use --standardize whole",
                       info->features, FF_MAX_STANDARD_COLUMNS);
    if (ff_recipe_standardize(recipe) == FF_STANDARDIZE_WHOLE && schema->n_columns > 0)
        return ff_fail(ctx, FF_EINVAL,
                       "standardize: columns of a table are not alike; use --standardize columns");
    return FF_OK;
}

static int check_batches(struct ff_ctx *ctx, const struct ff_recipe *recipe, uint64_t samples)
{
    struct ff_geometry geometry;

    if (!ff_geometry_fits(samples, recipe->batch))
        return ff_fail(ctx, FF_EINVAL,
                       "%llu samples in batches of %u are too many batches; use a larger batch",
                       (unsigned long long)samples, recipe->batch);
    geometry = ff_geometry_make(samples, recipe->batch);
    ff_geometry_hold_out(&geometry, recipe->validation);
    if (recipe->validation > 0 && geometry.learned_rows == samples)
        return refuse_one_batch(ctx, recipe, samples);
    return check_hybrids(ctx, recipe, samples);
}

static int check_data(struct ff_ctx *ctx, const char *path, const struct ff_training *training)
{
    const struct ff_recipe *recipe = &training->recipe;
    const struct ff_dataset_info *info = &training->info;
    const struct ff_schema *schema = &training->schema;
    uint64_t inputs = ff_schema_inputs(schema, info->features) +
                      (info->is_float || ff_schema_has_categories(schema));
    int status;

    if (info->classes < 2)
        return ff_fail(ctx, FF_EINVAL,
                       "all labels are of one class; at least two classes are required");
    if (inputs > FF_MAX_UNITS - info->classes)
        return ff_fail(ctx, FF_EINVAL, "%u features and %u classes: a layer has at most %u inputs",
                       info->features, info->classes, FF_MAX_UNITS);
    status = check_columns(ctx, recipe, info, schema);
    if (status != FF_OK)
        return status;
    if (ff_recipe_embeds_labels(recipe) && ff_recipe_replaces_inputs(recipe) &&
        inputs < info->classes)
        return ff_fail(
            ctx, FF_EINVAL,
            "%u feature%s cannot hold a label of %u classes; use --label-embedding append",
            info->features, info->features == 1 ? "" : "s", info->classes);
    if (ff_recipe_gathers(recipe) && info->classes > FF_MAX_GATHERED_CLASSES)
        return ff_fail(ctx, FF_EINVAL,
                       "hard negatives: inputs are stored under every label, and %u classes are "
                       "too many; the limit is %u",
                       info->classes, FF_MAX_GATHERED_CLASSES);
    if (recipe->label_samples >= info->classes)
        return ff_fail(ctx, FF_EINVAL,
                       "label samples %u: of %u classes at most %u are wrong; 0 means all of them",
                       recipe->label_samples, info->classes, info->classes - 1);
    status = check_images(ctx, recipe, path, info);
    if (status != FF_OK)
        return status;
    return check_batches(ctx, recipe, training->samples);
}

/* The absolute path of the dataset. */
static char *absolute(const char *path)
{
    char *resolved = realpath(path, NULL);

    return resolved ? resolved : strdup(path);
}

static void release_location(struct ff_data_location *location)
{
    free(location->path);
    free(location->labels);
    free(location->arrays);
}

/* Where the data of OPTS is, by default that of MANIFEST; malloc'd, and to be released also on
 * error. */
static int locate_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                       const struct ff_manifest *manifest, struct ff_data_location *out)
{
    const struct ff_data_source *given = &opts->data;
    const char *labels = given->path ? given->labels : manifest->data_labels;
    const char *arrays = given->path ? given->arrays : manifest->data_arrays;

    if (given->rows)
        out->path = strdup(given->path); /* only a name */
    else
        out->path = given->path ? absolute(given->path) : strdup(manifest->data_path);
    out->labels = !labels ? NULL : given->path ? absolute(labels) : strdup(labels);
    out->arrays = arrays ? strdup(arrays) : NULL;
    if (out->path && (out->labels || !labels) && (out->arrays || !arrays))
        return FF_OK;
    return ff_fail(ctx, FF_ENOMEM, "out of memory for a path");
}

int ff_begin_record_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                         struct ff_manifest *manifest)
{
    struct ff_data_location location = {.path = NULL};
    int status;

    if (manifest->data_is_rows && !opts->data.path)
        return ff_about(ctx,
                        ff_fail(ctx, FF_EINVAL,
                                "%s is trained on rows that a program provided (%s): provide them "
                                "again, or name files with the same samples",
                                opts->model, manifest->data_path),
                        FF_ABOUT_DATA);
    status = locate_data(ctx, opts, manifest, &location);
    if (status == FF_OK && manifest->fingerprint[0])
        status = ff_same_data(ctx, opts, manifest, &location);
    /* Training can resume without the data while scratch is intact. */
    if (status == FF_ENOTFOUND && !opts->data.path)
        status = FF_OK;
    if (status != FF_OK) {
        release_location(&location);
        return status;
    }
    free(manifest->data_path);
    free(manifest->data_labels);
    free(manifest->data_arrays);
    manifest->data_path = location.path;
    manifest->data_labels = location.labels;
    manifest->data_arrays = location.arrays;
    if (opts->data.path)
        manifest->data_is_rows = opts->data.rows != NULL;
    return FF_OK;
}

void ff_training_release(struct ff_training *training)
{
    ff_schema_release(&training->schema);
    ff_recipe_release(&training->recipe);
}

int ff_begin_recipe(struct ff_ctx *ctx, const struct ff_recipe *recipe, const char *path,
                    struct ff_training *training)
{
    struct ff_recipe given = *recipe;
    int status;

    if (training->schema.context > 0)
        ff_recipe_fill_for_text(&given);
    status = ff_recipe_completed(ctx, &given, training->samples, &training->recipe);
    return status == FF_OK ? check_data(ctx, path, training) : status;
}

int ff_begin_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                  const struct ff_train_opts *opts, struct ff_training *training)
{
    struct ff_dataset_spec spec = ff_given_data_spec(opts);
    struct ff_dataset *dataset;
    int status = ff_dataset_open(ctx, &spec, &dataset);

    *training = (struct ff_training){.samples = 0};
    if (status != FF_OK)
        return status;
    training->info = dataset->info;
    training->schema = dataset->schema;
    dataset->schema = (struct ff_schema){.n_columns = 0};
    ff_dataset_close(dataset);
    training->samples = training->info.rows;
    return ff_begin_recipe(ctx, recipe, opts->data.path, training);
}

int ff_begin_same_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                       const struct ff_manifest *manifest, struct ff_training *training)
{
    const struct ff_image *image = &manifest->image;
    int status;

    *training = (struct ff_training){
        .samples = manifest->samples,
        .info = {.rows = manifest->samples,
                 .all_rows = manifest->all_samples,
                 .features = manifest->features,
                 .height = image->height,
                 .width = image->width,
                 .channels = image->channels,
                 .planar = image->planar,
                 .classes = manifest->classes,
                 .is_float = manifest->is_float},
    };
    status = ff_schema_copy(ctx, &manifest->schema, &training->schema);
    return status == FF_OK ? ff_begin_recipe(ctx, recipe, manifest->data_path, training) : status;
}

int ff_begin_manifest(struct ff_ctx *ctx, const struct ff_training *training,
                      const struct ff_train_opts *opts, struct ff_manifest *manifest)
{
    const struct ff_dataset_info *info = &training->info;
    int status = ff_manifest_begin(ctx, &training->recipe, manifest);

    if (status != FF_OK)
        return status;
    manifest->samples = training->samples;
    manifest->all_samples = info->all_rows;
    manifest->features = info->features;
    manifest->classes = info->classes;
    manifest->is_float = info->is_float;
    manifest->image = (struct ff_image){info->height, info->width, info->channels, info->planar};
    manifest->mark.stage = FF_STAGE_IMPORT;
    manifest->mark.layer = 1;
    status = ff_schema_copy(ctx, &training->schema, &manifest->schema);
    manifest->schema.n_classes = info->classes;
    manifest->schema.features = info->features;
    if (status == FF_OK)
        status = ff_manifest_encode(ctx, manifest);
    if (status != FF_OK)
        return status;
    return opts->data.path ? ff_begin_record_data(ctx, opts, manifest) : FF_OK;
}
