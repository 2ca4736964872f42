/* The learner of a whole network by backpropagation, on inputs without embedded labels. */
#include "learn/backprop.h"
#include "learn/learner.h"
#include "learn/streams.h"

struct backprop_learner {
    struct ff_learner base;
    struct ff_network network;
    struct ff_feed *feed;
    struct ff_backprop *backprop;
};

static struct ff_backprop_opts make_opts(const struct ff_job *job, const struct ff_knobs *knobs)
{
    return (struct ff_backprop_opts){
        .manifest = job->manifest,
        .geometry = &job->geometry,
        .optimizer = job->optimizer,
        .optimizer_params = job->optimizer_params,
        .micro_chunks = knobs->micro_chunks,
        .segment = ff_backprop_segment(job->manifest),
    };
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    struct ff_backprop_opts opts = make_opts(job, knobs);

    (void)layer; /* all at once */
    out->bytes[FF_MEM_OTHER] += sizeof(struct backprop_learner);
    ff_network_needs(job->manifest, job->ranks, out);
    ff_job_feed_needs(job, 0, opts.micro_chunks, FF_FEED_LEARN, out);
    ff_backprop_needs(&opts, job->threads, out);
}

static uint32_t micro_chunks(const struct ff_job *job, uint32_t layer)
{
    (void)layer;
    return ff_backprop_micro_chunks(job->manifest, &job->geometry, job->micro_batch_rows);
}

/* The products of layer K, of which the output layer is one more than the recipe's. */
static void list_products(const struct ff_manifest *manifest, uint32_t k, uint32_t blocks,
                          ff_operation_fn *visit, void *arg)
{
    uint32_t layers = manifest->recipe.layers;
    uint32_t units = k <= layers ? manifest->recipe.hidden[k - 1] : manifest->classes;
    struct ff_operation operation = {
        .kind = FF_OPERATION_LEARN,
        .fan_in = ff_manifest_fan_in(manifest, k),
        .units = units,
        .own = units,
        .blocks = blocks,
        .times = 1,
    };

    visit(arg, &operation);
    operation.kind = FF_OPERATION_FORWARD;
    if (ff_backprop_recomputes(manifest, k))
        visit(arg, &operation);
    operation.kind = FF_OPERATION_DELTAS;
    if (k > 1)
        visit(arg, &operation);
}

/* With PIECES chunks at a time. */
static void list_operations(const struct ff_job *job, uint32_t pieces, ff_operation_fn *visit,
                            void *arg)
{
    uint32_t chunks = job->geometry.chunks_per_batch;
    struct ff_operation load = {
        .kind = FF_OPERATION_LOAD,
        .units = ff_manifest_fan_in(job->manifest, 1),
        .use = FF_FEED_LEARN,
        .blocks = pieces,
        .times = (double)chunks / pieces,
    };

    visit(arg, &load);
    for (uint32_t k = 1; k <= job->manifest->recipe.layers + 1; k++)
        list_products(job->manifest, k, chunks, visit, arg);
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    (void)layer;
    list_operations(job, job->geometry.chunks_per_batch, visit, arg);
}

static void accum_operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit,
                             void *arg)
{
    list_operations(job, micro_chunks(job, layer), visit, arg);
}

static void add_flops(void *total, const struct ff_operation *operation)
{
    *(double *)total += ff_operation_flops(operation, 1);
}

static double flops(const struct ff_manifest *manifest, uint32_t layer)
{
    double total = 0;

    (void)layer;
    for (uint32_t k = 1; k <= manifest->recipe.layers + 1; k++)
        list_products(manifest, k, 1, add_flops, &total);
    return total;
}

static int open_parts(struct ff_learner *base)
{
    struct backprop_learner *l = (struct backprop_learner *)base;
    const struct ff_learner_opts *opts = &base->opts;
    int status = ff_network_init(&l->network, opts->workers->ctx, opts->job->manifest);

    base->parts = l->network.parts;
    base->n_parts = l->network.n_parts;
    return status;
}

static int start(struct ff_learner *base, struct ff_set *set)
{
    struct backprop_learner *l = (struct backprop_learner *)base;
    struct ff_backprop_opts opts = make_opts(base->opts.job, &base->opts.knobs);
    int status = ff_learner_feed(base, set, 0, opts.micro_chunks, FF_FEED_LEARN, &l->feed);

    opts.network = &l->network;
    opts.feed = l->feed;
    return status == FF_OK ? ff_backprop_new(base->opts.workers, &opts, &l->backprop) : status;
}

/* Prefetches the chunks of BATCH. */
static void prefetch(struct backprop_learner *l, uint64_t batch)
{
    uint32_t first, chunks;

    ff_batch_range(&l->base.opts.job->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++) {
        struct ff_piece_request next = {first + c, FF_STREAM_NEUTRAL};

        ff_feed_will_need(l->feed, 1, &next);
    }
}

static int learn(struct ff_learner *base, const struct ff_batch *batch, struct ff_sums *sums)
{
    struct backprop_learner *l = (struct backprop_learner *)base;

    if (batch->next != FF_NO_BATCH)
        prefetch(l, batch->next);
    ff_feed_begin_epoch(l->feed, batch->epoch);
    return ff_backprop_run(l->backprop, batch->batch, batch->step, batch->lr, sums);
}

static void close_learner(struct ff_learner *base)
{
    struct backprop_learner *l = (struct backprop_learner *)base;

    ff_backprop_free(l->backprop);
    ff_feed_free(l->feed);
    ff_network_release(&l->network);
}

const struct ff_learner_ops ff_backprop_learner = {
    .work = {.needs = needs, .passes_deltas = true, .flops = flops, .operations = operations},
    .size = sizeof(struct backprop_learner),
    .open = open_parts,
    .start = start,
    .learn = learn,
    .close = close_learner,
};

const struct ff_learner_ops ff_backprop_accum_learner = {
    .work =
        {
            .needs = needs,
            .passes_deltas = true,
            .micro_chunks = micro_chunks,
            .flops = flops,
            .operations = accum_operations,
        },
    .size = sizeof(struct backprop_learner),
    .open = open_parts,
    .start = start,
    .learn = learn,
    .close = close_learner,
};
