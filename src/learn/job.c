#include "learn/job.h"

#include "learn/feed.h"
#include "learn/streams.h"
#include "model/turn.h"
#include "model/workers.h"
#include "recipe/activation_type.h"
#include "store/db.h"

/*
 * Size after zstd in per cent. Measured on Fashion-MNIST: 39 to 50 for trained ReLU activations in
 * f32, 51 to 61 in u8; more for layers that have learned little and pass on outputs under labels,
 * few of which are 0; less for images.
 */
#define PACKED_F32 60
#define PACKED_SCALED_U8 70
#define PACKED_OTHER 55

struct ff_job ff_job_make(const struct ff_manifest *manifest, const struct ff_train_opts *opts,
                          const struct ff_compression *compression)
{
    const struct ff_recipe *recipe = &manifest->recipe;

    return (struct ff_job){
        .manifest = manifest,
        .mode = ff_mode_find(recipe->mode),
        .loss = ff_loss_find(recipe->loss),
        .loss_params =
            {
                .goodness_scale = (float)recipe->goodness_scale,
                .threshold = (float)recipe->threshold,
                .label_smoothing = (float)recipe->label_smoothing,
            },
        .optimizer = ff_optimizer_find(recipe->optimizer),
        .optimizer_params =
            {
                .momentum = (float)recipe->momentum,
                .beta1 = (float)recipe->beta1,
                .beta2 = (float)recipe->beta2,
                .epsilon = (float)recipe->epsilon,
                .weight_decay = (float)recipe->weight_decay,
            },
        .schedule = ff_schedule_find(recipe->schedule),
        .geometry = ff_manifest_geometry(manifest),
        .stored = ff_activation_type_find(recipe->activations)->stored,
        .compression = *compression,
        .threads = opts->threads ? opts->threads : ff_available_threads(),
        .ranks = 1,
        .memory_bytes = opts->memory_bytes,
        .micro_batch_rows = opts->micro_batch_rows,
        .tile_slots = opts->tile_slots,
    };
}

struct ff_layer ff_job_part(const struct ff_job *job, struct ff_layer shape)
{
    return ff_layer_part(&shape, 0, job->ranks);
}

struct ff_layer ff_job_layer(const struct ff_job *job, uint32_t number, int states)
{
    return ff_job_part(job, ff_layer_of(job->manifest, number, states));
}

uint32_t ff_job_own_units(const struct ff_job *job, uint32_t units)
{
    struct ff_layer part = ff_job_part(job, ff_layer_shape(0, units, 0));

    return ff_layer_own_units(&part);
}

struct ff_gathering ff_job_gather_tiles(const struct ff_job *job, uint32_t units, double bytes)
{
    struct ff_layer part = ff_job_part(job, ff_layer_shape(0, units, 0));

    return (struct ff_gathering){
        .own = ff_layer_own_tiles(&part) * bytes, .all = part.tiles * bytes, .times = 1};
}

struct ff_gathering ff_job_gather_units(const struct ff_job *job, uint32_t units, double bytes)
{
    return (struct ff_gathering){
        .own = ff_job_own_units(job, units) * bytes, .all = units * bytes, .times = 1};
}

void ff_job_visit_gathering(const struct ff_job *job, const struct ff_gathering *gathering,
                            ff_operation_fn *visit, void *arg)
{
    unsigned others = job->ranks - 1;
    struct ff_operation operation = {
        .kind = FF_OPERATION_EXCHANGE,
        .times = gathering->times,
        .exchange = {.sent = gathering->own * others,
                     .received = gathering->all - gathering->own,
                     .messages = others,
                     .beside = gathering->beside},
    };

    if (others > 0)
        visit(arg, &operation);
}

/* Each rank gets the rows of its share whole, then gives them to the others as they are stored
 * (row_exchange.h). */
static void visit_rows(const struct ff_job *job, const struct ff_layer *layer, uint32_t rows,
                       const struct ff_passed *passed, ff_operation_fn *visit, void *arg)
{
    struct ff_range own = ff_team_share(0, job->ranks, rows);
    double units = ff_job_own_units(job, layer->units), others = layer->units - units;
    double bytes = (double)ff_row_bytes(job->stored, layer->units);
    struct ff_gathering whole = {.own = own.end * bytes,
                                 .all = rows * bytes,
                                 .times = passed->times,
                                 .beside = passed->beside};
    struct ff_operation swap = {
        .kind = FF_OPERATION_EXCHANGE,
        .times = passed->times,
        .exchange = {.sent = (rows - own.end) * units * sizeof(float),
                     .received = own.end * others * sizeof(float),
                     .messages = job->ranks - 1,
                     .beside = passed->beside},
    };

    if (job->ranks == 1)
        return;
    visit(arg, &swap);
    ff_job_visit_gathering(job, &whole, visit, arg);
}

