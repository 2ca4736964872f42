#include "naive/backprop.h"

#include "base/rng.h"
#include "naive/images.h"
#include "naive/parts.h"
#include "recipe/mode.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool naive_is_backprop(const struct ff_recipe *recipe)
{
    return ff_mode_find(recipe->mode)->backprop;
}

static struct oracle_layer *output_of(const struct naive_network *network)
{
    return &network->head[network->layers - 1];
}

void naive_backprop_begin(const struct ff_recipe *recipe, const struct naive_data *data,
                          struct naive_network *out)
{
    size_t fan_in = naive_encoded(data);

    naive_init(out, recipe, recipe->layers, data);
    for (uint32_t k = 0; k < recipe->layers; k++) {
        naive_layer_init(&out->layer[k], fan_in, recipe->hidden[k]);
        naive_seed(recipe->seed, k + 1, 2, &out->layer[k]); /* He et al. 2015 */
        fan_in = recipe->hidden[k];
    }
    naive_layer_init(output_of(out), fan_in, data->classes);
    naive_seed(recipe->seed, recipe->layers + 1, 1, output_of(out));
}

/* One row on its way: y[0] is the input, y[k] the output of layer k. */
struct row {
    double **y; /* [layers + 1] */
    double *logits;
};

static struct row row_make(const struct naive_network *network, const struct naive_data *data)
{
    struct row row = {naive_alloc(network->layers + 1, sizeof *row.y),
                      naive_alloc(data->classes, sizeof *row.logits)};

    row.y[0] = naive_alloc(naive_encoded(data), sizeof **row.y);
    for (uint32_t k = 0; k < network->layers; k++)
        row.y[k + 1] = naive_alloc(network->layer[k].units, sizeof **row.y);
    return row;
}

static void row_free(const struct naive_network *network, struct row *row)
{
    for (uint32_t k = 0; k <= network->layers; k++)
        free(row->y[k]);
    free(row->y);
    free(row->logits);
}

/* ROW->y[0] is the image as it is. */
static void forward(const struct naive_network *network, const struct naive_data *data,
                    struct row *row)
{
    naive_normalise(naive_encoded(data), row->y[0]);
    for (uint32_t k = 0; k < network->layers; k++)
        naive_forward(&network->layer[k], row->y[k], row->y[k + 1]);
    memset(row->logits, 0, data->classes * sizeof *row->logits);
    naive_add_logits(output_of(network), row->y[network->layers], row->logits);
}

static void forward_row(const struct naive_network *network, const struct naive_data *data,
                        size_t at, struct row *row)
{
    naive_encode(data, data->values + at * data->features, row->y[0]);
    forward(network, data, row);
}

void naive_backprop_logits(const struct naive_network *network, const struct naive_data *data,
                           size_t at, double *out)
{
    struct row row = row_make(network, data);

    forward_row(network, data, at, &row);
    memcpy(out, row.logits, data->classes * sizeof *out);
    row_free(network, &row);
}

double naive_backprop_loss(const struct naive_network *network, const struct naive_data *data,
                           const double *class_weights)
{
    struct row row = row_make(network, data);
    double sum = 0;

    for (size_t at = 0; at < data->rows; at++) {
        forward_row(network, data, at, &row);
        sum += class_weights[data->labels[at]] *
               oracle_cross_entropy(data->classes, row.logits, data->labels[at]);
    }
    row_free(network, &row);
    return sum / (double)data->rows;
}

/* Gradients of all layers, the output's last. */
struct gradients {
    double **dw, **db; /* [layers + 1] */
};

static const struct oracle_layer *layer_at(const struct naive_network *network, uint32_t k)
{
    return k < network->layers ? &network->layer[k] : output_of(network);
}

static struct gradients gradients_make(const struct naive_network *network)
{
    struct gradients g = {naive_alloc(network->layers + 1, sizeof *g.dw),
                          naive_alloc(network->layers + 1, sizeof *g.db)};

    for (uint32_t k = 0; k <= network->layers; k++) {
        const struct oracle_layer *layer = layer_at(network, k);

        g.dw[k] = naive_alloc(layer->units * layer->fan_in, sizeof **g.dw);
        g.db[k] = naive_alloc(layer->units, sizeof **g.db);
    }
    return g;
}

static void gradients_clear(const struct naive_network *network, struct gradients *g)
{
    for (uint32_t k = 0; k <= network->layers; k++) {
        const struct oracle_layer *layer = layer_at(network, k);

        memset(g->dw[k], 0, layer->units * layer->fan_in * sizeof **g->dw);
        memset(g->db[k], 0, layer->units * sizeof **g->db);
    }
}

static void gradients_free(const struct naive_network *network, struct gradients *g)
{
    for (uint32_t k = 0; k <= network->layers; k++) {
        free(g->dw[k]);
        free(g->db[k]);
    }
    free(g->dw);
    free(g->db);
}

/* dW += dz' x; returns dL/dx of the row: (fan_in), to be freed. */
static double *backward_layer(const struct oracle_layer *layer, const double *dz, const double *x,
                              double *dw, double *db)
{
    double *dx = naive_alloc(layer->fan_in, sizeof *dx);

    for (size_t j = 0; j < layer->units; j++) {
        db[j] += dz[j];
        for (size_t i = 0; i < layer->fan_in; i++) {
            dw[j * layer->fan_in + i] += dz[j] * x[i];
            dx[i] += dz[j] * layer->w[j * layer->fan_in + i];
        }
    }
    return dx;
}

