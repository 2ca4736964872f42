/* Trials of the products of a layer: forward pass, step, deltas. */
#include "base/arithmetic.h"
#include "learn/forward.h"
#include "learn/update.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "plan/speed.h"

#include <math.h>
#include <string.h>

struct compute {
    struct ff_trial *trial;
    struct ff_layer layer;
    size_t rows; /* of all blocks */
    struct ff_block blocks[FF_SPEED_BLOCKS];
    float *x;        /* (rows, fan_in) */
    float *y;        /* (rows, units) */
    float *sums;     /* (tiles, rows) */
    float *goodness; /* (rows) */
    float *scale;    /* (rows) */
    uint8_t *active; /* (units) */
    struct ff_conditioned conditioned;
    struct ff_update update;
};

#define MAX_BUFFERS 6

static size_t list_buffers(struct compute *c, struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_layer *layer = &c->layer;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&c->x, FF_MEM_ACTIVATIONS, c->rows * layer->fan_in, sizeof(float)},
        {&c->y, FF_MEM_ACTIVATIONS, c->rows * layer->units, sizeof(float)},
        {&c->sums, FF_MEM_ACTIVATIONS, c->rows * layer->tiles, sizeof(float)},
        {&c->goodness, FF_MEM_ACTIVATIONS, c->rows, sizeof(float)},
        {&c->scale, FF_MEM_ACTIVATIONS, c->rows, sizeof(float)},
        {&c->active, FF_MEM_OTHER, layer->units, 1},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static struct ff_conditioned_rows conditioned_rows(const struct compute *c)
{
    return (struct ff_conditioned_rows){
        .blocks = c->blocks,
        .n_blocks = c->trial->operation.blocks,
        .all_rows = c->rows,
        .z = c->y,
        .rng = ff_rng_make(1, FF_RNG_LABEL_SAMPLE, 1, 0),
    };
}

/* z or y, and the goodness. */
static int compute_outputs(struct compute *c)
{
    struct ff_conditioned_rows rows = conditioned_rows(c);
    int status;

    if (c->layer.classes)
        return ff_conditioned_forward(&c->conditioned, &rows);
    status = ff_layer_forward(&c->layer, c->trial->workers->pool, c->blocks, rows.n_blocks, c->rows,
                              c->y, c->sums);
    return status != FF_OK ? status : ff_layer_goodness(&c->layer, c->rows, c->sums, c->goodness);
}

static int forward(struct compute *c)
{
    struct ff_conditioned_rows rows = conditioned_rows(c);
    size_t own = ff_layer_own_units(&c->layer);
    int status = compute_outputs(c);

    if (status == FF_OK && c->layer.classes)
        status = ff_conditioned_outputs(&c->conditioned, &rows);
    if (status != FF_OK)
        return status;
    ff_mark_active(c->rows, own, c->y, c->layer.units, c->active);
    /* A team shares the rows as it shares the units. */
    ff_forward_normalise(c->trial->workers->pool, c->rows * own / c->layer.units, c->layer.units,
                         c->y);
    return FF_OK;
}

static int learn(struct compute *c)
{
    const struct ff_job *job = c->trial->job;
    struct ff_update_rows rows = {
        .blocks = c->blocks,
        .n_blocks = c->trial->operation.blocks,
        .delta = c->y,
        .scale = c->layer.classes ? NULL : c->scale,
        .conditioned = c->layer.classes ? &c->conditioned : NULL,
        .first = true,
        .last = true,
        .number = 1,
    };
    struct ff_sums sums = {0};
    int status = compute_outputs(c);

    if (status != FF_OK)
        return status;
    for (size_t i = 0; c->layer.classes && i < rows.n_blocks; i++)
        ff_conditioned_weigh(&c->conditioned, job->loss, &job->loss_params, c->blocks[i].first,
                             c->blocks[i].rows, c->rows, &sums);
    return ff_update_run(&c->update, &rows);
}

