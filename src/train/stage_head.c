/* Training one layer's part of the linear softmax head. */
#include "learn/head.h"
#include "learn/streams.h"
#include "learn/update.h"
#include "nn/softmax.h"
#include "plan/plan.h"
#include "train/epochs.h"

#include <string.h>

struct head_training {
    struct ff_run *run;
    struct ff_layer head;
    struct ff_part part;
    struct ff_set *set;
    struct ff_feed *feed;
    struct ff_update update;
    bool has_base;           /* there is a head below: its logits are stored */
    float *logits, *product; /* (chunk_rows, classes) */
    uint16_t *labels;
};

#define MAX_BUFFERS 3

static size_t list_buffers(struct head_training *t, const struct ff_geometry *geometry,
                           struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = geometry->chunk_rows, classes = t->head.units;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&t->logits, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&t->product, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&t->labels, FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static void release(struct head_training *t)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(t->run->ctx, list_buffers(t, &t->run->geometry, buffers), buffers);
    ff_update_release(&t->update);
    ff_feed_free(t->feed);
    ff_set_close(t->set);
    ff_layer_release(&t->head);
}

static int allocate(struct head_training *t)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status =
        ff_buffers_alloc(t->run->ctx, list_buffers(t, &t->run->geometry, buffers), buffers);

    return status == FF_OK ? ff_update_init(&t->update) : status;
}

static struct ff_update make_update(struct ff_workers *workers, struct ff_layer *head)
{
    return (struct ff_update){
        .workers = workers,
        .layer = head,
        .optimizer = ff_optimizer_find("adam"),
        .whole = true,
    };
}

void ff_stage_head_needs(const struct ff_plan_job *job, uint32_t layer,
                         const struct ff_knobs *knobs, struct ff_needs *needs)
{
    struct head_training shape = {0};
    struct ff_buffer buffers[MAX_BUFFERS];

    (void)knobs;
    shape.update = make_update(NULL, &shape.head);
    shape.head = ff_layer_shape(job->manifest->recipe.hidden[layer - 1], job->manifest->classes,
                                shape.update.optimizer->states);
    ff_layer_needs(&shape.head, job->threads, needs);
    ff_update_needs(&shape.update, job->threads, needs);
    ff_plan_feed(job, layer, 1, FF_FEED_PLAIN, needs);
    ff_buffers_count(list_buffers(&shape, &job->geometry, buffers), buffers, needs);
}

static int set_up(struct head_training *t)
{
    struct ff_run *run = t->run;
    uint32_t number = run->manifest.mark.layer;
    uint32_t units = run->manifest.recipe.hidden[number - 1];
    int status;

    t->update = make_update(&run->workers, &t->head);
    t->update.params = t->update.optimizer->defaults;
    t->update.params.weight_decay = (float)run->manifest.recipe.head_weight_decay;
    t->part = (struct ff_part){&t->head, 'H', number};
    t->has_base = number > ff_recipe_first_head(&run->manifest.recipe);
    status = ff_run_need_set(run, number, &t->set);
    if (status == FF_OK)
        status = ff_layer_init(&t->head, run->ctx, units, run->manifest.classes,
                               t->update.optimizer->states);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, 1, &t->part);
    if (status == FF_OK)
        status = ff_run_feed(run, t->set, number, 1, FF_FEED_PLAIN, &t->feed);
    return status == FF_OK ? allocate(t) : status;
}

/* One chunk of the batch that ROWS tells of. */
static int run_chunk(struct head_training *t, uint32_t chunk, size_t batch_rows,
                     struct ff_update_rows rows)
{
    struct ff_sums *sums = &t->run->manifest.mark.sums;
    struct ff_piece_request request = {chunk, ff_streams_head(&t->run->manifest.recipe)};
    size_t classes = t->head.units;
    struct ff_piece piece;
    struct ff_block block;
    uint64_t wrong = 0;
    int status = ff_feed_load(t->feed, 1, &request, &piece);

    if (status == FF_OK)
        status = ff_feed_labels(t->feed, chunk, t->labels);
    if (status == FF_OK && t->has_base)
        status = ff_feed_logits(t->feed, chunk, t->head.units, t->logits);
    if (status != FF_OK)
        return status;
    if (!t->has_base)
        memset(t->logits, 0, piece.rows * classes * sizeof(float));
    ff_head_logits(&t->head, t->run->workers.pool, piece.rows, piece.x, t->product, t->logits);
    sums->loss +=
        ff_softmax_cross_entropy(piece.rows, classes, batch_rows, t->logits, t->labels, &wrong);
    sums->wrong += (double)wrong;
    block = (struct ff_block){.x = piece.x, .rows = piece.rows};
    rows.blocks = &block;
    rows.n_blocks = 1;
    rows.delta = t->logits;
    status = ff_update_run(&t->update, &rows);
    ff_feed_done(t->feed);
    return status;
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct head_training *t = arg;
    struct ff_update_rows update = {.number = batch->step, .lr = batch->lr};
    uint32_t first_chunk, chunks;
    size_t rows = ff_batch_range(&t->run->geometry, batch->batch, &first_chunk, &chunks);

    for (uint32_t c = 0; c < chunks; c++) {
        int status;

        update.first = c == 0;
        update.last = c + 1 == chunks;
        status = run_chunk(t, first_chunk + c, rows, update);
        if (status != FF_OK)
            return status;
    }
    t->run->manifest.mark.sums.rows += (double)rows;
    return FF_OK;
}

int ff_stage_head(struct ff_run *run)
{
    struct head_training t = {.run = run};
    struct ff_learning learning = {
        .run = run,
        .parts = &t.part,
        .n_parts = 1,
        .name = "the head of layer",
        .phase = FF_PHASE_HEAD,
        .order = FF_RNG_HEAD_ORDER,
        .epochs = run->manifest.recipe.head_epochs,
        .until = run->manifest.recipe.head_epochs,
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
