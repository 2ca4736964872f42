/*
 * Optimizers, one row each in the table of optimizer.c. A step works on any block of parameters
 * independently of the others, so it runs on a tile while that is in cache.
 */
#ifndef FF_NN_OPTIMIZER_H
#define FF_NN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#define FF_OPTIMIZER_STATES 2 /* most numbers of state per parameter */

struct ff_optimizer_params {
    float momentum;     /* sgd */
    float beta1, beta2; /* adam: decay rates of the first and second moment */
    float epsilon;      /* adam */
    float weight_decay; /* decoupled (Loshchilov and Hutter 2019): w -= lr * decay * w */
};

struct ff_optimizer {
    const char *name;
    const char *summary; /* for --help */
    int states;          /* numbers of state per parameter, 0 .. FF_OPTIMIZER_STATES */
    struct ff_optimizer_params defaults;
    /*
     * One step on N parameters W with gradient G and learning rate LR; STEP counts from 1.
     * state[0 .. states-1] are N floats each, zero before the first step. DECAY: apply weight decay
     * (not to biases). The result for a parameter does not depend on how parameters are split into
     * blocks.
     */
    void (*step)(const struct ff_optimizer_params *params, uint64_t step, float lr, int decay,
                 size_t n, float *w, const float *g, float *const *state);
};

const struct ff_optimizer *ff_optimizer_find(const char *name);
const struct ff_optimizer *ff_optimizers(size_t *count);

#endif
