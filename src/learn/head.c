#include "learn/head.h"

#include "nn/gemm.h"

struct product_job {
    const struct ff_layer *head;
    size_t rows;
    const float *x;
    float *product;
};

static void product_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    struct product_job *job = arg;
    const struct ff_layer *head = job->head;
    uint32_t first, count;

    (void)part;
    (void)worker;
    ff_tile_range(head->units, tile, &first, &count);
    ff_gemm_nt(job->rows, count, head->fan_in, job->x, head->fan_in,
               ff_layer_tile(head, head->weights, tile), head->fan_in, job->product + first,
               head->units);
}

int ff_head_logits(const struct ff_layer *head, struct ff_pool *pool, size_t rows, const float *x,
                   float *product, float *logits)
{
    struct product_job job = {head, rows, x, product};
    struct ff_walk walk = {.parts = 1, .fn = product_tile, .arg = &job, .weights = FF_PAGE_IN};
    int status = ff_layer_walk(head, pool, &walk);

    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < head->units; c++)
            logits[i * head->units + c] += product[i * head->units + c] + head->biases[c];
    }
    return FF_OK;
}
