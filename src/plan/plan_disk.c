/* What a run leaves on disk, for a while or for good, and writes. */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "learn/import.h"
#include "model/layer.h"
#include "model/layer_metrics.h"

#define EMPTY_MODEL_BYTES (8 * 4096) /* what LMDB needs of itself, and the manifest */
/* A flip of the manifest, and the sweep behind it: a few pages each. */
#define FLIPS_PER_LAYER 2
#define FLIP_BYTES (5 * 4096)

/* Where rows wait to be sorted while they are imported. */
static uint64_t temporary_bytes(const struct ff_planner *planner)
{
    const struct ff_job *job = planner->job;
    struct ff_permutation order = {.n = job->geometry.rows};
    struct ff_import_opts opts = {.geometry = &job->geometry, .order = &order};
    struct ff_needs unused = {0};

    return ff_import_needs(&opts, job->manifest->features, job->manifest->is_float, &unused);
}

static void raise(uint64_t *peak, uint64_t bytes)
{
    *peak = ff_larger(*peak, bytes);
}

static void add(uint64_t *sum, uint64_t bytes)
{
    *sum = ff_plus(*sum, bytes);
}

uint64_t ff_plan_paged(uint32_t units, uint32_t fan_in, struct ff_residency residency)
{
    uint64_t resident = (uint64_t)residency.resident * ff_tile_units(units);

    return residency.slots ? (units - ff_smaller(units, resident)) * fan_in * sizeof(float) : 0;
}

/* The tiles of a layer that are paged: what they take, and what is written of them. */
struct paging {
    uint32_t units, fan_in; /* of the layer */
    uint64_t stored, written;
    uint64_t forward; /* both, while the outputs are written */
};

static void look_at_training(const struct ff_planner *planner, uint32_t layer,
                             struct paging *paging)
{
    const struct ff_job *job = planner->job;
    struct ff_knobs knobs = ff_plan_knobs(planner, FF_STAGE_TRAIN, layer);
    uint64_t bytes = ff_plan_paged(paging->units, paging->fan_in, knobs.residency), parts;
    uint64_t tensors = 1 + (uint64_t)job->optimizer->states;

    if (bytes == 0)
        return;
    parts = ff_divide_up(job->geometry.chunks_per_batch, knobs.micro_chunks);
    /* Seeded, or loaded in a later round, then stored once a step, and the gradient for each
     * micro-batch but the last. */
    paging->written = ff_times(ff_times(job->manifest->recipe.epochs, job->geometry.batches),
                               bytes * (tensors + parts - 1));
    add(&paging->written, ff_times(job->manifest->recipe.sweeps, bytes * tensors));
    /* A page that is replaced is free only two transactions later. */
    paging->stored = bytes * (tensors + (parts > 1)) + 2 * FF_PAGER_PAGE_BYTES;
}

/* Looks at LAYER, unless it is as the one before. */
static void look_at_paging(const struct ff_planner *planner, uint32_t layer, struct paging *paging)
{
    uint32_t units = planner->job->manifest->recipe.hidden[layer - 1];
    uint32_t fan_in = ff_manifest_fan_in(planner->job->manifest, layer);
    struct ff_knobs knobs;

    if (units == paging->units && fan_in == paging->fan_in)
        return;
    *paging = (struct paging){.units = units, .fan_in = fan_in};
    look_at_training(planner, layer, paging);
    knobs = ff_plan_knobs(planner, FF_STAGE_FORWARD, layer);
    paging->forward = ff_plan_paged(units, fan_in, knobs.residency);
}

static void add_scratch(const struct ff_planner *planner, struct ff_plan *out)
{
    const struct ff_job *job = planner->job;
    struct paging paging = {0};
    uint32_t layers = job->manifest->recipe.layers;
    uint64_t sweeps = job->manifest->recipe.sweeps;
    uint64_t below = ff_job_stored(job, 0), temporary = temporary_bytes(planner);

    add(&out->written_bytes, ff_times(sweeps, ff_plus(temporary, ff_job_written(job, 0))));
    raise(&out->scratch_peak_bytes, ff_plus(temporary, below));
    for (uint32_t k = 1; k <= layers && !job->mode->whole_network; k++) {
        uint64_t here = ff_job_stored(job, k);
        uint64_t times = k < layers ? sweeps : 1; /* the last outputs are for heads, at the end */

        look_at_paging(planner, k, &paging);
        raise(&out->scratch_peak_bytes, ff_plus(below, paging.stored));
        raise(&out->scratch_peak_bytes, ff_plus(below, ff_plus(here, paging.forward)));
        add(&out->written_bytes, paging.written);
        add(&out->written_bytes, ff_times(times, ff_job_written(job, k)));
        add(&out->written_bytes, ff_times(sweeps, paging.forward));
        below = here;
    }
}

/* The tiles of a layer like SHAPE as they are stored in the end, and its metrics. */
static uint64_t layer_bytes(const struct ff_layer *shape)
{
    size_t units = shape->units;
    struct ff_db_writes writes[] = {
        {ff_plan_packed(units * shape->fan_in / shape->tiles), shape->tiles},
        {ff_plan_packed(shape->tile_units), shape->tiles},
        {FF_VALUE_HEADER + FF_LAYER_METRICS * sizeof(float), 1},
        {ff_plan_packed(units * shape->classes / shape->tiles), shape->classes ? shape->tiles : 0},
    };

    return ff_db_stored(sizeof writes / sizeof *writes, writes, 1);
}

uint64_t ff_plan_first_layer_bytes(const struct ff_planner *planner)
{
    struct ff_layer layer = ff_layer_of(planner->job->manifest, 1, 0);

    return layer_bytes(&layer);
}

static void add_model(const struct ff_planner *planner, struct ff_plan *out)
{
    const struct ff_job *job = planner->job;
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    uint64_t layers = 0, heads = 0, largest = 0, tensors = 1 + (uint64_t)job->optimizer->states;
    uint64_t flips = 1;

    for (uint32_t k = 1; k <= recipe->layers; k++) {
        struct ff_layer layer = ff_layer_of(manifest, k, 0);
        struct ff_layer head = ff_layer_shape(layer.units, manifest->classes, 0);

        layers += layer_bytes(&layer);
        raise(&largest, layer_bytes(&layer));
        if (first_head && k >= first_head)
            heads += layer_bytes(&head);
    }
    if (!job->mode->whole_network)
        flips = FLIPS_PER_LAYER * (uint64_t)recipe->layers;
    out->model_bytes = EMPTY_MODEL_BYTES + layers + heads;
    out->model_peak_bytes = ff_times(out->model_bytes, 2); /* while it is compacted */
    add(&out->written_bytes, out->model_peak_bytes);
    if (recipe->sweeps > 1) {
        /* Between rounds the optimizer's state stays beside the weights, and what a layer comes to
         * is written beside what it was. */
        uint64_t training = EMPTY_MODEL_BYTES + heads + ff_times(layers + largest, tensors);

        out->model_peak_bytes = ff_plus(training, out->model_bytes);
        add(&out->written_bytes, ff_times(recipe->sweeps - 1, ff_times(layers, tensors)));
    }
    add(&out->written_bytes, ff_times(ff_times(flips, recipe->sweeps), FLIP_BYTES));
}

void ff_plan_disk(const struct ff_planner *planner, struct ff_plan *out)
{
    add_scratch(planner, out);
    add_model(planner, out);
}
