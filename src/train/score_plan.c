#include "train/score_plan.h"

#include "data/dataset.h"
#include "train/forward.h"
#include "train/import.h"
#include "train/layer.h"
#include "train/plan.h"

#include <string.h>

#define SCORE_BYTES ((uint64_t)4 << 20) /* of a block's scores in memory */
#define MIB ((uint64_t)1 << 20)

static const struct ff_compression none = {FF_CODEC_NONE, 0};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

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
    ff_coder_needs(&use, needs);
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
static void count_base(const struct ff_score_job *job, uint64_t rows, struct ff_needs *needs)
{
    struct ff_coder_use use = {.dtype = FF_F32};
    size_t tile = 0;

    for (uint32_t k = 1; k <= job->layers; k++) {
        size_t here = ff_plan_tile(units(job, k), ff_manifest_fan_in(job->manifest, k));

        tile = here > tile ? here : tile;
    }
    ff_workers_needs(job->threads, &use, needs);
    ff_scratch_needs(needs);
    ff_model_file_needs(tile, false, true, needs);
    ff_dataset_needs(needs);
    ff_score_needs(job, rows, needs);
}

static struct ff_geometry geometry_of(uint64_t rows)
{
    return ff_geometry_make(rows, FF_CHUNK_ROWS);
}

static struct ff_needs import_needs(const struct ff_score_job *job, uint64_t rows)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_import_opts opts = {.geometry = &geometry};
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, 0, values);
    struct ff_needs needs = {0};

    count_base(job, rows, &needs);
    ff_set_needs(n, values, geometry.chunks, &none, &needs);
    ff_import_needs(&opts, job->manifest->features, job->is_float, &needs);
    return needs;
}

static struct ff_needs layer_needs(const struct ff_score_job *job, uint64_t rows, uint32_t number,
                                   struct ff_residency residency)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer layer = ff_layer_of(job->manifest, number, 0);
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = list_values(job, &geometry, number, values);
    struct ff_needs needs = {0}, loading;

    layer.residency = residency;
    count_base(job, rows, &needs);
    count_written_set(&needs);
    loading = needs;
    ff_layer_load_needs(&layer, job->threads, &loading);
    count_feed(job, &geometry, number - 1, &needs);
    ff_layer_needs(&layer, job->threads, &needs);
    ff_forward_needs(job->manifest, &layer, &geometry, ff_score_streams(job), &needs);
    if (n > 0)
        ff_set_needs(n, values, geometry.chunks, &none, &needs);
    return ff_needs_total(&loading) > ff_needs_total(&needs) + needs.mapped ? loading : needs;
}

/* The head on a layer, whose outputs are stored. */
static struct ff_needs head_needs(const struct ff_score_job *job, uint64_t rows, uint32_t number)
{
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_layer head = ff_layer_shape(units(job, number), job->manifest->classes, 0);
    struct ff_needs needs = {0};

    count_base(job, rows, &needs);
    count_written_set(&needs);
    count_written_set(&needs);
    count_feed(job, &geometry, number, &needs);
    ff_layer_needs(&head, job->threads, &needs);
    return needs;
}

static uint64_t program(const struct ff_score_job *job)
{
    struct ff_plan_products products = {.rows = FF_CHUNK_ROWS};

    for (uint32_t k = 1; k <= job->layers; k++) {
        uint32_t first, tile, fan_in = ff_manifest_fan_in(job->manifest, k);

        ff_tile_range(units(job, k), 0, &first, &tile);
        products.inputs = fan_in > products.inputs ? fan_in : products.inputs;
        products.tile = tile > products.tile ? tile : products.tile;
    }
    products.forward_only = true;
    return ff_plan_program(job->threads, &products);
}

static uint64_t total(const struct ff_score_job *job, const struct ff_needs *needs)
{
    return ff_needs_total(needs) + needs->mapped + program(job);
}

/* ---- Knobs ---- */

