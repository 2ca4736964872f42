/* The first stage: reads the dataset into boundary 0 of scratch. */
#include "learn/import.h"

#include "base/team.h"
#include "train/modes.h"
#include "train/same_data.h"
#include "train/stages.h"
#include "train/team.h"

#include <stdio.h>
#include <string.h>

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = ff_job_values(job, 0, values);
    struct ff_order order = {.rows = job->geometry.rows};
    struct ff_import_data_opts opts = {.geometry = &job->geometry, .order = &order};

    (void)layer;
    (void)knobs;
    ff_dataset_needs(&job->manifest->schema, out);
    out->bytes[FF_MEM_IO] += job->data_extra_bytes;
    ff_set_needs(n, values, job->geometry.chunks, &job->compression, out);
    ff_import_needs(&opts, job->manifest->features, job->manifest->is_float, out);
}

const struct ff_work ff_import_work = {.needs = needs};

/* If one process of a team has been interrupted, all stop. */
static int tick(void *arg, uint64_t rows)
{
    struct ff_run *run = arg;
    bool stops = ff_clock_tick(&run->clock, rows, 0);
    int status = ff_run_vote(run, &stops);

    if (status != FF_OK || !stops)
        return status;
    return ff_fail(run->ctx, FF_EINTERRUPTED, "interrupted while reading the dataset");
}

/* Checks that the shape of the dataset is that of the manifest. */
static int check_shape(struct ff_run *run, const struct ff_dataset_info *info)
{
    const struct ff_manifest *manifest = &run->manifest;

    if (info->features == manifest->features && info->is_float == manifest->is_float &&
        info->classes <= manifest->classes && info->rows >= manifest->samples &&
        (manifest->all_samples == 0 || manifest->all_samples == info->all_rows))
        return FF_OK;
    return ff_fail(
        run->ctx, FF_EMISMATCH,
        "%s: %llu sample%s of %u feature%s in %u classes, but training began with %llu of %u in %u",
        manifest->data_path, (unsigned long long)info->all_rows, info->all_rows == 1 ? "" : "s",
        info->features, info->features == 1 ? "" : "s", info->classes,
        (unsigned long long)(manifest->all_samples ? manifest->all_samples : manifest->samples),
        manifest->features, manifest->classes);
}

/* Reports the layout, because the shape of an array does not say which axes are height, width and
 * channels. */
static void report_images(struct ff_run *run, const struct ff_dataset_info *info)
{
    char channels[64] = "";

    if (!ff_recipe_takes_images(&run->manifest.recipe))
        return;
    if (info->channels > 1)
        snprintf(channels, sizeof channels, " in %u channels, which come %s", info->channels,
                 info->planar ? "first" : "last");
    ff_run_notify(run, "rows are images of %u x %u pixels%s", info->height, info->width, channels);
}

/* Includes the temporary file, which is deleted by now. */
static void measure_scratch(struct ff_run *run, const struct ff_import_data_opts *opts)
{
    struct ff_needs unused = {0};

    ff_boundaries_measure(&run->boundaries, ff_import_needs(opts, run->manifest.features,
                                                            run->manifest.is_float, &unused));
}

static int import_into(struct ff_run *run, struct ff_dataset *dataset, struct ff_set *set,
                       struct ff_import_facts *facts)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    struct ff_order order =
        ff_order_make(recipe->seed, run->job.geometry.rows, run->job.geometry.learned_rows,
                      run->manifest.schema.context > 0);
    struct ff_import_data_opts opts = {
        .dataset = dataset,
        .geometry = &run->job.geometry,
        .order = &order,
        .scratch = &run->boundaries.scratch,
        .set = set,
        .compression = run->job.compression,
        .moment_columns = run->manifest.moments.n > 0 ? 0 : ff_manifest_moments(&run->manifest),
        .tick = tick,
        .arg = run,
    };
    struct ff_progress phase = {.phase = FF_PHASE_IMPORT, .rows_total = run->job.geometry.rows};
    int status;

    ff_clock_phase(&run->clock, &phase, 0);
    status = ff_import_data(run->ctx, &opts, facts);
    if (status == FF_OK)
        ff_clock_end(&run->clock);
    measure_scratch(run, &opts);
    return status;
}

