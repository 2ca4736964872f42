/* The naive training; everything in memory. */
#include "support/naive_conditioned.h"
#include "support/naive_parts.h"

#include "base/rng.h"
#include "data/embed.h"
#include "data/hybrid.h"
#include "train/geometry.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The stored inputs of a layer: K + 2 streams, the positive, the negative ones, the neutral. Where
 * labels condition every layer one stream is enough; where no layer learns from labels, the
 * positive one is the neutral one, too. */
struct training {
    const struct ff_recipe *recipe;
    const struct naive_data *data;
    struct naive_network *network;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    struct ff_optimizer_params params;
    size_t *row_at;        /* the dataset's row at each place of the stored order */
    size_t width;          /* of the inputs of the layer in training, label inputs included */
    double **x;            /* [streams]: (rows, width), in stored order; label inputs are 0 */
    double *logits;        /* (rows, classes), of the heads below */
    size_t batches, batch; /* number of batches; rows of a full one */
    /* The layer at work */
    uint32_t number, epoch;
    size_t batch_at; /* in stored order */
    bool learns;     /* some of its inputs are dropped, and it may meet some labels only */
};

static size_t streams(const struct training *t)
{
    bool unsupervised = naive_is_unsupervised(t->recipe);

    return t->network->label_inputs > 0 ? 1 : t->recipe->negative_sets + (unsupervised ? 1 : 2);
}

static size_t head_stream(const struct training *t)
{
    return naive_is_label_free(t->recipe) ? 0 : streams(t) - 1;
}

/* The label that a stream embeds into the row at PLACE. */
static uint32_t stream_label(const struct training *t, size_t stream, size_t place)
{
    uint16_t truth = t->data->labels[t->row_at[place]];

    if (stream == 0)
        return truth;
    if (stream == head_stream(t))
        return NAIVE_NEUTRAL;
    return ff_wrong_label(t->recipe->seed, (uint32_t)stream - 1, place, truth, t->data->classes);
}

/* The input X of layer 1 becomes the hybrid of the image at PLACE and another one of its chunk. */
static void mix(const struct training *t, struct ff_rng rng, size_t place, double *x)
{
    struct ff_geometry geometry = ff_geometry_make(t->data->rows, t->recipe->batch);
    struct ff_image image = {t->data->height, t->data->width, 1, false};
    size_t features = t->data->features, other;
    float *work = naive_alloc(2 * features, sizeof *work);
    uint8_t *mask = naive_alloc(features, 1);
    uint32_t chunk = 0, rows, step = 1;
    uint64_t first;

    do
        ff_chunk_range(&geometry, chunk++, &first, &rows);
    while (place >= first + rows);
    if (rows > 1)
        step += ff_rng_below(&rng, UINT64_MAX - first, rows - 1);
    other = first + (place - first + step) % rows;
    ff_hybrid_mask(&rng, place, &image, work, mask);
    for (size_t k = 0; k < features; k++)
        x[k] = t->data->values[t->row_at[mask[k] ? place : other] * features + k];
    naive_normalise(features, x);
    free(work);
    free(mask);
}

static void embed_all(struct training *t)
{
    t->width = t->network->inputs + t->network->label_inputs;
    t->x = naive_alloc(streams(t), sizeof *t->x);
    for (size_t s = 0; s < streams(t); s++) {
        t->x[s] = naive_alloc(t->data->rows * t->width, sizeof **t->x);
        for (size_t place = 0; place < t->data->rows; place++) {
            double *x = t->x[s] + place * t->width;

            naive_embed(t->recipe, t->data, t->row_at[place], stream_label(t, s, place), x);
            if (naive_is_unsupervised(t->recipe) && s > 0)
                mix(t, ff_rng_make(t->recipe->seed, FF_RNG_SET_HYBRID, 1, (uint32_t)s - 1), place,
                    x);
        }
    }
}

/* The row at PLACE of a stream, as the layer at work meets it; to be freed. */
static double *inputs(const struct training *t, size_t stream, size_t place)
{
    double *x = naive_alloc(t->width, sizeof *x);

    memcpy(x, t->x[stream] + place * t->width, t->width * sizeof *x);
    if (t->learns && t->number == 1 && naive_is_unsupervised(t->recipe) && stream > 0)
        mix(t, ff_rng_make(t->recipe->seed, FF_RNG_HYBRID, 1, t->epoch), place, x);
    if (t->learns)
        naive_drop(t->recipe, t->number, t->epoch, place, t->width - t->network->label_inputs, x);
    return x;
}

