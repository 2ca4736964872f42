#include "train/stage_full.h"

#include "learn/climb.h"
#include "learn/joint_head.h"
#include "learn/pairs.h"
#include "learn/peers.h"
#include "learn/update.h"
#include "model/network.h"
#include "plan/plan.h"
#include "train/epochs.h"

#include <string.h>

struct full {
    struct ff_run *run;
    struct ff_network network;
    struct ff_set *set;
    struct ff_feed *feed;
    struct ff_climb climb;
    struct ff_update update;
    struct ff_joint_head head; /* network NULL: there is none */
    bool hard, peers;
    size_t max_pieces, max_rows; /* of a batch */
    float *goodness;             /* (max_rows): of the layer at work */
    float *total;                /* (max_rows): summed over the layers that count */
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

static size_t list_buffers(struct full *full, const struct ff_recipe *recipe,
                           struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&full->goodness, FF_MEM_ACTIVATIONS, full->max_rows, sizeof(float)},
        {&full->total, FF_MEM_ACTIVATIONS, full->max_rows, sizeof(float)},
        {&full->scale, FF_MEM_ACTIVATIONS, full->max_rows, sizeof(float)},
        {&full->requests, FF_MEM_OTHER, full->max_pieces, sizeof *full->requests},
        {&full->pieces, FF_MEM_OTHER, full->max_pieces, sizeof *full->pieces},
        {&full->shift, FF_MEM_GRADIENT, widest(recipe), sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
    return full->peers ? 6 : 5;
}

/* What recipe and geometry decide, with nothing allocated. */
static struct full make_full(const struct ff_recipe *recipe, const struct ff_geometry *geometry)
{
    struct full full = {
        .update = {.kept_rows = geometry->chunk_rows},
        .hard = strcmp(recipe->negatives, "hard") == 0,
        .peers = recipe->peer_normalisation > 0,
        .max_pieces = (size_t)2 * geometry->chunks_per_batch,
        .max_rows = (size_t)2 * geometry->batch,
    };

    full.climb.hidden = recipe->hidden;
    full.climb.n_layers = recipe->layers;
    full.climb.max_rows = full.max_rows;
    full.climb.max_blocks = full.max_pieces;
    return full;
}

static void release(struct full *full)
{
    struct ff_ctx *ctx = full->run->ctx;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(ctx, list_buffers(full, &full->run->manifest.recipe, buffers), buffers);
    ff_joint_head_release(&full->head);
    ff_update_release(&full->update);
    ff_climb_release(&full->climb);
    ff_feed_free(full->feed);
    ff_set_close(full->set);
    ff_network_release(&full->network);
}

static int set_up_network(struct full *full)
{
    struct ff_run *run = full->run;
    struct ff_network *network = &full->network;
    int status = ff_network_init(network, run->ctx, &run->manifest);

    for (uint32_t k = 0; full->peers && k < network->n_layers && status == FF_OK; k++)
        status = ff_layer_add_means(&network->layers[k]);
    if (status != FF_OK)
        return status;
    return ff_checkpoint_restore(run, network->n_parts, network->parts);
}

static int set_up_buffers(struct full *full)
{
    struct ff_run *run = full->run;
    struct ff_buffer buffers[MAX_BUFFERS];
    int status =
        ff_buffers_alloc(run->ctx, list_buffers(full, &run->manifest.recipe, buffers), buffers);

    if (status != FF_OK)
        return status;
    full->climb.workers = &run->workers;
    full->climb.layers = full->network.layers;
    status = ff_climb_init(&full->climb);
    if (status != FF_OK)
        return status;
    full->update.workers = &run->workers;
    full->update.layer = &full->network.layers[0];
    full->update.optimizer = run->optimizer;
    full->update.params = run->optimizer_params;
    for (size_t i = 0; i < full->network.n_parts; i++)
        ff_update_fit(&full->update, full->network.parts[i].layer);
    status = ff_update_init(&full->update);
    if (status != FF_OK || full->network.n_heads == 0)
        return status;
    full->head = (struct ff_joint_head){
        .manifest = &run->manifest,
        .geometry = &run->geometry,
        .schedule = run->schedule,
        .network = &full->network,
        .climb = &full->climb,
        .update = &full->update,
        .draw = full->hard,
    };
    return ff_joint_head_init(&full->head);
}

static int set_up(struct full *full)
{
    struct ff_run *run = full->run;
    int status = ff_run_need_set(run, 0, &full->set);

    if (status == FF_OK)
        status = set_up_network(full);
    if (status == FF_OK)
        status =
            ff_run_feed(run, full->set, 0, (uint32_t)full->max_pieces, FF_FEED_LEARN, &full->feed);
    return status == FF_OK ? set_up_buffers(full) : status;
}

void ff_full_needs(const struct ff_plan_job *job, uint32_t layer, const struct ff_knobs *knobs,
                   struct ff_needs *needs)
{
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    struct full shape = make_full(recipe, &job->geometry);
    struct ff_layer parts[2];
    struct ff_buffer buffers[MAX_BUFFERS];
    uint32_t first_head = ff_recipe_first_head(recipe);

