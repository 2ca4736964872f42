#include "learn/peers.h"

#include "nn/kernels.h"

#define KEPT 0.9f /* of the running mean, at each batch */
#define ADDED 0.1f

struct peers_job {
    struct ff_layer *layer;
    const struct ff_block *blocks;
    size_t n_blocks;
    const float *y;
    float *sums; /* (units), over the positive rows */
};

static void move_tile(void *arg, size_t tile, unsigned worker)
{
    const struct peers_job *job = arg;
    struct ff_layer *layer = job->layer;
    size_t units = layer->units, rows = 0;
    uint32_t first, count;

    (void)worker;
    ff_tile_range(layer->units, (uint32_t)tile, &first, &count);
    for (size_t i = 0; i < job->n_blocks; i += 2) {
        const struct ff_block *block = &job->blocks[i];

        ff_column_sums(block->rows, count, job->y + block->first * units + first, units, i > 0,
                       job->sums + first);
        rows += block->rows;
    }
    for (uint32_t j = first; j < first + count; j++)
        layer->unit_means[j] = KEPT * layer->unit_means[j] + ADDED * (job->sums[j] / (float)rows);
}

void ff_peers_move(struct ff_layer *layer, struct ff_pool *pool, const struct ff_block *blocks,
                   size_t n_blocks, const float *y, double factor, float *shift)
{
    struct peers_job job = {layer, blocks, n_blocks, y, shift};
    double mean = 0;

    ff_pool_run(pool, layer->tiles, move_tile, &job);
    for (uint32_t j = 0; j < layer->units; j++)
        mean += (double)layer->unit_means[j];
    mean /= layer->units;
    for (uint32_t j = 0; j < layer->units; j++)
        shift[j] = (float)(factor * ((double)layer->unit_means[j] - mean));
}
