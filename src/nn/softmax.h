/* Softmax of logits or of scores such as goodness: cross-entropy, probabilities, sampling. */
#ifndef FF_NN_SOFTMAX_H
#define FF_NN_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

/*
 * LOGITS (rows, classes) become dL/dlogits of the mean cross-entropy over BATCH rows, each
 * multiplied by the weight w of its class in WEIGHTS (classes; NULL: all 1):
 * w (p - onehot) / batch. Returns the weighted sum of the cross-entropy over these rows. Adds to
 * *WRONG the number of misclassified rows: those whose largest logit (the first of equals) is not
 * the label's. Labels are below CLASSES. A logit of NaN makes the result NaN.
 */
double ff_softmax_cross_entropy(size_t rows, size_t classes, size_t batch, float *logits,
                                const uint16_t *labels, const float *weights, uint64_t *wrong);
/* P (n) = softmax(scale scores). */
void ff_softmax(size_t n, const float *scores, double scale, float *p);
/*
 * Draws a class other than EXCEPT, class c with a probability proportional to exp(logits[c]), by
 * inverting the cumulative distribution at AT, a uniform number in [0, 1). At least 2 classes.
 */
size_t ff_softmax_draw(size_t classes, const float *logits, size_t except, double at);
/* The index of the largest of N scores; the first of equals. N >= 1. */
size_t ff_argmax(size_t n, const float *scores);

#endif
