#include "train/step.h"

#include "train/pairs.h"
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

/* The micro-batch of CHUNKS chunks from FIRST_CHUNK on, of the batch that ROWS tells of. */
static int run_micro_batch(struct ff_step *step, uint32_t first_chunk, uint32_t chunks,
                           uint32_t negative, size_t batch_rows, struct ff_update_rows *rows,
                           double *loss, struct ff_sums *sums)
{
    struct ff_pairs pairs = {
        .loss = step->opts.loss,
        .params = step->opts.loss_params,
        .batch_rows = batch_rows,
        .blocks = step->blocks,
        .n_blocks = ff_pairs_request(first_chunk, chunks, negative, step->requests),
    };
    const struct ff_layer *layer = step->opts.layer;
    size_t all_rows;
    int status = ff_feed_load(step->opts.feed, pairs.n_blocks, step->requests, step->pieces);

    if (status != FF_OK)
        return status;
    all_rows = ff_pairs_place(pairs.n_blocks, step->pieces, step->blocks);
    status = ff_layer_forward(layer, step->workers->pool, step->blocks, pairs.n_blocks, all_rows,
                              step->y, step->sums);
    if (status != FF_OK)
        return status;
    ff_layer_goodness(layer, all_rows, step->sums, step->goodness);
    ff_pairs_scales(&pairs, layer->units, step->goodness, step->scale, loss);
    ff_pairs_count(&pairs, step->goodness, sums);
    rows->blocks = step->blocks;
    rows->n_blocks = pairs.n_blocks;
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
