/* Softmax, of the logits of heads and of scores such as goodness: its cross-entropy, its
 * probabilities, and drawing from it. */
#ifndef FF_NN_SOFTMAX_H
#define FF_NN_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

/*
 * logits: (rows, classes), replaced by dL/dlogits of the mean cross-entropy over BATCH rows: (p -
 * onehot) / batch. Returns the sum over these rows of the cross-entropy, and adds to *WRONG the
 * rows whose largest logit is not the label's (first one wins). Labels are below CLASSES. A logit
 * of NaN makes the result NaN.
 */
double ff_softmax_cross_entropy(size_t rows, size_t classes, size_t batch, float *logits,
                                const uint16_t *labels, uint64_t *wrong);
/* P (n) = softmax(scale scores). */
void ff_softmax(size_t n, const float *scores, double scale, float *p);
/*
 * Draws a class other than EXCEPT, class c with a probability in proportion to exp(logits[c]); AT,
 * in [0, 1), is the chance: the classes lie side by side in their order. At least 2 classes.
 */
size_t ff_softmax_draw(size_t classes, const float *logits, size_t except, double at);
/* Index of the largest of N scores; the first of equals. N >= 1. */
size_t ff_argmax(size_t n, const float *scores);

#endif
