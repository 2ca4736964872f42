#include "train/step.h"

#include "nn/gemm.h"
#include "nn/kernels.h"

#include <string.h>

#define OUTPUT_BYTES ((size_t)16 << 20) /* of a micro-batch's outputs, unless told otherwise */

struct ff_step {
    struct ff_workers *workers;
    struct ff_step_opts opts;
    size_t max_rows;     /* of a micro-batch: positive and negative ones */
    size_t gradient_len; /* of one gradient buffer, in elements */
    size_t gradients;    /* one for the layer, or one tile for each worker */
    bool whole_gradient;
    float *y;        /* (max_rows, units) */
    float *sums;     /* (tiles, max_rows): sums of squares */
    float *goodness; /* (max_rows) */
    float *scale;    /* (max_rows): c (2/n) */
    float *gradient;
    float *bias_gradient; /* (units) */
    struct ff_piece_request *requests;
    struct ff_piece *pieces;
    struct ff_block *blocks;
    /* The micro-batch at work */
    size_t n_pieces, all_rows;
    bool first, last; /* of the batch */
    uint64_t number;
    float lr;
};

uint32_t ff_micro_chunks(const struct ff_geometry *geometry, uint32_t units, uint32_t rows)
{
    size_t chunk_bytes = (size_t)2 * geometry->chunk_rows * units * sizeof(float);
    size_t chunks = rows ? rows / geometry->chunk_rows : OUTPUT_BYTES / chunk_bytes;

    if (chunks < 1)
        return 1;
    return chunks < geometry->chunks_per_batch ? (uint32_t)chunks : geometry->chunks_per_batch;
}

static size_t max_pieces(const struct ff_step *step)
{
    return (size_t)2 * step->opts.micro_chunks;
}

static int allocate(struct ff_step *step)
{
    const struct ff_layer *layer = step->opts.layer;
    struct ff_ctx *ctx = step->workers->ctx;
    size_t rows = step->max_rows, units = layer->units;

    step->y = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows * units, sizeof(float));
    step->sums = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows * layer->tiles, sizeof(float));
    step->goodness = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows, sizeof(float));
    step->scale = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows, sizeof(float));
    step->gradient =
        ff_alloc_array(ctx, FF_MEM_GRADIENT, step->gradient_len * step->gradients, sizeof(float));
    step->bias_gradient = ff_alloc_array(ctx, FF_MEM_GRADIENT, units, sizeof(float));
    step->requests = ff_alloc_array(ctx, FF_MEM_OTHER, max_pieces(step), sizeof *step->requests);
    step->pieces = ff_alloc_array(ctx, FF_MEM_OTHER, max_pieces(step), sizeof *step->pieces);
    step->blocks = ff_alloc_array(ctx, FF_MEM_OTHER, max_pieces(step), sizeof *step->blocks);
    if (!step->y || !step->sums || !step->goodness || !step->scale || !step->gradient ||
        !step->bias_gradient || !step->requests || !step->pieces || !step->blocks)
        return ff_alloc_status(ctx);
    return FF_OK;
}

int ff_step_new(struct ff_workers *workers, const struct ff_step_opts *opts, struct ff_step **out)
{
    struct ff_step *step = ff_alloc(workers->ctx, FF_MEM_OTHER, sizeof *step);
    const struct ff_layer *layer = opts->layer;
    int status;

    *out = NULL;
    if (!step)
        return ff_alloc_status(workers->ctx);
    step->workers = workers;
    step->opts = *opts;
    step->max_rows = (size_t)2 * opts->micro_chunks * opts->geometry->chunk_rows;
    step->whole_gradient = opts->micro_chunks < opts->geometry->chunks_per_batch;
    step->gradients = step->whole_gradient ? 1 : workers->threads;
    step->gradient_len =
        (size_t)(step->whole_gradient ? layer->units : layer->tile_units) * layer->fan_in;
    status = allocate(step);
    if (status != FF_OK) {
        ff_step_free(step);
        return status;
    }
    *out = step;
    return FF_OK;
}

void ff_step_free(struct ff_step *step)
{
    struct ff_ctx *ctx;
    size_t rows, units;

    if (!step)
        return;
    ctx = step->workers->ctx;
    rows = step->max_rows;
    units = step->opts.layer->units;
    ff_free(ctx, FF_MEM_ACTIVATIONS, step->y, rows * units * sizeof(float));
    ff_free(ctx, FF_MEM_ACTIVATIONS, step->sums, rows * step->opts.layer->tiles * sizeof(float));
    ff_free(ctx, FF_MEM_ACTIVATIONS, step->goodness, rows * sizeof(float));
    ff_free(ctx, FF_MEM_ACTIVATIONS, step->scale, rows * sizeof(float));
    ff_free(ctx, FF_MEM_GRADIENT, step->gradient,
            step->gradient_len * step->gradients * sizeof(float));
    ff_free(ctx, FF_MEM_GRADIENT, step->bias_gradient, units * sizeof(float));
    ff_free(ctx, FF_MEM_OTHER, step->requests, max_pieces(step) * sizeof *step->requests);
    ff_free(ctx, FF_MEM_OTHER, step->pieces, max_pieces(step) * sizeof *step->pieces);
    ff_free(ctx, FF_MEM_OTHER, step->blocks, max_pieces(step) * sizeof *step->blocks);
    ff_free(ctx, FF_MEM_OTHER, step, sizeof *step);
}

/* Pieces of a micro-batch: for each chunk its positive rows, then its negative ones. */
static size_t request_chunks(struct ff_step *step, uint32_t first_chunk, uint32_t chunks,
                             uint32_t negative)
{
    for (uint32_t c = 0; c < chunks; c++) {
        step->requests[2 * c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_INPUT};
        step->requests[2 * c + 1] =
            (struct ff_piece_request){first_chunk + c, FF_STREAM_INPUT + 1 + negative};
    }
    return (size_t)2 * chunks;
}