/* dX = dZ W for a tile of the layer below. */
static void pass_tile(void *arg, size_t task, unsigned worker)
{
    const struct compute *c = arg;
    const struct ff_layer *layer = &c->layer;
    const struct ff_block *block = &c->blocks[task % c->trial->operation.blocks];
    uint32_t first, count;

    (void)worker;
    ff_tile_range(layer->fan_in, (uint32_t)(task / c->trial->operation.blocks), &first, &count);
    ff_gemm_nn(block->rows, count, layer->units, c->y + block->first * (size_t)layer->units,
               layer->units, layer->weights + first, layer->fan_in, 0,
               c->x + block->first * (size_t)layer->fan_in + first, layer->fan_in);
}

static int pass_deltas(struct compute *c)
{
    size_t tasks = (size_t)ff_tile_count(c->layer.fan_in) * c->trial->operation.blocks;

    ff_pool_run(c->trial->workers->pool, tasks, pass_tile, c);
    return FF_OK;
}

struct compute_trial {
    struct ff_trial base;
    struct compute compute;
};

static int run(struct ff_trial *trial)
{
    struct compute *c = &((struct compute_trial *)trial)->compute;

    switch (trial->operation.kind) {
    case FF_OPERATION_LEARN:
        return learn(c);
    case FF_OPERATION_DELTAS:
        return pass_deltas(c);
    default:
        return forward(c);
    }
}

static void place_blocks(struct compute *c)
{
    uint32_t rows = c->trial->job->geometry.chunk_rows;

    for (uint32_t i = 0; i < c->trial->operation.blocks; i++)
        c->blocks[i] = (struct ff_block){
            .x = c->x + (size_t)i * rows * c->layer.fan_in, .rows = rows, .first = i * rows};
}

/* Everything but the layer. */
static int set_up(struct compute *c)
{
    struct ff_trial *trial = c->trial;
    bool learns = trial->operation.kind == FF_OPERATION_LEARN;
    struct ff_buffer buffers[MAX_BUFFERS];
    int status = ff_buffers_alloc(trial->workers->ctx, list_buffers(c, buffers), buffers);

    if (status != FF_OK)
        return status;
    ff_trial_fill(c->rows * c->layer.fan_in, c->x);
    for (size_t i = 0; i < c->rows; i++)
        c->scale[i] = i % 2 ? 1e-3f : -1e-3f;
    place_blocks(c);
    status = ff_layer_seed(&c->layer, trial->workers->pool, 1, 1, 1);
    if (status != FF_OK)
        return status;
    if (c->layer.classes) {
        c->conditioned = ff_conditioned_make(trial->job->manifest, &c->layer, c->rows, learns);
        status = ff_conditioned_init(&c->conditioned, trial->workers);
    }
    if (status != FF_OK || !learns)
        return status;
    c->update = (struct ff_update){.workers = trial->workers,
                                   .layer = &c->layer,
                                   .optimizer = trial->job->optimizer,
                                   .params = trial->job->optimizer_params};
    return ff_update_init(&c->update);
}

static void release(struct compute *c)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_update_release(&c->update);
    ff_conditioned_release(&c->conditioned);
    ff_buffers_free(c->trial->workers->ctx, list_buffers(c, buffers), buffers);
    ff_layer_release(&c->layer);
}

int ff_trial_compute(struct ff_trial *trial, double *seconds)
{
    const struct ff_operation *operation = &trial->operation;
    int states = operation->kind == FF_OPERATION_LEARN ? trial->job->optimizer->states : 0;
    struct ff_layer shape = ff_layer_shape(operation->fan_in, operation->units, states);
    struct compute_trial own = {.base = *trial};
    struct compute *c = &own.compute;
    int status;

    shape.classes = operation->classes;
    shape.own.end = (uint32_t)ff_divide_up(operation->own, shape.tile_units);
    own.base.run = run;
    c->trial = &own.base;
    c->rows = (size_t)operation->blocks * trial->job->geometry.chunk_rows;
    status = ff_layer_init_part(&c->layer, trial->workers->ctx, &shape);
    if (status != FF_OK)
        return status;
    status = set_up(c);
    if (status == FF_OK)
        status = ff_trial_measure(&own.base, seconds);
    release(c);
    return status;
}
