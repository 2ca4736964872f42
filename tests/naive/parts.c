#include "naive/parts.h"

#include "nn/dropout.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double naive_schedule(const char *name, size_t done, size_t total)
{
    double left = 1 - (double)done / (double)total;

    if (strcmp(name, "linear") == 0)
        return left;
    if (strcmp(name, "half-linear") == 0)
        return left > 0.5 ? 1 : 2 * left;
    if (strcmp(name, "cosine") == 0)
        return (1 + cos(acos(-1.0) * (1 - left))) / 2;
    ck_assert_str_eq(name, "constant");
    return 1;
}

size_t *naive_order(uint64_t seed, size_t rows)
{
    struct ff_permutation order =
        ff_permutation_make(ff_rng_make(seed, FF_RNG_IMPORT_ORDER, 0, 0), rows);
    size_t *row_at = naive_alloc(rows, sizeof *row_at);

    for (size_t row = 0; row < rows; row++)
        row_at[ff_permutation_at(&order, row)] = row;
    return row_at;
}

void naive_normal(struct ff_rng rng, size_t first, size_t n, double deviation,
                  struct oracle_layer *layer)
{
    size_t blocks = (n + 3) / 4;

    for (size_t j = 0; j < layer->units; j++) {
        for (size_t k = 0; k < n; k++) {
            float normal[4];

            ff_rng_normal(&rng, j * blocks + k / 4, normal);
            layer->w[j * layer->fan_in + first + k] = (double)normal[k % 4] * deviation;
        }
    }
}

void naive_seed(uint64_t seed, uint32_t number, double gain, struct oracle_layer *layer)
{
    naive_normal(ff_rng_make(seed, FF_RNG_WEIGHTS, number, 0), 0, layer->fan_in,
                 sqrt(gain / (double)layer->fan_in), layer);
}

/* Chance is the library's: what becomes 0 of ones is dropped. */
void naive_drop(const struct ff_recipe *recipe, uint32_t number, uint32_t epoch, size_t place,
                size_t width, double *x)
{
    struct ff_rng rng = ff_rng_make(recipe->seed, FF_RNG_DROPOUT, number, epoch);
    float *ones = naive_alloc(width, sizeof *ones);
    double p = rint(recipe->dropout * 65536) / 65536;

    for (size_t k = 0; k < width; k++)
        ones[k] = 1;
    ff_dropout(&rng, place, 1, width, (float)p, ones, ones);
    for (size_t k = 0; k < width; k++)
        x[k] *= ones[k] > 0 ? 1 / (1 - p) : 0;
    free(ones);
}

double *naive_class_weights(const struct ff_recipe *recipe, const struct naive_data *data, size_t n,
                            const size_t *rows)
{
    double *weights = naive_alloc(data->classes, sizeof *weights), present = 0;
    bool balanced = strcmp(recipe->class_weights, "balanced") == 0;

    for (size_t i = 0; i < n; i++)
        weights[data->labels[rows[i]]]++;
    for (uint32_t c = 0; c < data->classes; c++)
        present += weights[c] > 0;
    for (uint32_t c = 0; c < data->classes; c++)
        weights[c] = balanced ? (double)n / (present * weights[c]) : 1;
    return weights;
}

double naive_slopes(const struct ff_loss *loss, const struct ff_loss_params *params, double g_pos,
                    double g_neg, double *c_pos, double *c_neg)
{
    const double h = NAIVE_SLOPE_STEP;

#define LOSS(pos, neg) oracle_loss(loss, params, true, pos, neg)
    *c_pos = (LOSS(g_pos + h, g_neg) - LOSS(g_pos - h, g_neg)) / (2 * h);
    *c_neg = (LOSS(g_pos, g_neg + h) - LOSS(g_pos, g_neg - h)) / (2 * h);
    return LOSS(g_pos, g_neg);
#undef LOSS
}

void naive_add_gradient(const struct oracle_layer *layer, double scale, const double *y,
                        const double *x, double *dw, double *db)
{
    for (size_t j = 0; j < layer->units; j++) {
        db[j] += scale * y[j];
        for (size_t k = 0; k < layer->fan_in && y[j] != 0; k++)
            dw[j * layer->fan_in + k] += scale * y[j] * x[k];
    }
}

struct naive_descent naive_descent_make(const struct oracle_layer *layer)
{
    size_t n = layer->units * layer->fan_in;

    return (struct naive_descent){naive_alloc(n, sizeof(float)),
                                  naive_alloc(layer->units, sizeof(float)),
                                  naive_alloc(n, sizeof(double)),
                                  naive_alloc(n, sizeof(double)),
                                  naive_alloc(layer->units, sizeof(double)),
                                  naive_alloc(layer->units, sizeof(double))};
}

void naive_descent_free(struct naive_descent *d)
{
    free(d->g);
    free(d->gb);
    free(d->m);
    free(d->v);
    free(d->mb);
    free(d->vb);
}

void naive_update(const char *optimizer, const struct ff_optimizer_params *params, size_t step,
                  double lr, struct oracle_layer *layer, const double *dw, const double *db,
                  struct naive_descent *d)
{
    size_t n = layer->units * layer->fan_in;

    for (size_t i = 0; i < n; i++)
        d->g[i] = (float)dw[i];
    for (size_t j = 0; j < layer->units; j++)
        d->gb[j] = (float)db[j];
    if (strcmp(optimizer, "adam") == 0) {
        oracle_adam(params, step, lr, true, n, layer->w, d->g, d->m, d->v);
        oracle_adam(params, step, lr, false, layer->units, layer->b, d->gb, d->mb, d->vb);
    } else {
        ck_assert_str_eq(optimizer, "sgd");
        oracle_sgd(params, lr, true, n, layer->w, d->g, d->m);
        oracle_sgd(params, lr, false, layer->units, layer->b, d->gb, d->mb);
    }
}

double naive_difference(const struct oracle_layer *a, const struct oracle_layer *b)
{
    size_t weights = a->units * a->fan_in;
    double most = 0;

    for (size_t i = 0; i < weights + a->units; i++) {
        double here = i < weights ? a->w[i] - b->w[i] : a->b[i - weights] - b->b[i - weights];

        most = isfinite(here) ? fmax(most, fabs(here)) : INFINITY;
    }
    return most * sqrt((double)a->fan_in);
}
