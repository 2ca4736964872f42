#include "eval/metrics.h"

#include "learn/conditioned.h"
#include "learn/streams.h"

#include <math.h>
#include <string.h>

struct ff_metrics ff_metrics_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t number)
{
    return (struct ff_metrics){
        .manifest = manifest,
        .geometry = geometry,
        .number = number,
        .units = manifest->recipe.hidden[number - 1],
        .holdout = ff_holdout_make(manifest, geometry, number),
    };
}

#define MAX_BUFFERS 6

static size_t list_buffers(struct ff_metrics *f, struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = f->geometry->chunk_rows, labels = rows * f->manifest->classes;
    bool conditioned = ff_recipe_conditioned(&f->manifest->recipe);
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&f->active, FF_MEM_OTHER, f->units, 1},
        {&f->goodness_pos, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
        {&f->goodness_neg, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
        {&f->c, FF_MEM_ACTIVATIONS, conditioned ? labels : 2 * rows, sizeof(float)},
        {&f->goodness, FF_MEM_ACTIVATIONS, labels, sizeof(float)},
        {&f->sums, FF_MEM_ACTIVATIONS, labels, sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
    return ff_recipe_gathers(&f->manifest->recipe) ? MAX_BUFFERS : MAX_BUFFERS - 2;
}

int ff_metrics_init(struct ff_metrics *metrics, struct ff_ctx *ctx, const struct ff_loss *loss,
                    const struct ff_loss_params *params)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    metrics->ctx = ctx;
    metrics->loss = loss;
    metrics->params = *params;
    status = ff_buffers_alloc(ctx, list_buffers(metrics, buffers), buffers);
    return status == FF_OK ? ff_holdout_init(&metrics->holdout, ctx) : status;
}

void ff_metrics_release(struct ff_metrics *metrics)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!metrics->ctx)
        return;
    ff_holdout_release(&metrics->holdout);
    ff_buffers_free(metrics->ctx, list_buffers(metrics, buffers), buffers);
}

void ff_metrics_needs(const struct ff_metrics *metrics, struct ff_needs *needs)
{
    struct ff_metrics shape = *metrics;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    ff_holdout_needs(&metrics->holdout, needs);
}

/* Counts ROWS pairs with goodness POS and NEG. */
static void count_pairs(struct ff_metrics *f, uint32_t rows, const float *pos, const float *neg)
{
    struct ff_sums *total = &f->total;
    double loss;

    f->loss->pairs(&f->params, rows, 1, pos, neg, f->c, f->c + rows, &loss);
    total->loss += loss;
    total->rows += rows;
    for (uint32_t i = 0; i < rows; i++) {
        total->goodness_pos += (double)pos[i];
        total->goodness_neg += (double)neg[i];
        total->wrong += neg[i] >= pos[i];
    }
}

/* Keeps the goodness of a positive block for the negative blocks that follow. */
static void take_pairs(struct ff_metrics *f, const struct ff_forward_block *block)
{
    if (block->stream == FF_STREAM_INPUT)
        memcpy(f->goodness_pos, block->goodness, block->rows * sizeof(float));
    else
        count_pairs(f, block->rows, f->goodness_pos, block->goodness);
}

static void count_labels(struct ff_metrics *f, const struct ff_forward_block *block,
                         const uint16_t *labels)
{
    uint32_t classes = f->manifest->classes;
    const struct ff_row_weights weights = {labels, f->manifest->class_weights.weights};
    double loss;

    f->loss->labels(&f->params, block->rows, classes, 1, labels, &weights, block->goodness, f->c,
                    &loss);
    f->total.loss += loss;
    f->total.rows += block->rows;
    ff_conditioned_count(block->rows, classes, labels, block->goodness, &f->total);
}

static bool is_held_out(const struct ff_metrics *f, const struct ff_forward_block *block)
{
    return block->first >= f->geometry->learned_rows;
}

static int take_conditioned(struct ff_metrics *f, struct ff_feed *feed,
                            const struct ff_forward_block *block, const uint16_t *labels,
                            struct ff_set *out, const struct ff_compression *compression)
{
    if (!is_held_out(f, block)) {
        count_labels(f, block, labels);
        return FF_OK;
    }
    if (block->stream != FF_STREAM_INPUT)
        return FF_OK; /* all copies of held-out samples are the same */
    return ff_holdout_take(&f->holdout, feed, block, labels, out, compression);
}

