#include "learn/head.h"

#include "nn/gemm.h"

struct product_job {
    const struct ff_layer *head;
    size_t rows;
    const float *x;
    float *product;
};

static void product_tile(void *arg, size_t tile, unsigned worker)
{
    struct product_job *job = arg;
    const struct ff_layer *head = job->head;
    uint32_t first, count;

    (void)worker;
    ff_tile_range(head->units, (uint32_t)tile, &first, &count);
    ff_gemm_nt(job->rows, count, head->fan_in, job->x, head->fan_in,
               head->weights + (size_t)first * head->fan_in, head->fan_in, job->product + first,
               head->units);
}

void ff_head_logits(const struct ff_layer *head, struct ff_pool *pool, size_t rows, const float *x,
                    float *product, float *logits)
{
    struct product_job job = {head, rows, x, product};

    ff_pool_run(pool, head->tiles, product_tile, &job);
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < head->units; c++)
            logits[i * head->units + c] += product[i * head->units + c] + head->biases[c];
    }
}
