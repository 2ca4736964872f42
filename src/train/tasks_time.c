/* Estimated time of a training: the operations of each turn, at a given, nominal or measured
 * speed. */
#include "learn/estimate.h"
#include "learn/forward.h"
#include "plan/plan.h"
#include "plan/speed.h"
#include "train/held_out.h"
#include "train/modes.h"
#include "train/tasks.h"

#include <math.h>

/* Bytes per second: of a dataset that is decompressed and hashed; of its samples that are sorted
 * and stored; of a model that is written, synchronised and copied. */
#define READ_SPEED 250e6
#define IMPORT_SPEED 60e6
#define MODEL_SPEED 150e6

/* The last turn of a kind, which others are like. */
struct known {
    double seconds, flops; /* of a batch */
    double slowdown;
};

struct estimate {
    const struct ff_train_tasks *tasks;
    const struct ff_job *job;
    const struct ff_time_opts *time;
    struct ff_manifest ahead; /* only its mark changes */
    double flops_per_second;  /* 0: operations are measured */
    struct ff_speed speed;
    double chunk_rows;
    struct known known[FF_TASK_KINDS];
    struct known held_out; /* of measuring a layer on held-out samples */
    struct known *now;
    double train_seconds, train_flops, seconds;
    uint32_t first, last; /* layers whose epochs are alike and not reported yet; LAST 0: none */
    double epoch_seconds;
};

static void add_operation(void *arg, const struct ff_operation *operation)
{
    struct estimate *e = arg;
    double flops = ff_operation_flops(operation, e->job->geometry.chunk_rows);

    e->now->flops += flops;
    e->now->seconds += e->flops_per_second > 0 ? flops / e->flops_per_second
                                               : ff_speed_seconds(&e->speed, operation);
}

static double slowdown_of(const struct estimate *e)
{
    struct ff_task task = ff_train_task(e->job, ff_manifest_turn(&e->ahead));
    struct ff_knobs knobs;

    if (!task.pages)
        return 1;
    knobs = ff_plan_knobs(&e->tasks->tasks, &task);
    return ff_plan_slowdown(&e->tasks->tasks, &task, &knobs);
}

/* What a batch of WORK takes in the turn of the mark; LAST holds what it took in the last one. */
static const struct known *look_up(struct estimate *e, const struct ff_work *work,
                                   struct known *last)
{
    const struct ff_recipe *recipe = &e->job->manifest->recipe;
    const struct ff_progress_mark *mark = &e->ahead.mark;

    e->now = last;
    if (e->now->flops > 0 && ff_estimate_is_repeated(recipe, recipe->layers, mark->layer))
        return e->now;
    *e->now = (struct known){.slowdown = mark->stage == FF_STAGE_TRAIN ? slowdown_of(e) : 1};
    work->operations(e->job, mark->layer, add_operation, e);
    e->now->seconds *= e->now->slowdown;
    return e->now;
}

/* The same for the work of the mark's stage. */
static const struct known *look_up_stage(struct estimate *e)
{
    enum ff_stage stage = e->ahead.mark.stage;

    return look_up(e, ff_mode_work(e->job->mode, stage), &e->known[stage]);
}

static void report_epochs(struct estimate *e)
{
    const struct ff_train_opts *opts = e->time->opts;
    bool at_once = ff_recipe_trains_at_once(&e->job->manifest->recipe);

    if (e->last > 0 && opts->on_epoch_time)
        opts->on_epoch_time(opts->arg, at_once ? 0 : e->first, at_once ? 0 : e->last,
                            e->epoch_seconds);
    e->last = 0;
}

/* Reports epochs of the layer of the mark together with those below that take as long. */
static void note_epoch(struct estimate *e, double seconds)
{
    uint32_t layer = e->ahead.mark.layer;

    if (e->ahead.mark.sweep > e->job->manifest->mark.sweep)
        return;
    if (e->last == 0 || fabs(seconds - e->epoch_seconds) > 1e-9 * seconds) {
        report_epochs(e);
        e->first = layer;
        e->epoch_seconds = seconds;
    }
    e->last = layer;
}

