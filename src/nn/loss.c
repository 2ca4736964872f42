#include "nn/loss.h"

#include "nn/class_weights.h"

#include <math.h>
#include <string.h>

/* log(1 + e^x) without overflow, and accurate for small e^x. */
static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

/* The derivative of softplus, 1 / (1 + e^-x), without overflow. */
static double sigmoid(double x)
{
    double e = exp(-fabs(x));

    return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/*
 * Hinton 2022, equation 1, for a positive and a negative row, as a loss:
 *     L = softplus(-gs (G_pos - theta)) + softplus(gs (G_neg - theta))
 */
static void logistic_pairs(const struct ff_loss_params *params, size_t pairs, size_t batch,
                           const float *g_pos, const float *g_neg, float *c_pos, float *c_neg,
                           double *loss)
{
    double gs = params->goodness_scale, theta = params->threshold;
    double weight = 1.0 / (double)batch, sum = 0.0;

    for (size_t i = 0; i < pairs; i++) {
        double pos = -gs * (g_pos[i] - theta);
        double neg = gs * (g_neg[i] - theta);

        sum += softplus(pos) + softplus(neg);
        c_pos[i] = (float)(-gs * weight * sigmoid(pos));
        c_neg[i] = (float)(gs * weight * sigmoid(neg));
    }
    *loss = sum * weight;
}

/*
 * SymBa (Lee and Song 2023): depends only on the difference, so there is no threshold.
 *     L = softplus(-gs (G_pos - G_neg))
 */
static void symba_pairs(const struct ff_loss_params *params, size_t pairs, size_t batch,
                        const float *g_pos, const float *g_neg, float *c_pos, float *c_neg,
                        double *loss)
{
    double gs = params->goodness_scale;
    double weight = 1.0 / (double)batch, sum = 0.0;

    for (size_t i = 0; i < pairs; i++) {
        double logit = -gs * ((double)g_pos[i] - (double)g_neg[i]);
        double slope = gs * weight * sigmoid(logit);

        sum += softplus(logit);
        c_pos[i] = (float)-slope;
        c_neg[i] = (float)slope;
    }
    *loss = sum * weight;
}

static double largest_of(size_t n, const float *g)
{
    double largest = (double)g[0];

    for (size_t c = 1; c < n; c++)
        largest = fmax(largest, (double)g[c]);
    return largest;
}

/*
 * Cross-entropy of one row, with p = softmax(gs G) and the target t = (1 - ls) onehot + ls / n:
 *     L = -sum_c t_c log p_c,  dL/dG_c = gs (p_c - t_c)
 * Subtracting the largest goodness does not change p and prevents an overflow of exp().
 */
static double softmax_row(const struct ff_loss_params *params, size_t n, size_t truth,
                          double weight, const float *g, float *c)
{
    double gs = params->goodness_scale, ls = params->label_smoothing, rest = ls / (double)n;
    double largest = largest_of(n, g), sum = 0.0, loss = 0.0, log_sum;

    for (size_t i = 0; i < n; i++)
        sum += exp(gs * ((double)g[i] - largest));
    log_sum = log(sum);
    for (size_t i = 0; i < n; i++) {
        double logit = gs * ((double)g[i] - largest);
        double target = rest + (i == truth ? 1.0 - ls : 0.0);

        loss += target * (log_sum - logit);
        c[i] = (float)(gs * weight * (exp(logit) / sum - target));
    }
    return loss;
}

static void softmax_labels(const struct ff_loss_params *params, size_t rows, size_t n, size_t batch,
                           const uint16_t *truth, const struct ff_row_weights *weights,
                           const float *g, float *c, double *loss)
{
    double weight = 1.0 / (double)batch, sum = 0.0;

    for (size_t i = 0; i < rows; i++) {
        /* A factor of 1 changes no bit. */
        double w = weights ? ff_class_weight(weights->of_class, weights->classes[i]) : 1.0;

        sum += w * softmax_row(params, n, truth ? truth[i] : 0, w * weight, g + i * n, c + i * n);
    }
    *loss = sum * weight;
}

static const struct ff_loss losses[] = {
    {
        .name = "logistic",
        .formula = "softplus(-gs (G_pos - theta)) + softplus(gs (G_neg - theta))",
        /* With a small scale upper layers learn too little. Error rate on MNIST, 500x4, 3 negative
         * sets, 10 epochs: 3.8 % with a scale of 5, 2.5 % with 20, 2.2 % with 64. */
        .defaults = {.goodness_scale = 64.0f, .threshold = 1.0f},
        .learning_rate = 3e-3f,
        .pairs = logistic_pairs,
    },
    {
        .name = "symba",
        .formula = "softplus(-gs (G_pos - G_neg))",
        .defaults = {.goodness_scale = 64.0f, .threshold = 0.0f}, /* threshold: unused */
        .learning_rate = 3e-3f,
        .pairs = symba_pairs,
    },
    {
        .name = "softmax",
        .formula = "-sum_c t_c log softmax_c(gs G_c), for label-conditioned layers",
        /* Error rate on 10,000 held-out samples of MNIST (500x4, 10 epochs, 2 seeds): 1.42 % with
         * a learning rate of 3e-3, 1.25 % with 1.5e-3, 1.30 % with 1e-3. */
        .defaults = {.goodness_scale = 100.0f, .label_smoothing = 0.1f},
        .learning_rate = 1.5e-3f,
        .labels = softmax_labels,
    },
};

const struct ff_loss *ff_losses(size_t *count)
{
    *count = sizeof losses / sizeof *losses;
    return losses;
}

const struct ff_loss *ff_loss_find(const char *name)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        if (strcmp(losses[i].name, name) == 0)
            return &losses[i];
    }
    return NULL;
}
