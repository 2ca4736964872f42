/*
 * The learner of a whole network by Forward-Forward, after Hinton (2022). The whole network and its
 * optimizer state are in memory. Every batch passes through all layers, and each layer makes its
 * step right after its own forward pass. The next layer's inputs are the outputs from before the
 * step, so that one pass serves all layers.
 *
 * On each batch:
 *
 * 1. with a head: the rows under the neutral label make a forward pass, the head trains, and, if
 *    negatives are hard, it draws the wrong labels of this batch (joint_head.h);
 * 2. the positive and negative rows make one together; each layer runs phases (A), (B), (C) as in
 *    step.h, with peer normalisation if enabled (peers.h).
 *
 * In memory are all weights and optimizer state, and for one layer at a time the activations of a
 * batch and the tiles' gradients.
 */
#include "learn/joint_head.h"
#include "learn/learner.h"
#include "learn/pairs.h"
#include "learn/pass.h"
#include "learn/peers.h"
#include "learn/streams.h"
#include "learn/update.h"
#include "model/network.h"

#include <string.h>

struct network_learner {
    struct ff_learner base;
    struct ff_network network;
    struct ff_feed *feed;
    struct ff_pass pass;
    struct ff_update update;
    struct ff_joint_head head; /* network NULL: no head */
    bool hard, peers;
    size_t max_pieces, max_rows; /* of a batch */
    float *goodness;             /* (max_rows): of the current layer */
    float *total;                /* (max_rows): summed over the layers that classify */
    float *scale;                /* (max_rows) */
    float *shift;                /* (units of the widest layer); only with peer normalisation */
    struct ff_piece_request *requests;
    struct ff_piece *pieces;
};

static uint32_t widest(const struct ff_recipe *recipe)
{
    uint32_t most = 0;

    for (uint32_t k = 0; k < recipe->layers; k++)
        most = recipe->hidden[k] > most ? recipe->hidden[k] : most;
    return most;
}

#define MAX_BUFFERS 6

static size_t list_buffers(struct network_learner *l, const struct ff_recipe *recipe,
                           struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&l->goodness, FF_MEM_ACTIVATIONS, l->max_rows, sizeof(float)},
        {&l->total, FF_MEM_ACTIVATIONS, l->max_rows, sizeof(float)},
        {&l->scale, FF_MEM_ACTIVATIONS, l->max_rows, sizeof(float)},
        {&l->requests, FF_MEM_OTHER, l->max_pieces, sizeof *l->requests},
        {&l->pieces, FF_MEM_OTHER, l->max_pieces, sizeof *l->pieces},
        {&l->shift, FF_MEM_GRADIENT, widest(recipe), sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
    return l->peers ? 6 : 5;
}

/* The learner's sizes by recipe and geometry; nothing is allocated. */
static struct network_learner make_shape(const struct ff_recipe *recipe,
                                         const struct ff_geometry *geometry)
{
    struct network_learner shape = {
        .update = {.kept_rows = geometry->chunk_rows},
        .hard = ff_recipe_draws_hard(recipe),
        .peers = recipe->peer_normalisation > 0,
        .max_pieces = (size_t)2 * geometry->chunks_per_batch,
        .max_rows = (size_t)2 * geometry->batch,
    };

    shape.pass.hidden = recipe->hidden;
    shape.pass.n_layers = recipe->layers;
    shape.pass.max_rows = shape.max_rows;
    shape.pass.max_blocks = shape.max_pieces;
    return shape;
}

static int open_parts(struct ff_learner *base)
{
    struct network_learner *l = (struct network_learner *)base;
    const struct ff_job *job = base->opts.job;
    struct network_learner shape = make_shape(&job->manifest->recipe, &job->geometry);
    int status;

    shape.base = *base;
    *l = shape;
    status = ff_network_init(&l->network, base->opts.workers->ctx, job->manifest);
    for (uint32_t k = 0; l->peers && k < l->network.n_layers && status == FF_OK; k++)
        status = ff_layer_add_means(&l->network.layers[k]);
    base->parts = l->network.parts;
    base->n_parts = l->network.n_parts;
    return status;
}

static int start_head(struct network_learner *l)
{
    const struct ff_job *job = l->base.opts.job;

    if (l->network.n_heads == 0)
        return FF_OK;
    l->head = (struct ff_joint_head){
        .manifest = job->manifest,
        .geometry = &job->geometry,
        .schedule = job->schedule,
        .network = &l->network,
        .pass = &l->pass,
        .update = &l->update,
        .draw = l->hard,
    };
    return ff_joint_head_init(&l->head);
}

