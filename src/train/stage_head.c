/* Training one layer's part of the linear softmax head. */
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/softmax.h"
#include "train/head.h"
#include "train/run.h"

#include <math.h>
#include <string.h>

struct head_training {
    struct ff_run *run;
    struct ff_layer head;
    struct ff_set *set;
    struct ff_feed *feed;
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params params;
    bool has_base;           /* there is a head below: its logits are stored */
    float *logits, *product; /* (chunk_rows, classes) */
    uint16_t *labels;
    float *gradient, *bias_gradient; /* as the head */
    /* The chunk at work, for the workers */
    struct ff_piece piece;
    bool first; /* of the batch */
};

static void release(struct head_training *t)
{
    struct ff_ctx *ctx = t->run->ctx;
    size_t rows = t->run->geometry.chunk_rows, classes = t->head.units;

    ff_free(ctx, FF_MEM_ACTIVATIONS, t->logits, rows * classes * sizeof(float));
    ff_free(ctx, FF_MEM_ACTIVATIONS, t->product, rows * classes * sizeof(float));
    ff_free(ctx, FF_MEM_ACTIVATIONS, t->labels, rows * sizeof(uint16_t));
    ff_free(ctx, FF_MEM_GRADIENT, t->gradient, classes * t->head.fan_in * sizeof(float));
    ff_free(ctx, FF_MEM_GRADIENT, t->bias_gradient, classes * sizeof(float));
    ff_feed_free(t->feed);
    if (t->set)
        ff_set_close(t->set);
    ff_layer_release(&t->head);
}

static int allocate(struct head_training *t)
{
    struct ff_ctx *ctx = t->run->ctx;
    size_t rows = t->run->geometry.chunk_rows, classes = t->head.units;

    t->logits = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float));
    t->product = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float));
    t->labels = ff_alloc_array(ctx, FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t));
    t->gradient = ff_alloc_array(ctx, FF_MEM_GRADIENT, classes * t->head.fan_in, sizeof(float));
    t->bias_gradient = ff_alloc_array(ctx, FF_MEM_GRADIENT, classes, sizeof(float));
    if (!t->logits || !t->product || !t->labels || !t->gradient || !t->bias_gradient)
        return ff_alloc_status(ctx);
    return FF_OK;
}

static int set_up(struct head_training *t)
{
    struct ff_run *run = t->run;
    uint32_t number = run->manifest.mark.layer;
    uint32_t units = run->manifest.recipe.hidden[number - 1];
    int status;

    t->optimizer = ff_optimizer_find("adam");
    t->params = t->optimizer->defaults;
    t->params.weight_decay = (float)run->manifest.recipe.head_weight_decay;
    t->has_base = number > ff_recipe_first_head(&run->manifest.recipe);
    status = ff_run_need_set(run, number, &t->set);
    if (status == FF_OK)
        status =
            ff_layer_init(&t->head, run->ctx, units, run->manifest.classes, t->optimizer->states);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, &t->head);
    if (status == FF_OK)
        status = ff_run_feed(run, t->set, number, 1, &t->feed);
    return status == FF_OK ? allocate(t) : status;
}

/* dV_t (+)= dlogits_t' h, for one tile of classes. */
static void gradient_tile(void *arg, size_t tile, unsigned worker)
{
    struct head_training *t = arg;
    size_t classes = t->head.units, fan_in = t->head.fan_in;
    uint32_t first, count;

    (void)worker;
    ff_tile_range(t->head.units, (uint32_t)tile, &first, &count);
    ff_gemm_tn(count, fan_in, t->piece.rows, t->logits + first, classes, t->piece.x, fan_in,
               t->first ? 0 : 1, t->gradient + first * fan_in, fan_in);
    ff_column_sums(t->piece.rows, count, t->logits + first, classes, !t->first,
                   t->bias_gradient + first);
}

static int run_chunk(struct head_training *t, uint32_t chunk, size_t batch_rows)
{
    struct ff_sums *sums = &t->run->manifest.mark.sums;
    struct ff_piece_request request = {chunk, FF_STREAM_NEUTRAL};
    size_t classes = t->head.units;
    uint64_t wrong = 0;
    int status = ff_feed_load(t->feed, 1, &request, &t->piece);

    if (status == FF_OK)
        status = ff_feed_labels(t->feed, chunk, t->labels);
    if (status == FF_OK && t->has_base)
        status = ff_feed_logits(t->feed, chunk, t->head.units, t->logits);
    if (status != FF_OK)
        return status;
    if (!t->has_base)
        memset(t->logits, 0, t->piece.rows * classes * sizeof(float));
    ff_head_logits(&t->head, t->run->workers.pool, t->piece.rows, t->piece.x, t->product,
                   t->logits);
    sums->loss +=
        ff_softmax_cross_entropy(t->piece.rows, classes, batch_rows, t->logits, t->labels, &wrong);
    sums->wrong += (double)wrong;
    if (!isfinite(sums->loss))
        return ff_fail(t->run->ctx, FF_ENUMERIC,
                       "head on layer %u: the loss is not finite; try a lower head learning rate",
                       t->run->manifest.mark.layer);
    ff_pool_run(t->run->workers.pool, t->head.tiles, gradient_tile, t);
    ff_feed_done(t->feed);
    t->first = false;
    return FF_OK;
}