static void place_blocks(struct ff_step *step)
{
    step->all_rows = 0;
    for (size_t i = 0; i < step->n_pieces; i++) {
        step->blocks[i] =
            (struct ff_block){step->pieces[i].x, step->pieces[i].rows, (uint32_t)step->all_rows};
        step->all_rows += step->pieces[i].rows;
    }
}

/* (B): coefficients of every row; adds to LOSS, the batch's mean, and to SUMS. */
static void coefficients(struct ff_step *step, size_t batch_rows, double *loss,
                         struct ff_sums *sums)
{
    const struct ff_layer *layer = step->opts.layer;
    float factor = 2 / (float)layer->units;

    ff_layer_goodness(layer, step->all_rows, step->sums, step->goodness);
    for (size_t i = 0; i < step->n_pieces; i += 2) {
        size_t pos = step->blocks[i].first, neg = step->blocks[i + 1].first;
        size_t pairs = step->blocks[i].rows;
        double chunk_loss;

        step->opts.loss->pairs(&step->opts.loss_params, pairs, batch_rows, step->goodness + pos,
                               step->goodness + neg, step->scale + pos, step->scale + neg,
                               &chunk_loss);
        *loss += chunk_loss;
        for (size_t row = 0; row < pairs; row++) {
            double g_pos = step->goodness[pos + row], g_neg = step->goodness[neg + row];

            sums->goodness_pos += g_pos;
            sums->goodness_neg += g_neg;
            sums->wrong += g_neg >= g_pos;
        }
    }
    for (size_t row = 0; row < step->all_rows; row++)
        step->scale[row] *= factor;
}

static void update_tile(struct ff_step *step, uint32_t first, uint32_t count, const float *gradient)
{
    struct ff_layer *layer = step->opts.layer;
    const struct ff_optimizer *optimizer = step->opts.optimizer;
    const struct ff_optimizer_params *params = &step->opts.optimizer_params;
    size_t offset = (size_t)first * layer->fan_in;
    float *weight_state[FF_OPTIMIZER_STATES] = {0}, *bias_state[FF_OPTIMIZER_STATES] = {0};

    for (int s = 0; s < optimizer->states; s++) {
        weight_state[s] = layer->weight_state[s] + offset;
        bias_state[s] = layer->bias_state[s] + first;
    }
    optimizer->step(params, step->number, step->lr, 1, (size_t)count * layer->fan_in,
                    layer->weights + offset, gradient, weight_state);
    optimizer->step(params, step->number, step->lr, 0, count, layer->biases + first,
                    step->bias_gradient + first, bias_state);
}

/* (C) for one tile. */
static void backward_tile(void *arg, size_t tile, unsigned worker)
{
    struct ff_step *step = arg;
    const struct ff_layer *layer = step->opts.layer;
    size_t units = layer->units, fan_in = layer->fan_in;
    uint32_t first, count;
    float *gradient;

    ff_tile_range(layer->units, (uint32_t)tile, &first, &count);
    gradient =
        step->gradient + (step->whole_gradient ? first * fan_in : worker * step->gradient_len);
    for (size_t i = 0; i < step->n_pieces; i++) {
        const struct ff_block *block = &step->blocks[i];
        float *delta = step->y + block->first * units + first; /* (rows, count), in Y's place */
        bool begin = step->first && i == 0;

        ff_scale_rows(block->rows, count, delta, units, step->scale + block->first);
        /* dW_t: (count, fan_in) = dZ' (count, rows) X (rows, fan_in) */
        ff_gemm_tn(count, fan_in, block->rows, delta, units, block->x, fan_in, begin ? 0 : 1,
                   gradient, fan_in);
        ff_column_sums(block->rows, count, delta, units, !begin, step->bias_gradient + first);
    }
    if (step->last)
        update_tile(step, first, count, gradient);
}

static int run_micro_batch(struct ff_step *step, uint32_t first_chunk, uint32_t chunks,
                           uint32_t negative, size_t batch_rows, double *loss, struct ff_sums *sums)
{
    int status;

    step->n_pieces = request_chunks(step, first_chunk, chunks, negative);
    status = ff_feed_load(step->opts.feed, step->n_pieces, step->requests, step->pieces);
    if (status != FF_OK)
        return status;
    place_blocks(step);
    ff_layer_forward(step->opts.layer, step->workers->pool, step->blocks, step->n_pieces,
                     step->all_rows, step->y, step->sums);
    coefficients(step, batch_rows, loss, sums);
    ff_pool_run(step->workers->pool, step->opts.layer->tiles, backward_tile, step);
    ff_feed_done(step->opts.feed);
    return FF_OK;
}

int ff_step_run(struct ff_step *step, uint64_t batch, uint32_t negative, uint64_t number, float lr,
                struct ff_sums *sums)
{
    uint32_t first_chunk, chunks;
    size_t batch_rows = ff_batch_range(step->opts.geometry, batch, &first_chunk, &chunks);
    double loss = 0;

    step->number = number;
    step->lr = lr;
    for (uint32_t done = 0; done < chunks;) {
        uint32_t now =
            chunks - done < step->opts.micro_chunks ? chunks - done : step->opts.micro_chunks;
        int status;

        step->first = done == 0;
        step->last = done + now == chunks;
        status = run_micro_batch(step, first_chunk + done, now, negative, batch_rows, &loss, sums);
        if (status != FF_OK)
            return status;
        done += now;
    }
    sums->rows += (double)batch_rows;
    sums->loss += loss * (double)batch_rows;
    return FF_OK;
}
