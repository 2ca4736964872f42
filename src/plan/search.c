/*
 * Choosing knobs: the smallest change that makes a task fit the budget.
 *
 * In this order: micro-batches as large as is useful; fewer rows at a time; and if not even one
 * chunk fits beside the whole layer, paging of the layer's tiles, as few and as seldom as possible.
 */
#include "plan/plan.h"
#include "plan/speed.h"

#include "base/arithmetic.h"

#include <math.h>

/* Nominal speed of moving a tile to or from the page cache, hashing included; for estimates
 * only. */
#define PAGING_BYTES_PER_SECOND 1.0e9

/* A task and the ranges of its knobs. */
struct search {
    const struct ff_tasks *tasks;
    const struct ff_task *task;
    uint32_t comfort; /* chunks at a time if memory is not scarce */
    uint32_t most;    /* chunks of a batch that may be divided; 0: it may not */
    uint32_t tiles;   /* tiles that may be paged; 0: none */
};

static struct search make_search(const struct ff_tasks *tasks, const struct ff_task *task)
{
    return (struct search){
        .tasks = tasks,
        .task = task,
        .comfort = tasks->common_chunks ? tasks->common_chunks : task->chunks,
        .most = task->all_chunks,
        .tiles = task->pages ? task->tiles : 0,
    };
}

static uint64_t total(const struct search *search, const struct ff_knobs *knobs)
{
    struct ff_demand demand = ff_plan_demand(search->tasks, search->task, knobs);

    return ff_demand_total(&demand);
}

static bool fits(const struct search *search, const struct ff_knobs *knobs)
{
    return total(search, knobs) + ff_plan_margin(search->tasks->threads) <=
           search->tasks->memory_bytes;
}

/* The largest number of chunks below HIGH that fits; 0: none does. Below a whole batch, fewer
 * chunks never need more memory. */
static uint32_t most_chunks(const struct search *search, uint32_t high)
{
    uint32_t low = 0;

    while (high - low > 1) {
        struct ff_knobs knobs = {.micro_chunks = low + (high - low) / 2};

        if (fits(search, &knobs))
            low = knobs.micro_chunks;
        else
            high = knobs.micro_chunks;
    }
    return low;
}

static bool fit_whole_layer(const struct search *search, struct ff_knobs *out)
{
    *out = (struct ff_knobs){.micro_chunks = search->comfort};
    if (fits(search, out))
        return true;
    if (search->most == 0)
        return false;
    /* A whole batch needs no gradient of the whole layer. */
    out->micro_chunks = search->most;
    if (fits(search, out))
        return true;
    out->micro_chunks = most_chunks(search, search->comfort);
    return out->micro_chunks > 0;
}

double ff_plan_slowdown(const struct ff_tasks *tasks, const struct ff_task *task,
                        const struct ff_knobs *knobs)
{
    struct ff_effort effort = tasks->effort(tasks->job, task, knobs);
    uint32_t slots = knobs->residency.slots;
    double paged = (double)(task->tiles - knobs->residency.resident) / task->tiles, idle = 0;
    double computing = effort.operations / (FF_NOMINAL_FLOPS * tasks->threads);

    if (slots > 0 && slots < tasks->threads)
        idle = paged * effort.by_tile * ((double)tasks->threads / slots - 1);
    return 1 + idle + effort.bytes / PAGING_BYTES_PER_SECOND / computing;
}

/* With CHUNKS and SLOTS, the most tiles that can stay resident. False if nothing fits. */
static bool fit_tiles(const struct search *search, uint32_t chunks, uint32_t slots,
                      struct ff_knobs *out)
{
    uint32_t low = 0, high = search->tiles - slots; /* LOW fits; HIGH does not or is all */

    *out = (struct ff_knobs){.micro_chunks = chunks, .residency = {.slots = slots}};
    if (!fits(search, out))
        return false;
    while (high - low > 1) {
        out->residency.resident = low + (high - low) / 2;
        if (fits(search, out))
            low = out->residency.resident;
        else
            high = out->residency.resident;
    }
    out->residency.resident = low;
    return true;
}