static int start_update(struct network_learner *l)
{
    const struct ff_job *job = l->base.opts.job;

    l->update.workers = l->base.opts.workers;
    l->update.layer = &l->network.layers[0];
    l->update.optimizer = job->optimizer;
    l->update.params = job->optimizer_params;
    for (size_t i = 0; i < l->network.n_parts; i++)
        ff_update_fit(&l->update, l->network.parts[i].layer);
    return ff_update_init(&l->update);
}

static int start(struct ff_learner *base, struct ff_set *set)
{
    struct network_learner *l = (struct network_learner *)base;
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n = list_buffers(l, &base->opts.job->manifest->recipe, buffers);
    int status = ff_learner_feed(base, set, 0, (uint32_t)l->max_pieces, FF_FEED_LEARN, &l->feed);

    if (status == FF_OK)
        status = ff_buffers_alloc(base->opts.workers->ctx, n, buffers);
    l->pass.workers = base->opts.workers;
    l->pass.layers = l->network.layers;
    if (status == FF_OK)
        status = ff_pass_init(&l->pass);
    if (status == FF_OK)
        status = start_update(l);
    return status == FF_OK ? start_head(l) : status;
}

static void close_learner(struct ff_learner *base)
{
    struct network_learner *l = (struct network_learner *)base;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(base->opts.workers->ctx,
                    list_buffers(l, &base->opts.job->manifest->recipe, buffers), buffers);
    ff_joint_head_release(&l->head);
    ff_update_release(&l->update);
    ff_pass_release(&l->pass);
    ff_feed_free(l->feed);
    ff_network_release(&l->network);
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    struct network_learner shape = make_shape(recipe, &job->geometry);
    struct ff_layer parts[2];
    struct ff_buffer buffers[MAX_BUFFERS];
    uint32_t first_head = ff_recipe_first_head(recipe);

    (void)layer; /* all at once */
    (void)knobs;
    out->bytes[FF_MEM_OTHER] += sizeof shape;
    ff_network_needs(manifest, job->ranks, out);
    for (uint32_t k = 1; k <= recipe->layers; k++) {
        uint32_t units = recipe->hidden[k - 1];

        parts[0] = ff_job_part(job, ff_layer_shape(ff_manifest_fan_in(manifest, k), units, 0));
        parts[1] = ff_job_part(job, ff_layer_shape(units, manifest->classes, 0));
        ff_update_fit(&shape.update, &parts[0]);
        if (ff_recipe_has_head(recipe, k))
            ff_update_fit(&shape.update, &parts[1]);
        if (shape.peers)
            ff_layer_means_needs(&parts[0], out);
    }
    shape.update.layer = &parts[0];
    ff_update_needs(&shape.update, job->threads, out);
    ff_pass_needs(&shape.pass, out);
    ff_job_feed_needs(job, 0, (uint32_t)shape.max_pieces, FF_FEED_LEARN, out);
    ff_buffers_count(list_buffers(&shape, recipe, buffers), buffers, out);
    if (first_head)
        ff_joint_head_needs(&job->geometry, manifest->classes, shape.hard, out);
}

/* Two rows, forward and gradient; and the neutral row: forward, and again up to the head's last
 * part but one. */
static double flops(const struct ff_manifest *manifest, uint32_t layer)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    double total = 0;

    (void)layer;

    for (uint32_t k = 1; k <= recipe->layers; k++) {
        double units = recipe->hidden[k - 1], weights = units * ff_manifest_fan_in(manifest, k);

        total += 8 * weights;
        if (first_head)
            total += (k < recipe->layers && first_head < recipe->layers ? 4 : 2) * weights;
        if (ff_recipe_has_head(recipe, k))
            total += 4 * units * manifest->classes;
    }
    return total;
}

/* What a rank of a team gives the others of layer K: for each row of a step the sums of goodness
 * and the outputs, for each neutral row the outputs of each pass and the logits. */
