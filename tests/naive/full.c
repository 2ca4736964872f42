/* The naive training of the whole network at once (ff-full): every layer's outputs in memory. */
#include "naive/parts.h"

#include "base/rng.h"
#include "data/embed.h"
#include "naive/images.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a layer or a part of the head learns with. */
struct learner {
    struct oracle_layer *layer;
    struct naive_descent descent;
    double *dw, *db; /* of the batch */
    double *means;   /* of units' activity over positive rows */
};

struct training {
    const struct ff_recipe *recipe;
    const struct naive_data *data;
    struct naive_network *network;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    struct ff_optimizer_params params, head_params;
    struct learner *layers, *heads; /* [layers]; heads below first_head are empty */
    size_t *row_at;
    double *class_weights; /* (classes): of the loss of the head */
    size_t batches, batch, widest;
    /* The batch at work */
    uint32_t epoch;
    size_t number, first, rows, step; /* which of the stored ones; its first place */
    double factor;                    /* of learning rates */
    uint16_t *wrong;                  /* (rows): labels of negatives */
    double *x, *y;                    /* (2 rows, widest): positive, then negative rows */
    double *sums;                     /* (2 rows): goodness by which rows are classified */
};

static struct learner learner_make(struct oracle_layer *layer)
{
    struct learner learner = {.layer = layer};
    size_t n = layer->units * layer->fan_in;

    learner.descent = naive_descent_make(layer);
    learner.dw = naive_alloc(n + 2 * layer->units, sizeof *learner.dw);
    learner.db = learner.dw + n;
    learner.means = learner.db + layer->units;
    return learner;
}

static void learner_free(struct learner *learner)
{
    if (!learner->layer)
        return;
    naive_descent_free(&learner->descent);
    free(learner->dw);
}

static void learner_clear(struct learner *learner)
{
    size_t n = learner->layer->units * learner->layer->fan_in;

    memset(learner->dw, 0, (n + learner->layer->units) * sizeof *learner->dw);
}

/* dW += dz' x for one row. dz: (units) */
static void add_gradient(struct learner *learner, const double *dz, const double *x)
{
    size_t fan_in = learner->layer->fan_in;

    for (size_t j = 0; j < learner->layer->units; j++) {
        learner->db[j] += dz[j];
        for (size_t k = 0; k < fan_in && dz[j] != 0; k++)
            learner->dw[j * fan_in + k] += dz[j] * x[k];
    }
}

static uint16_t truth(const struct training *t, size_t r)
{
    return t->data->labels[t->row_at[t->first + r]];
}

/* The image of row R under LABEL. out: (inputs) */
static void embed_row(const struct training *t, size_t r, uint32_t label, double *out)
{
    struct ff_rng shifts = ff_rng_make(t->recipe->seed, FF_RNG_JITTER, 1, t->epoch);
    double *values = naive_alloc(t->data->features, sizeof *values);

    naive_shift(t->data, &shifts, t->row_at[t->first + r], t->first + r, t->recipe->jitter, values);
    naive_embed_values(t->recipe, t->data, values, label, out);
    free(values);
}

/* ---- The head ---- */

static bool has_head(const struct training *t, uint32_t k)
{
    return t->network->first_head && k + 1 >= t->network->first_head;
}

/* A label other than LABEL, with a probability in proportion to exp(logit). */
static uint16_t draw_wrong(const struct training *t, const double *logits, size_t r)
{
    struct ff_rng rng = ff_rng_make(t->recipe->seed, FF_RNG_HARD_LABEL, 0, t->epoch);
    size_t classes = t->data->classes, c = 0;
    double sum = 0, left;
    uint32_t block[4];

    for (size_t i = 0; i < classes; i++)
        sum += i == truth(t, r) ? 0 : exp(logits[i]);
    ff_rng_block(&rng, t->first + r, block);
    left = sum * ldexp((double)((uint64_t)block[0] << 21 | block[1] >> 11), -53);
    for (size_t i = 0; i < classes && left >= 0; i++) {
        if (i == truth(t, r))
            continue;
        left -= exp(logits[i]);
        c = i;
    }
    return (uint16_t)c;
}