static void add_training(struct estimate *e, double epochs, bool head)
{
    const struct known *known = look_up_stage(e);
    double batches = (double)e->job->geometry.learned_rows / e->job->geometry.batch;

    e->seconds += known->seconds * batches * epochs;
    if (head)
        return;
    e->train_seconds += known->seconds / known->slowdown * batches * epochs;
    e->train_flops += known->flops * batches * epochs;
    note_epoch(e, known->seconds * batches);
    if (e->job->manifest->recipe.patience > 0)
        e->seconds += look_up(e, &ff_held_out_work, &e->held_out)->seconds * epochs *
                      (double)ff_manifest_held_out(e->job->manifest) / e->job->geometry.batch;
}

static double import_seconds(const struct ff_manifest *manifest)
{
    double sample = (double)manifest->features * (manifest->is_float ? sizeof(float) : 1);

    return sample *
           ((double)manifest->all_samples / READ_SPEED + (double)manifest->samples / IMPORT_SPEED);
}

static void add_turn(struct estimate *e)
{
    const struct ff_geometry *geometry = &e->job->geometry;
    const struct ff_manifest *manifest = e->job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    const struct ff_progress_mark *mark = &e->ahead.mark;
    double done = mark->epoch + (double)mark->batch / (double)geometry->batches;

    switch (mark->stage) {
    case FF_STAGE_IMPORT:
        e->seconds += e->flops_per_second > 0 ? 0 : import_seconds(manifest);
        break;
    case FF_STAGE_TRAIN:
        add_training(e, ff_recipe_sweep_begins(recipe, mark->sweep + 1) - done, false);
        break;
    case FF_STAGE_FORWARD:
        e->seconds += look_up_stage(e)->seconds *
                      (double)ff_forward_samples(
                          geometry, ff_forward_left_out(manifest, geometry, mark->layer)) /
                      geometry->batch;
        break;
    case FF_STAGE_HEAD:
        add_training(e, recipe->head_epochs - done, true);
        break;
    case FF_STAGE_DONE:
        break;
    }
}

/* With FLOPS_PER_SECOND; 0: measured, false if that failed. */
static bool estimate(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                     double flops_per_second, struct ff_plan *plan)
{
    const struct ff_job *job = tasks->job;
    struct estimate e = {
        .tasks = tasks,
        .job = job,
        .time = time,
        .ahead = *job->manifest,
        .flops_per_second = flops_per_second,
        .speed = {.workers = time->workers, .job = job},
    };

    for (; e.ahead.mark.stage != FF_STAGE_DONE; ff_manifest_advance(&e.ahead))
        add_turn(&e);
    if (e.speed.failed)
        return false;
    report_epochs(&e);
    if (flops_per_second <= 0)
        e.seconds += (double)plan->model_peak_bytes / MODEL_SPEED;
    plan->seconds = e.seconds;
    plan->gflops =
        e.train_seconds > 0 ? e.train_flops / e.train_seconds * 1e-9 : flops_per_second * 1e-9;
    return true;
}

/* The same within the accounted memory that PLAN has: that of a measurement is freed before it is
 * needed. */
static bool measure(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                    struct ff_plan *plan)
{
    struct ff_train_opts silent = {.on_epoch_time = NULL};
    struct ff_time_opts quietly = {.opts = &silent, .workers = time->workers};
    struct ff_ctx *ctx = time->workers->ctx;
    uint64_t limit = ctx->meter.limit;
    bool done;

    if (time->least_seconds > 0)
        ff_meter_tighten(ctx, plan->accounted_peak_bytes);
    /* Times are reported only once all are known; measurements are remembered. */
    done = estimate(tasks, &quietly, 0, plan) && estimate(tasks, time, 0, plan);
    ff_memory_limit(ctx, limit);
    return done;
}

void ff_train_tasks_time(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                         struct ff_plan *plan)
{
    struct ff_train_opts silent = {.on_epoch_time = NULL};
    struct ff_time_opts quietly = {.opts = &silent};
    double nominal = FF_NOMINAL_FLOPS * tasks->job->threads;

    plan->speed_source = FF_SPEED_NONE;
    if (tasks->job->ranks > 1) /* it depends on the other processes and on the network */
        return;
    plan->speed_source = FF_SPEED_GIVEN;
    if (time->opts->gflops > 0) {
        estimate(tasks, time, time->opts->gflops * 1e9, plan);
        return;
    }
    plan->speed_source = FF_SPEED_MEASURED;
    estimate(tasks, &quietly, nominal, plan);
    if (time->workers && plan->seconds >= time->least_seconds && measure(tasks, time, plan))
        return;
    plan->speed_source = FF_SPEED_NOMINAL;
    estimate(tasks, time, nominal, plan);
}
