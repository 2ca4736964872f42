#include "train/step.h"

#include "train/update.h"

#include <string.h>

#define OUTPUT_BYTES ((size_t)16 << 20) /* of a micro-batch's outputs, unless told otherwise */

struct ff_step {
    struct ff_workers *workers;
    struct ff_step_opts opts;
    struct ff_update update;
    size_t max_rows; /* of a micro-batch: positive and negative ones */
    float *y;        /* (max_rows, units) */
    float *sums;     /* (tiles, max_rows): sums of squares */
    float *goodness; /* (max_rows) */
    float *scale;    /* (max_rows): c (2/n) */
    struct ff_piece_request *requests;
    struct ff_piece *pieces;
    struct ff_block *blocks;
    /* The micro-batch at work */
    size_t n_pieces, all_rows;
};

uint32_t ff_micro_chunks(const struct ff_geometry *geometry, uint32_t units, uint32_t rows)
{
    size_t chunk_bytes = (size_t)2 * geometry->chunk_rows * units * sizeof(float);
    size_t chunks = rows ? rows / geometry->chunk_rows : OUTPUT_BYTES / chunk_bytes;

    if (chunks < 1)
        return 1;
    return chunks < geometry->chunks_per_batch ? (uint32_t)chunks : geometry->chunks_per_batch;
}

#define MAX_BUFFERS 7

static size_t list_buffers(struct ff_step *step, struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = step->max_rows, pieces = (size_t)2 * step->opts.micro_chunks;
    const struct ff_layer *layer = step->opts.layer;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&step->y, FF_MEM_ACTIVATIONS, rows * layer->units, sizeof(float)},
        {&step->sums, FF_MEM_ACTIVATIONS, rows * layer->tiles, sizeof(float)},
        {&step->goodness, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
        {&step->scale, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
        {&step->requests, FF_MEM_OTHER, pieces, sizeof *step->requests},
        {&step->pieces, FF_MEM_OTHER, pieces, sizeof *step->pieces},
        {&step->blocks, FF_MEM_OTHER, pieces, sizeof *step->blocks},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static struct ff_step make_step(struct ff_workers *workers, const struct ff_step_opts *opts)
{
    return (struct ff_step){
        .workers = workers,
        .opts = *opts,
        .update = {.workers = workers,
                   .layer = opts->layer,
                   .optimizer = opts->optimizer,
                   .params = opts->optimizer_params,
                   .whole = opts->micro_chunks < opts->geometry->chunks_per_batch},
        .max_rows = (size_t)2 * opts->micro_chunks * opts->geometry->chunk_rows,
    };
}

int ff_step_new(struct ff_workers *workers, const struct ff_step_opts *opts, struct ff_step **out)
{
    struct ff_step *step = ff_alloc(workers->ctx, FF_MEM_OTHER, sizeof *step);
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    *out = NULL;
    if (!step)
        return ff_alloc_status(workers->ctx);
    *step = make_step(workers, opts);
    status = ff_buffers_alloc(workers->ctx, list_buffers(step, buffers), buffers);
    if (status == FF_OK)
        status = ff_update_init(&step->update);
    if (status != FF_OK) {
        ff_step_free(step);
        return status;
    }
    *out = step;
    return FF_OK;
}

void ff_step_free(struct ff_step *step)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    struct ff_ctx *ctx;

    if (!step)
        return;
    ctx = step->workers->ctx;
    ff_update_release(&step->update);
    ff_buffers_free(ctx, list_buffers(step, buffers), buffers);
    ff_free(ctx, FF_MEM_OTHER, step, sizeof *step);
}

void ff_step_needs(const struct ff_step_opts *opts, unsigned threads, struct ff_needs *needs)
{
    struct ff_step shape = make_step(NULL, opts);
    struct ff_buffer buffers[MAX_BUFFERS];

    needs->bytes[FF_MEM_OTHER] += sizeof shape;
    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    ff_update_needs(&shape.update, threads, needs);
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

/* The micro-batch of CHUNKS chunks from FIRST_CHUNK on, of the batch that ROWS tells of. */
static int run_micro_batch(struct ff_step *step, uint32_t first_chunk, uint32_t chunks,
                           uint32_t negative, size_t batch_rows, struct ff_update_rows *rows,
                           double *loss, struct ff_sums *sums)
{
    int status;

    step->n_pieces = request_chunks(step, first_chunk, chunks, negative);
    status = ff_feed_load(step->opts.feed, step->n_pieces, step->requests, step->pieces);
    if (status != FF_OK)
        return status;
    place_blocks(step);
    status = ff_layer_forward(step->opts.layer, step->workers->pool, step->blocks, step->n_pieces,
                              step->all_rows, step->y, step->sums);
    if (status != FF_OK)
        return status;
    coefficients(step, batch_rows, loss, sums);
    rows->blocks = step->blocks;
    rows->n_blocks = step->n_pieces;
    rows->delta = step->y;
    rows->scale = step->scale;
    status = ff_update_run(&step->update, rows);
    ff_feed_done(step->opts.feed);
    return status;
}

int ff_step_run(struct ff_step *step, uint64_t batch, uint32_t negative, uint64_t number, float lr,
                struct ff_sums *sums)
{
    uint32_t first_chunk, chunks;
    size_t batch_rows = ff_batch_range(step->opts.geometry, batch, &first_chunk, &chunks);
    struct ff_update_rows rows = {.number = number, .lr = lr};
    double loss = 0;

    for (uint32_t done = 0; done < chunks;) {
        uint32_t now =
            chunks - done < step->opts.micro_chunks ? chunks - done : step->opts.micro_chunks;
        int status;

        rows.first = done == 0;
        rows.last = done + now == chunks;
        status = run_micro_batch(step, first_chunk + done, now, negative, batch_rows, &rows, &loss,
                                 sums);
        if (status != FF_OK)
            return status;
        done += now;
    }
    sums->rows += (double)batch_rows;
    sums->loss += loss * (double)batch_rows;
    return FF_OK;
}
