/* The learner of one layer's part of the linear softmax head, on the layer's stored outputs. */
#include "learn/feed.h"
#include "learn/forward.h"
#include "learn/learner.h"
#include "learn/streams.h"
#include "learn/update.h"
#include "model/network.h"
#include "nn/softmax.h"

#include <string.h>

struct head_learner {
    struct ff_learner base;
    struct ff_layer head;
    struct ff_part part;
    struct ff_feed *feed;
    struct ff_update update;
    bool has_base;           /* logits of the parts below are stored */
    float *logits, *product; /* (chunk_rows, classes) */
    uint16_t *labels;
};

#define MAX_BUFFERS 3

static size_t list_buffers(struct head_learner *l, const struct ff_geometry *geometry,
                           struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = geometry->chunk_rows, classes = l->head.units;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&l->logits, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&l->product, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&l->labels, FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static struct ff_update make_update(struct ff_workers *workers, const struct ff_recipe *recipe,
                                    struct ff_layer *head)
{
    return (struct ff_update){
        .workers = workers,
        .layer = head,
        .optimizer = ff_network_head_optimizer(recipe),
        .whole = true,
    };
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    struct head_learner shape = {.update = make_update(NULL, &job->manifest->recipe, &shape.head)};
    struct ff_buffer buffers[MAX_BUFFERS];

    (void)knobs;
    shape.head = ff_job_part(job, ff_network_shape(job->manifest, 'H', layer));
    out->bytes[FF_MEM_OTHER] += sizeof shape;
    ff_layer_needs(&shape.head, job->threads, out);
    ff_update_needs(&shape.update, job->threads, out);
    ff_job_feed_needs(job, layer, 1, FF_FEED_PLAIN, out);
    ff_buffers_count(list_buffers(&shape, &job->geometry, buffers), buffers, out);
}

/* Forward and backward. */
static double flops(const struct ff_manifest *manifest, uint32_t layer)
{
    return 4.0 * manifest->recipe.hidden[layer - 1] * manifest->classes;
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    uint32_t units = job->manifest->recipe.hidden[layer - 1];
    struct ff_gathering logits =
        ff_job_gather_units(job, job->manifest->classes, job->geometry.chunk_rows * sizeof(float));
    struct ff_operation operation = {
        .kind = FF_OPERATION_LOAD,
        .units = units,
        .boundary = layer,
        .use = FF_FEED_PLAIN,
        .blocks = 1,
        .times = job->geometry.chunks_per_batch,
    };

    visit(arg, &operation);
    operation.kind = FF_OPERATION_LEARN;
    operation.fan_in = units;
    operation.units = job->manifest->classes;
    operation.own = ff_job_own_units(job, operation.units);
    visit(arg, &operation);
    logits.times = operation.times;
    ff_job_visit_gathering(job, &logits, visit, arg);
}

static int open_parts(struct ff_learner *base)
{
    struct head_learner *l = (struct head_learner *)base;
    const struct ff_learner_opts *opts = &base->opts;
    const struct ff_recipe *recipe = &opts->job->manifest->recipe;
    struct ff_layer shape = ff_network_shape(opts->job->manifest, 'H', opts->layer);

    l->update = make_update(opts->workers, recipe, &l->head);
    l->update.params = l->update.optimizer->defaults;
    l->update.params.weight_decay = (float)recipe->head_weight_decay;
    l->part = (struct ff_part){&l->head, 'H', opts->layer};
    l->has_base = opts->layer > ff_recipe_first_head(recipe);
    base->parts = &l->part;
    base->n_parts = 1;
    return ff_layer_init(&l->head, opts->workers->ctx, &shape);
}

static int start(struct ff_learner *base, struct ff_set *set)
{
    struct head_learner *l = (struct head_learner *)base;
    struct ff_buffer buffers[MAX_BUFFERS];
    int status = ff_learner_feed(base, set, base->opts.layer, 1, FF_FEED_PLAIN, &l->feed);

    if (status == FF_OK)
        status = ff_buffers_alloc(base->opts.workers->ctx,
                                  list_buffers(l, &base->opts.job->geometry, buffers), buffers);
    return status == FF_OK ? ff_update_init(&l->update) : status;
}

static void close_learner(struct ff_learner *base)
{
    struct head_learner *l = (struct head_learner *)base;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(base->opts.workers->ctx, list_buffers(l, &base->opts.job->geometry, buffers),
                    buffers);
    ff_update_release(&l->update);
    ff_feed_free(l->feed);
    ff_layer_release(&l->head);
}

/* Trains on one chunk of a batch of BATCH_ROWS. */
static int learn_chunk(struct head_learner *l, uint32_t chunk, size_t batch_rows,
                       struct ff_update_rows rows, struct ff_sums *sums)
{
    const struct ff_learner_opts *opts = &l->base.opts;
    struct ff_piece_request request = {chunk, ff_streams_head(&opts->job->manifest->recipe)};
    size_t classes = l->head.units;
    struct ff_piece piece;
    struct ff_block block;
    uint64_t wrong = 0;
    int status = ff_feed_load(l->feed, 1, &request, &piece);

    if (status == FF_OK)
        status = ff_feed_labels(l->feed, chunk, l->labels);
    if (status == FF_OK && l->has_base)
        status = ff_feed_logits(l->feed, chunk, l->head.units, l->logits);
    if (status != FF_OK)
        return status;
    if (!l->has_base)
        memset(l->logits, 0, piece.rows * classes * sizeof(float));
    status =
        ff_head_logits(&l->head, opts->workers->pool, piece.rows, piece.x, l->product, l->logits);
    if (status != FF_OK)
        return status;
    sums->loss += ff_softmax_cross_entropy(piece.rows, classes, batch_rows, l->logits, l->labels,
                                           opts->job->manifest->class_weights.weights, &wrong);
    sums->wrong += (double)wrong;
    block = (struct ff_block){.x = piece.x, .rows = piece.rows};
    rows.blocks = &block;
    rows.n_blocks = 1;
    rows.delta = l->logits;
    status = ff_update_run(&l->update, &rows);
    ff_feed_done(l->feed);
    return status;
}

static int learn(struct ff_learner *base, const struct ff_batch *batch, struct ff_sums *sums)
{
    struct head_learner *l = (struct head_learner *)base;
    struct ff_update_rows update = {.number = batch->step, .lr = batch->lr};
    uint32_t first_chunk, chunks;
    size_t rows = ff_batch_range(&base->opts.job->geometry, batch->batch, &first_chunk, &chunks);

    for (uint32_t c = 0; c < chunks; c++) {
        int status;

        update.first = c == 0;
        update.last = c + 1 == chunks;
        status = learn_chunk(l, first_chunk + c, rows, update, sums);
        if (status != FF_OK)
            return status;
    }
    sums->rows += (double)rows;
    return FF_OK;
}

const struct ff_learner_ops ff_head_learner = {
    .work = {.needs = needs, .flops = flops, .operations = operations},
    .size = sizeof(struct head_learner),
    .reads_outputs = true,
    .open = open_parts,
    .start = start,
    .learn = learn,
    .close = close_learner,
};
