/* The loops of the optimizers' steps: of one step on a block of parameters. */
#ifndef FF_NN_OPTIMIZER_BLOCKS_H
#define FF_NN_OPTIMIZER_BLOCKS_H

#include <stddef.h>

/* The constants of a step of Adam. */
struct ff_adam {
    float beta1, beta2;
    float rest1, rest2; /* 1 - beta, exact for beta >= 0.5 */
    float rate;         /* lr / (1 - beta1^t) */
    float scale;        /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
    float decay; /* the fraction of each weight that is subtracted; 0 leaves it unchanged */
};

/* w, g, m, v: (n), which must not overlap. */
void ff_adam_block(const struct ff_adam *adam, size_t n, float *w, const float *g, float *m,
                   float *v);

/* The constants of a step of gradient descent with momentum. */
struct ff_sgd {
    float momentum, lr, decay;
};

/* w, g, velocity: (n), which must not overlap. */
void ff_sgd_block(const struct ff_sgd *sgd, size_t n, float *w, const float *g, float *velocity);

#endif