/* Records the facts of the data, or compares them with those of the manifest. */
static int settle_data(struct ff_run *run, struct ff_import_facts *facts)
{
    struct ff_manifest *manifest = &run->manifest;
    int status = FF_OK;

    if (manifest->fingerprint[0] && strcmp(manifest->fingerprint, facts->fingerprint) != 0)
        return ff_other_data(run->ctx, run->opts->model, manifest, manifest->data_path, facts);
    strcpy(manifest->fingerprint, facts->fingerprint);
    manifest->files = facts->files;
    if (facts->moments.n > 0) {
        manifest->moments = facts->moments;
        facts->moments.n = 0;
        status = ff_manifest_encode(run->ctx, manifest);
    }
    if (status == FF_OK && ff_recipe_balances_classes(&manifest->recipe) &&
        manifest->class_weights.n == 0)
        status = ff_class_weights_init(run->ctx, manifest->classes, facts->learned,
                                       &manifest->class_weights);
    return status == FF_OK ? ff_run_derive(run) : status;
}

/* Number of classes without SAMPLES; *FIRST is the lowest. */
static uint32_t count_unseen(const uint64_t samples[FF_MAX_DATA_CLASSES], uint32_t classes,
                             uint32_t *first)
{
    uint32_t unseen = 0;

    for (uint32_t c = classes; c-- > 0;) {
        if (samples[c] == 0) {
            unseen++;
            *first = c;
        }
    }
    return unseen;
}

/* A class without samples is trained as wrong for every sample, or is not measured. Only the user
 * knows whether that is intended, so this warns. */
static int check_classes(struct ff_run *run, const struct ff_import_facts *facts)
{
    const struct ff_manifest *manifest = &run->manifest;
    uint32_t classes = manifest->classes, first = 0;
    uint32_t unseen = count_unseen(facts->learned, classes, &first);
    bool one_class = unseen + 1 == classes;

    if (one_class && manifest->samples == manifest->all_samples &&
        ff_manifest_held_out(manifest) == 0)
        return ff_fail(run->ctx, FF_EINVAL,
                       "%s: all samples are of one class; at least two are required",
                       manifest->data_path);
    if (unseen > 0)
        ff_warn(
            run->ctx,
            "%s: %u of %u classes %s no sample among the %llu for training (the first is class %u)",
            manifest->data_path, unseen, classes, unseen == 1 ? "has" : "have",
            (unsigned long long)run->job.geometry.learned_rows, first);
    unseen = count_unseen(facts->held_out, classes, &first);
    if (ff_manifest_held_out(manifest) > 0 && unseen > 0)
        ff_warn(run->ctx,
                "%s: %u of %u classes %s no sample among the %llu held out (the first is class "
                "%u)",
                manifest->data_path, unseen, classes, unseen == 1 ? "has" : "have",
                (unsigned long long)ff_manifest_held_out(manifest), first);
    return FF_OK;
}

int ff_run_import(struct ff_run *run, struct ff_set **out)
{
    const struct ff_data_location location = {run->manifest.data_path, run->manifest.data_labels,
                                              run->manifest.data_arrays};
    struct ff_dataset_spec spec = ff_data_spec(&run->manifest, run->opts, &location);
    struct ff_dataset *dataset = NULL;
    struct ff_set *set = NULL;
    struct ff_import_facts facts = {.moments = {.n = 0}};
    int status;

    /* The data was opened when the model was made or adopted. */
    spec.known_rows = run->manifest.all_samples;
    spec.together = true;
    status = ff_dataset_open(run->ctx, &spec, &dataset);
    *out = NULL;
    if (status == FF_OK)
        status = check_shape(run, &dataset->info);
    if (status == FF_OK) {
        report_images(run, &dataset->info);
        status = ff_boundary_create(&run->boundaries, 0, &set);
    }
    if (status == FF_OK)
        status = import_into(run, dataset, set, &facts);
    if (status == FF_OK && run->manifest.mark.stage == FF_STAGE_IMPORT)
        status = check_classes(run, &facts);
    if (status == FF_OK)
        status = settle_data(run, &facts);
    if (status == FF_OK)
        status = ff_team_check_same(run->ctx, "data of fingerprint", run->manifest.fingerprint);
    if (status == FF_OK)
        status = ff_boundary_seal(&run->boundaries, set, 0);
    if (facts.moments.n > 0)
        ff_moments_release(&facts.moments);
    ff_dataset_close(dataset);
    ff_boundaries_measure(&run->boundaries, 0);
    if (status == FF_OK)
        *out = set;
    else
        ff_set_close(set);
    return status;
}

int ff_stage_import(struct ff_run *run)
{
    struct ff_set *set;
    int status = ff_run_import(run, &set);

    if (status != FF_OK)
        return status;
    ff_set_close(set);
    ff_manifest_advance(&run->manifest);
    return ff_run_flip(run);
}
