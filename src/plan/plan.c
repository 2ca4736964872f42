/* The job: what follows from recipe, data and options, before any knob is turned. */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "learn/streams.h"
#include "model/layer.h"
#include "model/workers.h"
#include "recipe/activation_type.h"
#include "train/run.h"

#include <errno.h>

/*
 * Bytes that zstd leaves of 100. Of trained rectified activations it leaves 39 to 50, of scaled u8
 * 51 to 61 (on Fashion-MNIST); more where layers have learned little and pass on their outputs
 * under labels, few of which are 0. Of images it leaves less.
 */
#define PACKED_F32 60
#define PACKED_SCALED_U8 70
#define PACKED_OTHER 55

size_t ff_plan_tile(uint32_t units, uint32_t fan_in)
{
    uint32_t first, rows;

    ff_tile_range(units, 0, &first, &rows);
    return (size_t)rows * fan_in;
}

size_t ff_plan_largest_tile(const struct ff_layer *shape)
{
    return ff_plan_tile(shape->units,
                        shape->fan_in > shape->classes ? shape->fan_in : shape->classes);
}

/* Elements of the largest tile of all layers and heads. */
static size_t largest_tile(const struct ff_manifest *manifest)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    size_t largest = 0;

    for (uint32_t layer = 1; layer <= recipe->layers; layer++) {
        struct ff_layer shape = ff_layer_of(manifest, layer, 0);

        largest = ff_larger(largest, ff_plan_largest_tile(&shape));
        if (first_head && layer >= first_head)
            largest = ff_larger(largest, ff_plan_tile(manifest->classes, shape.units));
    }
    return largest;
}

/* Types that values are stored as, from FF_F32 on. */
#define DTYPES (FF_SCALED_U8 - FF_F32 + 1)

/* What a worker's coder reads: of each type as stored the widest values of all boundaries. */
static void list_reads(const struct ff_plan_job *job, struct ff_coder_use uses[DTYPES])
{
    uint32_t last = job->mode->whole_network ? 0 : job->manifest->recipe.layers;

    for (size_t i = 0; i < DTYPES; i++)
        uses[i] = (struct ff_coder_use){
            .dtype = (enum ff_dtype)(FF_F32 + i),
            .rows = job->geometry.chunk_rows,
            .decompresses = job->compression.codec == FF_CODEC_ZSTD,
        };
    for (uint32_t boundary = 0; boundary <= last; boundary++) {
        struct ff_set_values values[FF_MAX_SET_VALUES];
        size_t n = ff_plan_values(job, boundary, values);

        for (size_t i = 0; i < n; i++) {
            struct ff_coder_use *use = &uses[values[i].stored - FF_F32];

            use->converts = use->converts || values[i].given != values[i].stored;
            use->columns = (uint32_t)ff_larger(use->columns, values[i].columns);
        }
    }
}

/* What lives as long as the run. */
static void count_base(struct ff_plan_job *job)
{
    struct ff_coder_use uses[DTYPES];
    size_t tile = largest_tile(job->manifest);
    struct ff_needs closed = {0};

    list_reads(job, uses);
    ff_workers_needs(job->threads, DTYPES, uses, &job->base);
    ff_scratch_needs(&job->base);
    ff_model_file_needs(tile, false, false, &closed);
    ff_model_file_needs(tile, true, true, &job->coding);
    ff_needs_add(&job->base, &closed);
    ff_db_growing_map_needs(ff_plan_first_layer_bytes(job), &job->base);
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        job->coding.bytes[c] -= closed.bytes[c];
}

static struct ff_plan_products products_of(const struct ff_plan_job *job)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_plan_products out = {.rows = job->geometry.chunk_rows,
                                   .inputs = ff_manifest_fan_in(job->manifest, 1)};

    for (uint32_t k = 0; k < recipe->layers; k++) {
        uint32_t first, tile;

        ff_tile_range(recipe->hidden[k], 0, &first, &tile);
        out.tile = ff_larger(out.tile, tile);
        if (k + 1 < recipe->layers)
            out.inputs = ff_larger(out.inputs, recipe->hidden[k]);
        if (job->mode->backprop)
            out.units_passed = ff_larger(out.units_passed, recipe->hidden[k]);
    }
    return out;
}

