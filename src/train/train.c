/* A training: opens or creates the model, then runs stage after stage. */
#include <fftool/fftool.h>

#include "base/path.h"
#include "base/team.h"
#include "eval/metrics.h"
#include "eval/score.h"
#include "learn/streams.h"
#include "model/tensor.h"
#include "nn/gemm.h"
#include "plan/plan.h"
#include "train/begin.h"
#include "train/modes.h"
#include "train/open.h"
#include "train/place.h"
#include "train/space.h"
#include "train/stages.h"
#include "train/team.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void warn_of_other_versions(struct ff_run *run)
{
    if (run->manifest.version < FF_FLUSHING_VERSION)
        ff_warn(run->ctx,
                "training began with version %s of fftool, whose arithmetic was another: the last "
                "bits of the weights will differ from those of a run with only one of them",
                run->manifest.program);
    if (strcmp(run->manifest.blas, ff_gemm_backend()) != 0)
        ff_warn(run->ctx,
                "training began with %s and resumes with %s: the last bits of the weights will "
                "differ from those of a run with only one of them",
                run->manifest.blas, ff_gemm_backend());
}

/* Deletes tiles of old generations that a run left when it was interrupted after a flip. */
static int reclaim(struct ff_run *run)
{
    const char kinds[] = {'W', ff_state_kind('W'), 'H', ff_state_kind('H')};
    uint32_t last = run->manifest.mark.layer, first = last > 1 ? last - 1 : 1;
    int status = FF_OK;

    if (!run->file)
        return FF_OK;
    if (ff_recipe_trains_at_once(&run->manifest.recipe)) {
        first = 1;
        last = run->manifest.recipe.layers;
    }
    for (uint32_t layer = first; layer <= last; layer++) {
        for (size_t i = 0; i < sizeof kinds && status == FF_OK; i++)
            status = ff_model_file_reclaim(
                run->file, kinds[i], layer, ff_manifest_generation(&run->manifest, kinds[i], layer),
                ff_manifest_best_generation(&run->manifest, kinds[i], layer));
    }
    return status;
}

/* The boundary that the current stage reads. */
static uint32_t needed_boundary(const struct ff_run *run)
{
    const struct ff_progress_mark *mark = &run->manifest.mark;

    switch (mark->stage) {
    case FF_STAGE_TRAIN:
    case FF_STAGE_FORWARD:
        return mark->layer - 1;
    case FF_STAGE_HEAD:
        return mark->layer;
    default:
        return FF_NO_BOUNDARY;
    }
}

static int run_stage(struct ff_run *run)
{
    switch (run->manifest.mark.stage) {
    case FF_STAGE_IMPORT:
        return ff_stage_import(run);
    case FF_STAGE_TRAIN:
        return ff_stage_train(run);
    case FF_STAGE_FORWARD:
        return ff_stage_forward(run);
    case FF_STAGE_HEAD:
        return ff_stage_head(run);
    case FF_STAGE_DONE:
        break;
    }
    return FF_OK;
}

/* Retries once a stage that found its scratch damaged, from the last checkpoint and with recomputed
 * scratch. */
static int retry_stage(struct ff_run *run)
{
    char reason[FF_MESSAGE_BYTES];
    int status;

    snprintf(reason, sizeof reason, "%s", ff_ctx_message(run->ctx));
    ff_warn(run->ctx, "%s; restarting from the last checkpoint", reason);
    ff_boundaries_drop_others(&run->boundaries, FF_NO_BOUNDARY);
    if (ff_team_size(run->ctx) > 1) /* the others are in the midst of the stage */
        return ff_fail(run->ctx, FF_ECORRUPT, "%s; run the same command again", reason);
    status = ff_manifest_reload(run->ctx, run->file, &run->manifest);
    ff_model_file_unpin(run->file);
    return status == FF_OK ? run_stage(run) : status;
}

static int run_stages(struct ff_run *run)
{
    int status = FF_OK;

    while (run->manifest.mark.stage != FF_STAGE_DONE && status == FF_OK) {
        run->boundaries.damaged = false;
        status = run_stage(run);
        if (status == FF_ECORRUPT && run->boundaries.damaged)
            status = retry_stage(run);
    }
    return status;
}

