#include "model/layer.h"

#include "base/rng.h"
#include "base/team.h"
#include "model/manifest.h"
#include "nn/gemm.h"
#include "nn/kernels.h"

#include <math.h>
#include <string.h>

#define SMALL_TILE 128
#define LARGE_TILE 256
#define LARGE_FROM 1000 /* units from which large tiles still occupy four threads */

uint32_t ff_tile_units(uint32_t units)
{
    uint32_t most = units < LARGE_FROM ? SMALL_TILE : LARGE_TILE;

    return units < most ? units : most;
}

uint32_t ff_tile_count(uint32_t units)
{
    return (units + ff_tile_units(units) - 1) / ff_tile_units(units);
}

void ff_tile_range(uint32_t units, uint32_t tile, uint32_t *first, uint32_t *count)
{
    uint32_t size = ff_tile_units(units);

    *first = tile * size;
    *count = units - *first < size ? units - *first : size;
}

struct ff_layer ff_layer_shape(uint32_t fan_in, uint32_t units, int states)
{
    return (struct ff_layer){
        .fan_in = fan_in,
        .units = units,
        .tile_units = ff_tile_units(units),
        .tiles = ff_tile_count(units),
        .own = {0, ff_tile_count(units)},
        .states = states,
    };
}

struct ff_layer ff_layer_part(const struct ff_layer *shape, unsigned rank, unsigned size)
{
    struct ff_layer part = *shape;

    part.shared = size > 1;
    part.own = ff_team_share(rank, size, shape->tiles);
    return part;
}

uint32_t ff_layer_own_tiles(const struct ff_layer *layer)
{
    return layer->own.end - layer->own.first;
}

uint32_t ff_layer_own_units(const struct ff_layer *layer)
{
    uint32_t first = layer->own.first * layer->tile_units;
    uint32_t end = layer->own.end * layer->tile_units;

    return first == end ? 0 : (end < layer->units ? end : layer->units) - first;
}

struct ff_layer ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states)
{
    struct ff_layer layer = ff_layer_shape(ff_manifest_fan_in(manifest, number),
                                           manifest->recipe.hidden[number - 1], states);

    if (ff_recipe_conditioned(&manifest->recipe))
        layer.classes = manifest->classes;
    return layer;
}

#define MAX_BUFFERS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES))

/* One set of tensors: the layer's own, or one state of the optimizer. */
static size_t list_set(const struct ff_layer *layer, enum ff_category category, float **weights,
                       float **biases, float **label_weights, struct ff_buffer out[FF_SLOTS])
{
    size_t units = layer->units, in_memory = ff_layer_units_in_memory(layer);

    out[0] = (struct ff_buffer){weights, category, in_memory * layer->fan_in, sizeof(float)};
    out[1] = (struct ff_buffer){biases, category, units, sizeof(float)};
    out[2] = (struct ff_buffer){label_weights, category, layer->classes * units, sizeof(float)};
    return layer->classes ? 3 : 2;
}

static size_t list_buffers(struct ff_layer *layer, struct ff_buffer out[MAX_BUFFERS])
{
    size_t n = list_set(layer, FF_MEM_WEIGHTS, &layer->weights, &layer->biases,
                        &layer->label_weights, out);

    for (int s = 0; s < layer->states; s++)
        n += list_set(layer, FF_MEM_OPTIMIZER, &layer->weight_state[s], &layer->bias_state[s],
                      &layer->label_state[s], out + n);
    return n;
}

size_t ff_layer_units_in_memory(const struct ff_layer *layer)
{
    return ff_residency_units(layer->residency, ff_layer_own_units(layer), layer->tile_units);
}

static struct ff_pager_opts pager_opts(const struct ff_layer *layer)
{
    return (struct ff_pager_opts){
        .residency = layer->residency,
        .fan_in = layer->fan_in,
        .first_tile = layer->own.first,
        .units = ff_layer_own_units(layer),
        .tile_units = layer->tile_units,
    };
}