struct ff_plan_job ff_plan_job(const struct ff_manifest *manifest, const struct ff_train_opts *opts,
                               const struct ff_compression *compression)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    struct ff_plan_job job = {
        .manifest = manifest,
        .mode = ff_mode_find(recipe->mode),
        .optimizer = ff_optimizer_find(recipe->optimizer),
        .geometry = ff_manifest_geometry(manifest),
        .stored = ff_activation_type_find(recipe->activations)->stored,
        .compression = *compression,
        .threads = opts->threads ? opts->threads : ff_available_threads(),
        .memory_bytes = opts->memory_bytes,
        .micro_batch_rows = opts->micro_batch_rows,
        .tile_slots = opts->tile_slots,
    };
    struct ff_plan_products products;

    errno = 0;
    count_base(&job);
    job.out_of_memory = errno == ENOMEM;
    products = products_of(&job);
    job.program = ff_plan_program(job.threads, &products);
    return job;
}

static size_t packed_percent(enum ff_dtype stored)
{
    switch (stored) {
    case FF_F32:
        return PACKED_F32;
    case FF_SCALED_U8:
        return PACKED_SCALED_U8;
    default:
        return PACKED_OTHER;
    }
}

static struct ff_set_values make_values(const struct ff_plan_job *job, enum ff_dtype given,
                                        enum ff_dtype stored, uint32_t columns, uint32_t streams)
{
    struct ff_set_values values = {
        .given = given,
        .stored = stored,
        .rows = job->geometry.chunk_rows,
        .columns = columns,
        .streams = streams,
        .packed = job->compression.codec == FF_CODEC_ZSTD,
    };

    values.bytes = ff_value_bound(stored, values.rows, columns, &job->compression);
    if (values.packed)
        values.bytes =
            FF_VALUE_HEADER + (values.bytes - FF_VALUE_HEADER) / 100 * packed_percent(stored);
    return values;
}

/* The streams of inputs of layer BOUNDARY + 1 that are stored, all alike. */
static struct ff_set_values rows_of(const struct ff_plan_job *job, uint32_t boundary)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    enum ff_dtype images = job->manifest->is_float ? FF_F32 : FF_U8;
    uint32_t streams[FF_MAX_STREAMS];

    if (boundary == 0)
        return make_values(job, images, images, job->manifest->features, 1);
    return make_values(job, FF_F32, job->stored, recipe->hidden[boundary - 1],
                       ff_streams_stored(job->manifest, boundary, true, streams));
}

/* Sums of goodness are there for held-out rows only. */
static struct ff_set_values sums_of(const struct ff_plan_job *job)
{
    const struct ff_geometry *geometry = &job->geometry;
    struct ff_set_values sums =
        make_values(job, FF_F32, FF_F32, FF_RANGE_STARTS * job->manifest->classes, 1);

    sums.missing = (double)geometry->learnt_rows / (double)geometry->rows;
    return sums;
}

size_t ff_plan_values(const struct ff_plan_job *job, uint32_t boundary,
                      struct ff_set_values out[FF_MAX_SET_VALUES])
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_set_values rows = rows_of(job, boundary);
    bool head = recipe->head_epochs > 0;
    size_t n = 0;

    if (rows.streams == 0)
        return 0;
    if (boundary == 0 || ff_streams_labelled(recipe))
        out[n++] = make_values(job, FF_U16, FF_U16, 1, 1);
    out[n++] = rows;
    if (head && boundary > ff_recipe_first_head(recipe))
        out[n++] = make_values(job, FF_F32, FF_F32, job->manifest->classes, 1);
    if (boundary > 0 && ff_recipe_gathers(recipe))
        out[n++] = make_values(job, FF_F32, FF_F32, job->manifest->classes, 1);
    if (boundary > 0 && recipe->validation > 0)
        out[n++] = sums_of(job);
    return n;
}

void ff_plan_feed(const struct ff_plan_job *job, uint32_t boundary, uint32_t pieces,
                  enum ff_feed_use use, struct ff_needs *needs)
{
    struct ff_set_values rows = rows_of(job, boundary);
    struct ff_feed_opts opts =
        ff_feed_opts_of(job->manifest, &job->geometry, boundary, pieces, use);
    /* Positive and negative rows are formed from the same images. */
    bool shared = boundary == 0 && (opts.embedding.classes > 0 || opts.hybrid);

    ff_set_needs(0, NULL, 0, &job->compression, needs);
    ff_feed_needs(&opts, &rows, shared ? (pieces + 1) / 2 : pieces, job->threads,
                  ff_plan_stored(job, boundary), needs);
}
