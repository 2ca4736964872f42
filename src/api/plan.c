/* The public functions of planning. */
#include <fftool/plan.h>

#include "api/options.h"
#include "base/sized.h"
#include "data/shape.h"
#include "eval/evaluate.h"
#include "model/workers.h"
#include "plan/plan.h"
#include "recipe/recipe.h"
#include "train/begin.h"
#include "train/tasks.h"

static int describe(struct ff_ctx *ctx, const struct ff_plan_data *data, struct ff_training *out)
{
    out->samples = data->samples;
    out->info = (struct ff_dataset_info){
        .rows = data->samples,
        .features = data->features,
        .height = data->height,
        .width = data->width,
        .classes = data->classes,
        .is_float = data->is_float,
    };
    return ff_shape_settle(ctx, "data", true, &out->info);
}

/* Without workers, such as where address space is short, the speed is nominal. */
static void estimate_time(struct ff_ctx *ctx, const struct ff_train_tasks *tasks,
                          const struct ff_train_opts *opts, struct ff_plan *out)
{
    struct ff_time_opts time = {.opts = opts};
    struct ff_workers workers = {.ctx = NULL};

    if (opts->measure_speed && opts->gflops <= 0 &&
        ff_workers_init(&workers, ctx, opts->threads) == FF_OK)
        time.workers = &workers;
    ff_train_tasks_time(tasks, &time, out);
    ff_workers_release(&workers);
}

static int plan(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                const struct ff_train_opts *opts, const struct ff_plan_data *data,
                struct ff_plan *out)
{
    struct ff_manifest manifest = {0};
    struct ff_compression compression;
    struct ff_training training = {.samples = 0};
    int status = ff_begin_compression(ctx, opts->compress, &compression);

    if (status == FF_OK)
        status = ff_begin_check_use(ctx, recipe, opts);
    if (status == FF_OK && data) {
        status = describe(ctx, data, &training);
        if (status == FF_OK)
            status = ff_begin_recipe(ctx, recipe, NULL, &training);
    } else if (status == FF_OK) {
        status = opts->data.path ? ff_begin_data(ctx, recipe, opts, &training)
                                 : ff_fail(ctx, FF_EINVAL, "no dataset is given");
    }
    if (status == FF_OK)
        status = ff_begin_manifest(ctx, &training, opts, &manifest);
    if (status == FF_OK) {
        struct ff_train_tasks tasks;
        struct ff_job job;

        status = ff_train_job(ctx, &manifest, opts, &compression, &job);
        if (status == FF_OK) {
            ff_train_tasks_init(&tasks, &job);
            status = ff_train_tasks_plan(ctx, &tasks, out);
        }
        if (status == FF_OK || status == FF_EBUDGET)
            estimate_time(ctx, &tasks, opts, out);
    }
    ff_training_release(&training);
    ff_manifest_release(&manifest);
    return status;
}

static int check_out(struct ff_ctx *ctx, const struct ff_plan *out)
{
    return ff_sized_check(ctx, "ff_plan", out, FF_UP_TO(struct ff_plan, size));
}

int ff_plan_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                  const struct ff_train_opts *opts, const struct ff_plan_data *data,
                  struct ff_plan *out)
{
    struct ff_plan own = {.size = 0};
    struct ff_plan_data own_data;
    struct ff_own_train_opts own_opts;
    int status = check_out(ctx, out);

    if (status != FF_OK)
        return status;
    status = ff_own_train(ctx, opts, &own_opts);
    if (status == FF_OK && data)
        status = ff_sized_take(ctx, "ff_plan_data", data, FF_UP_TO(struct ff_plan_data, classes),
                               &own_data, sizeof own_data);
    if (status == FF_OK)
        status = ff_recipe_check(ctx, recipe);
    if (status == FF_OK)
        status = plan(ctx, recipe, &own_opts.opts, data ? &own_data : NULL, &own);
    ff_sized_give(&own, sizeof own, out);
    return status;
}

int ff_plan_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts, bool unlabelled,
                     struct ff_plan *out)
{
    struct ff_plan own = {.size = 0};
    struct ff_own_evaluate_opts own_opts;
    int status = check_out(ctx, out);

    if (status != FF_OK)
        return status;
    status = ff_own_evaluate(ctx, opts, &own_opts);
    if (status == FF_OK)
        status = ff_evaluate_plan(ctx, &ff_planner, &own_opts.opts, unlabelled, &own);
    ff_sized_give(&own, sizeof own, out);
    return status;
}