static void count(const struct ff_layer *layer, unsigned threads, bool writes,
                  struct ff_needs *needs)
{
    struct ff_pager_opts pager = pager_opts(layer);
    struct ff_layer shape = *layer;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    if (layer->residency.slots > 0)
        ff_pager_needs(&pager, threads, writes ? 1 + (unsigned)layer->states : 0, needs);
}

void ff_layer_needs(const struct ff_layer *layer, unsigned threads, struct ff_needs *needs)
{
    count(layer, threads, layer->states > 0, needs);
}

void ff_layer_load_needs(const struct ff_layer *layer, struct ff_needs *needs)
{
    count(layer, 0, true, needs); /* while no thread reads a page */
}

static int allocate(struct ff_layer *layer)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status = ff_buffers_alloc(layer->ctx, list_buffers(layer, buffers), buffers);

    if (status != FF_OK)
        ff_layer_release(layer);
    return status;
}

int ff_layer_init_part(struct ff_layer *out, struct ff_ctx *ctx, const struct ff_layer *part)
{
    *out = *part;
    out->residency = (struct ff_residency){0, 0};
    out->ctx = ctx;
    return allocate(out);
}

int ff_layer_init(struct ff_layer *out, struct ff_ctx *ctx, const struct ff_layer *shape)
{
    struct ff_layer part = ff_layer_part(shape, ctx->team.rank, ctx->team.size);

    return ff_layer_init_part(out, ctx, &part);
}

int ff_layer_init_paged(struct ff_layer *out, struct ff_workers *workers,
                        const struct ff_layer *shape, struct ff_scratch *scratch, bool *damaged)
{
    struct ff_ctx *ctx = workers->ctx;
    struct ff_layer part = ff_layer_part(shape, ctx->team.rank, ctx->team.size);
    struct ff_pager_opts opts;
    int status;

    if (shape->residency.slots == 0 ||
        shape->residency.resident + shape->residency.slots >= ff_layer_own_tiles(&part))
        return ff_layer_init(out, ctx, shape);
    *out = part;
    opts = pager_opts(out);
    opts.scratch = scratch;
    opts.damaged = damaged;
    status = ff_pager_new(workers, &opts, &out->pager);
    if (status != FF_OK)
        return status;
    out->ctx = ctx;
    return allocate(out);
}

static struct ff_buffer means_buffer(struct ff_layer *layer)
{
    return (struct ff_buffer){&layer->unit_means, FF_MEM_OPTIMIZER, layer->units, sizeof(float)};
}

int ff_layer_add_means(struct ff_layer *layer)
{
    struct ff_buffer buffer = means_buffer(layer);

    return ff_buffers_alloc(layer->ctx, 1, &buffer);
}

void ff_layer_means_needs(const struct ff_layer *layer, struct ff_needs *needs)
{
    struct ff_layer shape = *layer;
    struct ff_buffer buffer = means_buffer(&shape);

    ff_buffers_count(1, &buffer, needs);
}

void ff_layer_release(struct ff_layer *layer)
{
    struct ff_buffer buffers[MAX_BUFFERS], means = means_buffer(layer);

    if (!layer->ctx)
        return;
    ff_buffers_free(layer->ctx, list_buffers(layer, buffers), buffers);
    ff_pager_free(layer->pager);
    ff_buffers_free(layer->ctx, 1, &means);
    memset(layer, 0, sizeof *layer);
}

#define MAX_PAGED (2 + FF_OPTIMIZER_STATES)

/* The tensors that a walk pages in or out. */
static size_t list_paged(const struct ff_layer *layer, const struct ff_walk *walk,
                         struct ff_paged_tensor out[MAX_PAGED])
{
    size_t n = 0;

    out[n++] = (struct ff_paged_tensor){FF_TENSOR_WEIGHTS, layer->weights, walk->weights};
    for (uint32_t s = 0; s < (uint32_t)layer->states; s++)
        out[n++] =
            (struct ff_paged_tensor){FF_TENSOR_STATE + s, layer->weight_state[s], walk->state};
    if (walk->gradient)
        out[n++] =
            (struct ff_paged_tensor){FF_TENSOR_GRADIENT, walk->gradient, walk->gradient_access};
    return n;
}

