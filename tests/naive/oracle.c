#include "naive/oracle.h"

#include "base/rng.h"
#include <assert.h>
#include <check.h>
#include <math.h>
#include <string.h>

#define ORACLE_LABELS 1000 /* of a row, at most */

void oracle_fill(uint64_t seed, size_t n, float low, float high, float *out)
{
    struct ff_rng rng = ff_rng_make(seed, FF_RNG_WEIGHTS, 0, 0);

    for (size_t i = 0; i < n; i++) {
        uint32_t block[4];

        ff_rng_block(&rng, i, block);
        out[i] = low + (high - low) * ((float)(block[0] >> 8) * 0x1p-24f);
    }
}

uint64_t oracle_hash(size_t n, const float *values)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof bits);
        for (unsigned byte = 0; byte < 4; byte++)
            hash = (hash ^ (bits >> 8 * byte & 0xff)) * 0x100000001b3u;
    }
    return hash;
}

void oracle_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = beta == 0.0f ? 0.0 : (double)beta * c[i * ldc + j];

            for (size_t p = 0; p < k; p++) {
                double x = transpose_a ? a[p * lda + i] : a[i * lda + p];
                double y = transpose_b ? b[j * ldb + p] : b[p * ldb + j];

                sum += x * y;
            }
            c[i * ldc + j] = (float)sum;
        }
    }
}

double oracle_bias_relu(size_t units, float *z, const float *bias)
{
    double sum = 0.0;

    for (size_t j = 0; j < units; j++) {
        float y = z[j] + bias[j];

        if (y < 0.0f)
            y = 0.0f;
        z[j] = y;
        sum += (double)y * y;
    }
    return sum;
}

float oracle_lane_sum_squares(size_t lanes, size_t units, const float *y)
{
    float sum = 0.0f;

    for (size_t lane = 0; lane < lanes; lane++) {
        float part = 0.0f;

        for (size_t j = lane; j < units; j += lanes) {
            /* Stored first: nobody may keep more digits of the square than a float has. */
            volatile float square = y[j] * y[j];

            part += square;
        }
        sum += part;
    }
    return sum;
}

void oracle_normalise(size_t units, const float *y, double *out)
{
    double sum = 0.0;

    for (size_t j = 0; j < units; j++)
        sum += (double)y[j] * y[j];
    for (size_t j = 0; j < units; j++)
        out[j] = y[j] * sqrt((double)units) / (sqrt(sum) + 1e-6);
}

double oracle_goodness(const struct oracle_layer *layer, const float *x)
{
    double sum = 0.0;

    for (size_t j = 0; j < layer->units; j++) {
        double z = layer->b[j];

        for (size_t k = 0; k < layer->fan_in; k++)
            z += layer->w[j * layer->fan_in + k] * x[k];
        if (z > 0.0)
            sum += z * z;
    }
    return sum / (double)layer->units;
}

static double softplus(double x)
{
    return x > 30.0 ? x : log1p(exp(x));
}

static double logistic(const struct ff_loss_params *params, double g_pos, double g_neg)
{
    return softplus(-params->goodness_scale * (g_pos - params->threshold)) +
           softplus(params->goodness_scale * (g_neg - params->threshold));
}

static double symba(const struct ff_loss_params *params, double g_pos, double g_neg)
{
    return softplus(-params->goodness_scale * (g_pos - g_neg));
}

/* -sum_c t_c log softmax_c(gs G) */
static double softmax_loss(const struct ff_loss_params *params, size_t n, size_t truth,
                           const double *g)
{
    double logits[ORACLE_LABELS], ls = params->label_smoothing, sum = 0.0;

    for (size_t c = 0; c < n; c++)
        logits[c] = params->goodness_scale * g[c];
    for (size_t c = 0; c < n; c++) {
        double target = (1.0 - ls) * (c == truth) + ls / (double)n;

        sum += target * oracle_cross_entropy(n, logits, c);
    }
    return sum;
}