/* Adds the pair of the row at PLACE and negative set NEGATIVE to the gradient and to FIGURES. */
static void train_pair(const struct training *t, size_t place, size_t negative, size_t batch_rows,
                       double *dw, double *db, struct naive_figures *figures)
{
    const struct oracle_layer *layer = &t->network->layer[t->number - 1];
    double *x_pos = inputs(t, 0, place), *x_neg = inputs(t, 1 + negative, place);
    double *y_pos = naive_alloc(2 * layer->units, sizeof *y_pos), *y_neg = y_pos + layer->units;
    double g_pos = naive_forward(layer, x_pos, y_pos), g_neg = naive_forward(layer, x_neg, y_neg);
    double c_pos, c_neg,
        loss = naive_slopes(t->loss, &t->loss_params, g_pos, g_neg, &c_pos, &c_neg);
    double factor =
        2.0 / (double)layer->units / (double)batch_rows; /* dG/dy, mean over the batch */

    naive_add_gradient(layer, c_pos * factor, y_pos, x_pos, dw, db);
    naive_add_gradient(layer, c_neg * factor, y_neg, x_neg, dw, db);
    figures->loss += loss / (double)t->data->rows;
    figures->goodness_pos += g_pos / (double)t->data->rows;
    figures->goodness_neg += g_neg / (double)t->data->rows;
    figures->error += (g_neg >= g_pos) / (double)t->data->rows;
    free(x_pos);
    free(x_neg);
    free(y_pos);
}

/* Adds the row at PLACE under its labels. */
static void train_labels(const struct training *t, size_t place, size_t batch_rows, double *dw,
                         double *db, struct naive_figures *figures)
{
    double *x = inputs(t, 0, place);
    struct naive_meeting meeting = {
        .recipe = t->recipe,
        .classes = t->data->classes,
        .x = x,
        .truth = t->data->labels[t->row_at[place]],
        .batch_rows = (double)batch_rows,
        .all_rows = (double)t->data->rows,
        .number = t->learns ? t->number : 0,
        .epoch = t->epoch,
        .batch = t->batch_at,
        .place = place,
    };

    naive_meet(&meeting, &t->network->layer[t->number - 1], dw, db, figures);
    free(x);
}

static size_t variants(const struct training *t)
{
    return t->network->label_inputs > 0 ? 1 : t->recipe->negative_sets;
}

static void train_row(const struct training *t, size_t place, size_t variant, size_t batch_rows,
                      double *dw, double *db, struct naive_figures *figures)
{
    if (t->network->label_inputs > 0)
        train_labels(t, place, batch_rows, dw, db, figures);
    else
        train_pair(t, place, variant, batch_rows, dw, db, figures);
}

static size_t rows_of_batch(const struct training *t, size_t batch)
{
    return batch + 1 < t->batches ? t->batch : t->data->rows - batch * t->batch;
}

static void train_layer(struct training *t)
{
    struct oracle_layer *layer = &t->network->layer[t->number - 1];
    const struct ff_recipe *recipe = t->recipe;
    struct naive_descent d = naive_descent_make(layer);
    size_t n = layer->units * layer->fan_in;
    double *dw = naive_alloc(n + layer->units, sizeof *dw), *db = dw + n;

    t->learns = true;
    for (t->epoch = 0; t->epoch < recipe->epochs; t->epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(recipe->seed, FF_RNG_BATCH_ORDER, t->number, t->epoch), t->batches);

        for (size_t i = 0; i < t->batches; i++) {
            size_t rows, done = t->epoch * t->batches + i;
            double factor = naive_schedule(recipe->schedule, done, recipe->epochs * t->batches);

            memset(dw, 0, (n + layer->units) * sizeof *dw);
            t->batch_at = ff_permutation_at(&order, i);
            rows = rows_of_batch(t, t->batch_at);
            for (size_t r = 0; r < rows; r++)
                train_row(t, t->batch_at * t->batch + r, (t->epoch + t->batch_at) % variants(t),
                          rows, dw, db,
                          &t->network->epochs[(t->number - 1) * recipe->epochs + t->epoch]);
            naive_update(recipe->optimizer, &t->params, done + 1, recipe->learning_rate * factor,
                         layer, dw, db, &d);
        }
    }
    naive_descent_free(&d);
    free(dw);
}

