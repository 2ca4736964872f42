#include "plan/score_plan.h"

#include "base/arithmetic.h"
#include "data/dataset.h"
#include "learn/forward.h"
#include "learn/import.h"
#include "model/layer.h"
#include "plan/plan.h"
#include "store/db.h"

#include <errno.h>
#include <string.h>

#define SCORE_BYTES ((uint64_t)4 << 20) /* of a block's scores in memory */
#define MIB ((uint64_t)1 << 20)

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

/* ---- What is held ---- */

static bool has_head(const struct ff_score_job *job, uint32_t layer)
{
    return job->by_head && layer >= job->first_head;
}

/* A chunk of BOUNDARY; returns the kinds of its values, the last one the inputs. 0: not stored. */
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

/* Bytes of the file that BOUNDARY takes, about. */
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

/* A set that was written stays open to be read: what it holds beside pending values. */
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

/* What is there all the time, for blocks of ROWS. */
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
    struct ff_import_opts opts = {.geometry = &geometry};
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, 0, values);
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows);

    ff_set_needs(n, values, geometry.chunks, &none, &needs);
    ff_import_needs(&opts, job->manifest->features, job->is_float, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

static struct ff_peak layer_peak(const struct ff_score_job *job, uint64_t rows, uint32_t number,
                                 struct ff_residency residency)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer layer = ff_layer_of(job->manifest, number, 0);
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, number, values);
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows), loading;

    layer.residency = residency;
    count_written_set(&needs);
    count_feed(job, &geometry, number - 1, &needs);
    loading = needs;
    loading.mapped = loading.kept; /* nothing is fed yet */
    loading.passing = 0;
    ff_plan_loading(&layer, &loading);
    ff_peak_consider(&peak, &loading);
    ff_layer_needs(&layer, job->threads, &needs);
    ff_forward_needs(job->manifest, &layer, &geometry, ff_score_streams(job), &needs);
    if (n > 0)
        ff_set_needs(n, values, geometry.chunks, &none, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

/* The head on a layer, whose outputs are stored. */
static struct ff_peak head_peak(const struct ff_score_job *job, uint64_t rows, uint32_t number)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer head = ff_layer_shape(units(job, number), job->manifest->classes, 0);
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs needs = base_needs(job, rows), loading;

    count_written_set(&needs);
    count_written_set(&needs);
    (void)ff_db_map_needs(stored(job, &geometry, number - 1), false, &needs);
    loading = needs;
    (void)ff_db_map_needs(stored(job, &geometry, number), false, &loading);
    ff_plan_loading(&head, &loading);
    ff_peak_consider(&peak, &loading);
    count_feed(job, &geometry, number, &needs);
    ff_layer_needs(&head, job->threads, &needs);
    ff_peak_consider(&peak, &needs);
    return peak;
}

static uint64_t total(const struct ff_score_job *job, const struct ff_peak *peak)
{
    return ff_needs_total(&peak->needs) + peak->needs.mapped + job->program;
}

/* ---- Knobs ---- */

/* Two boundaries are stored at a time; the widest decides. Whole chunks, one at least: then the cut
 * into blocks does not change the scores' bits. */
static uint64_t choose_comfortable_rows(const struct ff_score_job *job, uint32_t widest)
{
    uint64_t per_row = 2 * (uint64_t)widest * sizeof(float) * ff_score_streams(job);
    uint64_t rows = ff_smaller(job->scratch_bytes / per_row,
                               SCORE_BYTES / (2 * sizeof(float) * job->manifest->classes));

    return ff_smaller(job->samples, ff_larger(rows / FF_CHUNK_ROWS, 1) * FF_CHUNK_ROWS);
}

/* What all layers together decide. */
static void settle(struct ff_score_job *job)
{
    struct ff_plan_products products = {.rows = FF_CHUNK_ROWS, .forward_only = true};
    struct ff_coder_use use = {.dtype = FF_F32};
    uint32_t widest = 0;
    size_t largest = 0;

    for (uint32_t k = 1; k <= job->layers; k++) {
        struct ff_layer shape = ff_layer_of(job->manifest, k, 0);

        products.inputs = ff_larger(products.inputs, shape.fan_in);
        products.tile = ff_larger(products.tile, shape.tile_units);
        largest = ff_larger(largest, ff_plan_largest_tile(&shape));
        widest = (uint32_t)ff_larger(widest, shape.units);
    }
    job->program = ff_plan_program(job->threads, &products);
    job->base = job->results;
    ff_workers_needs(job->threads, 1, &use, &job->base);
    ff_scratch_needs(&job->base);
    ff_model_file_needs(largest, false, true, &job->base);
    ff_dataset_needs(&job->base);
    job->comfortable_rows = choose_comfortable_rows(job, widest);
}