    (void)layer; /* all at once, and whole */
    (void)knobs;
    ff_network_needs(manifest, needs);
    for (uint32_t k = 1; k <= recipe->layers; k++) {
        uint32_t units = recipe->hidden[k - 1];

        parts[0] = ff_layer_shape(ff_manifest_fan_in(manifest, k), units, 0);
        parts[1] = ff_layer_shape(units, manifest->classes, 0);
        ff_update_fit(&shape.update, &parts[0]);
        if (first_head && k >= first_head)
            ff_update_fit(&shape.update, &parts[1]);
        if (shape.peers)
            ff_layer_means_needs(&parts[0], needs);
    }
    shape.update.layer = &parts[0];
    ff_update_needs(&shape.update, job->threads, needs);
    ff_climb_needs(&shape.climb, needs);
    ff_plan_feed(job, 0, (uint32_t)shape.max_pieces, FF_FEED_LEARN, needs);
    ff_buffers_count(list_buffers(&shape, recipe, buffers), buffers, needs);
    if (first_head)
        ff_joint_head_needs(&job->geometry, manifest->classes, shape.hard, needs);
}

/* Two rows, forward and backward; and the neutral row: forward, and once more up to the last part
 * of the head but one. */
double ff_full_flops(const struct ff_manifest *manifest)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    double flops = 0;

    for (uint32_t k = 1; k <= recipe->layers; k++) {
        double units = recipe->hidden[k - 1], weights = units * ff_manifest_fan_in(manifest, k);

        flops += 8 * weights;
        if (first_head)
            flops += (k < recipe->layers && first_head < recipe->layers ? 4 : 2) * weights;
        if (first_head && k >= first_head)
            flops += 4 * units * manifest->classes;
    }
    return flops;
}

/* The neutral rows of BATCH: the head learns, and wrong labels are drawn if they are to be. */
static int learn_head(struct full *full, const struct ff_batch *batch)
{
    uint32_t first_chunk, chunks;
    int status;

    ff_batch_range(&full->run->geometry, batch->batch, &first_chunk, &chunks);
    for (uint32_t c = 0; c < chunks; c++)
        full->requests[c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_NEUTRAL};
    status = ff_feed_load(full->feed, chunks, full->requests, full->pieces);
    if (status != FF_OK)
        return status;
    if (full->hard)
        ff_feed_give_labels(full->feed, full->pieces[0].first, full->head.hard);
    return ff_joint_head_learn(&full->head, batch, full->feed, chunks, full->pieces);
}

/* The positive and negative rows of BATCH, into the climb and PAIRS. */
static int load_pairs(struct full *full, const struct ff_batch *batch, struct ff_pairs *pairs)
{
    struct ff_run *run = full->run;
    uint32_t sets = run->manifest.recipe.negative_sets, first_chunk, chunks;
    uint32_t negative = full->hard ? 0 : ff_pairs_variant(sets, batch->epoch, batch->batch);
    int status;

    *pairs = (struct ff_pairs){
        .loss = run->loss,
        .params = run->loss_params,
        .batch_rows = ff_batch_range(&run->geometry, batch->batch, &first_chunk, &chunks),
        .blocks = full->climb.blocks,
    };
    pairs->n_blocks = ff_pairs_request(first_chunk, chunks, negative, full->requests);
    status = ff_feed_load(full->feed, pairs->n_blocks, full->requests, full->pieces);
    if (status == FF_OK)
        ff_climb_begin(&full->climb, pairs->n_blocks, full->pieces);
    return status;
}

