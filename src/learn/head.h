/*
 * The linear softmax head on the normalised activations of all layers but the first (Hinton 2022,
 * section 3.3), under the neutral label, or without one where the recipe stores label-free inputs.
 * It is trained like the layers, one part at a time: the logits of a row are the sum of the
 * contributions of the layers so far, and the part on a layer is trained on top of those below it,
 * which are frozen.
 *
 *     logits(k) = logits(k-1) + h_k V_k' + c_k
 *
 * with h_k: (rows, units of layer k), V_k: (classes, units of layer k), c_k: (classes).
 */
#ifndef FF_LEARN_HEAD_H
#define FF_LEARN_HEAD_H

#include "model/layer.h"

/* LOGITS (rows, classes) += X V' + c. PRODUCT is working memory of the same size. */
FF_CHECK int ff_head_logits(const struct ff_layer *head, struct ff_pool *pool, size_t rows,
                            const float *x, float *product, float *logits);

#endif
