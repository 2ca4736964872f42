/* The naive training; everything in memory. */
#include "support/naive_parts.h"

#include "base/rng.h"
#include "data/embed.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The stored inputs of a layer: K + 2 streams, the positive, the negative ones, the neutral. */
struct training {
    const struct ff_recipe *recipe;
    const struct naive_data *data;
    struct naive_network *network;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    struct ff_optimizer_params params;
    size_t *row_at;        /* the dataset's row at each place of the stored order */
    size_t width;          /* of the inputs of the layer in training */
    double **x;            /* [streams]: (rows, width), in stored order */
    double *logits;        /* (rows, classes), of the heads below */
    size_t batches, batch; /* number of batches; rows of a full one */
};

static size_t streams(const struct training *t)
{
    return t->recipe->negative_sets + 2;
}

/* The label that a stream embeds into the row at PLACE. */
static uint32_t stream_label(const struct training *t, size_t stream, size_t place)
{
    uint16_t truth = t->data->labels[t->row_at[place]];

    if (stream == 0)
        return truth;
    if (stream == streams(t) - 1)
        return NAIVE_NEUTRAL;
    return ff_wrong_label(t->recipe->seed, (uint32_t)stream - 1, place, truth, t->data->classes);
}

static void embed_all(struct training *t)
{
    t->width = t->network->inputs;
    t->x = naive_alloc(streams(t), sizeof *t->x);
    for (size_t s = 0; s < streams(t); s++) {
        t->x[s] = naive_alloc(t->data->rows * t->width, sizeof **t->x);
        for (size_t place = 0; place < t->data->rows; place++)
            naive_embed(t->recipe, t->data, t->row_at[place], stream_label(t, s, place),
                        t->x[s] + place * t->width);
    }
}

/* dW += dz' x for one row, dz_j = SCALE y_j. dw: (units, fan_in), db: (units) */
static void add_gradient(const struct oracle_layer *layer, double scale, const double *y,
                         const double *x, double *dw, double *db)
{
    for (size_t j = 0; j < layer->units; j++) {
        db[j] += scale * y[j];
        for (size_t k = 0; k < layer->fan_in && y[j] != 0; k++)
            dw[j * layer->fan_in + k] += scale * y[j] * x[k];
    }
}

/* Adds the pair of the row at PLACE and negative set NEGATIVE to the gradient and to FIGURES. */
static void train_pair(const struct training *t, const struct oracle_layer *layer, size_t place,
                       size_t negative, size_t batch_rows, double *dw, double *db,
                       struct naive_figures *figures)
{
    const double *x_pos = t->x[0] + place * t->width;
    const double *x_neg = t->x[1 + negative] + place * t->width;
    double *y_pos = naive_alloc(2 * layer->units, sizeof *y_pos), *y_neg = y_pos + layer->units;
    double g_pos = naive_forward(layer, x_pos, y_pos), g_neg = naive_forward(layer, x_neg, y_neg);
    double c_pos, c_neg,
        loss = naive_slopes(t->loss, &t->loss_params, g_pos, g_neg, &c_pos, &c_neg);
    double factor =
        2.0 / (double)layer->units / (double)batch_rows; /* dG/dy, mean over the batch */

    add_gradient(layer, c_pos * factor, y_pos, x_pos, dw, db);
    add_gradient(layer, c_neg * factor, y_neg, x_neg, dw, db);
    figures->loss += loss / (double)t->data->rows;
    figures->goodness_pos += g_pos / (double)t->data->rows;
    figures->goodness_neg += g_neg / (double)t->data->rows;
    figures->error += (g_neg >= g_pos) / (double)t->data->rows;
    free(y_pos);
}

static size_t rows_of_batch(const struct training *t, size_t batch)
{
    return batch + 1 < t->batches ? t->batch : t->data->rows - batch * t->batch;
}

