/* The naive training; everything in memory. */
#include "naive/conditioned.h"
#include "naive/parts.h"
#include "naive/streams.h"

#include "base/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct training {
    const struct ff_recipe *recipe;
    const struct naive_data *data;
    struct naive_network *network;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    struct ff_optimizer_params params;
    struct naive_streams in;       /* of the layer at work */
    struct naive_descent *descent; /* [layers]: between sweeps, too */
    double *logits;                /* (rows, classes), of the heads below */
    /* The layer at work */
    uint32_t number, epoch;
    size_t batch_at; /* in stored order */
    bool learns;     /* some of its inputs are dropped, and it may meet some labels only */
};

static struct oracle_layer *layer_at_work(const struct training *t)
{
    return &t->network->layer[t->number - 1];
}

/* The row at PLACE of a stream, as the layer at work meets it; to be freed. */
static double *inputs(const struct training *t, size_t stream, size_t place)
{
    if (t->learns)
        return naive_streams_learn(&t->in, t->number, t->epoch, stream, place);
    return naive_streams_stored(&t->in, stream, place);
}

/* Adds the pair of the rows at PLACE of two streams to the gradient and to FIGURES. */
static void train_pair(const struct training *t, size_t place, size_t positive, size_t negative,
                       size_t batch_rows, double *dw, double *db, struct naive_figures *figures)
{
    const struct oracle_layer *layer = layer_at_work(t);
    double *x_pos = inputs(t, positive, place), *x_neg = inputs(t, negative, place);
    double *y_pos = naive_alloc(2 * layer->units, sizeof *y_pos), *y_neg = y_pos + layer->units;
    double g_pos = naive_forward(layer, x_pos, y_pos), g_neg = naive_forward(layer, x_neg, y_neg);
    double c_pos, c_neg,
        loss = naive_slopes(t->loss, &t->loss_params, g_pos, g_neg, &c_pos, &c_neg);
    double factor =
        2.0 / (double)layer->units / (double)batch_rows; /* dG/dy, mean over the batch */
    double all_rows = (double)t->in.learned;

    naive_add_gradient(layer, c_pos * factor, y_pos, x_pos, dw, db);
    naive_add_gradient(layer, c_neg * factor, y_neg, x_neg, dw, db);
    figures->loss += loss / all_rows;
    figures->goodness_pos += g_pos / all_rows;
    figures->goodness_neg += g_neg / all_rows;
    figures->error += (g_neg >= g_pos) / all_rows;
    free(x_pos);
    free(x_neg);
    free(y_pos);
}

/* Adds the row at PLACE of a stream under its labels. */
static void train_labels(const struct training *t, size_t place, size_t stream, size_t batch_rows,
                         double *dw, double *db, struct naive_figures *figures)
{
    double *x = inputs(t, stream, place);
    struct naive_meeting meeting = {
        .recipe = t->recipe,
        .classes = t->data->classes,
        .x = x,
        .truth = naive_streams_truth(&t->in, place),
        .weight = t->in.class_weights[naive_streams_truth(&t->in, place)],
        .batch_rows = (double)batch_rows,
        .all_rows = (double)t->in.learned,
        .number = t->learns ? t->number : 0,
        .epoch = t->epoch,
        .batch = t->batch_at,
        .place = place,
    };

    naive_meet(&meeting, layer_at_work(t), dw, db, figures);
    free(x);
}

/* The wrong label whose goodness is largest, as a stream of hard negatives. */
static size_t strongest(const struct training *t, size_t place)
{
    const struct oracle_layer *layer = layer_at_work(t);
    double *y = naive_alloc(layer->units, sizeof *y), most = -1;
    size_t best = 0;

    for (size_t c = 0; c < t->data->classes; c++) {
        double g = naive_forward(layer, t->in.x[c] + place * t->in.width, y);

        if (c == naive_streams_truth(&t->in, place) || g <= most)
            continue;
        most = g;
        best = c;
    }
    free(y);
    return best;
}

static void train_row(const struct training *t, size_t place, size_t variant, size_t batch_rows,
                      double *dw, double *db, struct naive_figures *figures)
{
    size_t negative;

    if (naive_is_conditioned(t->recipe)) {
        train_labels(t, place, variant, batch_rows, dw, db, figures);
        return;
    }
    if (naive_is_hard(t->recipe) && !t->learns)
        negative = strongest(t, place);
    else
        negative = naive_streams_negative(&t->in, t->number, t->epoch, variant, place);
    train_pair(t, place, naive_streams_positive(&t->in, place), negative, batch_rows, dw, db,
               figures);
}

