#include "learn/climb.h"

#include "learn/forward.h"
#include "learn/pairs.h"

#define MAX_BUFFERS 4

static size_t list_buffers(struct ff_climb *climb, struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = climb->max_rows, units[2] = {0, 0}, tiles = 0;

    for (uint32_t k = 0; k < climb->n_layers; k++) {
        uint32_t width = climb->hidden[k], count = ff_tile_count(width);

        units[k % 2] = width > units[k % 2] ? width : units[k % 2];
        tiles = count > tiles ? count : tiles;
    }
    out[0] = (struct ff_buffer){&climb->y[0], FF_MEM_ACTIVATIONS, rows * units[0], sizeof(float)};
    out[1] = (struct ff_buffer){&climb->sums, FF_MEM_ACTIVATIONS, rows * tiles, sizeof(float)};
    out[2] =
        (struct ff_buffer){&climb->blocks, FF_MEM_OTHER, climb->max_blocks, sizeof *climb->blocks};
    out[3] = (struct ff_buffer){&climb->y[1], FF_MEM_ACTIVATIONS, rows * units[1], sizeof(float)};
    return climb->n_layers > 1 ? 4 : 3;
}

int ff_climb_init(struct ff_climb *climb)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    return ff_buffers_alloc(climb->workers->ctx, list_buffers(climb, buffers), buffers);
}

void ff_climb_release(struct ff_climb *climb)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (climb->workers)
        ff_buffers_free(climb->workers->ctx, list_buffers(climb, buffers), buffers);
}

void ff_climb_needs(const struct ff_climb *climb, struct ff_needs *needs)
{
    struct ff_climb shape = *climb;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

void ff_climb_begin(struct ff_climb *climb, size_t n, const struct ff_piece *pieces)
{
    climb->n_blocks = n;
    climb->all_rows = ff_pairs_place(n, pieces, climb->blocks);
}

float *ff_climb_outputs(const struct ff_climb *climb, uint32_t k)
{
    return climb->y[k % 2];
}

int ff_climb_layer(struct ff_climb *climb, uint32_t k)
{
    return ff_layer_forward(&climb->layers[k], climb->workers->pool, climb->blocks, climb->n_blocks,
                            climb->all_rows, ff_climb_outputs(climb, k), climb->sums);
}

void ff_climb_on(struct ff_climb *climb, uint32_t k)
{
    size_t units = climb->layers[k].units;
    float *y = ff_climb_outputs(climb, k);

    ff_forward_normalise(climb->workers->pool, climb->all_rows, units, y);
    for (size_t i = 0; i < climb->n_blocks; i++)
        climb->blocks[i].x = y + climb->blocks[i].first * units;
}