/* The figures of the layer as trained, over the pairs of all sets of negatives, without noise. */
static void measure(struct training *t)
{
    const struct oracle_layer *layer = &t->network->layer[t->number - 1];
    struct naive_figures *final = &t->network->final[t->number - 1];
    size_t n = layer->units * layer->fan_in;
    double *ignored = naive_alloc(n + layer->units, sizeof *ignored);

    t->learns = false;
    for (size_t variant = 0; variant < variants(t); variant++) {
        for (size_t place = 0; place < t->data->rows; place++)
            train_row(t, place, variant, 1, ignored, ignored + n, final);
    }
    final->loss /= (double)variants(t);
    final->goodness_pos /= (double)variants(t);
    final->goodness_neg /= (double)variants(t);
    final->error /= (double)variants(t);
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
static void forward_all(struct training *t)
{
    const struct oracle_layer *layer = &t->network->layer[t->number - 1];
    size_t units = layer->units, width = units + t->network->label_inputs;
    bool *active = naive_alloc(units, sizeof *active);

    for (size_t s = 0; s < streams(t); s++) {
        double *y = naive_alloc(t->data->rows * width, sizeof *y);
        /* What only a head learns from is seen only by networks that have one. */
        bool counts = s == 0 || s != head_stream(t) || t->network->first_head;

        for (size_t place = 0; place < t->data->rows; place++) {
            double *row = y + place * width;

            naive_pass_on(t->recipe, t->network->label_inputs, layer, t->x[s] + place * t->width,
                          row);
            for (size_t j = 0; j < units && counts; j++)
                active[j] |= row[j] > 0;
            naive_normalise(units, row);
            store(t->recipe->activations, units, row);
        }
        free(t->x[s]);
        t->x[s] = y;
    }
    for (size_t j = 0; j < units; j++)
        t->network->final[t->number - 1].dead_units += !active[j];
    free(active);
    t->width = width;
}

/* One batch of the head: softmax cross-entropy on the logits of the heads below and its own. */
static void head_batch(const struct training *t, const struct oracle_layer *head, size_t batch,
                       double *dw, double *db)
{
    size_t classes = head->units, rows = rows_of_batch(t, batch);
    double *logits = naive_alloc(classes, sizeof *logits);

    for (size_t place = batch * t->batch; place < batch * t->batch + rows; place++) {
        const double *x = t->x[head_stream(t)] + place * t->width;
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

static void train_head(struct training *t)
{
    struct oracle_layer *head = &t->network->head[t->number - 1];
    const struct ff_recipe *recipe = t->recipe;
    struct ff_optimizer_params params = {.beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f};
    struct naive_descent d = naive_descent_make(head);
    size_t n = head->units * head->fan_in;
    double *dw = naive_alloc(n + head->units, sizeof *dw);

    params.weight_decay = (float)recipe->head_weight_decay;
    for (uint32_t epoch = 0; epoch < recipe->head_epochs; epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(recipe->seed, FF_RNG_HEAD_ORDER, t->number, epoch), t->batches);

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
        naive_add_logits(head, t->x[head_stream(t)] + place * t->width,
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

static void make_layer(struct training *t)
{
    struct oracle_layer *layer = &t->network->layer[t->number - 1];

    naive_layer_init(layer, t->width, t->recipe->hidden[t->number - 1]);
    if (t->network->label_inputs > 0)
        naive_seed_conditioned(t->recipe->seed, t->number, t->network->label_inputs, layer);
    else
        naive_seed(t->recipe->seed, t->number, 1, layer);
}

void naive_train(const struct ff_recipe *recipe, const struct naive_data *data,
                 struct naive_network *out)
{
    struct training t = {
        .recipe = recipe,
        .data = data,
        .network = out,
        .loss = ff_loss_find(recipe->loss),
        .loss_params = {.goodness_scale = (float)recipe->goodness_scale,
                        .threshold = (float)recipe->threshold},
        .params = {(float)recipe->momentum, (float)recipe->beta1, (float)recipe->beta2,
                   (float)recipe->epsilon, (float)recipe->weight_decay},
        .batch = recipe->batch < data->rows ? recipe->batch : data->rows,
    };

    t.batches = (data->rows + t.batch - 1) / t.batch;
    t.logits = naive_alloc(data->rows * data->classes, sizeof *t.logits);
    naive_init(out, recipe, recipe->layers, data);
    out->epochs = naive_alloc((size_t)recipe->layers * recipe->epochs, sizeof *out->epochs);
    out->final = naive_alloc(recipe->layers, sizeof *out->final);
    t.row_at = naive_order(recipe->seed, data->rows);
    embed_all(&t);
    for (t.number = 1; t.number <= recipe->layers; t.number++) {
        make_layer(&t);
        train_layer(&t);
        measure(&t);
        forward_all(&t);
        if (!out->first_head || t.number < out->first_head)
            continue;
        naive_layer_init(&out->head[t.number - 1], recipe->hidden[t.number - 1], data->classes);
        train_head(&t);
    }
    train_release(&t);
}