/* One batch, the DONE-th step of all. */
static void train_batch(struct training *t, size_t done, double *dw, double *db)
{
    const struct ff_recipe *recipe = t->recipe;
    struct oracle_layer *layer = layer_at_work(t);
    struct naive_figures *figures =
        &t->network->epochs[(t->number - 1) * recipe->epochs + t->epoch];
    size_t rows = naive_streams_rows(&t->in, t->batch_at);
    size_t variant = (t->epoch + t->batch_at) % naive_streams_variants(&t->in);
    double factor = naive_schedule(recipe->schedule, done, recipe->epochs * t->in.batches);

    memset(dw, 0, layer->units * layer->fan_in * sizeof *dw);
    memset(db, 0, layer->units * sizeof *db);
    for (size_t r = 0; r < rows; r++)
        train_row(t, t->batch_at * t->in.batch + r, variant, rows, dw, db, figures);
    naive_update(recipe->optimizer, &t->params, done + 1, recipe->learning_rate * factor, layer, dw,
                 db, &t->descent[t->number - 1]);
}

/* The epochs from FIRST up to LAST. */
static void train_layer(struct training *t, uint32_t first, uint32_t last)
{
    const struct oracle_layer *layer = layer_at_work(t);
    size_t n = layer->units * layer->fan_in;
    double *dw = naive_alloc(n + layer->units, sizeof *dw);

    t->learns = true;
    for (t->epoch = first; t->epoch < last; t->epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(t->recipe->seed, FF_RNG_BATCH_ORDER, t->number, t->epoch), t->in.batches);

        for (size_t i = 0; i < t->in.batches; i++) {
            t->batch_at = ff_permutation_at(&order, i);
            train_batch(t, t->epoch * t->in.batches + i, dw, dw + n);
        }
    }
    free(dw);
}

/* The figures of the layer as trained, over the rows of all variants that are learned from, without
 * noise. */
static void measure(struct training *t)
{
    const struct oracle_layer *layer = layer_at_work(t);
    struct naive_figures *final = &t->network->final[t->number - 1];
    size_t n = layer->units * layer->fan_in, variants = naive_streams_variants(&t->in);
    double *ignored = naive_alloc(n + layer->units, sizeof *ignored);

    t->learns = false;
    *final = (struct naive_figures){0};
    for (size_t variant = 0; variant < variants; variant++) {
        for (size_t place = 0; place < t->in.learned; place++)
            train_row(t, place, variant, 1, ignored, ignored + n, final);
    }
    final->loss /= (double)variants;
    final->goodness_pos /= (double)variants;
    final->goodness_neg /= (double)variants;
    final->error /= (double)variants;
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
    bool bf16 = strcmp(dtype, "bf16") == 0, u8 = strcmp(dtype, "u8") == 0;
    double step = 0;

    ck_assert(bf16 || u8 || strcmp(dtype, "f32") == 0);
    for (size_t j = 0; j < units; j++)
        step = fmax(step, row[j] / 255);
    for (size_t j = 0; j < units; j++) {
        if (bf16)
            row[j] = as_bf16(row[j]);
        else if (u8 && step > 0)
            row[j] = nearbyint(row[j] / step) * step;
    }
}

/* A stream's outputs of the layer at work, as they are stored: (rows, WIDTH), to be freed. */
static double *forward_stream(struct training *t, size_t stream, size_t width, bool *active)
{
    const struct oracle_layer *layer = layer_at_work(t);
    double *y = naive_alloc(t->data->rows * width, sizeof *y);
    /* What only a head learns from is seen only by networks that have one. */
    bool counts = stream == 0 || stream != naive_streams_head(&t->in) || t->network->first_head;

    for (size_t place = 0; place < t->data->rows; place++) {
        double *row = y + place * width;

        naive_pass_on(t->recipe, t->network->label_inputs, layer,
                      t->in.x[stream] + place * t->in.width, row);
        for (size_t j = 0; j < layer->units && counts; j++)
            active[j] |= row[j] > 0;
        naive_normalise(layer->units, row);
        store(t->recipe->activations, layer->units, row);
    }
    return y;
}

