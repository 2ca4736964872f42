#include "nn/softmax.h"

#include "nn/class_weights.h"

#include <assert.h>
#include <math.h>

size_t ff_argmax(size_t n, const float *scores)
{
    size_t best = 0;

    assert(n >= 1);
    for (size_t i = 1; i < n; i++) {
        if (scores[i] > scores[best])
            best = i;
    }
    return best;
}

/*
 * z: (classes), of one row. Subtracting the largest logit does not change p and prevents an
 * overflow of expf(). Returns -w log p[label] = w (log(sum of exp(z - max)) - (z[label] - max)). A
 * factor w of 1 changes no bit.
 */
static double softmax_row(size_t classes, double batch, double w, float *z, size_t label,
                          size_t best)
{
    float max = z[best], target = z[label] - max;
    double sum = 0.0;

    for (size_t c = 0; c < classes; c++) {
        z[c] = expf(z[c] - max);
        sum += z[c];
    }
    for (size_t c = 0; c < classes; c++)
        z[c] = (float)(w * (z[c] / sum - (c == label ? 1.0 : 0.0)) / batch);
    return w * (log(sum) - target);
}

double ff_softmax_cross_entropy(size_t rows, size_t classes, size_t batch, float *logits,
                                const uint16_t *labels, const float *weights, uint64_t *wrong)
{
    double loss = 0.0;

    for (size_t i = 0; i < rows; i++) {
        float *z = logits + i * classes;
        size_t best = ff_argmax(classes, z);

        assert(labels[i] < classes);
        *wrong += best != labels[i];
        loss += softmax_row(classes, (double)batch, ff_class_weight(weights, labels[i]), z,
                            labels[i], best);
    }
    return loss;
}

void ff_softmax(size_t n, const float *scores, double scale, float *p)
{
    double largest = (double)scores[ff_argmax(n, scores)], sum = 0.0;

    for (size_t c = 0; c < n; c++)
        sum += exp(scale * ((double)scores[c] - largest));
    for (size_t c = 0; c < n; c++)
        p[c] = (float)(exp(scale * ((double)scores[c] - largest)) / sum);
}

/* The largest logit of the classes that may be drawn; subtracted, it prevents overflow of exp(). */
static double largest_other(size_t classes, const float *logits, size_t except)
{
    double largest = -INFINITY;

    for (size_t c = 0; c < classes; c++) {
        if (c != except)
            largest = fmax(largest, (double)logits[c]);
    }
    return largest;
}

size_t ff_softmax_draw(size_t classes, const float *logits, size_t except, double at)
{
    double largest = largest_other(classes, logits, except), sum = 0.0, passed = 0.0;
    size_t last = 0;

    assert(classes >= 2 && except < classes && at >= 0.0 && at < 1.0);
    for (size_t c = 0; c < classes; c++)
        sum += c == except ? 0.0 : exp((double)logits[c] - largest);
    for (size_t c = 0; c < classes; c++) {
        if (c == except)
            continue;
        last = c;
        passed += exp((double)logits[c] - largest);
        if (passed > at * sum)
            break;
    }
    return last;
}