static void list_exchange(const struct ff_job *job, uint32_t k, double passes,
                          ff_operation_fn *visit, void *arg)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint32_t units = recipe->hidden[k - 1];
    double rows = job->geometry.batch, chunk = job->geometry.chunk_rows;
    struct ff_gathering sums = ff_job_gather_tiles(job, units, 2 * rows * sizeof(float));
    struct ff_gathering outputs = ff_job_gather_units(job, units, 2 * rows * sizeof(float));
    struct ff_gathering means = ff_job_gather_units(job, units, sizeof(float));
    struct ff_gathering neutral = ff_job_gather_units(job, units, rows * sizeof(float));
    struct ff_gathering logits =
        ff_job_gather_units(job, job->manifest->classes, chunk * sizeof(float));

    ff_job_visit_gathering(job, &sums, visit, arg);
    if (k < recipe->layers)
        ff_job_visit_gathering(job, &outputs, visit, arg);
    if (recipe->peer_normalisation > 0)
        ff_job_visit_gathering(job, &means, visit, arg);
    neutral.times = passes;
    if (passes > 0)
        ff_job_visit_gathering(job, &neutral, visit, arg);
    logits.times = job->geometry.chunks_per_batch;
    if (passes > 0 && ff_recipe_has_head(recipe, k))
        ff_job_visit_gathering(job, &logits, visit, arg);
}

static void list_load(const struct ff_job *job, uint32_t pieces, ff_operation_fn *visit, void *arg)
{
    struct ff_operation load = {
        .kind = FF_OPERATION_LOAD,
        .units = ff_manifest_fan_in(job->manifest, 1),
        .use = FF_FEED_LEARN,
        .blocks = pieces,
        .times = 1,
    };

    visit(arg, &load);
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe), chunks = job->geometry.chunks_per_batch;

    (void)layer;
    list_load(job, 2 * chunks, visit, arg);
    if (first_head)
        list_load(job, chunks, visit, arg);
    for (uint32_t k = 1; k <= recipe->layers; k++) {
        struct ff_operation pairs = {
            .kind = FF_OPERATION_LEARN,
            .fan_in = ff_manifest_fan_in(job->manifest, k),
            .units = recipe->hidden[k - 1],
            .own = ff_job_own_units(job, recipe->hidden[k - 1]),
            .blocks = 2 * chunks,
            .times = 1,
        };
        struct ff_operation neutral = pairs, head = pairs;

        visit(arg, &pairs);
        neutral.kind = FF_OPERATION_FORWARD;
        neutral.blocks = head.blocks = chunks;
        neutral.times = k < recipe->layers && first_head < recipe->layers ? 2 : 1;
        if (first_head)
            visit(arg, &neutral);
        head.fan_in = pairs.units;
        head.units = job->manifest->classes;
        head.own = ff_job_own_units(job, head.units);
        if (ff_recipe_has_head(recipe, k))
            visit(arg, &head);
        list_exchange(job, k, first_head ? neutral.times : 0, visit, arg);
    }
}

/* Trains the head on the neutral rows of BATCH and draws wrong labels if negatives are hard. */
static int learn_head(struct network_learner *l, const struct ff_batch *batch)
{
    uint32_t first_chunk, chunks;
    int status;

    ff_batch_range(&l->base.opts.job->geometry, batch->batch, &first_chunk, &chunks);
    for (uint32_t c = 0; c < chunks; c++)
        l->requests[c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_NEUTRAL};
    status = ff_feed_load(l->feed, chunks, l->requests, l->pieces);
    if (status != FF_OK)
        return status;
    if (l->hard)
        ff_feed_give_labels(l->feed, l->pieces[0].first, l->head.hard);
    return ff_joint_head_learn(&l->head, batch, l->feed, chunks, l->pieces);
}

/* Begins the forward pass of the positive and negative rows of BATCH, and sets PAIRS. */
static int load_pairs(struct network_learner *l, const struct ff_batch *batch,
                      struct ff_pairs *pairs)
{
    const struct ff_job *job = l->base.opts.job;
    uint32_t sets = job->manifest->recipe.negative_sets, first_chunk, chunks;
    uint32_t negative = l->hard ? 0 : ff_pairs_variant(sets, batch->epoch, batch->batch);
    int status;

    *pairs = (struct ff_pairs){
        .loss = job->loss,
        .params = job->loss_params,
        .batch_rows = ff_batch_range(&job->geometry, batch->batch, &first_chunk, &chunks),
        .blocks = l->pass.blocks,
    };
    pairs->n_blocks = ff_pairs_request(first_chunk, chunks, negative, l->requests);
    status = ff_feed_load(l->feed, pairs->n_blocks, l->requests, l->pieces);
    if (status == FF_OK)
        ff_pass_begin(&l->pass, pairs->n_blocks, l->pieces);
    return status;
}

