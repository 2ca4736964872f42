#include "eval/metrics.h"

#include "learn/conditioned.h"
#include "learn/streams.h"

#include <math.h>
#include <string.h>

struct ff_figures ff_figures_make(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t number)
{
    return (struct ff_figures){
        .manifest = manifest,
        .geometry = geometry,
        .number = number,
        .units = manifest->recipe.hidden[number - 1],
        .holdout = ff_holdout_make(manifest, geometry, number),
    };
}

#define MAX_BUFFERS 6

static size_t list_buffers(struct ff_figures *f, struct ff_buffer out[MAX_BUFFERS])
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

int ff_figures_init(struct ff_figures *figures, struct ff_ctx *ctx, const struct ff_loss *loss,
                    const struct ff_loss_params *params)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    figures->ctx = ctx;
    figures->loss = loss;
    figures->params = *params;
    status = ff_buffers_alloc(ctx, list_buffers(figures, buffers), buffers);
    return status == FF_OK ? ff_holdout_init(&figures->holdout, ctx) : status;
}

void ff_figures_release(struct ff_figures *figures)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!figures->ctx)
        return;
    ff_holdout_release(&figures->holdout);
    ff_buffers_free(figures->ctx, list_buffers(figures, buffers), buffers);
}

void ff_figures_needs(const struct ff_figures *figures, struct ff_needs *needs)
{
    struct ff_figures shape = *figures;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    ff_holdout_needs(&figures->holdout, needs);
}

/* ROWS pairs with the goodness POS and NEG. */
static void count_pairs(struct ff_figures *f, uint32_t rows, const float *pos, const float *neg)
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

/* The positive goodness is kept when its block comes by; then come the negatives. */
static void take_pairs(struct ff_figures *f, const struct ff_forward_block *block)
{
    if (block->stream == FF_STREAM_INPUT)
        memcpy(f->goodness_pos, block->goodness, block->rows * sizeof(float));
    else
        count_pairs(f, block->rows, f->goodness_pos, block->goodness);
}

static void count_labels(struct ff_figures *f, const struct ff_forward_block *block,
                         const uint16_t *labels)
{
    uint32_t classes = f->manifest->classes;
    double loss;

    f->loss->labels(&f->params, block->rows, classes, 1, labels, block->goodness, f->c, &loss);
    f->total.loss += loss;
    f->total.rows += block->rows;
    ff_conditioned_count(block->rows, classes, labels, block->goodness, &f->total);
}

static bool is_held_out(const struct ff_figures *f, const struct ff_forward_block *block)
{
    return block->first >= f->geometry->learnt_rows;
}

static int take_conditioned(struct ff_figures *f, struct ff_feed *feed,
                            const struct ff_forward_block *block, const uint16_t *labels,
                            struct ff_set *out, const struct ff_compression *compression)
{
    if (!is_held_out(f, block)) {
        count_labels(f, block, labels);
        return FF_OK;
    }
    if (block->stream != FF_STREAM_INPUT)
        return FF_OK; /* copies of held-out rows are all the same */
    return ff_holdout_take(&f->holdout, feed, block, labels, out, compression);
}

/* The true label's goodness of each row, and the largest of the others'. */
static void count_strongest(struct ff_figures *f, uint32_t rows, const uint16_t *labels)
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

/* Goodness summed over the layers up to this one, which the layer above draws wrong labels from. */
static int put_sums(struct ff_figures *f, struct ff_feed *feed,
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

/* One label after another; with the last one the rows are known under all of them. */
static int take_label(struct ff_figures *f, struct ff_feed *feed,
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

int ff_figures_take(struct ff_figures *figures, struct ff_feed *feed,
                    const struct ff_forward_block *block, const uint16_t *labels,
                    struct ff_set *out, const struct ff_compression *compression)
{
    if (ff_recipe_conditioned(&figures->manifest->recipe))
        return take_conditioned(figures, feed, block, labels, out, compression);
    if (block->stream >= FF_STREAM_CLASS)
        return take_label(figures, feed, block, labels, out, compression);
    if (block->stream != FF_STREAM_NEUTRAL)
        take_pairs(figures, block);
    return FF_OK;
}

static uint32_t count_dead(const struct ff_figures *f)
{
    uint32_t dead = 0;

    for (uint32_t j = 0; j < f->units; j++)
        dead += !f->active[j];
    return dead;
}

void ff_figures_read(const struct ff_figures *figures, double out[FF_LAYER_FIGURES])
{
    const struct ff_sums *total = &figures->total;

    out[FF_FIGURE_LOSS] = total->loss / total->rows;
    out[FF_FIGURE_GOODNESS_POS] = total->goodness_pos / total->rows;
    out[FF_FIGURE_GOODNESS_NEG] = total->goodness_neg / total->rows;
    out[FF_FIGURE_ERROR] = total->wrong / total->rows;
    out[FF_FIGURE_DEAD_UNITS] = count_dead(figures);
    ff_holdout_figures(&figures->holdout, out);
}

static bool in_range(float value, double low, double high)
{
    return (double)value >= low && (double)value <= high;
}

/* Those of held-out rows are NAN where there are none. */
static bool are_sane(const float *figures, uint32_t units)
{
    for (int start = 0; start < FF_RANGE_STARTS; start++) {
        float error = figures[FF_FIGURE_HELD_OUT_ERROR + start];
        float temperature = figures[FF_FIGURE_TEMPERATURE + start];

        if (isnan(error) != isnan(temperature))
            return false;
        if (!isnan(error) && (!in_range(error, 0, 1) ||
                              !in_range(temperature, FF_LEAST_TEMPERATURE, FF_LARGEST_TEMPERATURE)))
            return false;
    }
    return isfinite(figures[FF_FIGURE_LOSS]) && isfinite(figures[FF_FIGURE_GOODNESS_POS]) &&
           isfinite(figures[FF_FIGURE_GOODNESS_NEG]) && in_range(figures[FF_FIGURE_ERROR], 0, 1) &&
           in_range(figures[FF_FIGURE_DEAD_UNITS], 0, units);
}

int ff_figures_load(struct ff_ctx *ctx, struct ff_model_file *file,
                    const struct ff_manifest *manifest, uint32_t layer, float out[FF_LAYER_FIGURES])
{
    struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};
    int status = ff_model_file_get(file, &key, 1, FF_LAYER_FIGURES, out);

    if (status == FF_OK && !are_sane(out, manifest->recipe.hidden[layer - 1]))
        status = ff_fail(ctx, FF_ECORRUPT, "%s: layer %u: its figures are out of range",
                         ff_model_file_path(file), layer);
    return ff_about(ctx, status, FF_ABOUT_MODEL);
}
