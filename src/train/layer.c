#include "train/layer.h"

#include "base/rng.h"
#include "nn/gemm.h"
#include "nn/kernels.h"

#include <math.h>
#include <string.h>

#define SMALL_TILE 128
#define LARGE_TILE 256
#define LARGE_FROM 1000 /* units: from here on large tiles still make work for four threads */

uint32_t ff_tile_units(uint32_t units)
{
    return units < LARGE_FROM ? SMALL_TILE : LARGE_TILE;
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
        .states = states,
    };
}

#define MAX_BUFFERS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES))

static size_t list_buffers(struct ff_layer *layer, struct ff_buffer out[MAX_BUFFERS])
{
    size_t units = layer->units, weights = units * layer->fan_in, n = 0;

    out[n++] = (struct ff_buffer){&layer->weights, FF_MEM_WEIGHTS, weights, sizeof(float)};
    out[n++] = (struct ff_buffer){&layer->biases, FF_MEM_WEIGHTS, units, sizeof(float)};
    for (int s = 0; s < layer->states; s++) {
        out[n++] =
            (struct ff_buffer){&layer->weight_state[s], FF_MEM_OPTIMIZER, weights, sizeof(float)};
        out[n++] =
            (struct ff_buffer){&layer->bias_state[s], FF_MEM_OPTIMIZER, units, sizeof(float)};
    }
    return n;
}

void ff_layer_needs(const struct ff_layer *layer, struct ff_needs *needs)
{
    struct ff_layer shape = *layer;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

int ff_layer_init(struct ff_layer *out, struct ff_ctx *ctx, uint32_t fan_in, uint32_t units,
                  int states)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    *out = ff_layer_shape(fan_in, units, states);
    out->ctx = ctx;
    status = ff_buffers_alloc(ctx, list_buffers(out, buffers), buffers);
    if (status != FF_OK)
        ff_layer_release(out);
    return status;
}

void ff_layer_release(struct ff_layer *layer)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!layer->ctx)
        return;
    ff_buffers_free(layer->ctx, list_buffers(layer, buffers), buffers);
    memset(layer, 0, sizeof *layer);
}

struct walk_job {
    const struct ff_layer *layer;
    const struct ff_walk *walk;
};

static void walk_task(void *arg, size_t task, unsigned worker)
{
    const struct walk_job *job = arg;
    const struct ff_walk *walk = job->walk;

    walk->fn(walk->arg, (uint32_t)(task / walk->parts), task % walk->parts, worker);
}

int ff_layer_walk(const struct ff_layer *layer, struct ff_pool *pool, const struct ff_walk *walk)
{
    struct walk_job job = {layer, walk};

    ff_pool_run(pool, layer->tiles * walk->parts, walk_task, &job);
    return FF_OK;
}

float *ff_layer_tile(const struct ff_layer *layer, float *tensor, uint32_t tile)
{
    return tensor + (size_t)tile * layer->tile_units * layer->fan_in;
}

struct seed_job {
    const struct ff_layer *layer;
    struct ff_rng rng;
    float deviation;
};

/* One neuron's weights W; each neuron starts at a block of random numbers of its own. */
static void seed_neuron(const struct seed_job *job, uint32_t neuron, float *w)
{
    uint32_t fan_in = job->layer->fan_in;
    uint64_t first_block = (uint64_t)neuron * ((fan_in + 3) / 4);

    for (uint32_t j = 0; j < fan_in; j += 4) {
        float normal[4];

        ff_rng_normal(&job->rng, first_block + j / 4, normal);
        for (uint32_t i = 0; i < 4 && j + i < fan_in; i++)
            w[j + i] = normal[i] * job->deviation;
    }
}

static void seed_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct seed_job *job = arg;
    float *w = ff_layer_tile(job->layer, job->layer->weights, tile);
    uint32_t first, count;

    (void)part;
    (void)worker;
    ff_tile_range(job->layer->units, tile, &first, &count);
    for (uint32_t i = 0; i < count; i++)
        seed_neuron(job, first + i, w + (size_t)i * job->layer->fan_in);
}

