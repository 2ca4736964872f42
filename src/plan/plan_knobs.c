/*
 * Turning the knobs: the least change that makes a stage fit its budget.
 *
 * From the most comfortable on: micro-batches as large as is useful; fewer samples at a time; and
 * when not even one chunk of a batch beside the whole layer fits, tiles of the layer paged, as few
 * and as seldom as can be.
 */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "model/layer.h"

#include <math.h>

/*
 * Nominal speeds, for estimates only: of products on one thread (40 to 70 GFLOP/s measured with
 * AVX2), and of tiles on their way to the page cache or back, hashed.
 */
#define FLOPS_PER_THREAD 45e9
#define PAGING_BYTES_PER_SECOND 1.0e9

/* A stage at work, with what can be turned. */
struct search {
    const struct ff_planner *planner;
    enum ff_stage stage;
    uint32_t layer;
    uint32_t comfort;    /* chunks at a time where memory is not scarce */
    uint32_t all_chunks; /* of a batch; 1 if it is not cut */
    bool cuts;           /* a batch can be cut */
    uint32_t tiles;      /* of the layer; 0: it is not paged */
};

static struct search make_search(const struct ff_planner *planner, enum ff_stage stage,
                                 uint32_t layer)
{
    const struct ff_job *job = planner->job;
    const struct ff_work *work = planner->work.of[stage];
    struct search search = {.planner = planner, .stage = stage, .layer = layer, .comfort = 1};

    search.all_chunks = job->geometry.chunks_per_batch;
    if (stage == FF_STAGE_TRAIN) {
        search.comfort = work->micro_chunks ? work->micro_chunks(job, layer) : search.all_chunks;
        search.cuts = work->micro_chunks && !job->micro_batch_rows;
    }
    if (work->pages)
        search.tiles = ff_tile_count(job->manifest->recipe.hidden[layer - 1]);
    return search;
}

static uint64_t total(const struct search *search, const struct ff_knobs *knobs)
{
    return ff_plan_moment(search->planner, search->stage, search->layer, knobs).total;
}

static bool fits(const struct search *search, const struct ff_knobs *knobs)
{
    return total(search, knobs) + ff_plan_margin(search->planner->job->threads) <=
           search->planner->job->memory_bytes;
}

/* The largest number of chunks below HIGH that fits with RESIDENCY; 0: none does. Below a whole
 * batch fewer chunks never take more. */
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
    if (!search->cuts)
        return false;
    /* A whole batch needs no gradient of the whole layer. */
    out->micro_chunks = search->all_chunks;
    if (fits(search, out))
        return true;
    out->micro_chunks = most_chunks(search, search->comfort);
    return out->micro_chunks > 0;
}

/* Bytes moved by paging in one step. */
static double bytes_paged(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs)
{
    const struct ff_manifest *manifest = job->manifest;
    uint32_t units = manifest->recipe.hidden[layer - 1], tiles = ff_tile_count(units);
    double parts = (double)ff_divide_up(job->geometry.chunks_per_batch, knobs->micro_chunks);
    double weights = (double)units * ff_manifest_fan_in(manifest, layer) * sizeof(float);

    if (knobs->residency.slots == 0)
        return 0;
    weights *= (double)(tiles - knobs->residency.resident) / tiles;
    /* Weights come for the forward pass of each micro-batch, and its gradient comes and goes; once
     * in a step weights and state come and go. */
    return weights * (parts + 2 * (parts - 1) + 2 * (1 + job->optimizer->states));
}

double ff_plan_paging_slowdown(unsigned threads, double operations, double bytes)
{
    return bytes / PAGING_BYTES_PER_SECOND / (operations / (FLOPS_PER_THREAD * threads));
}

double ff_plan_slowdown(const struct ff_planner *planner, uint32_t layer,
                        const struct ff_knobs *knobs)
{
    const struct ff_job *job = planner->job;
    uint32_t units = job->manifest->recipe.hidden[layer - 1], tiles = ff_tile_count(units);
    double paged = (double)(tiles - knobs->residency.resident) / tiles, idle = 0, flops;

    if (knobs->residency.slots == 0)
        return 1;
    flops = planner->work.of[FF_STAGE_TRAIN]->flops(job->manifest, layer);
    /* The second half of a step has a thread for each tile that is there. */
    if (knobs->residency.slots < job->threads)
        idle = paged * 0.5 * ((double)job->threads / knobs->residency.slots - 1);
    return 1 + idle +
           ff_plan_paging_slowdown(job->threads, flops * job->geometry.batch,
                                   bytes_paged(job, layer, knobs));
}

/* With so many chunks and slots, the most tiles that can stay. False if it does not fit at all. */
static bool fit_tiles(const struct search *search, uint32_t chunks, uint32_t slots,
                      struct ff_knobs *out)
{
    uint32_t low = 0, high = search->tiles - slots; /* RESIDENT fits; it does not or is all */

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

/* With SLOTS, the one of all numbers of chunks that makes a step last least, if that is less than
 * *LEAST. */
static void try_slots(const struct search *search, uint32_t slots, double *least,
                      struct ff_knobs *out)
{
    uint32_t parts = search->cuts ? search->all_chunks : 1, last = 0;

    for (uint32_t k = 1; k <= parts; k++) {
        uint32_t chunks =
            search->cuts ? (uint32_t)ff_divide_up(search->all_chunks, k) : search->comfort;
        struct ff_knobs knobs;
        double slowdown;

        if (chunks == last)
            continue;
        last = chunks;
        if (!fit_tiles(search, chunks, slots, &knobs))
            continue;
        slowdown = ff_plan_slowdown(search->planner, search->layer, &knobs);
        if (slowdown < *least) {
            *least = slowdown;
            *out = knobs;
        }
    }
}

/* Of all ways to page, the one that costs the least time: with a slot for each thread, or half as
 * many, and so on. */
static bool fit_paged(const struct search *search, struct ff_knobs *out)
{
    uint32_t pinned = search->planner->job->tile_slots;
    uint32_t slots = pinned ? pinned : search->planner->job->threads;
    double least = INFINITY;

    slots = slots < search->tiles ? slots : search->tiles - 1;
    for (; slots > 0; slots = pinned ? 0 : slots / 2)
        try_slots(search, slots, &least, out);
    return isfinite(least);
}

/* Of the tightest knobs, those that take the least. */
static struct ff_knobs tightest(const struct search *search)
{
    uint32_t chunks[] = {search->cuts ? 1 : search->comfort,
                         search->cuts ? search->all_chunks : search->comfort};
    uint32_t pinned = search->planner->job->tile_slots, slots = pinned ? pinned : 1;
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

struct ff_knobs ff_plan_knobs(const struct ff_planner *planner, enum ff_stage stage, uint32_t layer)
{
    const struct ff_job *job = planner->job;
    struct search search = make_search(planner, stage, layer);
    struct ff_knobs knobs = {.micro_chunks = search.comfort};
    bool asked = job->tile_slots > 0 && job->tile_slots < search.tiles;

    if (job->memory_bytes == 0) {
        knobs.residency.slots = asked ? job->tile_slots : 0;
        return knobs;
    }
    if ((!asked && fit_whole_layer(&search, &knobs)) ||
        (search.tiles > 1 && fit_paged(&search, &knobs)))
        return knobs;
    return tightest(&search);
}

uint64_t ff_plan_smallest(const struct ff_planner *planner, enum ff_stage stage, uint32_t layer)
{
    struct search search = make_search(planner, stage, layer);
    struct ff_knobs knobs = tightest(&search);

    return total(&search, &knobs) + ff_plan_margin(planner->job->threads);
}
