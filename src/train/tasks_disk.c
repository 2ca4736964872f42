/* Disk use of a training, temporary and permanent, and the bytes that it writes. */
#include "train/tasks.h"

#include "base/arithmetic.h"
#include "learn/estimate.h"
#include "learn/import.h"
#include "model/layer_metrics.h"
#include "model/network.h"

#define EMPTY_MODEL_BYTES (8 * 4096) /* LMDB's own pages and the manifest */
/* A flip of the manifest and the deletion of old tiles: a few pages. */
#define FLIP_BYTES (5 * 4096)

/* The temporary file that sorts samples during import. */
static uint64_t temporary_bytes(const struct ff_job *job)
{
    struct ff_order order = {.rows = job->geometry.rows};
    struct ff_import_data_opts opts = {.geometry = &job->geometry, .order = &order};
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

/* The paged tiles of a layer in training: their size and the bytes written. */
static void note_training(const struct ff_job *job, const struct ff_task *task,
                          const struct ff_knobs *knobs, uint64_t paged, struct ff_plan *plan)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint64_t parts = ff_divide_up(job->geometry.chunks_per_batch, knobs->micro_chunks);
    uint64_t tensors = 1 + (uint64_t)job->optimizer->states, stored = 0;

    if (paged > 0) {
        /* Seeded, or loaded in a later sweep; then stored once per step, and the gradient for each
         * micro-batch but the last. */
        add(&plan->written_bytes, ff_times(ff_times(recipe->epochs, job->geometry.batches),
                                           paged * (tensors + parts - 1)));
        add(&plan->written_bytes, ff_times(recipe->sweeps, paged * tensors));
        /* A replaced page is free only two transactions later. */
        stored = paged * (tensors + (parts > 1)) + 2 * FF_PAGER_PAGE_BYTES;
    }
    raise(&plan->scratch_peak_bytes, ff_plus(ff_job_stored(job, task->layer - 1), stored));
}

/* The outputs of a layer, stored beside its inputs. */
static void note_forward(const struct ff_job *job, const struct ff_task *task, uint64_t paged,
                         struct ff_plan *plan)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint64_t below = ff_job_stored(job, task->layer - 1), here = ff_job_stored(job, task->layer);
    /* The last layer's outputs are stored only for heads, in the last sweep. */
    uint64_t times = task->layer < recipe->layers ? recipe->sweeps : 1;

    raise(&plan->scratch_peak_bytes, ff_plus(below, ff_plus(here, paged)));
    add(&plan->written_bytes, ff_times(times, ff_job_written(job, task->layer)));
    add(&plan->written_bytes, ff_times(recipe->sweeps, paged));
}

static void note_import(const struct ff_job *job, struct ff_plan *plan)
{
    uint64_t temporary = temporary_bytes(job);

    add(&plan->written_bytes,
        ff_times(job->manifest->recipe.sweeps, ff_plus(temporary, ff_job_written(job, 0))));
    raise(&plan->scratch_peak_bytes, ff_plus(temporary, ff_job_stored(job, 0)));
}

void ff_train_note_disk(const void *tasks, const struct ff_task *task, const struct ff_knobs *knobs,
                        struct ff_plan *plan)
{
    const struct ff_job *job = ((const struct ff_train_tasks *)tasks)->job;
    uint64_t paged =
        ff_estimate_paged(job->manifest->recipe.hidden[task->layer - 1],
                          ff_manifest_fan_in(job->manifest, task->layer), knobs->residency);

    if (task->kind == FF_STAGE_IMPORT)
        note_import(job, plan);
    else if (task->kind == FF_STAGE_TRAIN)
        note_training(job, task, knobs, paged, plan);
    else if (task->kind == FF_STAGE_FORWARD)
        note_forward(job, task, paged, plan);
}

/* Bytes of the final tiles and metrics of the part stored as KIND and NUMBER (struct ff_part). */
static uint64_t part_bytes(const struct ff_manifest *manifest, char kind, uint32_t number)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    size_t n = ff_network_tensors(manifest, kind, number, false, tensors);
    struct ff_db_writes writes[FF_MAX_TENSORS + 1];

    for (size_t i = 0; i < n; i++) {
        uint32_t tiles = ff_tile_count(tensors[i].units);
        size_t elements = (size_t)tensors[i].units * tensors[i].per_unit;

        writes[i] = (struct ff_db_writes){ff_estimate_packed(elements / tiles), tiles};
    }
    writes[n] = (struct ff_db_writes){
        FF_VALUE_HEADER + ff_layer_metrics_stored(&manifest->recipe) * sizeof(float), 1};
    return ff_db_stored(n + 1, writes, 1);
}

uint64_t ff_train_first_layer_bytes(const struct ff_job *job)
{
    return part_bytes(job->manifest, 'W', 1);
}

/* Number of flips in a sweep: one at the end of each stage. */
static uint64_t count_flips(const struct ff_recipe *recipe)
{
    uint64_t flips = 0;

    for (struct ff_turn turn = ff_turn_first(); turn.stage != FF_STAGE_DONE;
         turn = ff_turn_after(recipe, turn, false))
        flips += turn.stage != FF_STAGE_IMPORT;
    return flips;
}

void ff_train_note_model(const struct ff_train_tasks *tasks, struct ff_plan *plan)
{
    const struct ff_job *job = tasks->job;
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    uint64_t layers = 0, heads = 0, largest = 0, tensors = 1 + (uint64_t)job->optimizer->states;

    for (uint32_t k = 1; k <= recipe->layers; k++) {
        uint64_t layer = part_bytes(manifest, 'W', k);

        layers += layer;
        raise(&largest, layer);
        if (ff_recipe_has_head(recipe, k))
            heads += part_bytes(manifest, 'H', k);
    }
    plan->model_bytes = EMPTY_MODEL_BYTES + layers + heads;
    plan->model_peak_bytes = ff_times(plan->model_bytes, 2); /* while it is compacted */
    add(&plan->written_bytes, plan->model_peak_bytes);
    if (recipe->sweeps > 1) {
        /* Between sweeps the optimizer state is kept with the weights, and a layer's new tiles are
         * written before its old ones are deleted. */
        uint64_t training = EMPTY_MODEL_BYTES + heads + ff_times(layers + largest, tensors);

        plan->model_peak_bytes = ff_plus(training, plan->model_bytes);
        add(&plan->written_bytes, ff_times(recipe->sweeps - 1, ff_times(layers, tensors)));
    }
    if (recipe->patience > 0) {
        /* Each epoch may be the best so far and is then saved, while the checkpoint before it and
         * the best epoch before that are not deleted yet. */
        uint64_t training = EMPTY_MODEL_BYTES + heads + layers + ff_times(largest, 2 * tensors);

        plan->model_peak_bytes = ff_plus(training, plan->model_bytes);
        add(&plan->written_bytes,
            ff_times(recipe->epochs - 1,
                     ff_times(layers, tensors) + ff_times(recipe->layers, FLIP_BYTES)));
    }
    add(&plan->written_bytes, ff_times(ff_times(count_flips(recipe), recipe->sweeps), FLIP_BYTES));
}