/* Two boundaries are stored at a time; the widest decides. Whole chunks: then the cut into blocks
 * does not change the scores' bits. */
static uint64_t comfortable_rows(const struct ff_score_job *job)
{
    uint64_t widest = 0, per_row, rows;

    for (uint32_t k = 1; k <= job->layers; k++)
        widest = units(job, k) > widest ? units(job, k) : widest;
    per_row = 2 * widest * sizeof(float) * ff_score_streams(job);
    rows = smaller(job->scratch_bytes / per_row,
                   SCORE_BYTES / (2 * sizeof(float) * job->manifest->classes));
    if (rows > FF_CHUNK_ROWS)
        rows -= rows % FF_CHUNK_ROWS;
    return smaller(job->samples, rows ? rows : 1);
}

static uint64_t most_of_all(const struct ff_score_job *job, uint64_t rows,
                            struct ff_residency residency)
{
    struct ff_needs import = import_needs(job, rows);
    uint64_t most = total(job, &import);

    for (uint32_t k = 1; k <= job->layers; k++) {
        struct ff_needs layer = layer_needs(job, rows, k, residency);
        struct ff_needs head = has_head(job, k) ? head_needs(job, rows, k) : (struct ff_needs){0};

        most = total(job, &layer) > most ? total(job, &layer) : most;
        most = total(job, &head) > most ? total(job, &head) : most;
    }
    return most;
}

uint64_t ff_score_rows(const struct ff_score_job *job)
{
    const struct ff_residency whole = {0, 0};
    uint64_t rows = comfortable_rows(job);

    while (job->memory_bytes && rows > FF_CHUNK_ROWS &&
           most_of_all(job, rows, whole) > job->memory_bytes) {
        rows = rows / 2 / FF_CHUNK_ROWS * FF_CHUNK_ROWS;
        rows = rows ? rows : FF_CHUNK_ROWS;
    }
    return rows;
}

static bool fits(const struct ff_score_job *job, uint64_t rows, uint32_t layer,
                 struct ff_residency residency)
{
    struct ff_needs needs = layer_needs(job, rows, layer, residency);

    return total(job, &needs) <= job->memory_bytes;
}

struct ff_residency ff_score_residency(const struct ff_score_job *job, uint64_t rows,
                                       uint32_t layer)
{
    uint32_t tiles = ff_tile_count(units(job, layer)), low = 0, high;
    struct ff_residency residency = {0, 0};

    if (job->memory_bytes == 0 || tiles < 2 || fits(job, rows, layer, residency))
        return residency;
    residency.slots = job->threads < tiles ? job->threads : tiles - 1;
    if (!fits(job, rows, layer, residency))
        residency.slots = 1;
    high = tiles - residency.slots;
    while (high - low > 1) {
        residency.resident = low + (high - low) / 2;
        if (fits(job, rows, layer, residency))
            low = residency.resident;
        else
            high = residency.resident;
    }
    residency.resident = low;
    return residency;
}

/* ---- The plan ---- */

struct survey {
    const struct ff_score_job *job;
    struct ff_plan *out;
};

static void look_at(const struct survey *survey, const struct ff_needs *needs, uint32_t layer)
{
    struct ff_plan *out = survey->out;
    uint64_t bytes = total(survey->job, needs), accounted = ff_needs_total(needs);

    if (accounted > out->accounted_peak_bytes)
        out->accounted_peak_bytes = accounted;
    if (bytes <= out->peak_bytes)
        return;
    out->peak_bytes = bytes;
    memcpy(out->category_bytes, needs->bytes, sizeof out->category_bytes);
    out->mapped_bytes = needs->mapped;
    out->program_bytes = program(survey->job);
    out->layer = layer;
}

static void note_tiles(const struct ff_score_job *job, uint32_t layer,
                       struct ff_residency residency, struct ff_plan *out)
{
    uint32_t tiles = ff_tile_count(units(job, layer)), rows = FF_CHUNK_ROWS;
    double weights = (double)units(job, layer) * ff_manifest_fan_in(job->manifest, layer), paged;
    double slowdown;