/* Size of the group of tiles from FIRST on that are in memory together: the resident tiles, else
 * one per slot. */
static uint32_t group_size(const struct ff_layer *layer, uint32_t first)
{
    const struct ff_residency *residency = &layer->residency;
    uint32_t left = layer->own.end - first, index = first - layer->own.first;
    uint32_t most = !layer->pager                 ? left
                    : index < residency->resident ? residency->resident - index
                                                  : residency->slots;

    return left < most ? left : most;
}

static bool is_paged(const struct ff_layer *layer, uint32_t tile)
{
    return layer->pager && tile < layer->own.end &&
           tile - layer->own.first >= layer->residency.resident;
}

int ff_layer_each_group(const struct ff_layer *layer, const struct ff_walk *walk,
                        int (*visit)(void *arg, uint32_t first, uint32_t tiles), void *arg)
{
    struct ff_paged_tensor paged[MAX_PAGED];
    size_t n = list_paged(layer, walk, paged);
    int status = FF_OK;

    for (uint32_t first = layer->own.first, tiles; first < layer->own.end && status == FF_OK;
         first += tiles) {
        uint32_t next;

        tiles = group_size(layer, first);
        next = first + tiles;
        if (is_paged(layer, first))
            status = ff_pager_in(layer->pager, first, tiles, n, paged);
        if (status == FF_OK && is_paged(layer, next))
            ff_pager_will_need(layer->pager, next, group_size(layer, next), n, paged);
        if (status == FF_OK)
            status = visit(arg, first, tiles);
        if (status == FF_OK && is_paged(layer, first))
            status = ff_pager_out(layer->pager, first, tiles, n, paged);
    }
    return status;
}

struct walk_job {
    struct ff_pool *pool;
    const struct ff_walk *walk;
    uint32_t first; /* first tile of the group */
};

static void walk_task(void *arg, size_t task, unsigned worker)
{
    const struct walk_job *job = arg;
    const struct ff_walk *walk = job->walk;

    walk->fn(walk->arg, job->first + (uint32_t)(task / walk->parts), task % walk->parts, worker);
}

static int walk_group(void *arg, uint32_t first, uint32_t tiles)
{
    struct walk_job *job = arg;

    job->first = first;
    ff_pool_run(job->pool, tiles * job->walk->parts, walk_task, job);
    return FF_OK;
}

int ff_layer_walk(const struct ff_layer *layer, struct ff_pool *pool, const struct ff_walk *walk)
{
    struct walk_job job = {.pool = pool, .walk = walk};

    return ff_layer_each_group(layer, walk, walk_group, &job);
}

float *ff_layer_tile(const struct ff_layer *layer, float *tensor, uint32_t tile)
{
    size_t slot = ff_residency_slot(layer->residency, tile - layer->own.first);

    return tensor + slot * layer->tile_units * layer->fan_in;
}

float *ff_layer_label_tile(const struct ff_layer *layer, float *tensor, uint32_t tile)
{
    return tensor + (size_t)tile * layer->tile_units * layer->classes;
}

struct seed_job {
    const struct ff_layer *layer;
    struct ff_rng weights, labels;
    float deviation, label_deviation;
};

/* Seeds the N weights W of one neuron, STRIDE apart, from the neuron's own block of random
 * numbers. */
static void seed_neuron(const struct ff_rng *rng, uint32_t neuron, uint32_t n, float deviation,
                        size_t stride, float *w)
{
    uint64_t first_block = (uint64_t)neuron * ((n + 3) / 4);

    for (uint32_t j = 0; j < n; j += 4) {
        float normal[4];

        ff_rng_normal(rng, first_block + j / 4, normal);
        for (uint32_t i = 0; i < 4 && j + i < n; i++)
            w[(j + i) * stride] = normal[i] * deviation;
    }
}

