#include "nn/class_weights.h"

#include <stdlib.h>
#include <string.h>

static void balance(struct ff_class_weights *weights)
{
    uint64_t all = 0;
    uint32_t present = 0;

    for (uint32_t c = 0; c < weights->n; c++) {
        all += weights->samples[c];
        present += weights->samples[c] > 0;
    }
    for (uint32_t c = 0; c < weights->n; c++) {
        double even = (double)present * (double)weights->samples[c];

        weights->weights[c] = even > 0 ? (float)((double)all / even) : 0;
    }
}

int ff_class_weights_init(struct ff_ctx *ctx, uint32_t n, const uint64_t *samples,
                          struct ff_class_weights *out)
{
    *out = (struct ff_class_weights){
        .n = n,
        .samples = malloc(n * sizeof *out->samples),
        .weights = malloc(n * sizeof *out->weights),
    };
    if (!out->samples || !out->weights) {
        ff_class_weights_release(out);
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the weights of %u classes", n);
    }
    memcpy(out->samples, samples, n * sizeof *samples);
    balance(out);
    return FF_OK;
}

void ff_class_weights_release(struct ff_class_weights *weights)
{
    free(weights->samples);
    free(weights->weights);
    *weights = (struct ff_class_weights){.n = 0};
}
