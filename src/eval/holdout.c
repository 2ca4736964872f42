#include "eval/holdout.h"

#include "learn/streams.h"
#include "nn/softmax.h"

#include <math.h>
#include <string.h>

/* The grid: powers of the square root of 2, from the smallest temperature to the largest. */
static double temperature_at(double place)
{
    return FF_LEAST_TEMPERATURE * exp2(place / 2);
}

struct ff_holdout ff_holdout_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t layer)
{
    return (struct ff_holdout){
        .layer = layer,
        .classes = manifest->classes,
        .goodness_scale = (float)manifest->recipe.goodness_scale,
        .chunk_rows = geometry->learned_rows < geometry->rows ? geometry->chunk_rows : 0,
    };
}

static struct ff_buffer sums_buffer(struct ff_holdout *holdout)
{
    size_t n = holdout->chunk_rows * FF_RANGE_STARTS * holdout->classes;

    return (struct ff_buffer){&holdout->sums, FF_MEM_ACTIVATIONS, n, sizeof(float)};
}

int ff_holdout_init(struct ff_holdout *holdout, struct ff_ctx *ctx)
{
    struct ff_buffer buffer = sums_buffer(holdout);

    holdout->ctx = ctx;
    return holdout->chunk_rows ? ff_buffers_alloc(ctx, 1, &buffer) : FF_OK;
}

void ff_holdout_release(struct ff_holdout *holdout)
{
    struct ff_buffer buffer = sums_buffer(holdout);

    if (holdout->sums)
        ff_buffers_free(holdout->ctx, 1, &buffer);
}

void ff_holdout_needs(const struct ff_holdout *holdout, struct ff_needs *needs)
{
    struct ff_holdout shape = *holdout;
    struct ff_buffer buffer = sums_buffer(&shape);

    if (holdout->chunk_rows)
        ff_buffers_count(1, &buffer, needs);
}

/* -log softmax(scale sums)[label] */
static double cross_entropy(size_t classes, const float *sums, size_t label, size_t best,
                            double scale)
{
    double sum = 0;

    for (size_t c = 0; c < classes; c++)
        sum += exp(scale * ((double)sums[c] - (double)sums[best]));
    return log(sum) - scale * ((double)sums[label] - (double)sums[best]);
}

/* Counts a sample with SUMS (classes) over the layers from START (from 0) to this one. */
static void count_row(struct ff_holdout *holdout, uint32_t start, const float *sums, uint16_t label)
{
    size_t best = ff_argmax(holdout->classes, sums);
    double scale = (double)holdout->goodness_scale / (holdout->layer - start);

    holdout->wrong[start] += best != label;
    for (int t = 0; t < FF_TEMPERATURES; t++)
        holdout->entropy[start][t] +=
            cross_entropy(holdout->classes, sums, label, best, scale / temperature_at(t));
}

/* Adds this layer's GOODNESS to a sample's sums. */
static void add_row(struct ff_holdout *holdout, const float *goodness, uint16_t label, float *sums)
{
    uint32_t classes = holdout->classes;

    for (uint32_t start = 0; start < FF_RANGE_STARTS && start < holdout->layer; start++) {
        for (uint32_t c = 0; c < classes; c++)
            sums[start * classes + c] += goodness[c];
        count_row(holdout, start, sums + (size_t)start * classes, label);
    }
    holdout->rows++;
}

int ff_holdout_take(struct ff_holdout *holdout, struct ff_feed *feed,
                    const struct ff_forward_block *block, const uint16_t *labels,
                    struct ff_set *out, const struct ff_compression *compression)
{
    uint32_t columns = FF_RANGE_STARTS * holdout->classes;
    struct ff_matrix matrix = {FF_F32, block->rows, columns, holdout->sums};
    int status = FF_OK;

    if (holdout->layer > 1)
        status = ff_feed_sums(feed, block->chunk, columns, holdout->sums);
    else
        memset(holdout->sums, 0, (size_t)block->rows * columns * sizeof(float));
    if (status != FF_OK)
        return status;
    for (uint32_t i = 0; i < block->rows; i++)
        add_row(holdout, block->goodness + (size_t)i * holdout->classes, labels[i],
                holdout->sums + (size_t)i * columns);
    if (!out)
        return FF_OK;
    return ff_set_put(out, block->chunk, FF_STREAM_SUMS, &matrix, FF_F32, compression);
}

/* The position on the grid, between its points, of the minimum of ENTROPY, by the parabola through
 * the smallest value and its neighbours. */
static double least_place(const double entropy[FF_TEMPERATURES])
{
    int least = 0;
    double below, above, curve;

    for (int t = 1; t < FF_TEMPERATURES; t++)
        least = entropy[t] < entropy[least] ? t : least;
    if (least == 0 || least == FF_TEMPERATURES - 1)
        return least;
    below = entropy[least - 1];
    above = entropy[least + 1];
    curve = below - 2 * entropy[least] + above;
    return curve > 0 ? least + (below - above) / (2 * curve) : least;
}

void ff_holdout_metrics(const struct ff_holdout *holdout, double metrics[FF_LAYER_METRICS])
{
    for (uint32_t start = 0; start < FF_RANGE_STARTS; start++) {
        bool known = holdout->rows > 0 && start < holdout->layer;

        metrics[FF_METRIC_HELD_OUT_ERROR + start] =
            known ? holdout->wrong[start] / holdout->rows : NAN;
        metrics[FF_METRIC_TEMPERATURE + start] =
            known ? temperature_at(least_place(holdout->entropy[start])) : NAN;
    }
}

void ff_holdout_choose(const float metrics[FF_LAYER_METRICS], uint32_t layer,
                       struct ff_range_choice *choice)
{
    for (uint32_t start = 0; start < FF_RANGE_STARTS; start++) {
        double error = (double)metrics[FF_METRIC_HELD_OUT_ERROR + start];

        if (isnan(error) || (choice->first > 0 && error >= choice->error))
            continue;
        *choice = (struct ff_range_choice){
            .first = start + 1,
            .last = layer,
            .error = error,
            .temperature = (double)metrics[FF_METRIC_TEMPERATURE + start],
        };
    }
}