/* The step of layer K, whose outputs are there and stay. */
static int update_layer(struct full *full, uint32_t k, const struct ff_pairs *pairs,
                        const struct ff_batch *batch)
{
    const struct ff_recipe *recipe = &full->run->manifest.recipe;
    struct ff_layer *layer = &full->network.layers[k];
    struct ff_update_rows rows = {
        .blocks = pairs->blocks,
        .n_blocks = pairs->n_blocks,
        .delta = ff_climb_outputs(&full->climb, k),
        .scale = full->scale,
        .first = true,
        .last = true,
        .number = batch->step,
        .lr = batch->lr,
    };

    if (full->peers) {
        double factor = recipe->peer_normalisation * 2 * recipe->goodness_scale / layer->units /
                        (double)pairs->batch_rows;

        ff_peers_move(layer, full->run->workers.pool, pairs->blocks, pairs->n_blocks, rows.delta,
                      factor, full->shift);
        rows.shift = full->shift;
    }
    full->update.layer = layer;
    return ff_update_run(&full->update, &rows);
}

/* The goodness by which a row is told: summed over the layers, the first left out if there are
 * more (Hinton 2022, section 3.3). */
static void add_goodness(struct full *full, uint32_t k)
{
    for (size_t row = 0; row < full->climb.all_rows; row++)
        full->total[row] = k < 2 ? full->goodness[row] : full->total[row] + full->goodness[row];
}

/* Forward through layer K, its loss, its step. */
static int learn_layer(struct full *full, uint32_t k, const struct ff_pairs *pairs,
                       const struct ff_batch *batch, double *loss, struct ff_sums *layers)
{
    const struct ff_layer *layer = &full->network.layers[k];
    int status = ff_climb_layer(&full->climb, k);

    if (status != FF_OK)
        return status;
    ff_layer_goodness(layer, full->climb.all_rows, full->climb.sums, full->goodness);
    ff_pairs_scales(pairs, layer->units, full->goodness, full->scale, loss);
    ff_pairs_count(pairs, full->goodness, layers);
    add_goodness(full, k);
    status = update_layer(full, k, pairs, batch);
    if (k + 1 < full->network.n_layers)
        ff_climb_on(&full->climb, k);
    return status;
}

static int learn_pairs(struct full *full, const struct ff_batch *batch)
{
    struct ff_sums *sums = &full->run->manifest.mark.sums, layers = {0}, total = {0};
    uint32_t n = full->network.n_layers;
    struct ff_pairs pairs;
    double loss = 0;
    int status = load_pairs(full, batch, &pairs);

    for (uint32_t k = 0; k < n && status == FF_OK; k++)
        status = learn_layer(full, k, &pairs, batch, &loss, &layers);
    ff_feed_done(full->feed);
    if (status != FF_OK)
        return status;
    ff_pairs_count(&pairs, full->total, &total);
    sums->rows += (double)pairs.batch_rows;
    sums->loss += loss / n * (double)pairs.batch_rows;
    sums->goodness_pos += layers.goodness_pos / n;
    sums->goodness_neg += layers.goodness_neg / n;
    sums->wrong += total.wrong;
    return FF_OK;
}

/* Asks for the images of the batch after this one. */
static void prefetch(struct full *full, uint64_t batch)
{
    uint32_t first, chunks;

    ff_batch_range(&full->run->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++)
        full->requests[c] = (struct ff_piece_request){first + c, FF_STREAM_INPUT};
    ff_feed_will_need(full->feed, chunks, full->requests);
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct full *full = arg;
    int status = FF_OK;

    if (batch->next != FF_NO_BATCH)
        prefetch(full, batch->next);
    ff_feed_begin_epoch(full->feed, batch->epoch);
    if (full->network.n_heads > 0)
        status = learn_head(full, batch);
    return status == FF_OK ? learn_pairs(full, batch) : status;
}

int ff_stage_full(struct ff_run *run)
{
    struct full full = make_full(&run->manifest.recipe, &run->geometry);
    struct ff_learning learning = {
        .run = run,
        .phase = FF_PHASE_TRAIN,
        .order = FF_RNG_BATCH_ORDER,
        .epochs = run->manifest.recipe.epochs,
        .until = run->manifest.recipe.epochs,
        .learning_rate = run->manifest.recipe.learning_rate,
        .flops_per_row = ff_full_flops(&run->manifest),
        .learn = learn,
        .arg = &full,
    };
    int status;

    full.run = run;
    status = set_up(&full);
    learning.parts = full.network.parts;
    learning.n_parts = full.network.n_parts;
    if (status == FF_OK)
        status = ff_run_epochs(&learning);
    release(&full);
    return status;
}
