#include "eval/score_tasks.h"

#include "base/arithmetic.h"
#include "base/team.h"
#include "data/dataset.h"
#include "learn/estimate.h"
#include "learn/forward.h"
#include "learn/import.h"
#include "model/network.h"
#include "store/db.h"

#define SCORE_BYTES ((uint64_t)4 << 20) /* limit of a block's scores in memory */

static const struct ff_compression none = {FF_CODEC_NONE, 0};

static uint32_t units(const struct ff_score_job *job, uint32_t layer)
{
    return job->manifest->recipe.hidden[layer - 1];
}

uint32_t ff_score_streams(const struct ff_score_job *job)
{
    return job->by_head || ff_recipe_conditioned(&job->manifest->recipe) ? 1
                                                                         : job->manifest->classes;
}

/* ---- Memory ---- */

static bool has_head(const struct ff_score_job *job, uint32_t layer)
{
    return job->by_head && layer >= job->first_head;
}

/* Lists the kinds of values in a chunk of BOUNDARY, inputs last; returns their number. 0: not
 * stored. */
static size_t list_values(const struct ff_score_job *job, const struct ff_geometry *geometry,
                          uint32_t boundary, struct ff_set_values out[FF_MAX_SET_VALUES])
{
    enum ff_dtype images = job->is_float ? FF_F32 : FF_U8;
    struct ff_set_values labels = {.given = FF_U16, .stored = FF_U16, .columns = 1, .streams = 1};
    struct ff_set_values rows = {.given = FF_F32, .stored = FF_F32, .columns = 1, .streams = 1};
    size_t n = 0;

    if (boundary == job->layers && !has_head(job, boundary))
        return 0;
    if (boundary == 0) {
        rows.given = rows.stored = images;
        rows.columns = job->manifest->features;
        if (!job->unlabelled)
            out[n++] = labels;
    } else {
        rows.columns = units(job, boundary);
        rows.streams = ff_score_streams(job);
    }
    out[n++] = rows;
    for (size_t i = 0; i < n; i++) {
        out[i].rows = geometry->chunk_rows;
        out[i].bytes = ff_value_bound(out[i].stored, out[i].rows, out[i].columns, &none);
    }
    return n;
}

/* Approximate bytes of BOUNDARY's file. */
static uint64_t stored(const struct ff_score_job *job, const struct ff_geometry *geometry,
                       uint32_t boundary)
{
    struct ff_set_values values[FF_MAX_SET_VALUES];
    struct ff_db_writes writes[FF_MAX_SET_VALUES];
    size_t n = list_values(job, geometry, boundary, values);

    for (size_t i = 0; i < n; i++)
        writes[i] = (struct ff_db_writes){values[i].bytes, values[i].streams};
    return ff_db_stored(n, writes, geometry->chunks);
}

/* The memory of a written set, which stays open for reading, without pending values. */
static void count_written_set(struct ff_needs *needs)
{
    struct ff_coder_use use = {.dtype = FF_F32};

    ff_set_needs(0, NULL, 0, &none, needs);
    ff_coder_needs(1, &use, needs);
}

static void count_feed(const struct ff_score_job *job, const struct ff_geometry *geometry,
                       uint32_t boundary, struct ff_needs *needs)
{
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, geometry, boundary, values);
    struct ff_feed_opts opts = ff_feed_opts_of(
        job->manifest, geometry, boundary, ff_forward_pieces(ff_score_streams(job)), FF_FEED_PLAIN);

    opts.is_float = job->is_float;
    ff_feed_needs(&opts, &values[n - 1], boundary == 0 ? 1 : opts.max_pieces, job->threads,
                  stored(job, geometry, boundary), needs);
}

/* Memory held throughout, for blocks of ROWS. */
static struct ff_needs base_needs(const struct ff_score_job *job, uint64_t rows)
{
    struct ff_needs needs = job->base;

    ff_score_needs(job, rows, &needs);
    return needs;
}

static struct ff_geometry geometry_of(uint64_t rows)
{
    return ff_geometry_make(rows, FF_CHUNK_ROWS);
}

