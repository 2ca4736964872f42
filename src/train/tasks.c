#include "train/tasks.h"

#include "base/arithmetic.h"
#include "base/team.h"
#include "learn/estimate.h"
#include "model/layer_metrics.h"
#include "model/workers.h"
#include "plan/plan.h"
#include "train/modes.h"
#include "train/same_data.h"

int ff_train_job(struct ff_ctx *ctx, const struct ff_manifest *manifest,
                 const struct ff_train_opts *opts, const struct ff_compression *compression,
                 struct ff_job *out)
{
    const struct ff_data_location location = {manifest->data_path, manifest->data_labels,
                                              manifest->data_arrays};
    struct ff_dataset_spec spec = ff_data_spec(manifest, opts, &location);

    *out = ff_job_make(manifest, opts, compression);
    out->ranks = opts->ranks > 0 ? opts->ranks : ff_team_size(ctx);
    return spec.path ? ff_dataset_extra_bytes(ctx, &spec, &out->data_extra_bytes) : FF_OK;
}

/* ---- Memory held throughout ---- */

/* Elements of the largest tile of all layers and heads. */
static size_t largest_tile(const struct ff_manifest *manifest)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    size_t largest = 0;

    for (uint32_t layer = 1; layer <= recipe->layers; layer++) {
        struct ff_layer shape = ff_layer_of(manifest, layer, 0);

        largest = ff_larger(largest, ff_estimate_largest_tile(&shape));
        if (ff_recipe_has_head(recipe, layer))
            largest = ff_larger(largest, ff_estimate_tile(manifest->classes, shape.units));
    }
    return largest;
}

/* Number of types that values are stored as, from FF_F32 on. */
#define DTYPES (FF_SCALED_U8 - FF_F32 + 1)

/* What a worker's coder reads: for each stored type the widest values of all boundaries. */
static void list_reads(const struct ff_job *job, struct ff_coder_use uses[DTYPES])
{
    for (size_t i = 0; i < DTYPES; i++)
        uses[i] = (struct ff_coder_use){
            .dtype = (enum ff_dtype)(FF_F32 + i),
            .rows = job->geometry.chunk_rows,
            .decompresses = job->compression.codec == FF_CODEC_ZSTD,
        };
    for (uint32_t boundary = 0; boundary <= job->manifest->recipe.layers; boundary++) {
        struct ff_set_values values[FF_MAX_SET_VALUES];
        size_t n = ff_job_values(job, boundary, values);

        for (size_t i = 0; i < n; i++) {
            struct ff_coder_use *use = &uses[values[i].stored - FF_F32];

            use->converts = use->converts || values[i].given != values[i].stored;
            use->columns = (uint32_t)ff_larger(use->columns, values[i].columns);
        }
    }
}

static void count_base(struct ff_train_tasks *out)
{
    struct ff_coder_use uses[DTYPES];
    size_t tile = largest_tile(out->job->manifest);

    list_reads(out->job, uses);
    ff_workers_needs(out->job->threads, DTYPES, uses, &out->base);
    ff_scratch_needs(&out->base);
    ff_model_file_needs(&out->base);
    ff_model_file_coding_needs(tile, true, false, &out->writing);
    ff_model_file_coding_needs(tile, false, true, &out->reading);
    ff_model_file_coding_needs(ff_layer_metrics_stored(&out->job->manifest->recipe), true, false,
                               &out->metrics);
    ff_db_growing_map_needs(ff_train_first_layer_bytes(out->job), &out->base);
}

static struct ff_products products_of(const struct ff_job *job)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_products out = {.rows = job->geometry.chunk_rows,
                              .inputs = ff_manifest_fan_in(job->manifest, 1)};

    for (uint32_t k = 0; k < recipe->layers; k++) {
        uint32_t first, tile;

        ff_tile_range(recipe->hidden[k], 0, &first, &tile);
        out.tile = ff_larger(out.tile, tile);
        if (k + 1 < recipe->layers)
            out.inputs = ff_larger(out.inputs, recipe->hidden[k]);
        if (ff_mode_work(job->mode, FF_STAGE_TRAIN)->passes_deltas)
            out.units_passed = ff_larger(out.units_passed, recipe->hidden[k]);
    }
    return out;
}

/* ---- The tasks ---- */

