#include "plan/speed.h"

#include "base/arithmetic.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* A trial ends after so many seconds, but not before so many runs beyond those that warm up. */
#define TRIAL_SECONDS 0.04
#define LEAST_RUNS 3
#define WARM_UP_SECONDS 0.1
#define MOST_RUNS 64

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Runs TRIAL once; if it is the first of all, until the processor has reached its speed. */
static int warm_up(struct ff_trial *trial)
{
    double began = ff_now();
    int status;

    do
        status = trial->run(trial);
    while (status == FF_OK && trial->first && ff_now() - began < WARM_UP_SECONDS);
    return status;
}

int ff_trial_measure(struct ff_trial *trial, double *seconds)
{
    double times[MOST_RUNS], began, now;
    int status = warm_up(trial);
    size_t n = 0;

    began = now = ff_now();
    while (status == FF_OK && n < MOST_RUNS && (n < LEAST_RUNS || now - began < TRIAL_SECONDS)) {
        double before = now;

        status = trial->run(trial);
        now = ff_now();
        times[n++] = now - before;
    }
    /* The median: a run may be interrupted for long. */
    if (n > 0)
        qsort(times, n, sizeof *times, compare);
    *seconds = n > 0 ? times[n / 2] : 0;
    return status;
}

void ff_trial_fill(size_t n, float *out)
{
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u; /* Knuth's linear congruential generator */
        out[i] = state >> 31 ? (float)(state >> 8) / (1 << 23) : 0;
    }
}

/* A hash of all that decides how long OPERATION takes. */
static uint64_t key_of(const struct ff_speed *speed, const struct ff_operation *operation)
{
    const struct ff_job *job = speed->job;
    const struct ff_recipe *recipe = &job->manifest->recipe;
    const uint32_t facts[] = {
        operation->kind,
        operation->fan_in,
        operation->units,
        operation->own,
        operation->classes,
        operation->boundary,
        operation->use,
        operation->blocks,
        job->threads,
        job->geometry.chunk_rows,
        job->manifest->features,
        job->manifest->is_float,
        job->manifest->classes,
        ff_manifest_labels_met(job->manifest),
        job->mode->backprop,
        job->mode->whole_network,
        ff_recipe_conditioned(recipe),
        ff_recipe_unsupervised(recipe),
        ff_recipe_gathers(recipe),
        recipe->jitter,
        recipe->context_dropout > 0,
        recipe->dropout > 0,
        strcmp(recipe->pass_on, "label-free") != 0,
        (uint32_t)job->optimizer->states,
        job->stored,
        job->compression.codec,
        (uint32_t)job->compression.level,
    };
    uint64_t key = 14695981039346656037u; /* FNV-1a, by words */

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        key = (key ^ facts[i]) * 1099511628211u;
    return key;
}

/* Seconds of OPERATION once, of which TIMES is 1. */
static double measure(struct ff_speed *speed, const struct ff_operation *operation)
{
    static int (*const trials[])(struct ff_trial *, double *) = {
        [FF_OPERATION_FORWARD] = ff_trial_compute, [FF_OPERATION_LEARN] = ff_trial_compute,
        [FF_OPERATION_DELTAS] = ff_trial_compute,  [FF_OPERATION_LOAD] = ff_trial_load,
        [FF_OPERATION_STORE] = ff_trial_store,
    };
    struct ff_trial trial = {.workers = speed->workers,
                             .job = speed->job,
                             .operation = *operation,
                             .first = speed->workers->ctx->n_memos == 0};
    uint64_t key = key_of(speed, operation);
    double seconds = 0;

    if (ff_memo_find(speed->workers->ctx, key, &seconds))
        return seconds;
    if (speed->failed || trials[operation->kind](&trial, &seconds) != FF_OK) {
        speed->failed = true;
        return 0;
    }
    ff_memo_note(speed->workers->ctx, key, seconds);
    return seconds;
}

/* What is left of UNITS if a part of OPERATION's layer is measured, of OWN units and FAN_IN. The
 * work on whole rows is so a like part of all, and the tiles stay of the same size. */
static uint32_t shorten_units(const struct ff_operation *operation, uint32_t own, uint32_t fan_in)
{
    uint64_t weights = (uint64_t)operation->own * operation->fan_in;
    uint32_t units =
        (uint32_t)ff_larger(own, ff_divide_up((uint64_t)own * fan_in * operation->units, weights));

    return ff_tile_units(units) == ff_tile_units(operation->units) ? units : operation->units;
}

/* The part of OPERATION's layer that is measured: whole if it is small; else of fewer units, in
 * tiles of the same size, and if need be of less fan-in. */
static struct ff_operation shorten(const struct ff_speed *speed,
                                   const struct ff_operation *operation)
{
    struct ff_operation out = *operation;
    uint64_t weights = (uint64_t)out.fan_in * out.own;
    uint32_t tile = ff_tile_units(out.units), least;

    out.times = 1;
    out.boundary = out.boundary > 0; /* those above the first are alike */
    if (weights <= FF_SPEED_WEIGHTS)
        return out;
    least = (uint32_t)ff_smaller(out.own, ff_larger(1024, (uint64_t)tile * speed->job->threads));
    out.own = (uint32_t)ff_larger(least, FF_SPEED_WEIGHTS / out.fan_in / tile * tile);
    out.fan_in = (uint32_t)ff_smaller(out.fan_in, FF_SPEED_WEIGHTS / least);
    out.units = shorten_units(operation, out.own, out.fan_in);
    return out;
}

/* Seconds of a layer's operation on BLOCKS blocks of rows. */
static double seconds_of_blocks(struct ff_speed *speed, const struct ff_operation *operation,
                                uint32_t blocks)
{
    struct ff_operation part = *operation;
    double one, some;

    part.blocks = blocks < FF_SPEED_BLOCKS ? blocks : FF_SPEED_BLOCKS;
    some = measure(speed, &part);
    if (blocks <= FF_SPEED_BLOCKS)
        return some;
    part.blocks = 1; /* what each block adds to what is done once */
    one = measure(speed, &part);
    return some + (blocks - FF_SPEED_BLOCKS) * (some - one) / (FF_SPEED_BLOCKS - 1);
}

/* How much longer an operation takes in a training, where weights and rows are not in the cache
 * yet: 1.05 to 1.15 measured. */
#define COLD 1.1

double ff_link_seconds(const struct ff_link *link, const struct ff_operation *operation)
{
    const struct ff_exchange *exchange = &operation->exchange;
    double bytes = exchange->sent > exchange->received ? exchange->sent : exchange->received;

    return operation->times *
           (exchange->messages * link->latency_s + bytes * 8 / link->bits_per_second);
}

double ff_speed_seconds(struct ff_speed *speed, const struct ff_operation *operation)
{
    struct ff_operation part = shorten(speed, operation);
    double whole;

    if (part.kind == FF_OPERATION_LOAD || part.kind == FF_OPERATION_STORE)
        return operation->times * measure(speed, &part);
    whole = (double)operation->fan_in * operation->own / ((double)part.fan_in * part.own);
    return operation->times * whole * COLD * seconds_of_blocks(speed, &part, operation->blocks);
}
