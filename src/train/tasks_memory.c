/* Memory of a task: what its stage holds, and the peaks beyond that. */
#include "train/tasks.h"

#include "base/arithmetic.h"
#include "learn/estimate.h"
#include "model/network.h"
#include "store/db.h"
#include "train/held_out.h"
#include "train/modes.h"

static struct ff_turn turn_of(const struct ff_task *task)
{
    return (struct ff_turn){(enum ff_stage)task->kind, task->layer};
}

/* The memory of writing a checkpoint with LMDB, and the elements of the largest tile. */
struct saving {
    uint64_t cost;
    size_t largest;
};

/* Adds PART, with its state if it is saved between EPOCHS. */
static void add_part(const struct ff_job *job, const struct ff_part *part, uint32_t epochs,
                     struct saving *saving)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    size_t n = ff_network_tensors(job->manifest, part->kind, part->number, epochs > 1, tensors);
    struct ff_db_writes writes[FF_MAX_TENSORS];

    for (size_t i = 0; i < n; i++) {
        size_t elements = ff_tensor_tile_bytes(&tensors[i]) / sizeof(float);

        writes[i] =
            (struct ff_db_writes){ff_estimate_packed(elements), ff_tile_count(tensors[i].units)};
        saving->largest = ff_larger(saving->largest, elements);
    }
    saving->cost += ff_db_cost(n, writes, 1);
}

/* Lists all parts that train in TURN. */
static struct saving list_saving(const struct ff_job *job, struct ff_turn turn)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint32_t epochs = turn.stage == FF_STAGE_HEAD ? recipe->head_epochs : recipe->epochs;
    size_t n = ff_turn_parts(recipe, turn);
    struct saving saving = {0};

    for (size_t i = 0; i < n; i++) {
        struct ff_part part = ff_turn_part(recipe, turn, i);

        add_part(job, &part, epochs, &saving);
    }
    return saving;
}

/* The layer of a task, with the residency of its tiles. */
static struct ff_layer layer_of(const struct ff_job *job, const struct ff_task *task,
                                const struct ff_knobs *knobs)
{
    struct ff_layer layer = ff_job_layer(job, task->layer, 0);

    layer.residency = knobs->residency;
    return layer;
}

/* The memory of paging tiles in only: nothing waits for a commit. */
static void count_paged_in(const struct ff_job *job, const struct ff_task *task,
                           const struct ff_knobs *knobs, struct ff_needs *needs)
{
    struct ff_layer layer = layer_of(job, task, knobs);
    struct ff_needs reads = {0}, writes = {0};

    if (knobs->residency.slots == 0)
        return;
    ff_layer_needs(&layer, job->threads, &reads);
    layer.states = job->optimizer->states;
    ff_layer_load_needs(&layer, &writes);
    needs->bytes[FF_MEM_IO] -= writes.bytes[FF_MEM_IO] - reads.bytes[FF_MEM_IO];
    ff_needs_pass(needs, reads.passing);
}

/* The peaks of a checkpoint, beyond the NEEDS of writing and those of a learner at rest: tiles are
 * paged in while others wait for a commit; then one is encoded, and pages of the model file's tree
 * are mapped. Small files stay mapped. */
static void consider_checkpoint(const struct ff_job *job, const struct ff_task *task,
                                const struct ff_knobs *knobs, struct ff_needs needs,
                                struct ff_peak *peak)
{
    const struct ff_work *work = ff_mode_work(job->mode, turn_of(task).stage);
    struct saving saving = list_saving(job, turn_of(task));

    if (saving.cost == 0)
        return;
    (work->rest_needs ? work->rest_needs : work->needs)(job, task->layer, knobs, &needs);
    needs.mapped = needs.kept;
    needs.passing = 0;
    needs.bytes[FF_MEM_IO] += ff_db_pending_bound(saving.cost, ff_estimate_packed(saving.largest));
    count_paged_in(job, task, knobs, &needs);
    ff_peak_consider(peak, &needs);
    if (job->ranks > 1) /* the tile of another process */
        needs.bytes[FF_MEM_IO] += saving.largest * sizeof(float);
    needs.passing = ff_chunk_slack((size_t)saving.cost);
    needs.bytes[FF_MEM_IO] += FF_VALUE_HEADER + saving.largest * sizeof(float);
    ff_peak_consider(peak, &needs);
}

/* The peak of measuring a layer on held-out samples between two epochs. */
static void consider_held_out(const struct ff_job *job, const struct ff_task *task,
                              const struct ff_knobs *knobs, struct ff_needs needs,
                              struct ff_peak *peak)
{
    if (task->kind != FF_STAGE_TRAIN || job->manifest->recipe.patience == 0)
        return;
    ff_mode_work(job->mode, FF_STAGE_TRAIN)->rest_needs(job, task->layer, knobs, &needs);
    ff_held_out_work.needs(job, task->layer, knobs, &needs);
    ff_peak_consider(peak, &needs);
}

/* The peaks of loading a layer before its outputs are written. A layer in training has a larger
 * peak in a checkpoint. */
static void consider_loading(const struct ff_job *job, const struct ff_task *task,
                             const struct ff_knobs *knobs, struct ff_needs needs,
                             struct ff_peak *peak)
{
    struct ff_layer shape = layer_of(job, task, knobs);

    (void)ff_db_map_needs(ff_job_stored(job, task->layer - 1),
                          job->compression.codec != FF_CODEC_NONE, &needs);
    ff_estimate_loading(&shape, &needs);
    ff_peak_consider(peak, &needs);
}

struct ff_demand ff_train_demand(const void *arg, const struct ff_task *task,
                                 const struct ff_knobs *knobs)
{
    const struct ff_train_tasks *tasks = arg;
    const struct ff_job *job = tasks->job;
    const struct ff_products none = {0};
    struct ff_needs needs = tasks->base, reading = tasks->base, writing = tasks->base;
    struct ff_peak peak = {.accounted = 0};
    uint64_t program = tasks->program;

    ff_needs_add(&reading, &tasks->reading);
    ff_needs_add(&writing, &tasks->writing);
    if (task->kind == FF_STAGE_IMPORT)
        program = ff_estimate_program(job->threads, job->ranks, &none);
    if (task->kind == FF_STAGE_FORWARD) {
        consider_loading(job, task, knobs, reading, &peak);
        ff_needs_add(&needs, &tasks->metrics);
    }
    consider_held_out(job, task, knobs, tasks->base, &peak);
    ff_mode_work(job->mode, turn_of(task).stage)->needs(job, task->layer, knobs, &needs);
    ff_peak_consider(&peak, &needs);
    consider_checkpoint(job, task, knobs, writing, &peak);
    return (struct ff_demand){.needs = peak.needs, .program = program, .accounted = peak.accounted};
}