static bool is_repeated(const struct ff_score_job *job, uint32_t layer)
{
    return ff_plan_is_repeated(&job->manifest->recipe, job->layers, layer);
}

/* Of a layer, with as little of it in memory as there can be. */
static uint64_t least_of_layer(const struct ff_score_job *job, uint64_t rows, uint32_t layer)
{
    struct ff_peak whole = layer_peak(job, rows, layer, (struct ff_residency){0, 0}), paged;

    if (ff_tile_count(units(job, layer)) < 2)
        return total(job, &whole);
    paged = layer_peak(job, rows, layer, (struct ff_residency){0, 1});
    return ff_smaller(total(job, &whole), total(job, &paged));
}

/* The least that blocks of ROWS can be brought to. */
static uint64_t least_total(const struct ff_score_job *job, uint64_t rows)
{
    struct ff_peak peak = import_peak(job, rows);
    uint64_t most = total(job, &peak);

    for (uint32_t k = 1; k <= job->layers; k++) {
        if (is_repeated(job, k))
            continue;
        most = ff_larger(most, least_of_layer(job, rows, k));
        if (has_head(job, k)) {
            peak = head_peak(job, rows, k);
            most = ff_larger(most, total(job, &peak));
        }
    }
    return most;
}

static bool may_hold(const struct ff_score_job *job, uint64_t bytes)
{
    return bytes + ff_plan_margin(job->threads) <= job->memory_bytes;
}

/* Layers that do not fit are paged, whatever the rows of a block: there are fewer of them only if
 * that is not enough. */
static uint64_t choose_rows(const struct ff_score_job *job)
{
    uint64_t rows = job->comfortable_rows;

    while (job->memory_bytes && rows > FF_CHUNK_ROWS && !may_hold(job, least_total(job, rows)))
        rows = ff_larger(rows / 2 / FF_CHUNK_ROWS, 1) * FF_CHUNK_ROWS;
    return rows;
}

static bool fits(const struct ff_score_job *job, uint32_t layer, struct ff_residency residency)
{
    struct ff_peak peak = layer_peak(job, job->rows, layer, residency);

    return may_hold(job, total(job, &peak));
}

struct ff_residency ff_score_residency(const struct ff_score_job *job, uint32_t layer)
{
    uint32_t tiles = ff_tile_count(units(job, layer)), low = 0, high;
    struct ff_residency residency = {0, 0};

    if (job->memory_bytes == 0 || tiles < 2 || fits(job, layer, residency))
        return residency;
    residency.slots = job->threads < tiles ? job->threads : tiles - 1;
    while (residency.slots > 1 && !fits(job, layer, residency))
        residency.slots /= 2;
    high = tiles - residency.slots;
    while (high - low > 1) {
        residency.resident = low + (high - low) / 2;
        if (fits(job, layer, residency))
            low = residency.resident;
        else
            high = residency.resident;
    }
    residency.resident = low;
    return residency;
}

/* ---- The plan ---- */

static void look_at(const struct ff_score_job *job, const struct ff_peak *peak, uint32_t layer,
                    struct ff_plan *out)
{
    uint64_t bytes = total(job, peak);

    out->accounted_peak_bytes = ff_larger(out->accounted_peak_bytes, peak->accounted);
    if (bytes <= out->peak_bytes)
        return;
    out->peak_bytes = bytes;
    memcpy(out->category_bytes, peak->needs.bytes, sizeof out->category_bytes);
    out->mapped_bytes = peak->needs.mapped;
    out->program_bytes = job->program;
    out->layer = layer;
}

/* Blocks of ROWS that there are. */
static uint64_t count_blocks(const struct ff_score_job *job, uint64_t rows)
{
    return ff_divide_up(job->samples, rows);
}

/* Time that LAYER takes against one that is in memory, for as many rows as is comfortable. */
static double slowdown_of(const struct ff_score_job *job, uint32_t layer,
                          struct ff_residency residency)
{
    uint32_t fan_in = ff_manifest_fan_in(job->manifest, layer), streams = ff_score_streams(job);
    uint32_t pieces = ff_forward_pieces(streams), passes = (uint32_t)ff_divide_up(streams, pieces);
    uint64_t blocks = count_blocks(job, job->rows);
    uint64_t usual = count_blocks(job, job->comfortable_rows);
    double weights = (double)units(job, layer) * fan_in;
    double chunks = (double)count_blocks(job, ff_smaller(job->rows, FF_CHUNK_ROWS));
    double paged = (double)ff_plan_paged(units(job, layer), fan_in, residency), moved;