/* One row under the neutral label: adds to the gradient of every part of the head. */
static void head_row(struct training *t, size_t r)
{
    size_t classes = t->data->classes;
    double *h = naive_alloc((t->recipe->layers + 1) * t->widest, sizeof *h);
    double *logits = naive_alloc(classes, sizeof *logits), sum = 0;

    embed_row(t, r, NAIVE_NEUTRAL, h);
    for (uint32_t k = 0; k < t->recipe->layers; k++) {
        double *out = h + (k + 1) * t->widest;

        naive_forward(&t->network->layer[k], h + k * t->widest, out);
        naive_normalise(t->network->layer[k].units, out);
        if (has_head(t, k))
            naive_add_logits(&t->network->head[k], out, logits);
    }
    if (strcmp(t->recipe->negatives, "hard") == 0)
        t->wrong[r] = draw_wrong(t, logits, r);
    for (size_t c = 0; c < classes; c++)
        sum += exp(logits[c]);
    for (size_t c = 0; c < classes; c++)
        logits[c] = t->class_weights[truth(t, r)] * (exp(logits[c]) / sum - (c == truth(t, r))) /
                    (double)t->rows;
    for (uint32_t k = 0; k < t->recipe->layers; k++) {
        if (has_head(t, k))
            add_gradient(&t->heads[k], logits, h + (k + 1) * t->widest);
    }
    free(logits);
    free(h);
}

static void train_heads(struct training *t)
{
    for (uint32_t k = 0; k < t->recipe->layers; k++) {
        if (has_head(t, k))
            learner_clear(&t->heads[k]);
    }
    for (size_t r = 0; r < t->rows; r++)
        head_row(t, r);
    for (uint32_t k = 0; k < t->recipe->layers; k++) {
        struct learner *head = &t->heads[k];

        if (has_head(t, k))
            naive_update("adam", &t->head_params, t->step,
                         t->recipe->head_learning_rate * t->factor, head->layer, head->dw, head->db,
                         &head->descent);
    }
}

/* ---- The layers ---- */

/* What peer normalisation adds to dL/dz of each positive row, from the outputs. out: (units) */
static void peers(struct training *t, struct learner *learner, double *out)
{
    size_t units = learner->layer->units;
    double mean = 0;

    for (size_t j = 0; j < units; j++) {
        double active = 0;

        for (size_t r = 0; r < t->rows; r++)
            active += t->y[r * t->widest + j];
        learner->means[j] = 0.9 * learner->means[j] + 0.1 * active / (double)t->rows;
        mean += learner->means[j] / (double)units;
    }
    for (size_t j = 0; j < units; j++)
        out[j] = t->recipe->peer_normalisation * 2 * t->recipe->goodness_scale / (double)units *
                 (learner->means[j] - mean) / (double)t->rows;
}

/* The slopes of every row's loss by its goodness, of this layer. c: (2 rows) */
static void losses(struct training *t, uint32_t k, const double *g, double *c,
                   struct naive_figures *figures)
{
    double weight = 1.0 / (double)t->data->rows / t->recipe->layers;

    for (size_t r = 0; r < t->rows; r++) {
        size_t neg = t->rows + r;

        figures->loss +=
            weight * naive_slopes(t->loss, &t->loss_params, g[r], g[neg], &c[r], &c[neg]);
        figures->goodness_pos += weight * g[r];
        figures->goodness_neg += weight * g[neg];
    }
    for (size_t i = 0; i < 2 * t->rows; i++)
        t->sums[i] = k < 2 ? g[i] : t->sums[i] + g[i];
}

static void train_layer(struct training *t, uint32_t k, struct naive_figures *figures)
{
    struct learner *learner = &t->layers[k];
    size_t units = learner->layer->units, all = 2 * t->rows;
    double *g = naive_alloc(2 * all, sizeof *g), *c = g + all;
    double *shift = naive_alloc(2 * units, sizeof *shift), *dz = shift + units;

    for (size_t i = 0; i < all; i++)
        g[i] = naive_forward(learner->layer, t->x + i * t->widest, t->y + i * t->widest);
    losses(t, k, g, c, figures);
    if (t->recipe->peer_normalisation > 0)
        peers(t, learner, shift);
    learner_clear(learner);
    for (size_t i = 0; i < all; i++) {
        for (size_t j = 0; j < units; j++)
            dz[j] = c[i] * 2 / (double)units * t->y[i * t->widest + j] / (double)t->rows +
                    (i < t->rows ? shift[j] : 0);
        add_gradient(learner, dz, t->x + i * t->widest);
    }
    naive_update(t->recipe->optimizer, &t->params, t->step, t->recipe->learning_rate * t->factor,
                 learner->layer, learner->dw, learner->db, &learner->descent);
    for (size_t i = 0; i < all; i++) {
        naive_normalise(units, t->y + i * t->widest);
        memcpy(t->x + i * t->widest, t->y + i * t->widest, units * sizeof *t->x);
    }
    free(g);
    free(shift);
}

