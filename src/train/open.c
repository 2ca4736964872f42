#include "train/open.h"

#include "model/manifest_recipe.h"
#include "train/begin.h"
#include "train/modes.h"

#include <stdio.h>
#include <string.h>

/* A model that replaces another one gets its name with the first checkpoint (ff_checkpoint),
 * because training may fail before. */
static int create_model(struct ff_run *run, bool replaces)
{
    enum ff_model_mode mode = replaces ? FF_MODEL_REPLACE : FF_MODEL_CREATE;
    int status = ff_model_file_open(run->ctx, run->opts->model, mode, &run->file);

    if (status == FF_OK)
        status = ff_run_flip(run);
    return status == FF_OK && !replaces ? ff_run_publish(run) : status;
}

void ff_run_close(struct ff_run *run)
{
    ff_model_file_close(run->file);
    run->file = NULL;
    ff_manifest_release(&run->manifest);
}

static int open_model(struct ff_run *run)
{
    int status = ff_model_file_open(run->ctx, run->opts->model, FF_MODEL_WRITE, &run->file);

    if (status != FF_OK)
        return status;
    status = ff_manifest_load(run->ctx, run->file, &run->manifest);
    ff_model_file_unpin(run->file);
    return status;
}

/* Checks that the model is trained on this data, and stores new sizes and times of its files. */
static int settle_data(struct ff_run *run)
{
    struct ff_data_files before = run->manifest.files;
    int status = ff_begin_record_data(run->ctx, run->opts, &run->manifest);

    if (status != FF_OK || ff_data_files_equal(&before, &run->manifest.files))
        return status;
    run->manifest.mark.compacted = false;
    return ff_run_flip(run);
}

static bool same_image(const struct ff_image *image, const struct ff_dataset_info *info)
{
    return image->height == info->height && image->width == info->width &&
           image->channels == info->channels &&
           (image->channels < 2 || image->planar == info->planar);
}

/* Resumes the existing model if recipe and data are the same. */
static int adopt_model(struct ff_run *run, const struct ff_training *training)
{
    const struct ff_manifest *manifest = &run->manifest;
    const struct ff_dataset_info *info = &training->info;
    const uint64_t samples = training->samples;
    char reason[FF_MESSAGE_BYTES / 2];

    if (manifest->samples != samples || manifest->features != info->features ||
        manifest->is_float != info->is_float || manifest->classes != info->classes)
        return ff_fail(run->ctx, FF_EMISMATCH,
                       "%s exists: it was trained with %llu sample%s of %u feature%s in %u "
                       "classes, but %s has %llu of %u in %u",
                       run->opts->model, (unsigned long long)manifest->samples,
                       manifest->samples == 1 ? "" : "s", manifest->features,
                       manifest->features == 1 ? "" : "s", manifest->classes, run->opts->data.path,
                       (unsigned long long)samples, info->features, info->classes);
    if (!same_image(&manifest->image, info))
        return ff_fail(
            run->ctx, FF_EMISMATCH,
            "%s exists: it was trained with samples of another height, width or order of "
            "channels than %s has",
            run->opts->model, run->opts->data.path);
    if (manifest->all_samples > 0 && manifest->all_samples != info->all_rows)
        return ff_fail(run->ctx, FF_EMISMATCH,
                       "%s exists: it was trained with a dataset of %llu sample%s, but %s has %llu",
                       run->opts->model, (unsigned long long)manifest->all_samples,
                       manifest->all_samples == 1 ? "" : "s", run->opts->data.path,
                       (unsigned long long)info->all_rows);
    /* Last, as batch and epochs may follow from the number of samples. */
    if (ff_manifest_same_recipe(run->ctx, &manifest->recipe, &training->recipe) != FF_OK) {
        snprintf(reason, sizeof reason, "%s", ff_ctx_message(run->ctx));
        return ff_fail(run->ctx, FF_EMISMATCH, "%s exists: %s", run->opts->model, reason);
    }
    return settle_data(run);
}

/* Refuses a new model that does not fit the budget before the old one is deleted. */
static int plan_new_model(struct ff_run *run, const struct ff_training *training)
{
    struct ff_manifest manifest = {0};
    struct ff_plan plan;
    int status;

    if (run->opts->memory_bytes == 0)
        return FF_OK;
    status = ff_begin_manifest(run->ctx, training, run->opts, &manifest);
    if (status == FF_OK) {
        struct ff_train_tasks tasks;
        struct ff_job job;

        status = ff_train_job(run->ctx, &manifest, run->opts, &run->job.compression, &job);
        if (status == FF_OK) {
            ff_train_tasks_init(&tasks, &job);
            status = ff_train_tasks_plan(run->ctx, &tasks, &plan);
        }
    }
    ff_manifest_release(&manifest);
    return status;
}

static int begin_anew(struct ff_run *run, const struct ff_training *training, bool replaces)
{
    int status;

    ff_run_close(run);
    status = ff_begin_manifest(run->ctx, training, run->opts, &run->manifest);
    return status == FF_OK ? create_model(run, replaces) : status;
}

static int open_or_create(struct ff_run *run, const struct ff_training *training,
                          struct ff_train_result *result)
{
    int found = ff_model_file_is_stub(run->ctx, run->opts->model) ? FF_ENOTFOUND : open_model(run);

    /* --force also replaces a damaged model, but no file that is unreadable for another reason. */
    result->replaces = run->opts->force && (found == FF_OK || found == FF_ECORRUPT);
    if (found == FF_ENOTFOUND || result->replaces) {
        int status = plan_new_model(run, training);

        return status == FF_OK ? begin_anew(run, training, result->replaces) : status;
    }
    if (found != FF_OK)
        return ff_about(run->ctx, found, FF_ABOUT_MODEL);
    result->resumed = true;
    return ff_about(run->ctx, adopt_model(run, training), FF_ABOUT_MODEL);
}

int ff_run_open_or_create(struct ff_run *run, const struct ff_recipe *recipe,
                          struct ff_train_result *result)
{
    struct ff_training training;
    int status = ff_begin_data(run->ctx, recipe, run->opts, &training);

    if (status == FF_OK)
        status = open_or_create(run, &training, result);
    ff_training_release(&training);
    return status;
}

int ff_run_open(struct ff_run *run)
{
    int status = open_model(run);

    if (status == FF_OK)
        status = ff_begin_check_use(run->ctx, &run->manifest.recipe, run->opts);
    /* A complete model needs no data. */
    if (status == FF_OK && (run->opts->data.path || run->manifest.mark.stage != FF_STAGE_DONE))
        status = settle_data(run);
    return status;
}