static const struct formula {
    const char *name;
    /* One of the two; the other is NULL. */
    double (*pairs)(const struct ff_loss_params *params, double g_pos, double g_neg);
    double (*labels)(const struct ff_loss_params *params, size_t n, size_t truth, const double *g);
} formulas[] = {
    {"logistic", logistic, NULL},
    {"symba", symba, NULL},
    {"softmax", NULL, softmax_loss},
};
#define FORMULAS (sizeof formulas / sizeof *formulas)

static const struct formula *find_loss(const char *name)
{
    size_t i = 0;

    while (i < FORMULAS && strcmp(formulas[i].name, name) != 0)
        i++;
    ck_assert_msg(i < FORMULAS, "loss %s: add its formula to the oracle", name);
    return &formulas[i];
}

bool oracle_is_over_labels(const char *name)
{
    return find_loss(name)->labels != NULL;
}

double oracle_loss(const struct ff_loss *loss, const struct ff_loss_params *params, bool exact,
                   double g_pos, double g_neg)
{
    float pos = (float)g_pos, neg = (float)g_neg, c_pos, c_neg;
    double value;

    if (exact)
        return find_loss(loss->name)->pairs(params, g_pos, g_neg);
    loss->pairs(params, 1, 1, &pos, &neg, &c_pos, &c_neg, &value);
    return value;
}

double oracle_label_loss(const struct ff_loss *loss, const struct ff_loss_params *params,
                         bool exact, size_t n, size_t truth, const double *g)
{
    float rounded[ORACLE_LABELS], ignored[ORACLE_LABELS];
    uint16_t place = (uint16_t)truth;
    double value;

    assert(n <= ORACLE_LABELS);
    if (exact)
        return find_loss(loss->name)->labels(params, n, truth, g);
    for (size_t c = 0; c < n; c++)
        rounded[c] = (float)g[c];
    loss->labels(params, 1, n, 1, &place, NULL, rounded, ignored, &value);
    return value;
}

double oracle_layer_loss(const struct oracle_layer *layer, const struct ff_loss *loss,
                         const struct ff_loss_params *params, bool exact, size_t pairs,
                         const float *x_pos, const float *x_neg)
{
    double sum = 0.0;

    for (size_t i = 0; i < pairs; i++) {
        double g_pos = oracle_goodness(layer, x_pos + i * layer->fan_in);
        double g_neg = oracle_goodness(layer, x_neg + i * layer->fan_in);

        sum += oracle_loss(loss, params, exact, g_pos, g_neg);
    }
    return sum / (double)pairs;
}

void oracle_adam(const struct ff_optimizer_params *params, uint64_t step, double lr, bool decay,
                 size_t n, double *w, const float *g, double *m, double *v)
{
    double beta1 = params->beta1, beta2 = params->beta2;

    for (size_t i = 0; i < n; i++) {
        double m_hat, v_hat;

        m[i] = beta1 * m[i] + (1.0 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1.0 - beta2) * g[i] * g[i];
        m_hat = m[i] / (1.0 - pow(beta1, (double)step));
        v_hat = v[i] / (1.0 - pow(beta2, (double)step));
        if (decay)
            w[i] -= lr * params->weight_decay * w[i];
        w[i] -= lr * m_hat / (sqrt(v_hat) + params->epsilon);
    }
}

void oracle_sgd(const struct ff_optimizer_params *params, double lr, bool decay, size_t n,
                double *w, const float *g, double *velocity)
{
    for (size_t i = 0; i < n; i++) {
        velocity[i] = params->momentum * velocity[i] + g[i];
        if (decay)
            w[i] -= lr * params->weight_decay * w[i];
        w[i] -= lr * velocity[i];
    }
}

double oracle_cross_entropy(size_t classes, const double *logits, size_t label)
{
    double sum = 0.0;

    for (size_t c = 0; c < classes; c++)
        sum += exp(logits[c] - logits[label]);
    return log(sum);
}