int ff_layer_seed(struct ff_layer *layer, struct ff_pool *pool, uint64_t seed, uint32_t number,
                  float gain)
{
    struct seed_job job = {.layer = layer,
                           .rng = ff_rng_make(seed, FF_RNG_WEIGHTS, number, 0),
                           .deviation = sqrtf(gain) / sqrtf((float)layer->fan_in)};
    struct ff_walk walk = {.parts = 1, .fn = seed_tile, .arg = &job};

    return ff_layer_walk(layer, pool, &walk);
}

/*
 * The tensors of a layer as the model file sees them: each a kind, a slot and an array with so many
 * columns per neuron. Saving and loading walk this list.
 */
struct tensor {
    char kind;
    uint32_t slot;
    uint32_t columns;
    float *data;
};

char ff_state_kind(char kind)
{
    return kind == 'H' ? 'Q' : 'O';
}

#define MAX_TENSORS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES))

static size_t list_tensors(const struct ff_layer *layer, char kind, bool state,
                           struct tensor out[MAX_TENSORS])
{
    size_t n = 0;

    out[n++] = (struct tensor){kind, FF_SLOT_WEIGHTS, layer->fan_in, layer->weights};
    out[n++] = (struct tensor){kind, FF_SLOT_BIASES, 1, layer->biases};
    for (int s = 0; state && s < layer->states; s++) {
        uint32_t slot = (uint32_t)s * FF_SLOTS;

        out[n++] = (struct tensor){ff_state_kind(kind), slot + FF_SLOT_WEIGHTS, layer->fan_in,
                                   layer->weight_state[s]};
        out[n++] =
            (struct tensor){ff_state_kind(kind), slot + FF_SLOT_BIASES, 1, layer->bias_state[s]};
    }
    return n;
}

int ff_layer_save(const struct ff_layer *layer, struct ff_model_file *file, char kind,
                  uint32_t number, uint64_t generation, bool state)
{
    struct tensor tensors[MAX_TENSORS];
    size_t n = list_tensors(layer, kind, state, tensors);
    int status = FF_OK;

    for (size_t i = 0; i < n; i++) {
        for (uint32_t tile = 0; tile < layer->tiles && status == FF_OK; tile++) {
            struct ff_tile_key key = {tensors[i].kind, number, generation, tensors[i].slot, tile};
            struct ff_matrix matrix = {.dtype = FF_F32, .columns = tensors[i].columns};
            uint32_t first;

            ff_tile_range(layer->units, tile, &first, &matrix.rows);
            matrix.data = tensors[i].data + (size_t)first * tensors[i].columns;
            status = ff_model_file_put(file, &key, &matrix);
        }
    }
    return status;
}

int ff_layer_load(struct ff_layer *layer, struct ff_model_file *file, char kind, uint32_t number,
                  uint64_t generation, bool state)
{
    struct tensor tensors[MAX_TENSORS];
    size_t n = list_tensors(layer, kind, state, tensors);
    int status = FF_OK;

    for (size_t i = 0; i < n; i++) {
        for (uint32_t tile = 0; tile < layer->tiles && status == FF_OK; tile++) {
            struct ff_tile_key key = {tensors[i].kind, number, generation, tensors[i].slot, tile};
            uint32_t first, rows;

            ff_tile_range(layer->units, tile, &first, &rows);
            status = ff_model_file_get(file, &key, rows, tensors[i].columns,
                                       tensors[i].data + (size_t)first * tensors[i].columns);
        }
    }
    ff_model_file_unpin(file);
    return status;
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
    struct ff_walk walk = {.parts = n_blocks, .fn = forward_tile, .arg = &job};

    return ff_layer_walk(layer, pool, &walk);
}

void ff_layer_goodness(const struct ff_layer *layer, size_t all_rows, const float *sums,
                       float *goodness)
{
    for (size_t row = 0; row < all_rows; row++) {
        float sum = 0;

        for (uint32_t tile = 0; tile < layer->tiles; tile++)
            sum += sums[tile * all_rows + row];
        goodness[row] = sum / (float)layer->units;
    }
}