static int run_batch(struct head_training *t, uint64_t batch, uint64_t number, float lr)
{
    struct ff_layer *head = &t->head;
    uint32_t first_chunk, chunks;
    size_t rows = ff_batch_range(&t->run->geometry, batch, &first_chunk, &chunks);

    t->first = true;
    for (uint32_t c = 0; c < chunks; c++) {
        int status = run_chunk(t, first_chunk + c, rows);

        if (status != FF_OK)
            return status;
    }
    t->optimizer->step(&t->params, number, lr, 1, (size_t)head->units * head->fan_in, head->weights,
                       t->gradient, head->weight_state);
    t->optimizer->step(&t->params, number, lr, 0, head->units, head->biases, t->bias_gradient,
                       head->bias_state);
    t->run->manifest.mark.sums.rows += (double)rows;
    return FF_OK;
}

static int stop_here(struct head_training *t)
{
    struct ff_run *run = t->run;
    int status = ff_checkpoint(run, &t->head, false);

    if (status != FF_OK)
        return status;
    return ff_fail(run->ctx, FF_EINTERRUPTED,
                   "interrupted in the head of layer %u; everything is saved",
                   run->manifest.mark.layer);
}

static int run_epoch(struct head_training *t)
{
    struct ff_run *run = t->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    const struct ff_recipe *recipe = &run->manifest.recipe;
    const struct ff_geometry *geometry = &run->geometry;
    struct ff_permutation order = ff_permutation_make(
        ff_rng_make(recipe->seed, FF_RNG_HEAD_ORDER, mark->layer, mark->epoch), geometry->batches);
    uint64_t total = recipe->head_epochs * geometry->batches;
    double began = ff_now(), rows_before = mark->sums.rows, rows;
    double flops_per_row = 4.0 * t->head.fan_in * t->head.units;
    double lr = 0;

    ff_clock_phase(&run->clock, FF_PHASE_HEAD, mark->layer, mark->epoch + 1,
                   mark->batch * geometry->batch, geometry->rows,
                   flops_per_row * (double)geometry->rows);
    while (mark->batch < geometry->batches) {
        uint64_t done = mark->epoch * geometry->batches + mark->batch;
        int status;

        lr = recipe->head_learning_rate * run->schedule->factor(done, total);
        status = run_batch(t, ff_permutation_at(&order, mark->batch), done + 1, (float)lr);
        if (status != FF_OK)
            return status;
        mark->batch++;
        if (ff_clock_tick(&run->clock, (uint64_t)mark->sums.rows,
                          mark->sums.loss / mark->sums.rows) &&
            mark->batch < geometry->batches)
            return stop_here(t);
    }
    ff_clock_end(&run->clock);
    rows = mark->sums.rows - rows_before;
    ff_run_report_epoch(run, true, mark->epoch + 1, &mark->sums, lr, ff_now() - began, rows,
                        flops_per_row * rows);
    return FF_OK;
}

static int end_epoch(struct head_training *t)
{
    struct ff_run *run = t->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    bool last = mark->epoch + 1 == run->manifest.recipe.head_epochs;

    mark->epoch++;
    mark->batch = 0;
    mark->sums = (struct ff_sums){0};
    if (last)
        return ff_checkpoint(run, &t->head, true);
    if (run->clock.interrupted && run->clock.interrupted(run->clock.arg))
        return stop_here(t);
    if (ff_now() - run->last_checkpoint >= run->opts->checkpoint_interval_s)
        return ff_checkpoint(run, &t->head, false);
    return FF_OK;
}

int ff_stage_head(struct ff_run *run)
{
    struct head_training t = {.run = run};
    uint32_t layer = run->manifest.mark.layer;
    int status = set_up(&t);

    while (status == FF_OK && run->manifest.mark.stage == FF_STAGE_HEAD &&
           run->manifest.mark.layer == layer) {
        status = run_epoch(&t);
        if (status == FF_OK)
            status = end_epoch(&t);
    }
    release(&t);
    return status;
}
