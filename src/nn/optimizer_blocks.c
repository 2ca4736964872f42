#include "nn/optimizer_blocks.h"

#include "nn/level.h"

#include <math.h>

/* Limited by square roots and divisions, which AVX2 does 8 at a time and AVX-512 16. */
static void adam(struct ff_adam a, size_t n, float *restrict w, const float *restrict g,
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

void FF_AT_LEVEL(ff_adam_block)(const struct ff_adam *constants, size_t n, float *w, const float *g,
                                float *m, float *v)
{
    adam(*constants, n, w, g, m, v);
}

static void sgd(struct ff_sgd s, size_t n, float *restrict w, const float *restrict g,
                float *restrict velocity)
{
    for (size_t i = 0; i < n; i++) {
        float vi = s.momentum * velocity[i] + g[i];

        velocity[i] = vi;
        w[i] = w[i] - s.decay * w[i] - s.lr * vi;
    }
}

void FF_AT_LEVEL(ff_sgd_block)(const struct ff_sgd *constants, size_t n, float *w, const float *g,
                               float *velocity)
{
    sgd(*constants, n, w, g, velocity);
}
