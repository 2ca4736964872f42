/* Estimated time of a training: the operations of each turn, at a given, nominal or measured
 * speed. */
#include "learn/estimate.h"
#include "learn/forward.h"
#include "model/network.h"
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

/* The link of a team if none is given. */
#define LINK_BITS_PER_SECOND 1e9
#define LINK_LATENCY_S 1e-4

/* The last turn of a kind, which others are like: of a batch. */
struct known {
    double seconds, flops;
    double computed, beside, exchanged; /* seconds; BESIDE: of exchanges beside what is computed */
    double sent, received, messages;
    double slowdown;
};

struct estimate {
    const struct ff_train_tasks *tasks;
    const struct ff_job *job;
    const struct ff_time_opts *time;
    struct ff_manifest ahead; /* only its mark changes */
    double flops_per_second;  /* 0: operations are measured */
    struct ff_speed speed;
    struct ff_link link;
    struct known known[FF_TASK_KINDS];
    struct known held_out; /* of measuring a layer on held-out samples */
    struct known *now;
    double train_seconds, train_flops, seconds, exchange_seconds;
    double sent, received, messages;
    struct known step;    /* of the training whose steps take longest */
    uint32_t first, last; /* layers whose epochs are alike and not reported yet; LAST 0: none */
    double epoch_seconds;
};

static void add_exchange(struct estimate *e, const struct ff_operation *operation)
{
    const struct ff_exchange *exchange = &operation->exchange;
    double seconds = ff_link_seconds(&e->link, operation);

    e->now->sent += operation->times * exchange->sent;
    e->now->received += operation->times * exchange->received;
    e->now->messages += operation->times * exchange->messages;
    if (exchange->beside)
        e->now->beside += seconds;
    else
        e->now->exchanged += seconds;
}

static void add_operation(void *arg, const struct ff_operation *operation)
{
    struct estimate *e = arg;
    double flops = ff_operation_flops(operation, e->job->geometry.chunk_rows);

    if (operation->kind == FF_OPERATION_EXCHANGE) {
        add_exchange(e, operation);
        return;
    }
    e->now->flops += flops;
    e->now->computed += e->flops_per_second > 0 ? flops / e->flops_per_second
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
    e->now->computed *= e->now->slowdown;
    e->now->seconds = fmax(e->now->computed, e->now->beside) + e->now->exchanged;
    return e->now;
}

/* Adds KNOWN, BATCHES times. */
static void spend(struct estimate *e, const struct known *known, double batches)
{
    e->seconds += known->seconds * batches;
    e->exchange_seconds += (known->seconds - known->computed) * batches;
    e->sent += known->sent * batches;
    e->received += known->received * batches;
    e->messages += known->messages * batches;
}

/* The bytes, with STATE those of the optimizer too, and messages of the tiles of the mark's parts
 * that other ranks hold. */
static struct known tiles_of_others(const struct estimate *e, bool state)
{
    const struct ff_job *job = e->job;
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_turn turn = ff_manifest_turn(&e->ahead);
    struct known out = {.sent = 0};

    if (turn.stage == FF_STAGE_FORWARD)
        turn.stage = FF_STAGE_TRAIN;
    for (size_t i = 0; i < ff_turn_parts(recipe, turn); i++) {
        struct ff_part part = ff_turn_part(recipe, turn, i);
        struct ff_layer layer = ff_network_shape(job->manifest, part.kind, part.number);
        struct ff_layer own = ff_job_part(job, layer);
        double units = layer.units - ff_layer_own_units(&own);
        double sets = 1 + (state ? layer.states : 0);

        out.sent += units * (layer.fan_in + 1 + layer.classes) * sizeof(float) * sets;
        out.messages += (layer.tiles - ff_layer_own_tiles(&own)) * sets * 2;
    }
    out.seconds = out.messages * e->link.latency_s + out.sent * 8 / e->link.bits_per_second;
    return out;
}

/* Rank 0 reads and writes the model file for all. */
static void give_tiles(struct estimate *e, bool state)
{
    struct known tiles = tiles_of_others(e, state);

    spend(e, &tiles, 1);
}