/* Number of layers whose metrics the model has; 0 where the network trains at once. */
static uint32_t layers_measured(const struct ff_run *run)
{
    const struct ff_manifest *manifest = &run->manifest;

    if (ff_recipe_trains_at_once(&manifest->recipe))
        return 0;
    if (manifest->mark.sweep > 0)
        return manifest->recipe.layers;
    return ff_manifest_layers_trained(manifest) - (manifest->mark.stage == FF_STAGE_FORWARD);
}

static int count_dead_units(struct ff_run *run, struct ff_train_result *result)
{
    const struct ff_manifest *manifest = &run->manifest;
    int status = FF_OK;

    result->watched_layers = layers_measured(run);
    for (uint32_t layer = 1; layer <= result->watched_layers && status == FF_OK; layer++) {
        float metrics[FF_MOST_LAYER_METRICS];

        status = ff_run_metrics(run, layer, metrics);
        if (status == FF_OK) {
            uint64_t dead = (uint64_t)metrics[FF_METRIC_DEAD_UNITS];

            result->dead_units += dead;
            result->dead_layers += dead >= manifest->recipe.hidden[layer - 1];
        }
    }
    return status;
}

static void fill_result(struct ff_run *run, double began, struct ff_train_result *result)
{
    const struct ff_manifest *manifest = &run->manifest;

    result->samples = manifest->samples;
    result->held_out_samples = ff_manifest_held_out(manifest);
    result->layers = manifest->recipe.layers;
    result->parameters =
        ff_recipe_parameters(&manifest->recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    result->choice = ff_manifest_choice(manifest);
    result->seconds = ff_now() - began;
    result->train_seconds = run->tally.seconds;
    result->gflops = run->tally.seconds > 0 ? run->tally.flops / run->tally.seconds * 1e-9 : 0;
    result->scratch_peak_bytes = run->boundaries.peak_bytes;
    result->bytes_written = ff_meter_written(run->ctx) - run->tally.written_before;
    result->planned_bytes = run->tally.planned_bytes;
    ff_memory_read(run->ctx, &result->memory);
}

static void start_clock(struct ff_run *run)
{
    run->clock.on_progress = run->opts->on_progress;
    run->clock.interrupted = run->opts->interrupted;
    run->clock.arg = run->opts->arg;
    run->clock.began = ff_now();
    run->clock.now.layers = run->manifest.recipe.layers;
    run->clock.work_left = ff_run_work_left(run);
}

/* A training that takes less is not delayed by measuring the speed. */
#define LEAST_MEASURED_S 10

/* Makes the plan and reports it. From here on the meter enforces the budget, within any limit of
 * the caller. */
static int plan(struct ff_run *run)
{
    const struct ff_time_opts time = {
        .opts = run->opts,
        .workers = run->opts->measure_speed && ff_team_size(run->ctx) == 1 ? &run->workers : NULL,
        .least_seconds = LEAST_MEASURED_S,
    };
    struct ff_plan plan;
    int status = ff_train_tasks_plan(run->ctx, &run->tasks, &plan);

    if (status != FF_OK)
        return status;
    if (!run->opts->no_disk_check)
        status = ff_space_check(run->ctx, run->opts, &plan);
    if (status != FF_OK)
        return status;
    run->tally.planned_bytes = plan.peak_bytes;
    ff_plan_warn(run->ctx, &plan);
    plan.size = sizeof plan;
    if (run->opts->on_plan) {
        ff_train_tasks_time(&run->tasks, &time, &plan);
        run->opts->on_plan(run->opts->arg, &plan);
    }
    ff_meter_tighten(run->ctx, run->opts->memory_bytes);
    return FF_OK;
}

/* Adds to the message that the existing model, which was to be replaced, is unchanged. */
static int explain_unpublished(struct ff_run *run, int status)
{
    enum ff_subject subject = ff_ctx_subject(run->ctx);
    char reason[FF_MESSAGE_BYTES];

    snprintf(reason, sizeof reason, "%s", ff_ctx_message(run->ctx));
    status =
        ff_fail(run->ctx, (enum ff_status)status, "%s; %s is unchanged", reason, run->opts->model);
    return ff_about(run->ctx, status, subject);
}

/* Rewrites a complete model once, so that its size does not depend on the number of checkpoints. A
 * failure is only a warning, because the model is complete. */
static int compact(struct ff_run *run)
{
    struct ff_progress_mark *mark = &run->manifest.mark;
    char reason[FF_MESSAGE_BYTES / 2], *text;
    int status;

    if (!run->file)
        return FF_OK;
    if (mark->compacted)
        return ff_model_file_check_place(run->file);
    ff_run_notify(run, "compacting the model");
    mark->compacted = true;
    status = ff_manifest_write(run->ctx, &run->manifest, &text);
    if (status == FF_OK)
        status = ff_model_file_compact(run->file, text, run->opts->interrupted, run->opts->arg);
    free(text);
    if (status == FF_OK)
        return FF_OK;
    mark->compacted = false;
    snprintf(reason, sizeof reason, "%s",
             status == FF_EREPLACED ? "the copy was deleted or renamed by another process"
                                    : ff_ctx_message(run->ctx));
    status = ff_model_file_check_place(run->file);
    if (status == FF_OK)
        ff_warn(run->ctx, "the model is complete, but could not be compacted: %s", reason);
    return status;
}

/* Trains an open model. If it is complete, removes what an interrupted run left and compacts the
 * file. */
static int train_from_mark(struct ff_run *run, double began, struct ff_train_result *result)
{
    int status = ff_run_derive(run);

    if (status == FF_OK) {
        ff_train_tasks_init(&run->tasks, &run->job);
        result->was_complete = run->manifest.mark.stage == FF_STAGE_DONE;
        if (!result->was_complete) {
            warn_of_other_versions(run);
            /* There is no scratch if the model was complete before it was opened. */
            status = run->boundaries.scratch.ops
                         ? plan(run)
                         : ff_fail(run->ctx, FF_EREPLACED, "%s was replaced during the run",
                                   run->opts->model);
        }
    }
    if (status == FF_OK) {
        start_clock(run);
        ff_boundaries_drop_others(&run->boundaries, needed_boundary(run));
        status = reclaim(run);
    }
    if (status == FF_OK)
        status = run_stages(run);
    if (status == FF_OK) {
        ff_boundaries_drop_others(&run->boundaries, FF_NO_BOUNDARY); /* frees space for the copy */
        status = compact(run);
    }
    if (status == FF_OK || status == FF_EINTERRUPTED) {
        int counted = count_dead_units(run, result);

        fill_result(run, began, result);
        status = counted == FF_OK ? status : counted;
    }
    return status;
}

/* True if a model remains that may be resumed with this scratch: a renamed model uses scratch
 * beside its new name, unless --scratch names it. */
static bool needs_scratch(const struct ff_run *run, int status)
{
    if (run->file && !ff_model_file_is_published(run->file))
        return false;
    return status != FF_EREPLACED ||
           (run->opts->scratch && run->file && ff_model_file_is_linked(run->file));
}

/* The end of a run. All processes of a team are interrupted together, and rank 0 knows whether the
 * model remains. */
static void settle_scratch(struct ff_run *run, int status)
{
    uint32_t needed = needs_scratch(run, status);

    if (status == FF_EINTERRUPTED &&
        ff_team_broadcast(run->ctx, 0, &needed, sizeof needed) != FF_OK)
        return;
    if (!needed)
        ff_boundaries_drop_others(&run->boundaries, FF_NO_BOUNDARY);
}

/* Opens or creates the model, in a team on rank 0. */
static int open_run(struct ff_run *run, const struct ff_recipe *recipe,
                    struct ff_train_result *result)
{
    int status = ff_run_check_program(run);

    if (status == FF_OK && ff_team_rank(run->ctx) == 0) {
        result->resumed = recipe == NULL;
        status = recipe ? ff_run_open_or_create(run, recipe, result) : ff_run_open(run);
    }
    status = ff_share_interruption(run->ctx, status); /* while the data is compared */
    return status == FF_OK ? ff_run_share_model(run, recipe, result) : status;
}

int ff_train_with_scratch(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                          const struct ff_train_opts *opts, struct ff_scratch *scratch,
                          struct ff_train_result *result)
{
    struct ff_run run = {.ctx = ctx, .opts = opts, .boundaries.scratch = *scratch};
    uint64_t limit_before = ctx->meter.limit;
    double began = ff_now();
    bool begun;
    int status;

    run.tally.written_before = ff_meter_written(ctx);
    status = ff_begin_check(ctx, recipe, opts);
    if (status == FF_OK)
        status = ff_begin_compression(ctx, opts->compress, &run.job.compression);
    if (status == FF_OK && recipe)
        status = ff_begin_check_use(ctx, recipe, opts);
    if (status == FF_OK)
        status = ff_workers_init(&run.workers, ctx, opts->threads);
    if (status != FF_OK)
        return status;
    status = open_run(&run, recipe, result);
    begun = status == FF_OK || status == FF_EINTERRUPTED;
    if (status == FF_OK)
        status = train_from_mark(&run, began, result);
    else if (status == FF_EINTERRUPTED && run.file)
        fill_result(&run, began, result);
    if (status != FF_OK && run.file && !ff_model_file_is_published(run.file) &&
        access(opts->model, F_OK) == 0)
        status = explain_unpublished(&run, status);
    result->saved = begun && (!run.file || ff_model_file_is_published(run.file));
    settle_scratch(&run, status);
    ff_run_close(&run);
    ff_workers_release(&run.workers);
    ff_memory_limit(ctx, limit_before);
    return status;
}

/* Removes the scratch beside a complete model that began there and was resumed with scratch
 * elsewhere. */
static void remove_scratch_beside(struct ff_ctx *ctx, const struct ff_train_opts *opts)
{
    char directory[PATH_MAX];
    struct ff_scratch scratch;
    struct stat there;

    if (ff_place_scratch(ctx, opts->model, NULL, directory) == FF_OK &&
        lstat(directory, &there) == 0 && S_ISDIR(there.st_mode) &&
        !ff_path_same(opts->scratch, directory) &&
        ff_scratch_open(ctx, directory, &scratch) == FF_OK)
        ff_scratch_remove(&scratch);
}

/* Removes the scratch of further processes, of an interrupted run by a larger team. */
static void remove_scratch_of_others(struct ff_ctx *ctx, const struct ff_train_opts *opts)
{
    char directory[PATH_MAX], own[PATH_MAX];
    struct ff_scratch scratch;
    struct stat there;

    if (ff_place_scratch(ctx, opts->model, opts->scratch, own) != FF_OK)
        return;
    for (unsigned rank = ff_team_size(ctx);
         ff_place_scratch_of(ctx, rank, opts->model, opts->scratch, directory) == FF_OK &&
         strcmp(directory, own) != 0 && lstat(directory, &there) == 0 && S_ISDIR(there.st_mode);
         rank++) {
        if (ff_scratch_open(ctx, directory, &scratch) == FF_OK)
            ff_scratch_remove(&scratch);
    }
}

/* Uses its own context, to keep the message of the failure. */
static bool is_complete(const char *path)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model = NULL;
    struct ff_ctx *ctx;
    bool complete;

    if (ff_ctx_new(&ctx) != FF_OK)
        return false;
    complete = ff_model_open(ctx, path, &model) == FF_OK && ff_model_info(model, &info) == FF_OK &&
               info.complete;
    ff_model_close(model);
    ff_ctx_free(ctx);
    return complete;
}

int ff_train_run(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                 const struct ff_train_opts *opts, struct ff_train_result *result)
{
    char directory[PATH_MAX];
    struct ff_scratch scratch;
    struct stat there;
    bool keep;
    int status;

    status = ff_begin_check(ctx, recipe, opts);
    if (status == FF_OK)
        status = ff_place_scratch(ctx, opts->model, opts->scratch, directory);
    if (status != FF_OK)
        return status;
    ff_score_reclaim(opts->model);
    keep = opts->scratch && stat(directory, &there) == 0; /* the directory existed before */
    status = ff_scratch_open(ctx, directory, &scratch);
    if (status != FF_OK) {
        if (opts->force || !is_complete(opts->model))
            return status;
        keep = true; /* a complete model needs no scratch */
    }
    status = ff_train_with_scratch(ctx, recipe, opts, &scratch, result);
    if (!keep)
        rmdir(directory); /* only if empty */
    ff_scratch_close(&scratch);
    if (status == FF_OK && opts->scratch)
        remove_scratch_beside(ctx, opts);
    if (status == FF_OK && ff_team_rank(ctx) == 0)
        remove_scratch_of_others(ctx, opts);
    return status;
}
