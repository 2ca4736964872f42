#include "learn/update.h"

#include "base/arithmetic.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/labels.h"

#include <string.h>

static struct ff_update_room room_with(const struct ff_update *update, const struct ff_layer *layer)
{
    const struct ff_update_room *room = &update->room;
    size_t units = update->whole ? ff_layer_units_in_memory(layer) : layer->tile_units;

    return (struct ff_update_room){
        .weights = ff_larger(room->weights, units * layer->fan_in),
        .tile_units = (uint32_t)ff_larger(room->tile_units, layer->tile_units),
        .tiles = (uint32_t)ff_larger(room->tiles, ff_layer_own_tiles(layer)),
        .units = (uint32_t)ff_larger(room->units, layer->units),
        .label_weights = ff_larger(room->label_weights, (size_t)layer->classes * layer->units),
    };
}

void ff_update_fit(struct ff_update *update, const struct ff_layer *layer)
{
    update->room = room_with(update, layer);
}

#define MAX_BUFFERS 4

static size_t list_buffers(struct ff_update *update, unsigned threads,
                           struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_update_room *room = &update->room;
    size_t at_work = ff_smaller(threads, room->tiles);
    size_t weights = update->whole ? room->weights : at_work * room->weights;
    size_t deltas = at_work * update->kept_rows * room->tile_units, n = 0;

    out[n++] = (struct ff_buffer){&update->gradient, FF_MEM_GRADIENT, weights, sizeof(float)};
    out[n++] =
        (struct ff_buffer){&update->bias_gradient, FF_MEM_GRADIENT, room->units, sizeof(float)};
    if (update->kept_rows)
        out[n++] = (struct ff_buffer){&update->deltas, FF_MEM_GRADIENT, deltas, sizeof(float)};
    if (room->label_weights)
        out[n++] = (struct ff_buffer){&update->label_gradient, FF_MEM_GRADIENT, room->label_weights,
                                      sizeof(float)};
    return n;
}

int ff_update_init(struct ff_update *update)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    update->room = room_with(update, update->layer);
    return ff_buffers_alloc(update->workers->ctx,
                            list_buffers(update, update->workers->threads, buffers), buffers);
}

void ff_update_release(struct ff_update *update)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!update->layer)
        return;
    ff_buffers_free(update->workers->ctx, list_buffers(update, update->workers->threads, buffers),
                    buffers);
}

void ff_update_needs(const struct ff_update *update, unsigned threads, struct ff_needs *needs)
{
    struct ff_update shape = *update;
    struct ff_buffer buffers[MAX_BUFFERS];

    shape.room = room_with(update, update->layer);
    ff_buffers_count(list_buffers(&shape, threads, buffers), buffers, needs);
}

struct job {
    struct ff_update *update;
    const struct ff_update_rows *rows; /* NULL: the gradient is complete */
    uint64_t number;
    float lr;
};

/* The index of TILE's buffer: the tile's own if there is one per tile, else WORKER's. */
static size_t place_of(const struct ff_update *update, uint32_t tile, unsigned worker)
{
    const struct ff_layer *layer = update->layer;

    return ff_layer_own_tiles(layer) <= update->workers->threads ? tile - layer->own.first : worker;
}

static float *tile_gradient(const struct ff_update *update, uint32_t tile, unsigned worker)
{
    const struct ff_layer *layer = update->layer;

    if (update->whole)
        return ff_layer_tile(layer, update->gradient, tile);
    return update->gradient + place_of(update, tile, worker) * layer->tile_units * layer->fan_in;
}

/* dL/dz of a tile's neurons for the rows of one block: (rows, count), with stride LD. */
struct delta {
    const float *z;
    size_t ld;
};

/* dL/dz in a label-conditioned layer. Also adds to the gradient of its label weights. */
static struct delta condition_delta(const struct job *job, const struct ff_block *block,
                                    uint32_t tile, uint32_t first, uint32_t count)
{
    const struct ff_update *update = job->update;
    const struct ff_conditioned *conditioned = job->rows->conditioned;
    struct ff_labels labels = ff_conditioned_labels(conditioned, block->first, tile);
    size_t units = update->layer->units;
    float *z = job->rows->delta + block->first * units + first;

    ff_label_backward(&labels, block->rows, count, z, units,
                      conditioned->goodness + (size_t)block->first * conditioned->n_labels,
                      ff_layer_label_tile(update->layer, update->label_gradient, tile));
    return (struct delta){z, units};
}