static struct ff_peak import_peak(const struct ff_score_job *job, uint64_t rows)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_import_data_opts opts = {.geometry = &geometry};
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, 0, values);
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows);

    ff_set_needs(n, values, geometry.chunks, &none, &needs);
    ff_import_needs(&opts, job->manifest->features, job->is_float, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

/* The part of a layer SHAPE that a process of the team holds at most. */
static struct ff_layer part_of(const struct ff_score_job *job, struct ff_layer shape)
{
    return ff_layer_part(&shape, 0, job->ranks);
}

static struct ff_peak layer_peak(const struct ff_score_job *job, uint64_t rows, uint32_t number,
                                 struct ff_residency residency)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer layer = part_of(job, ff_layer_of(job->manifest, number, 0));
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, number, values);
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows), loading;

    layer.residency = residency;
    count_written_set(&needs);
    count_feed(job, &geometry, number - 1, &needs);
    loading = needs;
    loading.mapped = loading.kept; /* no input is mapped yet */
    loading.passing = 0;
    ff_needs_add(&loading, &job->coding);
    ff_estimate_loading(&layer, &loading);
    ff_peak_consider(&peak, &loading);
    ff_layer_needs(&layer, job->threads, &needs);
    ff_forward_needs(job->manifest, &layer, &geometry, ff_score_streams(job), n > 0 ? FF_F32 : 0,
                     n > 0 && job->ranks > 1, &needs);
    if (n > 0)
        ff_set_needs(n, values, geometry.chunks, &none, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

/* The memory of the head on layer NUMBER, whose outputs are stored. */
static struct ff_peak head_peak(const struct ff_score_job *job, uint64_t rows, uint32_t number)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer head =
        part_of(job, ff_layer_shape(units(job, number), job->manifest->classes, 0));
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows), loading;

    count_written_set(&needs);
    count_written_set(&needs);
    (void)ff_db_map_needs(stored(job, &geometry, number - 1), false, &needs);
    loading = needs;
    (void)ff_db_map_needs(stored(job, &geometry, number), false, &loading);
    ff_needs_add(&loading, &job->coding);
    ff_estimate_loading(&head, &loading);
    ff_peak_consider(&peak, &loading);
    count_feed(job, &geometry, number, &needs);
    ff_layer_needs(&head, job->threads, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

static uint64_t rows_of(const struct ff_score_job *job, const struct ff_knobs *knobs)
{
    return ff_smaller(job->samples, (uint64_t)knobs->micro_chunks * FF_CHUNK_ROWS);
}

/* ---- The tasks ---- */

enum kind { IMPORT, LAYER, HEAD };

static struct ff_demand demand(const void *arg, const struct ff_task *task,
                               const struct ff_knobs *knobs)
{
    const struct ff_score_job *job = arg;
    uint64_t rows = rows_of(job, knobs);
    struct ff_peak peak;

    if (task->kind == IMPORT)
        peak = import_peak(job, rows);
    else if (task->kind == LAYER)
        peak = layer_peak(job, rows, task->layer, knobs->residency);
    else
        peak = head_peak(job, rows, task->layer);
    return (struct ff_demand){
        .needs = peak.needs, .program = job->program, .accounted = peak.accounted};
}

static struct ff_task make_task(const struct ff_score_job *job, enum kind kind, uint32_t layer)
{
    return (struct ff_task){
        .kind = (int)kind,
        .layer = layer,
        .phase = FF_PHASE_EVALUATE,
        .one_layer = kind != IMPORT,
        .shown = kind == LAYER,
        .tiles = ff_team_share(0, job->ranks, ff_tile_count(units(job, layer))).end,
        .pages = kind == LAYER,
    };
}

static void each(const void *arg, void (*visit)(void *arg, const struct ff_task *task),
                 void *visit_arg)
{
    const struct ff_score_job *job = arg;
    struct ff_task task = make_task(job, IMPORT, 1);

    visit(visit_arg, &task);
    for (uint32_t layer = 1; layer <= job->layers; layer++) {
        bool repeated = ff_estimate_is_repeated(&job->manifest->recipe, job->layers, layer);

        task = make_task(job, LAYER, layer);
        task.repeated = repeated;
        visit(visit_arg, &task);
        if (!has_head(job, layer) || repeated)
            continue;
        task = make_task(job, HEAD, layer);
        visit(visit_arg, &task);
    }
}

/* ---- Rows of a block ---- */

/* Chunks of a block by the scratch limit: two boundaries are stored at a time, and the widest
 * counts. At least one whole chunk, so that the division into blocks does not affect the scores. */
static uint32_t comfortable_chunks(const struct ff_score_job *job, uint32_t widest)
{
    uint64_t per_row = 2 * (uint64_t)widest * sizeof(float) * ff_score_streams(job);
    uint64_t rows = ff_smaller(job->scratch_bytes / per_row,
                               SCORE_BYTES / (2 * sizeof(float) * job->manifest->classes));
    uint64_t chunks = ff_larger(rows / FF_CHUNK_ROWS, 1);

    return (uint32_t)ff_smaller(chunks, ff_divide_up(job->samples, FF_CHUNK_ROWS));
}

/* Sets the members of JOB that depend on all layers. */
static void settle(struct ff_score_job *job)
{
    struct ff_products products = {.rows = FF_CHUNK_ROWS, .forward_only = true};
    struct ff_coder_use use = {.dtype = FF_F32};
    uint32_t widest = 0;
    size_t largest = 0;

    for (uint32_t k = 1; k <= job->layers; k++) {
        struct ff_layer shape = ff_layer_of(job->manifest, k, 0);

        products.inputs = ff_larger(products.inputs, shape.fan_in);
        products.tile = ff_larger(products.tile, shape.tile_units);
        largest = ff_larger(largest, ff_estimate_largest_tile(&shape));
        widest = (uint32_t)ff_larger(widest, shape.units);
    }
    job->program = ff_estimate_program(job->threads, job->ranks, &products);
    job->base = job->results;
    ff_workers_needs(job->threads, 1, &use, &job->base);
    ff_scratch_needs(&job->base);
    ff_model_file_needs(&job->base);
    job->coding = (struct ff_needs){0};
    ff_model_file_coding_needs(largest, false, true, &job->coding);
    ff_dataset_needs(&job->manifest->schema, &job->base);
    job->base.bytes[FF_MEM_IO] += job->data_extra_bytes;
    job->comfortable_chunks = comfortable_chunks(job, widest);
}

/* ---- Time and disk ---- */

/* Number of blocks of ROWS. */
static uint64_t count_blocks(const struct ff_score_job *job, uint64_t rows)
{
    return ff_divide_up(job->samples, rows);
}

/* The effort of a layer for all samples. Traffic: with smaller blocks the layer is loaded more
 * often, and in each block paged tiles are stored once, then read for each pass over a chunk. */
static struct ff_effort effort(const void *arg, const struct ff_task *task,
                               const struct ff_knobs *knobs)
{
    const struct ff_score_job *job = arg;
    const struct ff_knobs comfortable = {.micro_chunks = job->comfortable_chunks};
    uint32_t fan_in = ff_manifest_fan_in(job->manifest, task->layer);
    uint32_t streams = ff_score_streams(job), pieces = ff_forward_pieces(streams);
    uint64_t rows = rows_of(job, knobs), blocks = count_blocks(job, rows);
    uint64_t usual = count_blocks(job, rows_of(job, &comfortable));
    double passes = (double)ff_divide_up(streams, pieces);
    double weights = (double)units(job, task->layer) * fan_in;
    double chunks = (double)count_blocks(job, ff_smaller(rows, FF_CHUNK_ROWS));
    double paged = (double)ff_estimate_paged(units(job, task->layer), fan_in, knobs->residency);

    return (struct ff_effort){
        .operations = 2 * weights * (double)job->samples * streams,
        .bytes = (double)(blocks - usual) * weights * sizeof(float) +
                 paged * ((double)blocks + chunks * passes),
        .by_tile = 1,
    };
}

/* Disk use of a block while it passes a layer. */
static void note_disk(const void *arg, const struct ff_task *task, const struct ff_knobs *knobs,
                      struct ff_plan *plan)
{
    const struct ff_score_job *job = arg;
    struct ff_geometry geometry = geometry_of(rows_of(job, knobs));
    uint64_t blocks = count_blocks(job, geometry.rows), written, below, paged;

    if (task->kind == HEAD)
        return;
    if (task->kind == IMPORT) {
        written = stored(job, &geometry, 0);
    } else {
        paged = ff_estimate_paged(units(job, task->layer),
                                  ff_manifest_fan_in(job->manifest, task->layer), knobs->residency);
        below = stored(job, &geometry, task->layer - 1);
        written = ff_plus(stored(job, &geometry, task->layer), paged);
        plan->scratch_peak_bytes = ff_larger(plan->scratch_peak_bytes, ff_plus(below, written));
    }
    plan->written_bytes = ff_plus(plan->written_bytes, ff_times(written, blocks));
}

/* ---- The plan ---- */

/* Number of weights, biases and label weights. */
static uint64_t count_parameters(const struct ff_score_job *job)
{
    uint64_t parameters = 0;

    for (uint32_t layer = 1; layer <= job->layers; layer++) {
        struct ff_tensor tensors[FF_MAX_TENSORS];
        size_t n = ff_network_tensors(job->manifest, 'W', layer, false, tensors);

        for (size_t i = 0; i < n; i++)
            parameters += (uint64_t)tensors[i].units * tensors[i].per_unit;
    }
    return parameters;
}

static struct ff_tasks make_tasks(const struct ff_score_job *job)
{
    return (struct ff_tasks){
        .job = job,
        .threads = job->threads,
        .memory_bytes = job->memory_bytes,
        .chunk_rows = FF_CHUNK_ROWS,
        .rows = (uint32_t)ff_smaller(job->samples, UINT32_MAX),
        .common_chunks = job->comfortable_chunks,
        .each = each,
        .demand = demand,
        .effort = effort,
        .note_disk = note_disk,
    };
}

int ff_score_plan(struct ff_ctx *ctx, struct ff_score_job *job, struct ff_plan *out)
{
    int status;

    settle(job);
    job->tasks = make_tasks(job);
    status = job->planner->plan(ctx, &job->tasks, out);
    job->rows = ff_smaller(job->samples, (uint64_t)job->tasks.common_chunks * FF_CHUNK_ROWS);
    out->parameters = count_parameters(job);
    return status;
}

struct ff_residency ff_score_residency(const struct ff_score_job *job, uint32_t layer)
{
    struct ff_task task = make_task(job, LAYER, layer);

    return job->planner->knobs(&job->tasks, &task).residency;
}