static void seed_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct seed_job *job = arg;
    const struct ff_layer *layer = job->layer;
    float *w = ff_layer_tile(layer, layer->weights, tile);
    uint32_t first, count;

    (void)part;
    (void)worker;
    ff_tile_range(layer->units, tile, &first, &count);
    for (uint32_t i = 0; i < count; i++) {
        seed_neuron(&job->weights, first + i, layer->fan_in, job->deviation, 1,
                    w + (size_t)i * layer->fan_in);
        if (layer->classes)
            seed_neuron(&job->labels, first + i, layer->classes, job->label_deviation, count,
                        ff_layer_label_tile(layer, layer->label_weights, tile) + i);
    }
}

int ff_layer_seed(struct ff_layer *layer, struct ff_pool *pool, uint64_t seed, uint32_t number,
                  float gain)
{
    struct seed_job job = {.layer = layer,
                           .weights = ff_rng_make(seed, FF_RNG_WEIGHTS, number, 0),
                           .labels = ff_rng_make(seed, FF_RNG_LABEL_WEIGHTS, number, 0),
                           .deviation = sqrtf(gain) / sqrtf((float)layer->fan_in),
                           .label_deviation = 1 / sqrtf((float)layer->fan_in)};
    /* The optimizer's state is zero, as the buffers are. */
    struct ff_walk walk = {
        .parts = 1, .fn = seed_tile, .arg = &job, .weights = FF_PAGE_OUT, .state = FF_PAGE_OUT};

    return ff_layer_walk(layer, pool, &walk);
}

struct forward_job {
    const struct ff_layer *layer;
    const struct ff_block *blocks;
    size_t all_rows;
    float *y, *sums;
};

static void forward_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    struct forward_job *job = arg;
    const struct ff_layer *layer = job->layer;
    const struct ff_block *block = &job->blocks[part];
    uint32_t first, count;
    float *y;

    (void)worker;
    ff_tile_range(layer->units, tile, &first, &count);
    y = job->y + (size_t)block->first * layer->units + first;
    /* x: (rows, fan_in)  W_t: (count, fan_in)  y: (rows, count), a column block of Y */
    ff_gemm_nt(block->rows, count, layer->fan_in, block->x, layer->fan_in,
               ff_layer_tile(layer, layer->weights, tile), layer->fan_in, y, layer->units);
    ff_bias_relu(block->rows, count, y, layer->units, layer->biases + first,
                 job->sums + tile * job->all_rows + block->first);
}

int ff_layer_forward(const struct ff_layer *layer, struct ff_pool *pool,
                     const struct ff_block *blocks, size_t n_blocks, size_t all_rows, float *y,
                     float *sums)
{
    struct forward_job job = {layer, blocks, all_rows, y, sums};
    struct ff_walk walk = {
        .parts = n_blocks, .fn = forward_tile, .arg = &job, .weights = FF_PAGE_IN};

    return ff_layer_walk(layer, pool, &walk);
}

int ff_layer_goodness(const struct ff_layer *layer, size_t all_rows, float *sums, float *goodness)
{
    int status = ff_team_gather(layer->ctx, sums, all_rows * sizeof *sums, layer->tiles);

    if (status != FF_OK)
        return status;
    for (size_t row = 0; row < all_rows; row++) {
        float sum = 0;

        for (uint32_t tile = 0; tile < layer->tiles; tile++)
            sum += sums[tile * all_rows + row];
        goodness[row] = sum / (float)layer->units;
    }
    return FF_OK;
}

int ff_layer_gather(const struct ff_layer *layer, size_t rows, float *y)
{
    const struct ff_team_columns columns = ff_layer_columns(layer, sizeof *y, rows);

    return ff_team_gather_columns(layer->ctx, &columns, y);
}

struct ff_team_columns ff_layer_columns(const struct ff_layer *layer, size_t bytes, size_t rows)
{
    return (struct ff_team_columns){bytes, (uint32_t)rows, layer->units, layer->tile_units,
                                    layer->tiles};
}