/* The step of layer K, which leaves its outputs unchanged. */
static int update_layer(struct network_learner *l, uint32_t k, const struct ff_pairs *pairs,
                        const struct ff_batch *batch)
{
    const struct ff_recipe *recipe = &l->base.opts.job->manifest->recipe;
    struct ff_layer *layer = &l->network.layers[k];
    struct ff_update_rows rows = {
        .blocks = pairs->blocks,
        .n_blocks = pairs->n_blocks,
        .delta = ff_pass_outputs(&l->pass, k),
        .scale = l->scale,
        .first = true,
        .last = true,
        .number = batch->step,
        .lr = batch->lr,
    };

    if (l->peers) {
        double factor = recipe->peer_normalisation * 2 * recipe->goodness_scale / layer->units /
                        (double)pairs->batch_rows;

        int status = ff_peers_move(layer, l->base.opts.workers->pool, pairs->blocks,
                                   pairs->n_blocks, rows.delta, factor, l->shift);

        if (status != FF_OK)
            return status;
        rows.shift = l->shift;
    }
    l->update.layer = layer;
    return ff_update_run(&l->update, &rows);
}

/* Adds to the goodness that classifies a row: the sum over all layers, without the first if there
 * are more (Hinton 2022, section 3.3). */
static void add_goodness(struct network_learner *l, uint32_t k)
{
    for (size_t row = 0; row < l->pass.all_rows; row++)
        l->total[row] = k < 2 ? l->goodness[row] : l->total[row] + l->goodness[row];
}

/* Forward pass, loss and step of layer K. */
static int learn_layer(struct network_learner *l, uint32_t k, const struct ff_pairs *pairs,
                       const struct ff_batch *batch, double *loss, struct ff_sums *layers)
{
    const struct ff_layer *layer = &l->network.layers[k];
    int status = ff_pass_layer(&l->pass, k);

    if (status == FF_OK)
        status = ff_layer_goodness(layer, l->pass.all_rows, l->pass.sums, l->goodness);
    if (status != FF_OK)
        return status;
    ff_pairs_scales(pairs, layer->units, l->goodness, l->scale, loss);
    ff_pairs_count(pairs, l->goodness, layers);
    add_goodness(l, k);
    status = update_layer(l, k, pairs, batch);
    if (status == FF_OK && k + 1 < l->network.n_layers)
        status = ff_pass_next(&l->pass, k);
    return status;
}

static int learn_pairs(struct network_learner *l, const struct ff_batch *batch,
                       struct ff_sums *sums)
{
    struct ff_sums layers = {0}, total = {0};
    uint32_t n = l->network.n_layers;
    struct ff_pairs pairs;
    double loss = 0;
    int status = load_pairs(l, batch, &pairs);

    for (uint32_t k = 0; k < n && status == FF_OK; k++)
        status = learn_layer(l, k, &pairs, batch, &loss, &layers);
    ff_feed_done(l->feed);
    if (status != FF_OK)
        return status;
    ff_pairs_count(&pairs, l->total, &total);
    sums->rows += (double)pairs.batch_rows;
    sums->loss += loss / n * (double)pairs.batch_rows;
    sums->goodness_pos += layers.goodness_pos / n;
    sums->goodness_neg += layers.goodness_neg / n;
    sums->wrong += total.wrong;
    return FF_OK;
}

/* Prefetches the images of BATCH. */
static void prefetch(struct network_learner *l, uint64_t batch)
{
    uint32_t first, chunks;

    ff_batch_range(&l->base.opts.job->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++)
        l->requests[c] = (struct ff_piece_request){first + c, FF_STREAM_INPUT};
    ff_feed_will_need(l->feed, chunks, l->requests);
}

static int learn(struct ff_learner *base, const struct ff_batch *batch, struct ff_sums *sums)
{
    struct network_learner *l = (struct network_learner *)base;
    int status = FF_OK;

    if (batch->next != FF_NO_BATCH)
        prefetch(l, batch->next);
    ff_feed_begin_epoch(l->feed, batch->epoch);
    if (l->network.n_heads > 0)
        status = learn_head(l, batch);
    return status == FF_OK ? learn_pairs(l, batch, sums) : status;
}

const struct ff_learner_ops ff_network_learner = {
    .work = {.needs = needs, .flops = flops, .operations = operations},
    .size = sizeof(struct network_learner),
    .open = open_parts,
    .start = start,
    .learn = learn,
    .close = close_learner,
};
