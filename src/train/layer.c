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

static size_t weight_bytes(const struct ff_layer *layer)
{
    return (size_t)layer->units * layer->fan_in * sizeof(float);
}

static size_t bias_bytes(const struct ff_layer *layer)
{
    return layer->units * sizeof(float);
}

int ff_layer_init(struct ff_layer *out, struct ff_ctx *ctx, uint32_t fan_in, uint32_t units,
                  int states)
{
    bool complete;

    *out = (struct ff_layer){.ctx = ctx,
                             .fan_in = fan_in,
                             .units = units,
                             .tile_units = ff_tile_units(units),
                             .tiles = ff_tile_count(units),
                             .states = states};
    out->weights = ff_alloc(ctx, FF_MEM_WEIGHTS, weight_bytes(out));
    out->biases = ff_alloc(ctx, FF_MEM_WEIGHTS, bias_bytes(out));
    complete = out->weights && out->biases;
    for (int s = 0; s < states && complete; s++) {
        out->weight_state[s] = ff_alloc(ctx, FF_MEM_OPTIMIZER, weight_bytes(out));
        out->bias_state[s] = ff_alloc(ctx, FF_MEM_OPTIMIZER, bias_bytes(out));
        complete = out->weight_state[s] && out->bias_state[s];
    }
    if (!complete) {
        ff_layer_release(out);
        return ff_alloc_status(ctx);
    }
    return FF_OK;
}

void ff_layer_release(struct ff_layer *layer)
{
    if (!layer->ctx)
        return;
    ff_free(layer->ctx, FF_MEM_WEIGHTS, layer->weights, weight_bytes(layer));
    ff_free(layer->ctx, FF_MEM_WEIGHTS, layer->biases, bias_bytes(layer));
    for (int s = 0; s < layer->states; s++) {
        ff_free(layer->ctx, FF_MEM_OPTIMIZER, layer->weight_state[s], weight_bytes(layer));
        ff_free(layer->ctx, FF_MEM_OPTIMIZER, layer->bias_state[s], bias_bytes(layer));
    }
    memset(layer, 0, sizeof *layer);
}

struct seed_job {
    struct ff_layer *layer;
    struct ff_rng rng;
    float deviation;
};

/* One neuron's weights; each starts at a block of random numbers of its own. */
static void seed_neuron(struct seed_job *job, uint32_t neuron)
{
    struct ff_layer *layer = job->layer;
    float *w = layer->weights + (size_t)neuron * layer->fan_in;
    uint64_t first_block = (uint64_t)neuron * ((layer->fan_in + 3) / 4);

    for (uint32_t j = 0; j < layer->fan_in; j += 4) {
        float normal[4];

        ff_rng_normal(&job->rng, first_block + j / 4, normal);
        for (uint32_t i = 0; i < 4 && j + i < layer->fan_in; i++)
            w[j + i] = normal[i] * job->deviation;
    }
}

static void seed_tile(void *arg, size_t tile, unsigned worker)
{
    struct seed_job *job = arg;
    uint32_t first, count;

    (void)worker;
    ff_tile_range(job->layer->units, (uint32_t)tile, &first, &count);
    for (uint32_t i = 0; i < count; i++)
        seed_neuron(job, first + i);
}

void ff_layer_seed(struct ff_layer *layer, struct ff_pool *pool, uint64_t seed, uint32_t number)
{
    struct seed_job job = {.layer = layer,
                           .rng = ff_rng_make(seed, FF_RNG_WEIGHTS, number, 0),
                           .deviation = 1 / sqrtf((float)layer->fan_in)};

    ff_pool_run(pool, layer->tiles, seed_tile, &job);
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

#define MAX_TENSORS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES))

static size_t list_tensors(const struct ff_layer *layer, char kind, bool state,
                           struct tensor out[MAX_TENSORS])
{
    size_t n = 0;

    out[n++] = (struct tensor){kind, FF_SLOT_WEIGHTS, layer->fan_in, layer->weights};
    out[n++] = (struct tensor){kind, FF_SLOT_BIASES, 1, layer->biases};
    for (int s = 0; state && s < layer->states; s++) {
        uint32_t slot = (uint32_t)s * FF_SLOTS;

        out[n++] =
            (struct tensor){'O', slot + FF_SLOT_WEIGHTS, layer->fan_in, layer->weight_state[s]};
        out[n++] = (struct tensor){'O', slot + FF_SLOT_BIASES, 1, layer->bias_state[s]};
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
    size_t n_blocks, all_rows;
    float *y, *sums;
};

static void forward_tile(void *arg, size_t task, unsigned worker)
{
    struct forward_job *job = arg;
    const struct ff_layer *layer = job->layer;
    const struct ff_block *block = &job->blocks[task % job->n_blocks];
    uint32_t tile = (uint32_t)(task / job->n_blocks), first, count;
    float *y;

    (void)worker;
    ff_tile_range(layer->units, tile, &first, &count);
    y = job->y + (size_t)block->first * layer->units + first;
    /* x: (rows, fan_in)  W_t: (count, fan_in)  y: (rows, count), a column block of Y */
    ff_gemm_nt(block->rows, count, layer->fan_in, block->x, layer->fan_in,
               layer->weights + (size_t)first * layer->fan_in, layer->fan_in, y, layer->units);
    ff_bias_relu(block->rows, count, y, layer->units, layer->biases + first,
                 job->sums + tile * job->all_rows + block->first);
}

void ff_layer_forward(const struct ff_layer *layer, struct ff_pool *pool,
                      const struct ff_block *blocks, size_t n_blocks, size_t all_rows, float *y,
                      float *sums)
{
    struct forward_job job = {layer, blocks, n_blocks, all_rows, y, sums};

    ff_pool_run(pool, layer->tiles * n_blocks, forward_tile, &job);
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
