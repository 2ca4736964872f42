/* Training one layer's part of the linear softmax head. */
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/softmax.h"
#include "train/epochs.h"
#include "train/head.h"

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
    ff_pool_run(t->run->workers.pool, t->head.tiles, gradient_tile, t);
    ff_feed_done(t->feed);
    t->first = false;
    return FF_OK;
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct head_training *t = arg;
    struct ff_layer *head = &t->head;
    uint32_t first_chunk, chunks;
    size_t rows = ff_batch_range(&t->run->geometry, batch->batch, &first_chunk, &chunks);

    t->first = true;
    for (uint32_t c = 0; c < chunks; c++) {
        int status = run_chunk(t, first_chunk + c, rows);

        if (status != FF_OK)
            return status;
    }
    t->optimizer->step(&t->params, batch->step, batch->lr, 1, (size_t)head->units * head->fan_in,
                       head->weights, t->gradient, head->weight_state);
    t->optimizer->step(&t->params, batch->step, batch->lr, 0, head->units, head->biases,
                       t->bias_gradient, head->bias_state);
    t->run->manifest.mark.sums.rows += (double)rows;
    return FF_OK;
}

int ff_stage_head(struct ff_run *run)
{
    struct head_training t = {.run = run};
    struct ff_learning learning = {
        .run = run,
        .layer = &t.head,
        .name = "the head of layer",
        .phase = FF_PHASE_HEAD,
        .order = FF_RNG_HEAD_ORDER,
        .epochs = run->manifest.recipe.head_epochs,
        .learning_rate = run->manifest.recipe.head_learning_rate,
        .learn = learn,
        .arg = &t,
    };
    int status = set_up(&t);

    learning.flops_per_row = 4.0 * t.head.fan_in * t.head.units;
    if (status == FF_OK)
        status = ff_run_epochs(&learning);
    release(&t);
    return status;
}
