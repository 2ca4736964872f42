#include "learn/joint_head.h"

#include "learn/forward.h"
#include "nn/softmax.h"

#include <math.h>
#include <string.h>

#define MAX_BUFFERS 4

/* FIELDS are HEAD's, or empty ones for counting only. */
static size_t list_buffers(struct ff_joint_head *fields, const struct ff_geometry *geometry,
                           size_t classes, bool draw, struct ff_buffer out[MAX_BUFFERS])
{
    size_t batch = geometry->batch, chunk_rows = geometry->chunk_rows;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&fields->logits, FF_MEM_ACTIVATIONS, batch * classes, sizeof(float)},
        {&fields->product, FF_MEM_ACTIVATIONS, chunk_rows * classes, sizeof(float)},
        {&fields->truth, FF_MEM_ACTIVATIONS, batch, sizeof(uint16_t)},
        {&fields->hard, FF_MEM_ACTIVATIONS, batch, sizeof(uint16_t)},
    };

    memcpy(out, buffers, sizeof buffers);
    return draw ? 4 : 3;
}

static size_t own_buffers(struct ff_joint_head *head, struct ff_buffer out[MAX_BUFFERS])
{
    return list_buffers(head, head->geometry, head->manifest->classes, head->draw, out);
}

int ff_joint_head_init(struct ff_joint_head *head)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    return ff_buffers_alloc(head->network->ctx, own_buffers(head, buffers), buffers);
}

void ff_joint_head_release(struct ff_joint_head *head)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (head->network)
        ff_buffers_free(head->network->ctx, own_buffers(head, buffers), buffers);
}

void ff_joint_head_needs(const struct ff_geometry *geometry, uint32_t classes, bool draw,
                         struct ff_needs *needs)
{
    struct ff_joint_head shape = {.draw = draw};
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, geometry, classes, draw, buffers), buffers, needs);
}

/* The head's part on layer K (from 0); NULL: none. */
static struct ff_layer *part_on(const struct ff_joint_head *head, uint32_t k)
{
    const struct ff_network *network = head->network;

    return k + 1 < network->first_head ? NULL : &network->heads[k + 1 - network->first_head];
}

static int add_logits(struct ff_joint_head *head, const struct ff_layer *part)
{
    const struct ff_pass *pass = head->pass;
    int status = FF_OK;

    for (size_t i = 0; i < pass->n_blocks && status == FF_OK; i++) {
        const struct ff_block *block = &pass->blocks[i];
        size_t at = (size_t)block->first * part->units;

        status = ff_head_logits(part, head->pass->workers->pool, block->rows, block->x,
                                head->product, head->logits + at);
    }
    return status;
}

/* Trains PART on the blocks h and dL/dlogits. */
static int learn_part(struct ff_joint_head *head, struct ff_layer *part,
                      const struct ff_batch *batch)
{
    const struct ff_recipe *recipe = &head->manifest->recipe;
    uint64_t steps = recipe->epochs * head->geometry->batches;
    struct ff_update update = *head->update;
    struct ff_update_rows rows = {
        .blocks = head->pass->blocks,
        .n_blocks = head->pass->n_blocks,
        .delta = head->logits,
        .first = true,
        .last = true,
        .number = batch->step,
        .lr = (float)(recipe->head_learning_rate * head->schedule->factor(batch->step - 1, steps)),
    };

    update.layer = part;
    update.optimizer = ff_network_head_optimizer(recipe);
    update.params = update.optimizer->defaults;
    update.params.weight_decay = (float)recipe->head_weight_decay;
    return ff_update_run(&update, &rows);
}

/* Draws wrong labels for the rows from FIRST on, with the head's probabilities. */
static void draw_labels(struct ff_joint_head *head, uint32_t epoch, uint64_t first)
{
    const struct ff_manifest *manifest = head->manifest;
    struct ff_rng rng = ff_rng_make(manifest->recipe.seed, FF_RNG_HARD_LABEL, 0, epoch);
    size_t classes = manifest->classes;

    for (size_t i = 0; i < head->pass->all_rows; i++)
        head->hard[i] = (uint16_t)ff_softmax_draw(classes, head->logits + i * classes,
                                                  head->truth[i], ff_rng_unit(&rng, first + i));
}

/* With all logits of the batch: draws labels, then replaces the logits by dL/dlogits. */
static int finish_logits(struct ff_joint_head *head, const struct ff_batch *batch, uint64_t first)
{
    size_t rows = head->pass->all_rows, classes = head->manifest->classes;
    uint64_t wrong = 0;
    double loss;

    if (head->draw)
        draw_labels(head, batch->epoch, first);
    loss = ff_softmax_cross_entropy(rows, classes, rows, head->logits, head->truth,
                                    head->manifest->class_weights.weights, &wrong);
    if (!isfinite(loss))
        return ff_fail(head->network->ctx, FF_ENUMERIC,
                       "epoch %u: the head's loss is not finite: training diverged; try a lower "
                       "head learning rate than %g",
                       batch->epoch + 1, head->manifest->recipe.head_learning_rate);
    return FF_OK;
}

static int read_truth(struct ff_joint_head *head, const struct ff_batch *batch,
                      struct ff_feed *feed)
{
    const struct ff_geometry *geometry = head->geometry;
    uint32_t first_chunk, chunks;
    int status = FF_OK;

    ff_batch_range(geometry, batch->batch, &first_chunk, &chunks);
    for (uint32_t c = 0; c < chunks && status == FF_OK; c++)
        status =
            ff_feed_labels(feed, first_chunk + c, head->truth + (size_t)c * geometry->chunk_rows);
    return status;
}

/* The forward pass to the last layer, for the logits; the part on the last layer trains at once. */
static int first_pass(struct ff_joint_head *head, const struct ff_batch *batch, uint64_t first)
{
    uint32_t last = head->network->n_layers - 1;
    size_t values = head->pass->all_rows * head->manifest->classes;
    int status = FF_OK;

    memset(head->logits, 0, values * sizeof *head->logits);
    for (uint32_t k = 0; k <= last && status == FF_OK; k++) {
        const struct ff_layer *part = part_on(head, k);

        status = ff_pass_layer(head->pass, k);
        if (status == FF_OK)
            status = ff_pass_next(head->pass, k);
        if (status == FF_OK && part)
            status = add_logits(head, part);
    }
    if (status == FF_OK)
        status = finish_logits(head, batch, first);
    return status == FF_OK ? learn_part(head, part_on(head, last), batch) : status;
}

/* The forward pass again, training the other parts. */
static int second_pass(struct ff_joint_head *head, const struct ff_batch *batch)
{
    uint32_t last = head->network->n_layers - 1;
    int status = FF_OK;

    for (uint32_t k = 0; k < last && status == FF_OK; k++) {
        struct ff_layer *part = part_on(head, k);

        status = ff_pass_layer(head->pass, k);
        if (status == FF_OK)
            status = ff_pass_next(head->pass, k);
        if (status == FF_OK && part)
            status = learn_part(head, part, batch);
    }
    return status;
}

int ff_joint_head_learn(struct ff_joint_head *head, const struct ff_batch *batch,
                        struct ff_feed *feed, size_t n, const struct ff_piece *pieces)
{
    int status = read_truth(head, batch, feed);

    if (status != FF_OK)
        return status;
    ff_pass_begin(head->pass, n, pieces);
    status = first_pass(head, batch, pieces[0].first);
    if (status != FF_OK || head->network->n_heads == 1)
        return status;
    ff_pass_begin(head->pass, n, pieces);
    return second_pass(head, batch);
}