static struct delta make_delta(const struct job *job, size_t i, uint32_t tile, uint32_t first,
                               uint32_t count, unsigned worker)
{
    const struct ff_update *update = job->update;
    const struct ff_update_rows *rows = job->rows;
    const struct ff_block *block = &rows->blocks[i];
    size_t units = update->layer->units;
    float *delta = rows->delta + block->first * units + first, *own;

    if (rows->conditioned)
        return condition_delta(job, block, tile, first, count);
    if (!rows->scale)
        return (struct delta){delta, units};
    if (!update->kept_rows) {
        ff_scale_rows(block->rows, count, delta, units, rows->scale + block->first);
        return (struct delta){delta, units};
    }
    own = update->deltas +
          place_of(update, tile, worker) * update->kept_rows * update->room.tile_units;
    ff_scale_rows_into(block->rows, count, delta, units, rows->scale + block->first,
                       rows->shift && i % 2 == 0 ? rows->shift + first : NULL, own, count);
    return (struct delta){own, count};
}

/* dZ_t and the tile's gradient. */
static void add_gradient(const struct job *job, uint32_t tile, uint32_t first, uint32_t count,
                         float *gradient, unsigned worker)
{
    const struct ff_update *update = job->update;
    const struct ff_update_rows *rows = job->rows;
    size_t fan_in = update->layer->fan_in;

    if (rows->conditioned && rows->first)
        memset(ff_layer_label_tile(update->layer, update->label_gradient, tile), 0,
               (size_t)update->layer->classes * count * sizeof(float));

    for (size_t i = 0; i < rows->n_blocks; i++) {
        const struct ff_block *block = &rows->blocks[i];
        struct delta delta = make_delta(job, i, tile, first, count, worker);
        bool begin = rows->first && i == 0;

        /* dW_t: (count, fan_in) = dZ_t' (count, rows) X (rows, fan_in) */
        ff_gemm_tn(count, fan_in, block->rows, delta.z, delta.ld, block->x, fan_in, begin ? 0 : 1,
                   gradient, fan_in);
        ff_column_sums(block->rows, count, delta.z, delta.ld, !begin,
                       update->bias_gradient + first);
    }
}

static void step_label_weights(const struct job *job, uint32_t tile, uint32_t count)
{
    const struct ff_update *update = job->update;
    const struct ff_layer *layer = update->layer;
    float *state[FF_OPTIMIZER_STATES] = {0};

    for (int s = 0; s < update->optimizer->states; s++)
        state[s] = ff_layer_label_tile(layer, layer->label_state[s], tile);
    update->optimizer->step(&update->params, job->number, job->lr, 1,
                            (size_t)layer->classes * count,
                            ff_layer_label_tile(layer, layer->label_weights, tile),
                            ff_layer_label_tile(layer, update->label_gradient, tile), state);
}

static void step_tile(const struct job *job, uint32_t tile, uint32_t first, uint32_t count,
                      const float *gradient)
{
    const struct ff_update *update = job->update;
    const struct ff_layer *layer = update->layer;
    float *weight_state[FF_OPTIMIZER_STATES] = {0}, *bias_state[FF_OPTIMIZER_STATES] = {0};

    for (int s = 0; s < update->optimizer->states; s++) {
        weight_state[s] = ff_layer_tile(layer, layer->weight_state[s], tile);
        bias_state[s] = layer->bias_state[s] + first;
    }
    update->optimizer->step(&update->params, job->number, job->lr, 1, (size_t)count * layer->fan_in,
                            ff_layer_tile(layer, layer->weights, tile), gradient, weight_state);
    update->optimizer->step(&update->params, job->number, job->lr, 0, count, layer->biases + first,
                            update->bias_gradient + first, bias_state);
    if (layer->classes)
        step_label_weights(job, tile, count);
}

static void update_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct job *job = arg;
    float *gradient = tile_gradient(job->update, tile, worker);
    uint32_t first, count;

    (void)part;
    ff_tile_range(job->update->layer->units, tile, &first, &count);
    if (job->rows)
        add_gradient(job, tile, first, count, gradient, worker);
    if (!job->rows || job->rows->last)
        step_tile(job, tile, first, count, gradient);
}

static int run(const struct job *job)
{
    const struct ff_update *update = job->update;
    struct job copy = *job;
    bool first = job->rows && job->rows->first, last = !job->rows || job->rows->last;
    unsigned both = FF_PAGE_IN | FF_PAGE_OUT;
    struct ff_walk walk = {
        .parts = 1,
        .fn = update_tile,
        .arg = &copy,
        .weights = last ? both : 0,
        .state = last ? both : 0,
        .gradient = update->whole ? update->gradient : NULL,
        .gradient_access = (first ? 0 : FF_PAGE_IN) | (last ? 0 : FF_PAGE_OUT),
    };

    return ff_layer_walk(update->layer, update->workers->pool, &walk);
}

int ff_update_run(struct ff_update *update, const struct ff_update_rows *rows)
{
    struct job job = {update, rows, rows->number, rows->lr};

    return run(&job);
}

int ff_update_apply(struct ff_update *update, uint64_t number, float lr)
{
    struct job job = {update, NULL, number, lr};

    return run(&job);
}