static void train_layer(struct training *t, uint32_t number)
{
    struct oracle_layer *layer = &t->network->layer[number - 1];
    const struct ff_recipe *recipe = t->recipe;
    struct naive_descent d = naive_descent_make(layer);
    size_t n = layer->units * layer->fan_in;
    double *dw = naive_alloc(n + layer->units, sizeof *dw), *db = dw + n;

    for (uint32_t epoch = 0; epoch < recipe->epochs; epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(recipe->seed, FF_RNG_BATCH_ORDER, number, epoch), t->batches);

        for (size_t i = 0; i < t->batches; i++) {
            size_t batch = ff_permutation_at(&order, i), done = epoch * t->batches + i;
            double factor = naive_schedule(recipe->schedule, done, recipe->epochs * t->batches);

            memset(dw, 0, (n + layer->units) * sizeof *dw);
            for (size_t r = 0; r < rows_of_batch(t, batch); r++)
                train_pair(t, layer, batch * t->batch + r, (epoch + batch) % recipe->negative_sets,
                           rows_of_batch(t, batch), dw, db,
                           &t->network->epochs[(number - 1) * recipe->epochs + epoch]);
            naive_update(recipe->optimizer, &t->params, done + 1, recipe->learning_rate * factor,
                         layer, dw, db, &d);
        }
    }
    naive_descent_free(&d);
    free(dw);
}

/* The figures of the layer as trained, over the pairs of all sets of negatives. */
static void measure(struct training *t, uint32_t number)
{
    const struct oracle_layer *layer = &t->network->layer[number - 1];
    struct naive_figures *final = &t->network->final[number - 1];
    size_t n = layer->units * layer->fan_in;
    double *ignored = naive_alloc(n + layer->units, sizeof *ignored);
    double sets = t->recipe->negative_sets;

    for (size_t negative = 0; negative < t->recipe->negative_sets; negative++) {
        for (size_t place = 0; place < t->data->rows; place++)
            train_pair(t, layer, place, negative, 1, ignored, ignored + n, final);
    }
    final->loss /= sets;
    final->goodness_pos /= sets;
    final->goodness_neg /= sets;
    final->error /= sets;
    free(ignored);
}

