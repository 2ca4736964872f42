/*
 * Weights of classes that make up for their numbers of samples: with n samples of K classes, n_c of
 * them of class c, the loss of a sample of class c is multiplied by
 *
 *     w_c = n / (K n_c)
 *
 * so that every class has the same share in the sum of losses, and the mean weight of a sample is 1
 * (class_weight="balanced" of scikit-learn). Classes without samples do not count among the K.
 */
#ifndef FF_NN_CLASS_WEIGHTS_H
#define FF_NN_CLASS_WEIGHTS_H

#include "base/context.h"

struct ff_class_weights {
    uint32_t n;        /* classes; 0: every sample weighs 1 */
    uint64_t *samples; /* (n): samples of each class */
    float *weights;    /* (n): w_c, 0 of a class without samples; NULL if n is 0 */
};

/* Allocates both arrays for N classes with SAMPLES (n), of which one is positive. FF_ENOMEM; OUT is
 * then empty. */
FF_CHECK int ff_class_weights_init(struct ff_ctx *ctx, uint32_t n, const uint64_t *samples,
                                   struct ff_class_weights *out);
/* Frees the arrays, which are malloc'd; WEIGHTS is then empty. */
void ff_class_weights_release(struct ff_class_weights *weights);

/* The weight of a sample of class LABEL by WEIGHTS (n); 1 if they are NULL. */
static inline double ff_class_weight(const float *weights, uint16_t label)
{
    return weights ? (double)weights[label] : 1.0;
}

#endif
