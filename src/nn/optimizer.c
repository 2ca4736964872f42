#include "nn/optimizer.h"

#include "nn/optimizer_blocks.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The fraction of each weight that one step of decoupled decay subtracts. 0 leaves w unchanged, so
 * the loops need no branch. */
static float decay_rate(const struct ff_optimizer_params *params, float lr, int decay)
{
    return decay ? lr * params->weight_decay : 0.0f;
}

/*
 * Kingma and Ba 2015, algorithm 1, with m^ = m / (1 - beta1^t) and v^ = v / (1 - beta2^t):
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     w = w - lr decay w - lr m^ / (sqrt(v^) + epsilon)
 * The bias corrections are the same for all parameters: two factors, computed in double.
 * state[0]: m, state[1]: v.
 */
static void adam_step(const struct ff_optimizer_params *params, uint64_t step, float lr, int decay,
                      size_t n, float *w, const float *g, float *const *state)
{
    const struct ff_adam a = {
        .beta1 = params->beta1,
        .beta2 = params->beta2,
        .rest1 = 1.0f - params->beta1,
        .rest2 = 1.0f - params->beta2,
        .rate = (float)(lr / (1.0 - pow(params->beta1, (double)step))),
        .scale = (float)(1.0 / sqrt(1.0 - pow(params->beta2, (double)step))),
        .epsilon = params->epsilon,
        .decay = decay_rate(params, lr, decay),
    };

    assert(step >= 1);
    ff_adam_block(&a, n, w, g, state[0], state[1]);
}

/*
 * Gradient descent with momentum (Polyak 1964):
 *     v = momentum v + g;  w = w - lr decay w - lr v
 * Hinton's running mean of gradients, v = mu v + (1 - mu) g, is equivalent with learning rate
 * lr (1 - mu) here.
 * state[0]: v.
 */
static void sgd_step(const struct ff_optimizer_params *params, uint64_t step, float lr, int decay,
                     size_t n, float *w, const float *g, float *const *state)
{
    const struct ff_sgd s = {params->momentum, lr, decay_rate(params, lr, decay)};

    (void)step;
    ff_sgd_block(&s, n, w, g, state[0]);
}

static const struct ff_optimizer optimizers[] = {
    {
        .name = "adam",
        .summary = "Adam with bias correction and decoupled weight decay",
        .states = 2,
        .defaults = {.beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
        .step = adam_step,
    },
    {
        .name = "sgd",
        .summary = "gradient descent with momentum and decoupled weight decay",
        .states = 1,
        .defaults = {.momentum = 0.9f},
        .step = sgd_step,
    },
};

const struct ff_optimizer *ff_optimizers(size_t *count)
{
    *count = sizeof optimizers / sizeof *optimizers;
    return optimizers;
}

const struct ff_optimizer *ff_optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        if (strcmp(optimizers[i].name, name) == 0)
            return &optimizers[i];
    }
    return NULL;
}