static double as_bf16(double value)
{
    float f = (float)value;
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* Rounds a row as it is when it was stored. */
static void store(const char *dtype, size_t units, double *row)
{
    double step = 0;

    for (size_t j = 0; j < units; j++)
        step = fmax(step, row[j] / 255);
    for (size_t j = 0; j < units; j++) {
        if (strcmp(dtype, "bf16") == 0)
            row[j] = as_bf16(row[j]);
        else if (strcmp(dtype, "u8") == 0 && step > 0)
            row[j] = nearbyint(row[j] / step) * step;
    }
}

/* The layer's outputs become the inputs of the next. */
static void forward_all(struct training *t, uint32_t number)
{
    const struct oracle_layer *layer = &t->network->layer[number - 1];
    size_t units = layer->units;
    bool *active = naive_alloc(units, sizeof *active);

    for (size_t s = 0; s < streams(t); s++) {
        double *y = naive_alloc(t->data->rows * units, sizeof *y);
        /* The neutral inputs are seen only by networks with a head. */
        bool counts = s + 1 < streams(t) || t->network->first_head;

        for (size_t place = 0; place < t->data->rows; place++) {
            double *row = y + place * units;

            naive_forward(layer, t->x[s] + place * t->width, row);
            for (size_t j = 0; j < units && counts; j++)
                active[j] |= row[j] > 0;
            naive_normalise(units, row);
            store(t->recipe->activations, units, row);
        }
        free(t->x[s]);
        t->x[s] = y;
    }
    for (size_t j = 0; j < units; j++)
        t->network->final[number - 1].dead_units += !active[j];
    free(active);
    t->width = units;
}

/* One batch of the head: softmax cross-entropy on the logits of the heads below and its own. */
static void head_batch(const struct training *t, const struct oracle_layer *head, size_t batch,
                       double *dw, double *db)
{
    size_t classes = head->units, rows = rows_of_batch(t, batch);
    double *logits = naive_alloc(classes, sizeof *logits);

    for (size_t place = batch * t->batch; place < batch * t->batch + rows; place++) {
        const double *x = t->x[streams(t) - 1] + place * t->width;
        uint16_t label = t->data->labels[t->row_at[place]];
        double sum = 0;

        memcpy(logits, t->logits + place * classes, classes * sizeof *logits);
        naive_add_logits(head, x, logits);
        for (size_t c = 0; c < classes; c++)
            sum += exp(logits[c]);
        for (size_t c = 0; c < classes; c++) {
            double dz = (exp(logits[c]) / sum - (c == label)) / (double)rows;

            db[c] += dz;
            for (size_t k = 0; k < head->fan_in; k++)
                dw[c * head->fan_in + k] += dz * x[k];
        }
    }
    free(logits);
}

static void train_head(struct training *t, uint32_t number)
{
    struct oracle_layer *head = &t->network->head[number - 1];
    const struct ff_recipe *recipe = t->recipe;
    struct ff_optimizer_params params = {.beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f};
    struct naive_descent d = naive_descent_make(head);
    size_t n = head->units * head->fan_in;
    double *dw = naive_alloc(n + head->units, sizeof *dw);

    params.weight_decay = (float)recipe->head_weight_decay;
    for (uint32_t epoch = 0; epoch < recipe->head_epochs; epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(recipe->seed, FF_RNG_HEAD_ORDER, number, epoch), t->batches);

        for (size_t i = 0; i < t->batches; i++) {
            size_t done = epoch * t->batches + i, total = recipe->head_epochs * t->batches;

            memset(dw, 0, (n + head->units) * sizeof *dw);
            head_batch(t, head, ff_permutation_at(&order, i), dw, dw + n);
            naive_update("adam", &params, done + 1,
                         recipe->head_learning_rate * naive_schedule(recipe->schedule, done, total),
                         head, dw, dw + n, &d);
        }
    }
    for (size_t place = 0; place < t->data->rows; place++)
        naive_add_logits(head, t->x[streams(t) - 1] + place * t->width,
                         t->logits + place * t->data->classes);
    naive_descent_free(&d);
    free(dw);
}

static void train_release(struct training *t)
{
    for (size_t s = 0; s < streams(t); s++)
        free(t->x[s]);
    free(t->x);
    free(t->row_at);
    free(t->logits);
}

void naive_train(const struct ff_recipe *recipe, const struct naive_data *data,
                 struct naive_network *out)
{
    struct training t = {
        .recipe = recipe,
        .data = data,
        .network = out,
        .loss = ff_loss_find(recipe->loss),
        .loss_params = {(float)recipe->goodness_scale, (float)recipe->threshold},
        .params = {(float)recipe->momentum, (float)recipe->beta1, (float)recipe->beta2,
                   (float)recipe->epsilon, (float)recipe->weight_decay},
        .batch = recipe->batch < data->rows ? recipe->batch : data->rows,
    };

    t.batches = (data->rows + t.batch - 1) / t.batch;
    t.logits = naive_alloc(data->rows * data->classes, sizeof *t.logits);
    naive_init(out, recipe, recipe->layers, data->features + naive_label_inputs(recipe, data));
    out->epochs = naive_alloc((size_t)recipe->layers * recipe->epochs, sizeof *out->epochs);
    out->final = naive_alloc(recipe->layers, sizeof *out->final);
    t.row_at = naive_order(recipe->seed, data->rows);
    embed_all(&t);
    for (uint32_t number = 1; number <= recipe->layers; number++) {
        naive_layer_init(&out->layer[number - 1], t.width, recipe->hidden[number - 1]);
        naive_seed(recipe->seed, number, 1, &out->layer[number - 1]);
        train_layer(&t, number);
        measure(&t, number);
        forward_all(&t, number);
        if (!out->first_head || number < out->first_head)
            continue;
        naive_layer_init(&out->head[number - 1], t.width, data->classes);
        train_head(&t, number);
    }
    train_release(&t);
}
