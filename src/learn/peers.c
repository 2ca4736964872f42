#include "learn/peers.h"

#include "nn/kernels.h"

#define KEPT 0.9f /* weight of the running mean, per batch */
#define ADDED 0.1f

struct peers_job {
    struct ff_layer *layer;
    const struct ff_block *blocks;
    size_t n_blocks;
    const float *y;
    float *sums; /* (units), over the positive rows */
};

static void move_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct peers_job *job = arg;
    struct ff_layer *layer = job->layer;
    size_t units = layer->units, rows = 0;
    uint32_t first, count;

    (void)part;
    (void)worker;
    ff_tile_range(layer->units, tile, &first, &count);
    for (size_t i = 0; i < job->n_blocks; i += 2) {
        const struct ff_block *block = &job->blocks[i];

        ff_column_sums(block->rows, count, job->y + block->first * units + first, units, i > 0,
                       job->sums + first);
        rows += block->rows;
    }
    for (uint32_t j = first; j < first + count; j++)
        layer->unit_means[j] = KEPT * layer->unit_means[j] + ADDED * (job->sums[j] / (float)rows);
}

int ff_peers_move(struct ff_layer *layer, struct ff_pool *pool, const struct ff_block *blocks,
                  size_t n_blocks, const float *y, double factor, float *shift)
{
    struct peers_job job = {layer, blocks, n_blocks, y, shift};
    struct ff_walk walk = {.parts = 1, .fn = move_tile, .arg = &job};
    double mean = 0;
    int status = ff_layer_walk(layer, pool, &walk);

    if (status == FF_OK)
        status = ff_layer_gather(layer, 1, layer->unit_means);
    if (status != FF_OK)
        return status;
    for (uint32_t j = 0; j < layer->units; j++)
        mean += (double)layer->unit_means[j];
    mean /= layer->units;
    for (uint32_t j = 0; j < layer->units; j++)
        shift[j] = (float)(factor * ((double)layer->unit_means[j] - mean));
    return FF_OK;
}