    if (residency.slots == 0 && (out->tile_slots > 0 || tiles <= out->tiles))
        return;
    out->tiles = tiles;
    out->tile_slots = residency.slots;
    out->resident_tiles = residency.slots ? residency.resident : tiles;
    paged = weights * (tiles - out->resident_tiles) / tiles * sizeof(float);
    slowdown =
        1 + ff_plan_paging_slowdown(
                job->threads, 2 * weights * rows * ff_forward_pieces(ff_score_streams(job)), paged);
    if (slowdown > out->slowdown)
        out->slowdown = slowdown;
}

/* With the knobs that JOB's budget asks for. */
static void fill(const struct ff_score_job *job, struct ff_plan *out)
{
    const struct survey survey = {job, out};
    uint64_t rows = ff_score_rows(job), blocks = (job->samples + rows - 1) / rows;
    struct ff_geometry geometry = geometry_of(rows);
    struct ff_needs needs = import_needs(job, rows);
    uint64_t below = stored(job, &geometry, 0);

    *out = (struct ff_plan){
        .budget_bytes = job->memory_bytes,
        .phase = FF_PHASE_EVALUATE,
        .threads = job->threads,
        .chunk_rows = geometry_of(rows).chunk_rows,
        .micro_batch_rows = (uint32_t)rows,
        .slowdown = 1,
        .written_bytes = below * blocks,
    };
    look_at(&survey, &needs, 0);
    for (uint32_t k = 1; k <= job->layers; k++) {
        struct ff_residency residency = ff_score_residency(job, rows, k);
        uint64_t here = stored(job, &geometry, k);

        needs = layer_needs(job, rows, k, residency);
        look_at(&survey, &needs, k);
        if (has_head(job, k)) {
            needs = head_needs(job, rows, k);
            look_at(&survey, &needs, k);
        }
        note_tiles(job, k, residency, out);
        out->parameters += (uint64_t)units(job, k) * (ff_manifest_fan_in(job->manifest, k) + 1);
        out->written_bytes += here * blocks;
        if (below + here > out->scratch_peak_bytes)
            out->scratch_peak_bytes = below + here;
        below = here;
    }
}

static uint64_t smallest(const struct ff_score_job *job)
{
    uint64_t rows = smaller(comfortable_rows(job), FF_CHUNK_ROWS);
    uint64_t whole = most_of_all(job, rows, (struct ff_residency){0, 0});
    uint64_t least = whole, paged = 0;

    for (uint32_t k = 1; k <= job->layers; k++) {
        struct ff_residency one = {0, ff_tile_count(units(job, k)) > 1};
        struct ff_needs a = layer_needs(job, rows, k, one);
        struct ff_needs b = layer_needs(job, rows, k, (struct ff_residency){0, 0});
        uint64_t bytes = smaller(total(job, &a), total(job, &b));

        paged = bytes > paged ? bytes : paged;
        if (has_head(job, k)) {
            a = head_needs(job, rows, k);
            paged = total(job, &a) > paged ? total(job, &a) : paged;
        }
    }
    {
        struct ff_needs import = import_needs(job, rows);

        paged = total(job, &import) > paged ? total(job, &import) : paged;
    }
    least = smaller(least, paged);
    return (least + MIB - 1) / MIB * MIB;
}

int ff_score_plan(struct ff_ctx *ctx, const struct ff_score_job *job, struct ff_plan *out)
{
    struct ff_score_job least = *job;
    uint64_t bytes = smallest(job);

    least.memory_bytes = bytes;
    fill(!job->memory_bytes || bytes <= job->memory_bytes ? job : &least, out);
    out->smallest_bytes = bytes;
    out->budget_bytes = job->memory_bytes;
    return job->memory_bytes && bytes > job->memory_bytes ? ff_plan_refuse(ctx, out) : FF_OK;
}