/* Adds the gradient of a row that has gone forward, whose loss has the WEIGHT, its share of the
 * batch. */
static void backward(const struct naive_network *network, const struct row *row, uint16_t label,
                     size_t classes, double weight, struct gradients *g)
{
    double *delta = naive_alloc(classes, sizeof *delta), sum = 0;

    for (size_t c = 0; c < classes; c++)
        sum += exp(row->logits[c]);
    for (size_t c = 0; c < classes; c++)
        delta[c] = weight * (exp(row->logits[c]) / sum - (c == label));
    for (uint32_t k = network->layers + 1; k-- > 0;) {
        const struct oracle_layer *layer = layer_at(network, k);
        double *below = backward_layer(layer, delta, row->y[k], g->dw[k], g->db[k]);

        for (size_t i = 0; i < layer->fan_in; i++)
            below[i] = row->y[k][i] > 0 ? below[i] : 0;
        free(delta);
        delta = below;
    }
    free(delta);
}

static bool is_wrong(size_t classes, const double *logits, uint16_t label)
{
    size_t best = 0;

    for (size_t c = 1; c < classes; c++)
        best = logits[c] > logits[best] ? c : best;
    return best != label;
}

struct training {
    const struct ff_recipe *recipe;
    const struct naive_data *data;
    struct naive_network *network;
    struct ff_optimizer_params params;
    struct naive_descent *descents; /* [layers + 1] */
    size_t *row_at;
    double *class_weights;      /* (classes) */
    size_t batches, batch_rows; /* rows of a full one */
};

/* One batch, which begins at PLACE of the stored order, as step number DONE + 1. Images are shifted
 * as SHIFTS has it. */
static void train_batch(struct training *t, size_t place, size_t done, const struct ff_rng *shifts,
                        struct gradients *g, struct row *row, struct naive_figures *figures)
{
    const struct ff_recipe *recipe = t->recipe;
    size_t left = t->data->rows - place, rows = left < t->batch_rows ? left : t->batch_rows;
    double lr =
        recipe->learning_rate * naive_schedule(recipe->schedule, done, recipe->epochs * t->batches);

    gradients_clear(t->network, g);
    for (size_t r = place; r < place + rows; r++) {
        uint16_t label = t->data->labels[t->row_at[r]];
        double weight = t->class_weights[label];

        naive_shift(t->data, shifts, t->row_at[r], r, recipe->jitter, row->y[0]);
        naive_encode(t->data, row->y[0], row->y[0]);
        forward(t->network, t->data, row);
        figures->loss += weight * oracle_cross_entropy(t->data->classes, row->logits, label);
        figures->error += is_wrong(t->data->classes, row->logits, label);
        backward(t->network, row, label, t->data->classes, weight / (double)rows, g);
    }
    for (uint32_t k = 0; k <= t->network->layers; k++) {
        struct oracle_layer *layer =
            k < t->network->layers ? &t->network->layer[k] : output_of(t->network);

        naive_update(recipe->optimizer, &t->params, done + 1, lr, layer, g->dw[k], g->db[k],
                     &t->descents[k]);
    }
}

static void train_epochs(struct training *t)
{
    struct gradients g = gradients_make(t->network);
    struct row row = row_make(t->network, t->data);

    for (uint32_t epoch = 0; epoch < t->recipe->epochs; epoch++) {
        struct naive_figures *figures = &t->network->epochs[epoch];
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(t->recipe->seed, FF_RNG_BATCH_ORDER, 1, epoch), t->batches);
        struct ff_rng shifts = ff_rng_make(t->recipe->seed, FF_RNG_JITTER, 1, epoch);

        for (size_t i = 0; i < t->batches; i++)
            train_batch(t, ff_permutation_at(&order, i) * t->batch_rows, epoch * t->batches + i,
                        &shifts, &g, &row, figures);
        figures->loss /= (double)t->data->rows;
        figures->error /= (double)t->data->rows;
    }
    row_free(t->network, &row);
    gradients_free(t->network, &g);
}

void naive_backprop_train(const struct ff_recipe *recipe, const struct naive_data *data,
                          struct naive_network *out)
{
    struct training t = {
        .recipe = recipe,
        .data = data,
        .network = out,
        .params = {(float)recipe->momentum, (float)recipe->beta1, (float)recipe->beta2,
                   (float)recipe->epsilon, (float)recipe->weight_decay},
        .descents = naive_alloc(recipe->layers + 1, sizeof *t.descents),
        .row_at = naive_order(recipe->seed, data->rows),
        .batch_rows = recipe->batch < data->rows ? recipe->batch : data->rows,
    };

    t.class_weights = naive_class_weights(recipe, data, data->rows, t.row_at);
    t.batches = (data->rows + t.batch_rows - 1) / t.batch_rows;
    naive_backprop_begin(recipe, data, out);
    out->epochs = naive_alloc(recipe->epochs, sizeof *out->epochs);
    for (uint32_t k = 0; k <= recipe->layers; k++)
        t.descents[k] = naive_descent_make(layer_at(out, k));
    train_epochs(&t);
    for (uint32_t k = 0; k <= recipe->layers; k++)
        naive_descent_free(&t.descents[k]);
    free(t.descents);
    free(t.row_at);
    free(t.class_weights);
}
