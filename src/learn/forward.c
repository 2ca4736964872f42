#include "learn/forward.h"

#include "base/arithmetic.h"
#include "base/clock.h"
#include "base/side_thread.h"
#include "learn/conditioned.h"
#include "learn/pairs.h"
#include "learn/streams.h"
#include "model/row_exchange.h"
#include "nn/gemm.h"
#include "nn/kernels.h"

#include <string.h>

/* Rows normalised by one task. */
#define ROWS_PER_TASK 32
/* Chunks between two measurements of the process's memory, each of some microseconds. */
#define CHUNKS_PER_SAMPLE 16

struct pass {
    struct ff_workers *workers;
    const struct ff_forward_opts *opts;
    size_t max_rows, all_rows;
    float *y, *sums, *goodness;
    struct ff_conditioned conditioned; /* label-conditioned layers: instead of the last two */
    /* The outputs that are being stored: by a worker, or in a team by a thread of their own. */
    float *stored_y;  /* if they are stored beside; else they are in Y */
    uint8_t *encoded; /* in a team: (rows, units) as they are stored, if that is not as f32 */
    struct ff_forward_outputs stored[FF_FORWARD_PIECES];
    size_t n_stored, stored_rows;
    int store_status;
    struct ff_beside storing;
    struct ff_side_thread exchanging;
};

#define MAX_BUFFERS 5

static size_t list_buffers(struct pass *pass, const struct ff_layer *layer, enum ff_dtype stored,
                           bool beside, struct ff_buffer out[MAX_BUFFERS])
{
    size_t outputs = pass->max_rows * layer->units, n = 0;

    out[n++] = (struct ff_buffer){&pass->y, FF_MEM_ACTIVATIONS, outputs, sizeof(float)};
    if (beside)
        out[n++] = (struct ff_buffer){&pass->stored_y, FF_MEM_ACTIVATIONS, outputs, sizeof(float)};
    if (stored && layer->shared)
        out[n++] = (struct ff_buffer){&pass->encoded, FF_MEM_ACTIVATIONS,
                                      ff_row_exchange_bytes(layer, stored, pass->max_rows), 1};
    if (layer->classes)
        return n;
    out[n++] = (struct ff_buffer){&pass->sums, FF_MEM_ACTIVATIONS, pass->max_rows * layer->tiles,
                                  sizeof(float)};
    out[n++] =
        (struct ff_buffer){&pass->goodness, FF_MEM_ACTIVATIONS, pass->max_rows, sizeof(float)};
    return n;
}

uint32_t ff_forward_pieces(size_t n_streams)
{
    return n_streams < FF_FORWARD_PIECES ? (uint32_t)n_streams : FF_FORWARD_PIECES;
}

static size_t pass_rows(const struct ff_geometry *geometry, size_t n_streams)
{
    return (size_t)ff_forward_pieces(n_streams) * geometry->chunk_rows;
}

void ff_forward_needs(const struct ff_manifest *manifest, const struct ff_layer *layer,
                      const struct ff_geometry *geometry, size_t n_streams, enum ff_dtype stored,
                      bool beside, struct ff_needs *needs)
{
    struct pass shape = {.max_rows = pass_rows(geometry, n_streams)};
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, layer, stored, beside, buffers), buffers, needs);
    if (!layer->classes)
        return;
    shape.conditioned = ff_conditioned_make(manifest, layer, shape.max_rows, false);
    ff_conditioned_needs(&shape.conditioned, needs);
}

#define MOST_BESIDE_BYTES ((size_t)4 << 20)

bool ff_forward_fits_beside(const struct ff_layer *layer, const struct ff_geometry *geometry,
                            size_t n_streams)
{
    return layer->shared ||
           pass_rows(geometry, n_streams) * layer->units * sizeof(float) <= MOST_BESIDE_BYTES;
}

struct normalise_job {
    size_t rows, units;
    float *y;
};

static void normalise_rows(void *arg, size_t task, unsigned worker)
{
    const struct normalise_job *job = arg;
    size_t first = task * ROWS_PER_TASK;
    size_t rows = job->rows - first < ROWS_PER_TASK ? job->rows - first : ROWS_PER_TASK;

    (void)worker;
    ff_normalise_rows(rows, job->units, job->y + first * job->units, job->units);
}

