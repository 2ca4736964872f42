/* Functions shared by the stages of a run. */
#include "train/run.h"

#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

int ff_run_derive(struct ff_run *run)
{
    const struct ff_compression compression = run->job.compression;
    int status = ff_train_job(run->ctx, &run->manifest, run->opts, &compression, &run->job);

    return status != FF_OK ? status : ff_boundaries_init(&run->boundaries, run->ctx, &run->job);
}

struct ff_knobs ff_run_knobs(const struct ff_run *run, enum ff_stage stage, uint32_t layer)
{
    struct ff_task task = ff_train_task(&run->job, (struct ff_turn){stage, layer});

    return ff_plan_knobs(&run->tasks.tasks, &task);
}

int ff_run_layer(struct ff_run *run, const struct ff_layer *shape, struct ff_layer *out)
{
    return ff_layer_init_paged(out, &run->workers, shape, &run->boundaries.scratch,
                               &run->boundaries.damaged);
}

int ff_run_flip(struct ff_run *run)
{
    char *text;
    int status;

    if (!run->file)
        return FF_OK;
    status = ff_manifest_write(run->ctx, &run->manifest, &text);

    if (status == FF_OK)
        status = ff_model_file_flip(run->file, text);
    free(text);
    return status;
}

int ff_run_publish(struct ff_run *run)
{
    int status;

    if (!run->file || ff_model_file_is_published(run->file))
        return FF_OK;
    status = ff_model_file_publish(run->file);
    if (status == FF_OK && run->opts->on_published)
        run->opts->on_published(run->opts->arg);
    return status;
}

void ff_run_notify(struct ff_run *run, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES];
    va_list args;

    if (!run->opts->on_message)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->opts->on_message(run->opts->arg, text);
}