struct ff_task ff_train_task(const struct ff_job *job, struct ff_turn turn)
{
    static const enum ff_phase phases[] = {
        [FF_STAGE_IMPORT] = FF_PHASE_IMPORT,
        [FF_STAGE_TRAIN] = FF_PHASE_TRAIN,
        [FF_STAGE_FORWARD] = FF_PHASE_FORWARD,
        [FF_STAGE_HEAD] = FF_PHASE_HEAD,
    };
    const struct ff_recipe *recipe = &job->manifest->recipe;
    const struct ff_work *work = ff_mode_work(job->mode, turn.stage);
    bool trains = turn.stage == FF_STAGE_TRAIN;
    struct ff_task task = {
        .kind = (int)turn.stage,
        .phase = phases[turn.stage],
        .layer = turn.layer,
        .one_layer = ff_turn_is_of_layer(recipe, turn),
        .shown = trains,
        .tiles = ff_team_share(0, job->ranks, ff_tile_count(recipe->hidden[turn.layer - 1])).end,
        .pages = work->pages,
        .chunks = trains ? job->geometry.chunks_per_batch : 1,
    };

    if (!work->micro_chunks)
        return task;
    task.chunks = work->micro_chunks(job, turn.layer);
    if (!job->micro_batch_rows)
        task.all_chunks = job->geometry.chunks_per_batch;
    return task;
}

static void each(const void *job, void (*visit)(void *arg, const struct ff_task *task), void *arg)
{
    const struct ff_train_tasks *tasks = job;
    const struct ff_recipe *recipe = &tasks->job->manifest->recipe;

    for (struct ff_turn turn = ff_turn_first(); turn.stage != FF_STAGE_DONE;
         turn = ff_turn_after(recipe, turn, true)) {
        struct ff_task task = {.kind = (int)turn.stage, .layer = turn.layer, .repeated = true};

        if (!ff_estimate_is_repeated(recipe, recipe->layers, turn.layer))
            task = ff_train_task(tasks->job, turn);
        visit(arg, &task);
    }
}

/* Bytes moved by paging in one step. */
static double bytes_paged(const struct ff_job *job, const struct ff_task *task,
                          const struct ff_knobs *knobs)
{
    const struct ff_manifest *manifest = job->manifest;
    uint32_t units = manifest->recipe.hidden[task->layer - 1];
    double parts = (double)ff_divide_up(job->geometry.chunks_per_batch, knobs->micro_chunks);
    double weights = (double)units * ff_manifest_fan_in(manifest, task->layer) * sizeof(float);

    if (knobs->residency.slots == 0)
        return 0;
    weights *= (double)(task->tiles - knobs->residency.resident) / task->tiles;
    /* Each micro-batch reads the weights for its forward pass, and reads and writes the gradient;
     * each step reads and writes weights and state once. */
    return weights * (parts + 2 * (parts - 1) + 2 * (1 + job->optimizer->states));
}

/* The effort of a step. In its second half each thread works on a tile in memory. */
static struct ff_effort effort(const void *arg, const struct ff_task *task,
                               const struct ff_knobs *knobs)
{
    const struct ff_job *job = ((const struct ff_train_tasks *)arg)->job;

    return (struct ff_effort){
        .operations = ff_mode_work(job->mode, FF_STAGE_TRAIN)->flops(job->manifest, task->layer) *
                      job->geometry.batch,
        .bytes = bytes_paged(job, task, knobs),
        .by_tile = 0.5,
    };
}

void ff_train_tasks_init(struct ff_train_tasks *out, const struct ff_job *job)
{
    struct ff_products products = products_of(job);

    *out = (struct ff_train_tasks){
        .tasks =
            {
                .job = out,
                .threads = job->threads,
                .memory_bytes = job->memory_bytes,
                .tile_slots = job->tile_slots,
                .chunk_rows = job->geometry.chunk_rows,
                .rows = job->geometry.batch,
                .each = each,
                .demand = ff_train_demand,
                .effort = effort,
                .note_disk = ff_train_note_disk,
            },
        .job = job,
    };
    count_base(out);
    out->program = ff_estimate_program(job->threads, job->ranks, &products);
}

/* Total number of optimizer steps. */
static uint64_t count_steps(const struct ff_job *job)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint64_t epochs = 0;

    for (struct ff_turn turn = ff_turn_first(); turn.stage != FF_STAGE_DONE;
         turn = ff_turn_after(recipe, turn, true)) {
        if (turn.stage == FF_STAGE_TRAIN)
            epochs += recipe->epochs;
        else if (turn.stage == FF_STAGE_HEAD)
            epochs += recipe->head_epochs;
    }
    return ff_times(epochs, job->geometry.batches);
}

int ff_train_tasks_plan(struct ff_ctx *ctx, struct ff_train_tasks *tasks, struct ff_plan *out)
{
    const struct ff_job *job = tasks->job;
    const struct ff_manifest *manifest = job->manifest;
    int status = ff_plan(ctx, &tasks->tasks, out);

    ff_train_note_model(tasks, out);
    out->samples = job->geometry.rows;
    out->held_out_samples = job->geometry.rows - job->geometry.learned_rows;
    out->parameters =
        ff_recipe_parameters(&manifest->recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    out->steps = count_steps(job);
    out->batch = manifest->recipe.batch;
    out->epochs = manifest->recipe.epochs;
    return status;
}