/* With SLOTS, the number of chunks that minimises the task's time, if that is less than *LEAST. */
static void try_slots(const struct search *search, uint32_t slots, double *least,
                      struct ff_knobs *out)
{
    uint32_t parts = search->most ? search->most : 1, last = 0;

    for (uint32_t k = 1; k <= parts; k++) {
        uint32_t chunks = search->most ? (uint32_t)ff_divide_up(search->most, k) : search->comfort;
        struct ff_knobs knobs;
        double slowdown;

        if (chunks == last)
            continue;
        last = chunks;
        if (!fit_tiles(search, chunks, slots, &knobs))
            continue;
        slowdown = ff_plan_slowdown(search->tasks, search->task, &knobs);
        if (slowdown < *least) {
            *least = slowdown;
            *out = knobs;
        }
    }
}

/* The fastest way to page: with one slot per thread, or half as many, and so on. */
static bool fit_paged(const struct search *search, struct ff_knobs *out)
{
    uint32_t pinned = search->tasks->tile_slots;
    uint32_t slots = pinned ? pinned : search->tasks->threads;
    double least = INFINITY;

    slots = slots < search->tiles ? slots : search->tiles - 1;
    for (; slots > 0; slots = pinned ? 0 : slots / 2)
        try_slots(search, slots, &least, out);
    return isfinite(least);
}

/* The knobs that need the least memory. */
static struct ff_knobs tightest(const struct search *search)
{
    uint32_t chunks[] = {search->most ? 1 : search->comfort,
                         search->most ? search->most : search->comfort};
    uint32_t pinned = search->tasks->tile_slots, slots = pinned ? pinned : 1;
    struct ff_knobs best = {.micro_chunks = search->comfort};
    uint64_t least = total(search, &best);

    for (size_t i = 0; i < 4; i++) {
        struct ff_knobs knobs = {.micro_chunks = chunks[i % 2]};
        uint64_t bytes;

        if (i >= 2 && slots < search->tiles)
            knobs.residency.slots = slots;
        bytes = total(search, &knobs);
        if (bytes < least) {
            least = bytes;
            best = knobs;
        }
    }
    return best;
}

struct ff_knobs ff_plan_knobs(const struct ff_tasks *tasks, const struct ff_task *task)
{
    struct search search = make_search(tasks, task);
    struct ff_knobs knobs = {.micro_chunks = search.comfort};
    bool asked = tasks->tile_slots > 0 && tasks->tile_slots < search.tiles;

    if (tasks->memory_bytes == 0) {
        knobs.residency.slots = asked ? tasks->tile_slots : 0;
        return knobs;
    }
    if ((!asked && fit_whole_layer(&search, &knobs)) ||
        (search.tiles > 1 && fit_paged(&search, &knobs)))
        return knobs;
    return tightest(&search);
}

struct smallest {
    const struct ff_tasks *tasks;
    uint64_t bytes;
};

static void look_at(void *arg, const struct ff_task *task)
{
    struct smallest *smallest = arg;
    struct search search = make_search(smallest->tasks, task);
    struct ff_knobs knobs;

    if (task->repeated)
        return;
    knobs = tightest(&search);
    smallest->bytes = ff_larger(smallest->bytes, total(&search, &knobs));
}

/* The smallest budget if tasks that share chunks share CHUNKS. */
static uint64_t smallest_with(const struct ff_tasks *tasks, uint32_t chunks)
{
    struct ff_tasks with = *tasks;
    struct smallest smallest = {.tasks = &with};

    with.common_chunks = tasks->common_chunks ? chunks : 0;
    tasks->each(tasks->job, look_at, &smallest);
    return smallest.bytes + ff_plan_margin(tasks->threads);
}

uint64_t ff_plan_smallest(const struct ff_tasks *tasks)
{
    return smallest_with(tasks, 1);
}

/* Layers that do not fit are paged whatever the chunks; chunks are reduced only if that is not
 * enough. */
uint32_t ff_plan_common_chunks(const struct ff_tasks *tasks)
{
    uint32_t chunks = tasks->common_chunks;

    while (tasks->memory_bytes && chunks > 1 && smallest_with(tasks, chunks) > tasks->memory_bytes)
        chunks /= 2;
    return chunks;
}
