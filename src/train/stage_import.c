/* The first stage: the dataset into boundary 0 of scratch. */
#include "train/import.h"
#include "train/run.h"

#include <stdio.h>
#include <string.h>

static bool tick(void *arg, uint64_t rows)
{
    struct ff_run *run = arg;

    return ff_clock_tick(&run->clock, rows, 0);
}

/* The dataset must be the one that training began with, as far as can be seen without reading it.
 */
static int check_shape(struct ff_run *run, const struct ff_dataset_info *info)
{
    const struct ff_manifest *manifest = &run->manifest;

    if (info->features == manifest->features && info->is_float == manifest->is_float &&
        info->classes <= manifest->classes && info->rows >= manifest->samples)
        return FF_OK;
    return ff_fail(
        run->ctx, FF_EMISMATCH,
        "%s: %llu rows of %u features in %u classes, but training began with %llu rows of %u "
        "features in %u classes",
        manifest->data_path, (unsigned long long)info->rows, info->features, info->classes,
        (unsigned long long)manifest->samples, manifest->features, manifest->classes);
}

/* An array's shape leaves it open which of its axes are height, width and channels. */
static void tell_images(struct ff_run *run, const struct ff_dataset_info *info)
{
    char channels[64] = "";

    if (!ff_recipe_takes_images(&run->manifest.recipe))
        return;
    if (info->channels > 1)
        snprintf(channels, sizeof channels, " in %u channels, which come %s", info->channels,
                 info->planar ? "first" : "last");
    ff_run_tell(run, "rows are images of %u x %u pixels%s", info->height, info->width, channels);
}

/* The temporary file counts, which is gone by now. */
static void measure_scratch(struct ff_run *run, const struct ff_import_opts *opts)
{
    struct ff_needs unused = {0};
    uint64_t bytes = run->scratch.ops->bytes(run->scratch.self) +
                     ff_import_needs(opts, run->manifest.features, run->manifest.is_float, &unused);

    if (bytes > run->scratch_peak_bytes)
        run->scratch_peak_bytes = bytes;
}

static int import_into(struct ff_run *run, struct ff_dataset *dataset, struct ff_set *set,
                       char fingerprint[33])
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    struct ff_permutation order = ff_permutation_make(
        ff_rng_make(recipe->seed, FF_RNG_IMPORT_ORDER, 0, 0), run->geometry.rows);
    struct ff_import_opts opts = {
        .dataset = dataset,
        .geometry = &run->geometry,
        .order = &order,
        .folder = run->scratch_folder,
        .set = set,
        .compression = run->compression,
        .tick = tick,
        .arg = run,
    };
    struct ff_progress phase = {.phase = FF_PHASE_IMPORT, .rows_total = run->geometry.rows};
    int status;

    ff_clock_phase(&run->clock, &phase, 0);
    status = ff_import(run->ctx, &opts, fingerprint);
    if (status == FF_OK)
        ff_clock_end(&run->clock);
    measure_scratch(run, &opts);
    return status;
}

/* The fingerprint becomes known, or has been and must be the same. */
static int settle_fingerprint(struct ff_run *run, const char *fingerprint)
{
    struct ff_manifest *manifest = &run->manifest;

    if (manifest->fingerprint[0] && strcmp(manifest->fingerprint, fingerprint) != 0)
        return ff_fail(run->ctx, FF_EMISMATCH,
                       "%s: the data has changed since training began (fingerprint %s, was %s)",
                       manifest->data_path, fingerprint, manifest->fingerprint);
    strcpy(manifest->fingerprint, fingerprint);
    return ff_run_derive(run);
}

int ff_run_import(struct ff_run *run)
{
    struct ff_dataset_spec spec = {.path = run->manifest.data_path,
                                   .labels = run->manifest.data_labels,
                                   .split = FF_SPLIT_TRAIN};
    struct ff_dataset *dataset = NULL;
    struct ff_set *set = NULL;
    char fingerprint[33];
    int status = ff_dataset_open(run->ctx, &spec, &dataset);

    if (status == FF_OK)
        status = check_shape(run, &dataset->info);
    if (status == FF_OK) {
        tell_images(run, &dataset->info);
        status = run->scratch.ops->create(run->scratch.self, 0, &set);
    }
    if (status == FF_OK)
        status = import_into(run, dataset, set, fingerprint);
    if (status == FF_OK)
        status = settle_fingerprint(run, fingerprint);
    if (status == FF_OK)
        status = ff_run_seal(run, set, 0);
    ff_set_close(set);
    ff_dataset_close(dataset);
    ff_run_measure_scratch(run);
    return status;
}

int ff_stage_import(struct ff_run *run)
{
    int status = ff_run_import(run);

    if (status != FF_OK)
        return status;
    ff_manifest_advance(&run->manifest);
    return ff_run_flip(run);
}