    /* Once in a block the layer is loaded, and paged tiles are stored; then these come for each
     * pass over a chunk. */
    moved = (double)(blocks - usual) * weights * sizeof(float) +
            paged * ((double)blocks + chunks * passes);
    return 1 + ff_plan_paging_slowdown(job->threads, 2 * weights * (double)job->samples * streams,
                                       moved);
}

static void note_tiles(const struct ff_score_job *job, uint32_t layer,
                       struct ff_residency residency, struct ff_plan *out)
{
    uint32_t tiles = ff_tile_count(units(job, layer));
    double slowdown = slowdown_of(job, layer, residency);

    if (slowdown > out->slowdown)
        out->slowdown = slowdown;
    if (residency.slots == 0 && (out->tile_slots > 0 || tiles <= out->tiles))
        return;
    out->tiles = tiles;
    out->tile_slots = residency.slots;
    out->resident_tiles = residency.slots ? residency.resident : tiles;
}

/* What each block leaves in scratch while it passes LAYER. */
static void note_disk(const struct ff_score_job *job, uint32_t layer, struct ff_residency residency,
                      struct ff_plan *out)
{
    struct ff_geometry geometry = geometry_of(job->rows);
    uint64_t below = stored(job, &geometry, layer - 1), here = stored(job, &geometry, layer);
    uint64_t paged =
        ff_plan_paged(units(job, layer), ff_manifest_fan_in(job->manifest, layer), residency);

    out->written_bytes =
        ff_plus(out->written_bytes, ff_times(ff_plus(here, paged), count_blocks(job, job->rows)));
    out->scratch_peak_bytes =
        ff_larger(out->scratch_peak_bytes, ff_plus(below, ff_plus(here, paged)));
}

/* What LAYER takes of memory; returns which of its tiles that leaves there. */
static struct ff_residency look_at_layer(const struct ff_score_job *job, uint32_t layer,
                                         struct ff_plan *out)
{
    struct ff_residency residency = ff_score_residency(job, layer);
    struct ff_peak peak = layer_peak(job, job->rows, layer, residency);

    look_at(job, &peak, layer, out);
    if (has_head(job, layer)) {
        peak = head_peak(job, job->rows, layer);
        look_at(job, &peak, layer, out);
    }
    note_tiles(job, layer, residency, out);
    return residency;
}

/* Weights, biases, and label weights where labels condition the layers. */
static uint64_t parameters_of(const struct ff_score_job *job, uint32_t layer)
{
    struct ff_layer shape = ff_layer_of(job->manifest, layer, 0);

    return (uint64_t)shape.units * ((uint64_t)shape.fan_in + shape.classes + 1);
}

/* With the knobs that JOB's budget asks for. */
static void fill(const struct ff_score_job *job, struct ff_plan *out)
{
    struct ff_geometry geometry = geometry_of(job->rows);
    struct ff_peak peak = import_peak(job, job->rows);
    struct ff_residency residency = {0, 0};

    *out = (struct ff_plan){
        .phase = FF_PHASE_EVALUATE,
        .threads = job->threads,
        .chunk_rows = geometry.chunk_rows,
        .micro_batch_rows = (uint32_t)job->rows,
        .slowdown = 1,
        .written_bytes = ff_times(stored(job, &geometry, 0), count_blocks(job, job->rows)),
    };
    look_at(job, &peak, 0, out);
    for (uint32_t k = 1; k <= job->layers; k++) {
        if (!is_repeated(job, k))
            residency = look_at_layer(job, k, out);
        note_disk(job, k, residency, out);
        out->parameters += parameters_of(job, k);
    }
}

static uint64_t smallest(const struct ff_score_job *job)
{
    uint64_t least = least_total(job, ff_smaller(job->comfortable_rows, FF_CHUNK_ROWS));

    return ff_divide_up(least + ff_plan_margin(job->threads), MIB) * MIB;
}

int ff_score_plan(struct ff_ctx *ctx, struct ff_score_job *job, struct ff_plan *out)
{
    uint64_t budget = job->memory_bytes, least;
    bool fits_budget;

    errno = 0;
    settle(job);
    least = smallest(job);
    fits_budget = budget == 0 || least <= budget;
    if (!fits_budget)
        job->memory_bytes = least;
    job->rows = choose_rows(job);
    fill(job, out);
    out->smallest_bytes = least;
    out->budget_bytes = job->memory_bytes = budget;
    if (errno == ENOMEM)
        return ff_plan_out_of_memory(ctx);
    return fits_budget ? FF_OK : ff_plan_refuse(ctx, out);
}
