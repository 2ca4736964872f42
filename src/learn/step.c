#include "learn/step.h"

#include "base/arithmetic.h"
#include "learn/batch.h"
#include "learn/conditioned.h"
#include "learn/pairs.h"
#include "learn/streams.h"
#include "learn/update.h"

#include <string.h>

#define OUTPUT_BYTES ((size_t)4 << 20) /* default size of a micro-batch's outputs */

struct ff_step {
    struct ff_workers *workers;
    struct ff_step_opts opts;
    struct ff_update update;
    uint64_t next_batch; /* FF_NO_BATCH: none in this epoch */
    size_t max_rows;     /* rows of a micro-batch, positive and negative */
    float *y;            /* (max_rows, units): outputs; of a label-conditioned layer z */
    struct ff_piece_request *requests, *next_requests;
    struct ff_piece *pieces;
    struct ff_block *blocks;
    /* For pairs */
    float *sums;     /* (tiles, max_rows): sums of squares */
    float *goodness; /* (max_rows) */
    float *scale;    /* (max_rows): c (2/n) */
    /* For label-conditioned layers */
    struct ff_conditioned conditioned;
};

/* Rows per sample: a positive and a negative one, or one for all labels. */
static uint32_t rows_of_sample(const struct ff_layer *layer)
{
    return layer->classes ? 1 : 2;
}

uint32_t ff_step_pieces(const struct ff_layer *layer, uint32_t chunks)
{
    return rows_of_sample(layer) * chunks;
}

uint32_t ff_micro_chunks(const struct ff_geometry *geometry, const struct ff_layer *layer,
                         uint32_t rows)
{
    size_t column_bytes = (size_t)rows_of_sample(layer) * geometry->chunk_rows * sizeof(float);
    size_t outputs = column_bytes * layer->units, inputs = column_bytes * layer->fan_in;
    size_t gradient = (size_t)layer->units * layer->fan_in * sizeof(float);
    size_t all = geometry->chunks_per_batch;
    size_t chunks = rows ? rows / geometry->chunk_rows : OUTPUT_BYTES / outputs;

    chunks = ff_smaller(ff_larger(chunks, 1), all);
    if (rows == 0 && (all - chunks) * (outputs + inputs) <= gradient)
        return (uint32_t)all;
    return (uint32_t)chunks;
}

#define MAX_BUFFERS 8

