#include "nn/optimizer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The fraction of each weight that one step of decoupled decay subtracts. 0 leaves w unchanged, so
 * the loops below need no branch. */
static float decay_rate(const struct ff_optimizer_params *params, float lr, int decay)
{
    return decay ? lr * params->weight_decay : 0.0f;
}

/* The constants of one step. */
struct adam {
    float beta1, beta2;
    float rest1, rest2; /* 1 - beta, exact for beta >= 0.5 */
    float rate;         /* lr / (1 - beta1^t) */
    float scale;        /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
    float decay;
};

/* w, g, m, v: (n). Limited by square roots and divisions, which AVX does 8 at a time. */
static void adam_block(struct adam a, size_t n, float *restrict w, const float *restrict g,
                       float *restrict m, float *restrict v)
{
    for (size_t i = 0; i < n; i++) {
        float mi = a.beta1 * m[i] + a.rest1 * g[i];
        float vi = a.beta2 * v[i] + a.rest2 * (g[i] * g[i]);
        float step = a.rate * mi / (sqrtf(vi) * a.scale + a.epsilon);

        m[i] = mi;
        v[i] = vi;
        w[i] = w[i] - a.decay * w[i] - step;
    }
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
    struct adam a = {
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
    adam_block(a, n, w, g, state[0], state[1]);
}

static void sgd_block(float momentum, float lr, float decay, size_t n, float *restrict w,
                      const float *restrict g, float *restrict velocity)
{
    for (size_t i = 0; i < n; i++) {
        float vi = momentum * velocity[i] + g[i];

        velocity[i] = vi;
        w[i] = w[i] - decay * w[i] - lr * vi;
    }
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
    (void)step;
    sgd_block(params->momentum, lr, decay_rate(params, lr, decay), n, w, g, state[0]);
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