void ff_forward_normalise(struct ff_pool *pool, size_t rows, size_t units, float *y)
{
    struct normalise_job job = {rows, units, y};

    ff_pool_run(pool, (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, normalise_rows, &job);
}

/* A plain layer: y and its goodness. */
static int pass_plain(struct pass *pass, size_t n, const struct ff_block *blocks)
{
    const struct ff_layer *layer = pass->opts->layer;
    int status = ff_layer_forward(layer, pass->workers->pool, blocks, n, pass->all_rows, pass->y,
                                  pass->sums);

    if (status == FF_OK && !pass->opts->plain)
        status = ff_layer_goodness(layer, pass->all_rows, pass->sums, pass->goodness);
    return status;
}

/* A label-conditioned layer: the goodness under every label and, if wanted, the outputs passed
 * on. */
static int pass_conditioned(struct pass *pass, size_t n, const struct ff_block *blocks)
{
    struct ff_conditioned_rows rows = {
        .blocks = blocks, .n_blocks = n, .all_rows = pass->all_rows, .z = pass->y};
    int status = ff_conditioned_forward(&pass->conditioned, &rows);

    if (status != FF_OK || (!pass->opts->store && !pass->opts->active))
        return status;
    return ff_conditioned_outputs(&pass->conditioned, &rows);
}

static const float *goodness_of(const struct pass *pass, const struct ff_block *block)
{
    if (pass->opts->plain)
        return NULL;
    if (pass->opts->layer->classes)
        return pass->conditioned.goodness + (size_t)block->first * pass->conditioned.n_labels;
    return pass->goodness + block->first;
}

/* Notes which of the units that this process has computed are active. */
static void mark_active(const struct pass *pass)
{
    const struct ff_layer *layer = pass->opts->layer;
    size_t first = (size_t)layer->own.first * layer->tile_units;

    ff_mark_active(pass->all_rows, ff_layer_own_units(layer), pass->y + first, layer->units,
                   pass->opts->active + first);
}

/* Computes the outputs of N loaded pieces; in a team they are normalised when rows are whole. */
static int compute(struct pass *pass, size_t n, const struct ff_block *blocks)
{
    const struct ff_forward_opts *opts = pass->opts;
    const struct ff_layer *layer = opts->layer;
    int status = layer->classes ? pass_conditioned(pass, n, blocks) : pass_plain(pass, n, blocks);

    if (status != FF_OK)
        return status;
    if (opts->active)
        mark_active(pass);
    if (!opts->plain && opts->store && !layer->shared)
        ff_forward_normalise(pass->workers->pool, pass->all_rows, layer->units, pass->y);
    return FF_OK;
}

/* Makes the rows to be stored whole. */
static int exchange(struct pass *pass, float *y, const uint8_t **whole)
{
    const struct ff_forward_opts *opts = pass->opts;
    const struct ff_row_exchange exchange = {opts->layer, opts->stored, opts->plain, y,
                                             pass->encoded};
    double began = ff_now();
    int status = ff_row_exchange(&exchange, (uint32_t)pass->stored_rows, whole);

    if (!opts->beside)
        ff_team_waited(pass->workers->ctx, ff_now() - began);
    return status;
}

static void store_outputs(void *arg)
{
    struct pass *pass = arg;
    const struct ff_forward_opts *opts = pass->opts;
    float *y = opts->beside ? pass->stored_y : pass->y;
    enum ff_dtype dtype = opts->layer->shared ? opts->stored : FF_F32;
    const uint8_t *whole = (const void *)y;

    pass->store_status = opts->layer->shared ? exchange(pass, y, &whole) : FF_OK;
    if (pass->store_status != FF_OK)
        return;
    for (size_t i = 0; i < pass->n_stored; i++) {
        struct ff_matrix *stored = &pass->stored[i].y;

        stored->dtype = dtype;
        stored->data = whole;
        whole += stored->rows * ff_row_bytes(dtype, stored->columns);
    }
    pass->store_status = opts->store(opts->arg, pass->n_stored, pass->stored);
}

static void store_task(void *arg, size_t task, unsigned worker)
{
    (void)task;
    (void)worker;
    store_outputs(arg);
}

/* Waits until the outputs before are stored. */
static int finish_storing(struct pass *pass)
{
    double began = ff_now();

    ff_pool_finish(pass->workers->pool, &pass->storing);
    if (pass->exchanging.runs) {
        ff_side_thread_finish(&pass->exchanging);
        ff_team_waited(pass->workers->ctx, ff_now() - began);
    }
    return pass->store_status;
}

/* Stores the outputs of N blocks, which are in pass->y. */
static int store(struct pass *pass, size_t n, const struct ff_forward_block *blocks)
{
    const struct ff_forward_opts *opts = pass->opts;
    float *before = pass->stored_y;
    int status = finish_storing(pass);

    if (!opts->store || status != FF_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        pass->stored[i] = (struct ff_forward_outputs){
            blocks[i].chunk, blocks[i].stream,
            .y = {.rows = blocks[i].rows, .columns = opts->layer->units}};
    pass->n_stored = n;
    pass->stored_rows = pass->all_rows;
    if (!opts->beside) {
        store_outputs(pass);
        return pass->store_status;
    }
    pass->stored_y = pass->y;
    pass->y = before;
    if (opts->layer->shared)
        return ff_side_thread_run(pass->workers->ctx, &pass->exchanging, store_outputs, pass);
    ff_pool_beside(pass->workers->pool, &pass->storing, 1, store_task, pass);
    return FF_OK;
}

/* Begins to load the pieces after N streams of CHUNK from FIRST_STREAM on. */
static void prepare_next(struct pass *pass, uint32_t chunk, size_t first_stream, size_t n)
{
    const struct ff_forward_opts *opts = pass->opts;
    struct ff_piece_request requests[FF_FORWARD_PIECES];
    size_t next = first_stream + n;

    if (next == opts->n_streams) {
        next = 0;
        chunk = chunk + 1 == opts->left_out.first ? opts->left_out.end : chunk + 1;
    }
    if (chunk >= opts->geometry->chunks)
        return;
    n = ff_smaller(opts->n_streams - next, FF_FORWARD_PIECES);
    for (size_t i = 0; i < n; i++)
        requests[i] = (struct ff_piece_request){chunk, opts->streams[next + i]};
    ff_feed_prepare(opts->feed, n, requests);
}

/* One chunk of N streams. */
static int forward_pieces(struct pass *pass, uint32_t chunk, size_t first_stream, size_t n)
{
    const struct ff_forward_opts *opts = pass->opts;
    struct ff_piece_request requests[FF_FORWARD_PIECES];
    struct ff_piece pieces[FF_FORWARD_PIECES];
    struct ff_block blocks[FF_FORWARD_PIECES];
    struct ff_forward_block done[FF_FORWARD_PIECES];
    int status;

    for (size_t i = 0; i < n; i++)
        requests[i] = (struct ff_piece_request){chunk, opts->streams[first_stream + i]};
    status = ff_feed_load(opts->feed, n, requests, pieces);
    if (status != FF_OK)
        return status;
    prepare_next(pass, chunk, first_stream, n);
    pass->all_rows = ff_pairs_place(n, pieces, blocks);
    status = compute(pass, n, blocks);
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        done[i] = (struct ff_forward_block){.chunk = chunk,
                                            .stream = requests[i].stream,
                                            .first = pieces[i].first,
                                            .rows = pieces[i].rows,
                                            .x = pieces[i].x,
                                            .goodness = goodness_of(pass, &blocks[i])};
        status = opts->sink(opts->arg, &done[i]);
    }
    if (status == FF_OK)
        status = store(pass, n, done);
    ff_feed_done(opts->feed);
    return status;
}

struct ff_left_out ff_forward_left_out(const struct ff_manifest *manifest,
                                       const struct ff_geometry *geometry, uint32_t layer)
{
    uint32_t streams[FF_MAX_STREAMS];
    struct ff_left_out out = {0, 0};
    uint64_t first = 0;

    if (ff_streams_stored(manifest, layer, ff_manifest_last_sweep(manifest), streams) > 0)
        return out;
    out.end =
        (uint32_t)ff_smaller(geometry->batches * geometry->chunks_per_batch, geometry->chunks);
    while (out.first < out.end && first < FF_SAMPLES_MEASURED) {
        uint32_t rows;

        ff_chunk_range(geometry, out.first++, &first, &rows);
        first += rows;
    }
    return out;
}

uint64_t ff_forward_samples(const struct ff_geometry *geometry, struct ff_left_out left_out)
{
    uint64_t first, end = geometry->learned_rows;
    uint32_t rows;

    if (left_out.first >= left_out.end)
        return geometry->rows;
    ff_chunk_range(geometry, left_out.first, &first, &rows);
    return geometry->rows - (end - first);
}

static int forward_chunk(struct pass *pass, uint32_t chunk)
{
    const struct ff_forward_opts *opts = pass->opts;
    uint64_t first;
    uint32_t rows;
    int status = FF_OK;

    ff_chunk_range(opts->geometry, chunk, &first, &rows);
    if (opts->begin_chunk)
        status = opts->begin_chunk(opts->arg, chunk, first, rows);
    for (size_t i = 0; i < opts->n_streams && status == FF_OK; i += FF_FORWARD_PIECES) {
        status = forward_pieces(pass, chunk, i, ff_smaller(opts->n_streams - i, FF_FORWARD_PIECES));
    }
    return status;
}

static int gather_active(const struct ff_forward_opts *opts)
{
    const struct ff_team_columns columns = ff_layer_columns(opts->layer, 1, 1);

    return ff_team_gather_columns(opts->layer->ctx, &columns, opts->active);
}

int ff_forward(struct ff_workers *workers, const struct ff_forward_opts *opts)
{
    struct pass pass = {
        .workers = workers, .opts = opts, .max_rows = pass_rows(opts->geometry, opts->n_streams)};
    struct ff_buffer buffers[MAX_BUFFERS];
    enum ff_dtype stored = opts->store ? opts->stored : 0;
    size_t n = list_buffers(&pass, opts->layer, stored, opts->beside, buffers);
    int status = ff_buffers_alloc(workers->ctx, n, buffers), stored_status;

    if (status == FF_OK && opts->layer->classes) {
        pass.conditioned = ff_conditioned_make(opts->manifest, opts->layer, pass.max_rows, false);
        status = ff_conditioned_init(&pass.conditioned, workers);
    }
    for (uint32_t chunk = 0; chunk < opts->geometry->chunks && status == FF_OK; chunk++) {
        if (chunk >= opts->left_out.first && chunk < opts->left_out.end)
            continue;
        status = forward_chunk(&pass, chunk);
        if (chunk % CHUNKS_PER_SAMPLE == 0)
            ff_memory_sample(workers->ctx);
    }
    stored_status = finish_storing(&pass);
    if (status == FF_OK)
        status = stored_status;
    if (status == FF_OK && opts->active)
        status = gather_active(opts);
    ff_conditioned_release(&pass.conditioned);
    n = list_buffers(&pass, opts->layer, stored, opts->beside, buffers);
    ff_buffers_free(workers->ctx, n, buffers);
    return status;
}

struct head_job {
    const struct ff_layer *head;
    size_t rows;
    const float *x;
    float *product;
};

static void head_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    struct head_job *job = arg;
    const struct ff_layer *head = job->head;
    uint32_t first, count;

    (void)part;
    (void)worker;
    ff_tile_range(head->units, tile, &first, &count);
    ff_gemm_nt(job->rows, count, head->fan_in, job->x, head->fan_in,
               ff_layer_tile(head, head->weights, tile), head->fan_in, job->product + first,
               head->units);
    ff_add_bias(job->rows, count, job->product + first, head->units, head->biases + first);
}

int ff_head_logits(const struct ff_layer *head, struct ff_pool *pool, size_t rows, const float *x,
                   float *product, float *logits)
{
    struct head_job job = {head, rows, x, product};
    struct ff_walk walk = {.parts = 1, .fn = head_tile, .arg = &job, .weights = FF_PAGE_IN};
    int status = ff_layer_walk(head, pool, &walk);

    if (status == FF_OK)
        status = ff_layer_gather(head, rows, product);
    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < rows * head->units; i++)
        logits[i] += product[i];
    return FF_OK;
}