static size_t list_buffers(struct ff_step *step, struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_layer *layer = step->opts.layer;
    size_t rows = step->max_rows, pieces = ff_step_pieces(layer, step->opts.micro_chunks);
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&step->y, FF_MEM_ACTIVATIONS, rows * layer->units, sizeof(float)},
        {&step->requests, FF_MEM_OTHER, pieces, sizeof *step->requests},
        {&step->next_requests, FF_MEM_OTHER, pieces, sizeof *step->next_requests},
        {&step->pieces, FF_MEM_OTHER, pieces, sizeof *step->pieces},
        {&step->blocks, FF_MEM_OTHER, pieces, sizeof *step->blocks},
        {&step->sums, FF_MEM_ACTIVATIONS, rows * layer->tiles, sizeof(float)},
        {&step->goodness, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
        {&step->scale, FF_MEM_ACTIVATIONS, rows, sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
    return layer->classes ? 5 : MAX_BUFFERS;
}

static struct ff_step make_step(struct ff_workers *workers, const struct ff_step_opts *opts)
{
    uint32_t chunks = ff_step_pieces(opts->layer, opts->micro_chunks);
    struct ff_step step = {
        .workers = workers,
        .opts = *opts,
        .next_batch = FF_NO_BATCH,
        .update = {.workers = workers,
                   .layer = opts->layer,
                   .optimizer = opts->optimizer,
                   .params = opts->optimizer_params,
                   .whole = opts->micro_chunks < opts->geometry->chunks_per_batch},
        .max_rows = (size_t)chunks * opts->geometry->chunk_rows,
    };

    if (opts->layer->classes)
        step.conditioned = ff_conditioned_make(opts->manifest, opts->layer, step.max_rows, true);
    return step;
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
    if (status == FF_OK && opts->layer->classes)
        status = ff_conditioned_init(&step->conditioned, workers);
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
    ff_conditioned_release(&step->conditioned);
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
    if (opts->layer->classes)
        ff_conditioned_needs(&shape.conditioned, needs);
}

/* Lists requests for CHUNKS chunks from FIRST_CHUNK on, of VARIANT. */
static size_t list_requests(const struct ff_step *step, uint32_t first_chunk, uint32_t chunks,
                            uint32_t variant, struct ff_piece_request *requests)
{
    if (!step->opts.layer->classes)
        return ff_pairs_request(first_chunk, chunks, variant, requests);
    for (uint32_t c = 0; c < chunks; c++)
        requests[c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_INPUT + variant};
    return chunks;
}

void ff_step_will_need(struct ff_step *step, uint64_t batch, uint32_t epoch)
{
    uint32_t variant = ff_pairs_variant(step->opts.variants, epoch, batch), first, chunks;

    step->next_batch = batch;
    if (batch == FF_NO_BATCH)
        return;
    ff_batch_range(step->opts.geometry, batch, &first, &chunks);
    for (uint32_t done = 0; done < chunks; done += step->opts.micro_chunks) {
        uint32_t left = chunks - done, most = step->opts.micro_chunks;
        size_t n = list_requests(step, first + done, left < most ? left : most, variant,
                                 step->next_requests);

        ff_feed_will_need(step->opts.feed, n, step->next_requests);
    }
}

/* The batch of a micro-batch. */
struct whole {
    uint64_t batch;
    uint32_t epoch, variant;
    uint32_t first_chunk, chunks;
    size_t rows;
    double loss;
    struct ff_sums *sums;
};

/* (A) and (B) for pairs. */
static int weigh_pairs(struct ff_step *step, size_t n_blocks, size_t all_rows, struct whole *whole,
                       struct ff_update_rows *rows)
{
    const struct ff_layer *layer = step->opts.layer;
    struct ff_pairs pairs = {
        .loss = step->opts.loss,
        .params = step->opts.loss_params,
        .batch_rows = whole->rows,
        .blocks = step->blocks,
        .n_blocks = n_blocks,
    };
    int status = ff_layer_forward(layer, step->workers->pool, step->blocks, n_blocks, all_rows,
                                  step->y, step->sums);

    if (status != FF_OK)
        return status;
    status = ff_layer_goodness(layer, all_rows, step->sums, step->goodness);
    if (status != FF_OK)
        return status;
    ff_pairs_scales(&pairs, layer->units, step->goodness, step->scale, &whole->loss);
    ff_pairs_count(&pairs, step->goodness, whole->sums);
    rows->scale = step->scale;
    return FF_OK;
}

/* Reads the true labels of the loaded rows. */
static int read_labels(struct ff_step *step, size_t n_blocks)
{
    int status = FF_OK;

    for (size_t i = 0; i < n_blocks && status == FF_OK; i++)
        status = ff_feed_labels(step->opts.feed, step->requests[i].chunk,
                                step->conditioned.truth + step->blocks[i].first);
    return status;
}

/* (A) and (B) for a label-conditioned layer. */
static int weigh_labels(struct ff_step *step, size_t n_blocks, size_t all_rows, struct whole *whole,
                        struct ff_update_rows *rows)
{
    struct ff_conditioned *conditioned = &step->conditioned;
    struct ff_conditioned_rows given = {
        .blocks = step->blocks,
        .n_blocks = n_blocks,
        .all_rows = all_rows,
        .z = step->y,
        .rng = ff_rng_make(step->opts.manifest->recipe.seed, FF_RNG_LABEL_SAMPLE, step->opts.number,
                           whole->epoch),
        .first = step->pieces[0].first,
        .turn = whole->batch + whole->epoch,
    };
    int status = read_labels(step, n_blocks);

    if (status == FF_OK)
        status = ff_conditioned_forward(conditioned, &given);
    if (status != FF_OK)
        return status;
    /* Chunk by chunk, so that the sum does not depend on the micro-batch. */
    for (size_t i = 0; i < n_blocks; i++)
        whole->loss += ff_conditioned_weigh(conditioned, step->opts.loss, &step->opts.loss_params,
                                            step->blocks[i].first, step->blocks[i].rows,
                                            whole->rows, whole->sums);
    rows->conditioned = conditioned;
    return FF_OK;
}

/* Begins to load the micro-batch after DONE chunks: of the next batch if those were all. */
static void prepare_next(struct ff_step *step, const struct whole *whole, uint32_t done)
{
    uint32_t first = whole->first_chunk, chunks = whole->chunks, variant = whole->variant, now;
    size_t n;

    if (done == chunks) {
        if (step->next_batch == FF_NO_BATCH)
            return;
        ff_batch_range(step->opts.geometry, step->next_batch, &first, &chunks);
        variant = ff_pairs_variant(step->opts.variants, whole->epoch, step->next_batch);
        done = 0;
    }
    now = (uint32_t)ff_smaller(chunks - done, step->opts.micro_chunks);
    n = list_requests(step, first + done, now, variant, step->next_requests);
    ff_feed_prepare(step->opts.feed, n, step->next_requests);
}

/* Runs the micro-batch of NOW chunks after DONE chunks. */
static int run_micro_batch(struct ff_step *step, uint32_t done, uint32_t now, struct whole *whole,
                           struct ff_update_rows *rows)
{
    size_t n_blocks =
        list_requests(step, whole->first_chunk + done, now, whole->variant, step->requests);
    size_t all_rows;
    int status = ff_feed_load(step->opts.feed, n_blocks, step->requests, step->pieces);

    if (status != FF_OK)
        return status;
    all_rows = ff_pairs_place(n_blocks, step->pieces, step->blocks);
    status = step->opts.layer->classes ? weigh_labels(step, n_blocks, all_rows, whole, rows)
                                       : weigh_pairs(step, n_blocks, all_rows, whole, rows);
    if (status != FF_OK)
        return status;
    rows->blocks = step->blocks;
    rows->n_blocks = n_blocks;
    rows->delta = step->y;
    /* Here, so that it takes place at the end of the step, where a thread may have nothing else. */
    prepare_next(step, whole, done + now);
    status = ff_update_run(&step->update, rows);
    ff_feed_done(step->opts.feed);
    return status;
}

int ff_step_run(struct ff_step *step, uint64_t batch, uint32_t epoch, uint64_t number, float lr,
                struct ff_sums *sums)
{
    struct whole whole = {
        .batch = batch,
        .epoch = epoch,
        .variant = ff_pairs_variant(step->opts.variants, epoch, batch),
        .sums = sums,
    };
    struct ff_update_rows rows = {.number = number, .lr = lr};

    whole.rows = ff_batch_range(step->opts.geometry, batch, &whole.first_chunk, &whole.chunks);
    for (uint32_t done = 0; done < whole.chunks;) {
        uint32_t now = (uint32_t)ff_smaller(whole.chunks - done, step->opts.micro_chunks);
        int status;

        rows.first = done == 0;
        rows.last = done + now == whole.chunks;
        status = run_micro_batch(step, done, now, &whole, &rows);
        if (status != FF_OK)
            return status;
        done += now;
    }
    sums->rows += (double)whole.rows;
    sums->loss += whole.loss * (double)whole.rows;
    return FF_OK;
}