/* The layer's outputs become the inputs of the next. */
static void forward_all(struct training *t)
{
    const struct oracle_layer *layer = layer_at_work(t);
    size_t width = layer->units + t->network->label_inputs;
    bool *active = naive_alloc(layer->units, sizeof *active);
    double **outputs = naive_alloc(t->in.n, sizeof *outputs);

    for (size_t s = 0; s < t->in.n; s++)
        outputs[s] = forward_stream(t, s, width, active);
    for (size_t j = 0; j < layer->units; j++)
        t->network->final[t->number - 1].dead_units += !active[j];
    naive_streams_replace(&t->in, outputs, width);
    free(active);
}

/* One batch of the head: softmax cross-entropy on the logits of the heads below and its own. */
static void head_batch(const struct training *t, const struct oracle_layer *head, size_t batch,
                       double *dw, double *db)
{
    size_t classes = head->units, rows = naive_streams_rows(&t->in, batch);
    double *logits = naive_alloc(classes, sizeof *logits);

    for (size_t place = batch * t->in.batch; place < batch * t->in.batch + rows; place++) {
        const double *x = t->in.x[naive_streams_head(&t->in)] + place * t->in.width;
        uint16_t label = naive_streams_truth(&t->in, place);
        double sum = 0;

        memcpy(logits, t->logits + place * classes, classes * sizeof *logits);
        naive_add_logits(head, x, logits);
        for (size_t c = 0; c < classes; c++)
            sum += exp(logits[c]);
        for (size_t c = 0; c < classes; c++) {
            double dz =
                t->in.class_weights[label] * (exp(logits[c]) / sum - (c == label)) / (double)rows;

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
            ff_rng_make(recipe->seed, FF_RNG_HEAD_ORDER, t->number, epoch), t->in.batches);

        for (size_t i = 0; i < t->in.batches; i++) {
            size_t done = epoch * t->in.batches + i, total = recipe->head_epochs * t->in.batches;

            memset(dw, 0, (n + head->units) * sizeof *dw);
            head_batch(t, head, ff_permutation_at(&order, i), dw, dw + n);
            naive_update("adam", &params, done + 1,
                         recipe->head_learning_rate * naive_schedule(recipe->schedule, done, total),
                         head, dw, dw + n, &d);
        }
    }
    for (size_t place = 0; place < t->data->rows; place++)
        naive_add_logits(head, t->in.x[naive_streams_head(&t->in)] + place * t->in.width,
                         t->logits + place * t->data->classes);
    naive_descent_free(&d);
    free(dw);
}

static void make_layer(struct training *t)
{
    struct oracle_layer *layer = layer_at_work(t);

    naive_layer_init(layer, t->in.width, t->recipe->hidden[t->number - 1]);
    t->descent[t->number - 1] = naive_descent_make(layer);
    if (t->network->label_inputs > 0)
        naive_seed_conditioned(t->recipe->seed, t->number, t->network->label_inputs, layer);
    else
        naive_seed(t->recipe->seed, t->number, 1, layer);
}

/* A sweep over all layers; heads are trained in the last one. */
static void train_sweep(struct training *t, uint32_t sweep)
{
    const struct ff_recipe *recipe = t->recipe;
    struct naive_network *network = t->network;
    bool heads = network->first_head > 0 && sweep + 1 == recipe->sweeps;

    naive_streams_import(&t->in);
    for (t->number = 1; t->number <= recipe->layers; t->number++) {
        if (sweep == 0)
            make_layer(t);
        train_layer(t, recipe->epochs * sweep / recipe->sweeps,
                    recipe->epochs * (sweep + 1) / recipe->sweeps);
        measure(t);
        if (naive_is_hard(recipe))
            naive_streams_add_goodness(&t->in, layer_at_work(t));
        forward_all(t);
        if (!heads || t->number < network->first_head)
            continue;
        naive_layer_init(&network->head[t->number - 1], recipe->hidden[t->number - 1],
                         t->data->classes);
        train_head(t);
    }
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
        .descent = naive_alloc(recipe->layers, sizeof *t.descent),
        .logits = naive_alloc(data->rows * data->classes, sizeof *t.logits),
    };

    naive_init(out, recipe, recipe->layers, data);
    out->epochs = naive_alloc((size_t)recipe->layers * recipe->epochs, sizeof *out->epochs);
    out->final = naive_alloc(recipe->layers, sizeof *out->final);
    naive_streams_init(&t.in, recipe, data);
    for (uint32_t sweep = 0; sweep < recipe->sweeps; sweep++)
        train_sweep(&t, sweep);
    for (uint32_t k = 0; k < recipe->layers; k++)
        naive_descent_free(&t.descent[k]);
    naive_streams_release(&t.in);
    free(t.descent);
    free(t.logits);
}
