#include "learn/pass.h"

#include "learn/forward.h"
#include "learn/pairs.h"

#define MAX_BUFFERS 4

static size_t list_buffers(struct ff_pass *pass, struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = pass->max_rows, units[2] = {0, 0}, tiles = 0;

    for (uint32_t k = 0; k < pass->n_layers; k++) {
        uint32_t width = pass->hidden[k], count = ff_tile_count(width);

        units[k % 2] = width > units[k % 2] ? width : units[k % 2];
        tiles = count > tiles ? count : tiles;
    }
    out[0] = (struct ff_buffer){&pass->y[0], FF_MEM_ACTIVATIONS, rows * units[0], sizeof(float)};
    out[1] = (struct ff_buffer){&pass->sums, FF_MEM_ACTIVATIONS, rows * tiles, sizeof(float)};
    out[2] =
        (struct ff_buffer){&pass->blocks, FF_MEM_OTHER, pass->max_blocks, sizeof *pass->blocks};
    out[3] = (struct ff_buffer){&pass->y[1], FF_MEM_ACTIVATIONS, rows * units[1], sizeof(float)};
    return pass->n_layers > 1 ? 4 : 3;
}

int ff_pass_init(struct ff_pass *pass)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    return ff_buffers_alloc(pass->workers->ctx, list_buffers(pass, buffers), buffers);
}

void ff_pass_release(struct ff_pass *pass)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (pass->workers)
        ff_buffers_free(pass->workers->ctx, list_buffers(pass, buffers), buffers);
}

void ff_pass_needs(const struct ff_pass *pass, struct ff_needs *needs)
{
    struct ff_pass shape = *pass;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

void ff_pass_begin(struct ff_pass *pass, size_t n, const struct ff_piece *pieces)
{
    pass->n_blocks = n;
    pass->all_rows = ff_pairs_place(n, pieces, pass->blocks);
}

float *ff_pass_outputs(const struct ff_pass *pass, uint32_t k)
{
    return pass->y[k % 2];
}

int ff_pass_layer(struct ff_pass *pass, uint32_t k)
{
    return ff_layer_forward(&pass->layers[k], pass->workers->pool, pass->blocks, pass->n_blocks,
                            pass->all_rows, ff_pass_outputs(pass, k), pass->sums);
}

int ff_pass_next(struct ff_pass *pass, uint32_t k)
{
    size_t units = pass->layers[k].units;
    float *y = ff_pass_outputs(pass, k);
    int status = ff_layer_gather(&pass->layers[k], pass->all_rows, y);

    if (status != FF_OK)
        return status;
    ff_forward_normalise(pass->workers->pool, pass->all_rows, units, y);
    for (size_t i = 0; i < pass->n_blocks; i++)
        pass->blocks[i].x = y + pass->blocks[i].first * units;
    return FF_OK;
}