static void take_tiles(struct estimate *e, bool state)
{
    struct known tiles = tiles_of_others(e, state);

    tiles.received = tiles.sent;
    tiles.sent = 0;
    spend(e, &tiles, 1);
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

    spend(e, known, batches * epochs);
    if (head)
        return;
    if (known->seconds > e->step.seconds)
        e->step = *known;
    e->train_seconds += known->computed / known->slowdown * batches * epochs;
    e->train_flops += known->flops * batches * epochs;
    note_epoch(e, known->seconds * batches);
    if (e->job->manifest->recipe.patience > 0)
        spend(e, look_up(e, &ff_held_out_work, &e->held_out),
              epochs * (double)ff_manifest_held_out(e->job->manifest) / e->job->geometry.batch);
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
    bool more_sweeps = !ff_manifest_last_sweep(&e->ahead);

    switch (mark->stage) {
    case FF_STAGE_IMPORT:
        e->seconds += e->flops_per_second > 0 ? 0 : import_seconds(manifest);
        break;
    case FF_STAGE_TRAIN:
        if (done > 0)
            give_tiles(e, true);
        add_training(e, ff_recipe_sweep_begins(recipe, mark->sweep + 1) - done, false);
        take_tiles(e, more_sweeps);
        break;
    case FF_STAGE_FORWARD:
        give_tiles(e, false);
        spend(e, look_up_stage(e),
              (double)ff_forward_samples(geometry,
                                         ff_forward_left_out(manifest, geometry, mark->layer)) /
                  geometry->batch);
        break;
    case FF_STAGE_HEAD:
        add_training(e, recipe->head_epochs - done, true);
        take_tiles(e, false);
        break;
    case FF_STAGE_DONE:
        break;
    }
}

static struct ff_link link_of(const struct ff_train_opts *opts)
{
    if (opts->bits_per_second > 0)
        return (struct ff_link){opts->bits_per_second, opts->latency_s};
    return (struct ff_link){LINK_BITS_PER_SECOND, LINK_LATENCY_S};
}

/* X, which is positive, as a whole number that fits a signed one. */
static uint64_t whole(double x)
{
    return x < (double)INT64_MAX ? (uint64_t)(x + 0.5) : INT64_MAX;
}

static void fill_in(const struct estimate *e, struct ff_plan *plan)
{
    plan->seconds = e->seconds;
    plan->gflops = e->train_seconds > 0 ? e->train_flops / e->train_seconds * 1e-9
                                        : e->flops_per_second * 1e-9;
    plan->speedup = 1;
    plan->sent_bytes = whole(e->sent);
    plan->received_bytes = whole(e->received);
    plan->messages = whole(e->messages);
    plan->exchange_seconds = e->exchange_seconds;
    plan->step_seconds = e->step.seconds;
    plan->step_exchange_seconds = e->step.seconds - e->step.computed;
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
        .link = link_of(time->opts),
    };

    for (; e.ahead.mark.stage != FF_STAGE_DONE; ff_manifest_advance(&e.ahead))
        add_turn(&e);
    if (e.speed.failed)
        return false;
    report_epochs(&e);
    if (flops_per_second <= 0)
        e.seconds += (double)plan->model_peak_bytes / MODEL_SPEED;
    fill_in(&e, plan);
    return true;
}

/* The same within the accounted memory that PLAN has: that of a measurement is freed before it is
 * needed. */
static bool measure(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                    struct ff_plan *plan)
{
    struct ff_train_opts silent = *time->opts;
    struct ff_time_opts quietly = {.opts = &silent, .workers = time->workers};
    struct ff_ctx *ctx = time->workers->ctx;
    uint64_t limit = ctx->meter.limit;
    bool done;

    silent.on_epoch_time = NULL;
    if (time->least_seconds > 0)
        ff_meter_tighten(ctx, plan->accounted_peak_bytes);
    /* Times are reported only once all are known; measurements are remembered. */
    done = estimate(tasks, &quietly, 0, plan) && estimate(tasks, time, 0, plan);
    ff_memory_limit(ctx, limit);
    return done;
}

static void estimate_time(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                          struct ff_plan *plan)
{
    struct ff_train_opts silent = *time->opts;
    struct ff_time_opts quietly = {.opts = &silent};
    double nominal = FF_NOMINAL_FLOPS * tasks->job->threads;

    silent.on_epoch_time = NULL;
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

/* Seconds of the same training in one process with as many threads and no budget. */
static double seconds_alone(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                            const struct ff_plan *plan)
{
    struct ff_job job = *tasks->job;
    struct ff_train_opts silent = *time->opts;
    struct ff_time_opts quietly = {.opts = &silent, .workers = time->workers};
    struct ff_train_tasks alone;
    struct ff_plan out = *plan;

    job.ranks = 1;
    job.memory_bytes = 0;
    job.tile_slots = 0;
    silent.on_epoch_time = NULL;
    ff_train_tasks_init(&alone, &job);
    estimate_time(&alone, &quietly, &out);
    return out.speed_source == plan->speed_source ? out.seconds : 0;
}

void ff_train_tasks_time(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                         struct ff_plan *plan)
{
    unsigned ranks = tasks->job->ranks;

    plan->speed_source = FF_SPEED_NONE;
    if (ranks > 1 && time->opts->ranks == 0) /* a training, which does not know its link */
        return;
    estimate_time(tasks, time, plan);
    if (ranks > 1 && plan->seconds > 0)
        plan->speedup = seconds_alone(tasks, time, plan) / plan->seconds;
}
