/* The plan of a job: its tasks' knobs, and the largest of their memory peaks. */
#include "plan/plan.h"

#include "base/arithmetic.h"

#include <string.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)

/* Allowance for what the estimate of the program's own memory misses (330 KiB measured). */
#define UNCOUNTED_BYTES ((uint64_t)512 << 10)
/*
 * The kernel's count of resident pages can be too high. It has one counter for file pages and one
 * for anonymous pages, each with a batch on every processor (lib/percpu_counter.c), and what is in
 * the batches is not in the sum.
 */
#define COUNTERS 2
#define BATCH_PAGES 32

uint64_t ff_plan_margin(unsigned threads)
{
    uint64_t processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);

    return UNCOUNTED_BYTES + COUNTERS * ff_smaller(threads, processors) * BATCH_PAGES *
                                 (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t ff_demand_total(const struct ff_demand *demand)
{
    return ff_needs_total(&demand->needs) + demand->needs.mapped + demand->program;
}

struct ff_demand ff_plan_demand(const struct ff_tasks *tasks, const struct ff_task *task,
                                const struct ff_knobs *knobs)
{
    struct ff_demand demand = tasks->demand(tasks->job, task, knobs);

    if (demand.needs.out_of_memory && tasks->out_of_memory)
        *tasks->out_of_memory = true;
    return demand;
}

struct survey {
    const struct ff_tasks *tasks;
    struct ff_plan *out;
    struct ff_knobs knobs[FF_TASK_KINDS]; /* the last task's, by kind */
    uint64_t shown_total;                 /* memory of the task whose knobs are in OUT */
};

static void compare_peak(struct ff_plan *out, const struct ff_task *task,
                         const struct ff_demand *demand)
{
    uint64_t total = ff_demand_total(demand);

    out->accounted_peak_bytes = ff_larger(out->accounted_peak_bytes, demand->accounted);
    if (total <= out->peak_bytes)
        return;
    out->peak_bytes = total;
    memcpy(out->category_bytes, demand->needs.bytes, sizeof out->category_bytes);
    out->mapped_bytes = demand->needs.mapped;
    out->program_bytes = demand->program;
    out->phase = task->phase;
    out->layer = task->one_layer ? task->layer : 0;
}

/* A plan shows the knobs of the task that paging slows down most, or without paging of the task
 * that needs most memory. */
static void compare_shown(struct survey *survey, const struct ff_task *task,
                          const struct ff_knobs *knobs, uint64_t total)
{
    const struct ff_tasks *tasks = survey->tasks;
    struct ff_plan *out = survey->out;
    double slowdown = ff_plan_slowdown(tasks, task, knobs);
    uint64_t rows = (uint64_t)knobs->micro_chunks * tasks->chunk_rows;

    if (slowdown < out->slowdown || (slowdown <= out->slowdown && total <= survey->shown_total))
        return;
    survey->shown_total = total;
    out->slowdown = slowdown;
    out->micro_batch_rows = (uint32_t)ff_smaller(rows, tasks->rows);
    out->tiles = task->tiles;
    out->tile_slots = knobs->residency.slots;
    out->resident_tiles = out->tile_slots ? knobs->residency.resident : task->tiles;
}

static void look_at(void *arg, const struct ff_task *task)
{
    struct survey *survey = arg;
    const struct ff_tasks *tasks = survey->tasks;
    struct ff_knobs *knobs = &survey->knobs[task->kind];

    if (!task->repeated) {
        struct ff_demand demand;

        *knobs = ff_plan_knobs(tasks, task);
        demand = ff_plan_demand(tasks, task, knobs);
        compare_peak(survey->out, task, &demand);
        if (task->shown)
            compare_shown(survey, task, knobs, ff_demand_total(&demand));
    }
    tasks->note_disk(tasks->job, task, knobs, survey->out);
}

int ff_plan(struct ff_ctx *ctx, struct ff_tasks *tasks, struct ff_plan *out)
{
    struct ff_tasks arranged = *tasks;
    struct survey survey = {.tasks = &arranged, .out = out};
    bool fits, out_of_memory = false;
    uint64_t least;

    *out = (struct ff_plan){.budget_bytes = tasks->memory_bytes,
                            .threads = tasks->threads,
                            .chunk_rows = tasks->chunk_rows,
                            .slowdown = 1};
    arranged.out_of_memory = &out_of_memory;
    /* Whole MiB, so that the figure in the message can be given to --memory. */
    least = ff_divide_up(ff_plan_smallest(&arranged), MIB) * MIB;
    fits = !tasks->memory_bytes || least <= tasks->memory_bytes;
    out->smallest_bytes = least;
    if (!fits)
        arranged.memory_bytes = least;
    arranged.common_chunks = ff_plan_common_chunks(&arranged);
    arranged.each(arranged.job, look_at, &survey);
    tasks->common_chunks = arranged.common_chunks;
    if (out_of_memory)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the plan");
    return fits ? FF_OK : ff_plan_refuse(ctx, out);
}

const struct ff_planner ff_planner = {
    .plan = ff_plan,
    .knobs = ff_plan_knobs,
    .warn = ff_plan_warn,
};