/* Counts pairs of the true label's goodness and the largest of the other labels. */
static void count_strongest(struct ff_metrics *f, uint32_t rows, const uint16_t *labels)
{
    uint32_t classes = f->manifest->classes;

    for (uint32_t i = 0; i < rows; i++) {
        const float *goodness = f->goodness + (size_t)i * classes;
        uint32_t strongest = labels[i] == 0;

        for (uint32_t c = 0; c < classes; c++) {
            if (c != labels[i] && goodness[c] > goodness[strongest])
                strongest = c;
        }
        f->goodness_pos[i] = goodness[labels[i]];
        f->goodness_neg[i] = goodness[strongest];
    }
    count_pairs(f, rows, f->goodness_pos, f->goodness_neg);
}

/* Stores the goodness summed up to this layer, by which the next layer draws wrong labels. */
static int put_sums(struct ff_metrics *f, struct ff_feed *feed,
                    const struct ff_forward_block *block, struct ff_set *out,
                    const struct ff_compression *compression)
{
    uint32_t classes = f->manifest->classes;
    size_t n = (size_t)block->rows * classes;
    struct ff_matrix matrix = {FF_F32, block->rows, classes, f->sums};
    int status = FF_OK;

    if (f->number > 1)
        status = ff_feed_goodness(feed, block->chunk, classes, f->sums);
    else
        memset(f->sums, 0, n * sizeof(float));
    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        f->sums[i] += f->goodness[i];
    return ff_set_put(out, block->chunk, FF_STREAM_GOODNESS, &matrix, FF_F32, compression);
}

/* Takes the rows under one label; after the last label the goodness under all is known. */
static int take_label(struct ff_metrics *f, struct ff_feed *feed,
                      const struct ff_forward_block *block, const uint16_t *labels,
                      struct ff_set *out, const struct ff_compression *compression)
{
    uint32_t classes = f->manifest->classes, label = block->stream - FF_STREAM_CLASS;
    struct ff_forward_block all = *block;
    int status = FF_OK;

    for (uint32_t i = 0; i < block->rows; i++)
        f->goodness[(size_t)i * classes + label] = block->goodness[i];
    if (label + 1 < classes)
        return FF_OK;
    all.goodness = f->goodness;
    if (is_held_out(f, block))
        status = ff_holdout_take(&f->holdout, feed, &all, labels, out, compression);
    else
        count_strongest(f, block->rows, labels);
    return status == FF_OK && out ? put_sums(f, feed, block, out, compression) : status;
}

int ff_metrics_take(struct ff_metrics *metrics, struct ff_feed *feed,
                    const struct ff_forward_block *block, const uint16_t *labels,
                    struct ff_set *out, const struct ff_compression *compression)
{
    if (ff_recipe_conditioned(&metrics->manifest->recipe))
        return take_conditioned(metrics, feed, block, labels, out, compression);
    if (block->stream >= FF_STREAM_CLASS)
        return take_label(metrics, feed, block, labels, out, compression);
    if (block->stream != FF_STREAM_NEUTRAL)
        take_pairs(metrics, block);
    return FF_OK;
}

static uint32_t count_dead(const struct ff_metrics *f)
{
    uint32_t dead = 0;

    for (uint32_t j = 0; j < f->units; j++)
        dead += !f->active[j];
    return dead;
}

void ff_metrics_read(const struct ff_metrics *metrics, double out[FF_LAYER_METRICS])
{
    const struct ff_sums *total = &metrics->total;

    out[FF_METRIC_LOSS] = total->loss / total->rows;
    out[FF_METRIC_GOODNESS_POS] = total->goodness_pos / total->rows;
    out[FF_METRIC_GOODNESS_NEG] = total->goodness_neg / total->rows;
    out[FF_METRIC_ERROR] = total->wrong / total->rows;
    out[FF_METRIC_DEAD_UNITS] = count_dead(metrics);
    ff_holdout_metrics(&metrics->holdout, out);
}