static void choose_negatives(struct training *t)
{
    size_t set = (t->epoch + t->number) % t->recipe->negative_sets;

    for (size_t r = 0; r < t->rows; r++)
        t->wrong[r] = ff_wrong_label(t->recipe->seed, (uint32_t)set, t->first + r, truth(t, r),
                                     t->data->classes);
}

static void train_batch(struct training *t, struct naive_figures *figures)
{
    choose_negatives(t);
    if (t->network->first_head)
        train_heads(t);
    for (size_t r = 0; r < t->rows; r++) {
        embed_row(t, r, truth(t, r), t->x + r * t->widest);
        embed_row(t, r, t->wrong[r], t->x + (t->rows + r) * t->widest);
    }
    for (uint32_t k = 0; k < t->recipe->layers; k++)
        train_layer(t, k, figures);
    for (size_t r = 0; r < t->rows; r++)
        figures->error += (t->sums[t->rows + r] >= t->sums[r]) / (double)t->data->rows;
}

static void train_epochs(struct training *t)
{
    const struct ff_recipe *recipe = t->recipe;
    size_t total = recipe->epochs * t->batches;

    for (t->epoch = 0; t->epoch < recipe->epochs; t->epoch++) {
        struct ff_permutation order = ff_permutation_make(
            ff_rng_make(recipe->seed, FF_RNG_BATCH_ORDER, 1, t->epoch), t->batches);

        for (size_t i = 0; i < t->batches; i++) {
            size_t left;

            t->number = ff_permutation_at(&order, i);
            t->first = t->number * t->batch;
            left = t->data->rows - t->first;
            t->rows = left < t->batch ? left : t->batch;
            t->factor = naive_schedule(recipe->schedule, t->step, total);
            t->step++;
            train_batch(t, &t->network->epochs[t->epoch]);
        }
    }
}

static void make_network(struct training *t)
{
    struct naive_network *network = t->network;
    const struct ff_recipe *recipe = t->recipe;

    naive_init(network, recipe, recipe->layers, t->data);
    network->epochs = naive_alloc(recipe->epochs, sizeof *network->epochs);
    t->widest = network->inputs;
    for (uint32_t k = 0; k < recipe->layers; k++) {
        naive_layer_init(&network->layer[k], k ? recipe->hidden[k - 1] : network->inputs,
                         recipe->hidden[k]);
        naive_seed(recipe->seed, k + 1, 1, &network->layer[k]);
        t->layers[k] = learner_make(&network->layer[k]);
        t->widest = recipe->hidden[k] > t->widest ? recipe->hidden[k] : t->widest;
        if (!has_head(t, k))
            continue;
        naive_layer_init(&network->head[k], recipe->hidden[k], t->data->classes);
        t->heads[k] = learner_make(&network->head[k]);
    }
}

void naive_train_full(const struct ff_recipe *recipe, const struct naive_data *data,
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
        .head_params = {.beta1 = 0.9f,
                        .beta2 = 0.999f,
                        .epsilon = 1e-8f,
                        .weight_decay = (float)recipe->head_weight_decay},
        .batch = recipe->batch < data->rows ? recipe->batch : data->rows,
    };

    t.batches = (data->rows + t.batch - 1) / t.batch;
    t.layers = naive_alloc(recipe->layers, sizeof *t.layers);
    t.heads = naive_alloc(recipe->layers, sizeof *t.heads);
    t.row_at = naive_order(recipe->seed, data->rows);
    t.class_weights = naive_class_weights(recipe, data, data->rows, t.row_at);
    make_network(&t);
    t.x = naive_alloc(4 * t.batch * t.widest, sizeof *t.x);
    t.y = t.x + 2 * t.batch * t.widest;
    t.sums = naive_alloc(2 * t.batch, sizeof *t.sums);
    t.wrong = naive_alloc(t.batch, sizeof *t.wrong);
    train_epochs(&t);
    for (uint32_t k = 0; k < recipe->layers; k++) {
        learner_free(&t.layers[k]);
        learner_free(&t.heads[k]);
    }
    free(t.layers);
    free(t.heads);
    free(t.row_at);
    free(t.class_weights);
    free(t.x);
    free(t.sums);
    free(t.wrong);
}