void ff_job_visit_pass(const struct ff_job *job, const struct ff_layer *layer,
                       const struct ff_passed *passed, ff_operation_fn *visit, void *arg)
{
    uint32_t rows = passed->pieces * job->geometry.chunk_rows;
    uint32_t labels = layer->classes ? layer->classes : 1;
    struct ff_gathering sums =
        ff_job_gather_tiles(job, layer->units, (double)rows * labels * sizeof(float));

    sums.times = passed->times;
    ff_job_visit_gathering(job, &sums, visit, arg);
    if (passed->stored)
        visit_rows(job, layer, rows, passed, visit, arg);
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

static struct ff_set_values make_values(const struct ff_job *job, enum ff_dtype given,
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

/* The stored streams of inputs of layer BOUNDARY + 1, all of one shape. */
static struct ff_set_values rows_of(const struct ff_job *job, uint32_t boundary)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    enum ff_dtype images = job->manifest->is_float ? FF_F32 : FF_U8;
    uint32_t streams[FF_MAX_STREAMS];

    if (boundary == 0)
        return make_values(job, images, images, job->manifest->features, 1);
    return make_values(job, FF_F32, job->stored, recipe->hidden[boundary - 1],
                       ff_streams_stored(job->manifest, boundary, true, streams));
}

/* Sums of goodness are stored for held-out samples only. */
static struct ff_set_values sums_of(const struct ff_job *job)
{
    const struct ff_geometry *geometry = &job->geometry;
    struct ff_set_values sums =
        make_values(job, FF_F32, FF_F32, FF_RANGE_STARTS * job->manifest->classes, 1);

    sums.missing = (double)geometry->learned_rows / (double)geometry->rows;
    return sums;
}

static bool is_stored(const struct ff_recipe *recipe, uint32_t boundary)
{
    return boundary == 0 ||
           ff_turn_exists(recipe, (struct ff_turn){FF_STAGE_FORWARD, boundary}, true);
}

size_t ff_job_values(const struct ff_job *job, uint32_t boundary,
                     struct ff_set_values out[FF_MAX_SET_VALUES])
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_set_values rows = rows_of(job, boundary);
    bool head = recipe->head_epochs > 0;
    size_t n = 0;

    if (rows.streams == 0 || !is_stored(recipe, boundary))
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

static size_t writes_of(const struct ff_job *job, uint32_t boundary,
                        struct ff_db_writes out[FF_MAX_SET_VALUES])
{
    struct ff_set_values values[FF_MAX_SET_VALUES];
    size_t n = ff_job_values(job, boundary, values);

    for (size_t i = 0; i < n; i++)
        out[i] = (struct ff_db_writes){ff_set_average(&values[i]), values[i].streams};
    return n;
}

uint64_t ff_job_stored(const struct ff_job *job, uint32_t boundary)
{
    struct ff_db_writes writes[FF_MAX_SET_VALUES];
    size_t n = writes_of(job, boundary, writes);

    return n > 0 ? ff_db_stored(n, writes, job->geometry.chunks) : 0;
}

uint64_t ff_job_written(const struct ff_job *job, uint32_t boundary)
{
    struct ff_db_writes writes[FF_MAX_SET_VALUES];
    size_t n = writes_of(job, boundary, writes);

    return n > 0 ? ff_db_written(n, writes, job->geometry.chunks) : 0;
}

void ff_job_feed_needs(const struct ff_job *job, uint32_t boundary, uint32_t pieces,
                       enum ff_feed_use use, struct ff_needs *needs)
{
    struct ff_set_values rows = rows_of(job, boundary);
    struct ff_feed_opts opts =
        ff_feed_opts_of(job->manifest, &job->geometry, boundary, pieces, use);
    /* Positive and negative rows are formed from the same images. */
    bool shared = boundary == 0 && (opts.embedding.classes > 0 || opts.hybrid);

    ff_set_needs(0, NULL, 0, &job->compression, needs);
    ff_feed_needs(&opts, &rows, shared ? (pieces + 1) / 2 : pieces, job->threads,
                  ff_job_stored(job, boundary), needs);
}

int ff_job_feed(const struct ff_job *job, struct ff_workers *workers, bool *damaged,
                struct ff_set *set, uint32_t boundary, uint32_t pieces, enum ff_feed_use use,
                struct ff_feed **out)
{
    struct ff_feed_opts opts =
        ff_feed_opts_of(job->manifest, &job->geometry, boundary, pieces, use);

    opts.set = set;
    opts.damaged = damaged;
    return ff_feed_new(workers, &opts, out);
}
