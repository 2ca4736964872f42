#include "learn/conditioned.h"

#include "base/team.h"
#include "data/dataset.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/softmax.h"

#include <string.h>

/* Units used to rank hard labels. Few, because each is evaluated for every class. */
#define HARD_UNITS 64

#define MAX_BUFFERS 5

static size_t list_buffers(struct ff_conditioned *c, struct ff_buffer out[MAX_BUFFERS])
{
    size_t goodness = c->max_rows * c->n_labels, n = 0;

    out[n++] =
        (struct ff_buffer){&c->sums, FF_MEM_ACTIVATIONS, c->layer->tiles * goodness, sizeof(float)};
    out[n++] = (struct ff_buffer){&c->goodness, FF_MEM_ACTIVATIONS, goodness, sizeof(float)};
    out[n++] = (struct ff_buffer){&c->truth, FF_MEM_ACTIVATIONS, c->max_rows, sizeof *c->truth};
    if (c->sampled)
        out[n++] = (struct ff_buffer){&c->labels, FF_MEM_ACTIVATIONS, goodness, sizeof *c->labels};
    if (c->pass_on != FF_PASS_ON_LABEL_FREE)
        out[n++] = (struct ff_buffer){&c->mixture, FF_MEM_ACTIVATIONS, goodness, sizeof(float)};
    return n;
}

static enum ff_pass_on pass_on_of(const struct ff_recipe *recipe)
{
    const struct ff_recipe_choice *choices = ff_recipe_choices("pass_on");
    int i = FF_PASS_ON_LABEL_FREE;

    while (strcmp(choices[i].name, recipe->pass_on) != 0)
        i++;
    return (enum ff_pass_on)i;
}

struct ff_conditioned ff_conditioned_make(const struct ff_manifest *manifest,
                                          const struct ff_layer *layer, size_t max_rows,
                                          bool training)
{
    uint32_t n = training ? ff_manifest_labels_met(manifest) : manifest->classes;

    return (struct ff_conditioned){
        .layer = layer,
        .label_scale = (float)manifest->recipe.label_strength,
        .n_labels = n,
        .sampled = n < manifest->classes,
        .max_rows = max_rows,
        .pass_on = training ? FF_PASS_ON_LABEL_FREE : pass_on_of(&manifest->recipe),
        .goodness_scale = (float)manifest->recipe.goodness_scale,
        .class_weights = manifest->class_weights.weights,
    };
}

int ff_conditioned_init(struct ff_conditioned *conditioned, struct ff_workers *workers)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    conditioned->workers = workers;
    return ff_buffers_alloc(workers->ctx, list_buffers(conditioned, buffers), buffers);
}

void ff_conditioned_release(struct ff_conditioned *conditioned)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!conditioned->workers)
        return;
    ff_buffers_free(conditioned->workers->ctx, list_buffers(conditioned, buffers), buffers);
    conditioned->workers = NULL;
}

void ff_conditioned_needs(const struct ff_conditioned *conditioned, struct ff_needs *needs)
{
    struct ff_conditioned shape = *conditioned;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

struct ff_labels ff_conditioned_labels(const struct ff_conditioned *conditioned, size_t first,
                                       uint32_t tile)
{
    const struct ff_layer *layer = conditioned->layer;
    uint32_t neuron, count;

    ff_tile_range(layer->units, tile, &neuron, &count);
    return (struct ff_labels){
        .n = conditioned->n_labels,
        .labels = conditioned->sampled ? conditioned->labels + first * conditioned->n_labels : NULL,
        .scale = conditioned->label_scale,
        .v = ff_layer_label_tile(layer, layer->label_weights, tile),
        .ldv = count,
    };
}

struct job {
    struct ff_conditioned *conditioned;
    const struct ff_conditioned_rows *rows;
};

/* Computes a tile of z for one block of rows. */
static float *tile_of_z(const struct job *job, const struct ff_block *block, uint32_t tile,
                        uint32_t *first, uint32_t *count)
{
    const struct ff_layer *layer = job->conditioned->layer;

    ff_tile_range(layer->units, tile, first, count);
    return job->rows->z + (size_t)block->first * layer->units + *first;
}

static void meet_labels(const struct job *job, const struct ff_block *block, uint32_t tile)
{
    struct ff_conditioned *c = job->conditioned;
    struct ff_labels labels = ff_conditioned_labels(c, block->first, tile);
    uint32_t first, count;
    const float *z = tile_of_z(job, block, tile, &first, &count);

    ff_label_sums(&labels, block->rows, count, z, c->layer->units,
                  c->sums + (tile * job->rows->all_rows + block->first) * c->n_labels);
}

static void product_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct job *job = arg;
    const struct ff_layer *layer = job->conditioned->layer;
    const struct ff_block *block = &job->rows->blocks[part];
    uint32_t first, count;
    float *z = tile_of_z(job, block, tile, &first, &count);

    (void)worker;
    /* x: (rows, fan_in)  W_t: (count, fan_in)  z: (rows, count), a column block of Z */
    ff_gemm_nt(block->rows, count, layer->fan_in, block->x, layer->fan_in,
               ff_layer_tile(layer, layer->weights, tile), layer->fan_in, z, layer->units);
    ff_add_bias(block->rows, count, z, layer->units, layer->biases + first);
    if (!job->conditioned->sampled)
        meet_labels(job, block, tile);
}

static void label_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct job *job = arg;

    (void)worker;
    meet_labels(job, &job->rows->blocks[part], tile);
}

/* Rows per task of drawing labels. */
#define ROWS_PER_TASK 16

/* A random wrong label for entry I of ROW's list. */
static uint16_t random_label(const struct ff_conditioned *c, const struct ff_conditioned_rows *rows,
                             size_t row, uint32_t i)
{
    uint64_t index = (rows->first + row) * c->n_labels + i;
    uint32_t drawn = ff_rng_below(&rows->rng, index, c->layer->classes - 1);

    return (uint16_t)(drawn + (drawn >= c->truth[row]));
}

static bool is_listed(const uint16_t *list, uint32_t n, uint32_t label)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == label)
            return true;
    }
    return false;
}

/* Inserts LABEL with goodness G into LIST, the at most N best labels, whose goodness is in BEST,
 * descending. Returns the new length. */
static uint32_t take_if_harder(uint32_t listed, uint32_t n, uint16_t label, float g, uint16_t *list,
                               float *best)
{
    uint32_t at;

    if (listed == n && !(g > best[n - 1]))
        return listed;
    at = listed < n ? listed : n - 1;
    for (; at > 0 && g > best[at - 1]; at--) {
        best[at] = best[at - 1];
        list[at] = list[at - 1];
    }
    best[at] = g;
    list[at] = label;
    return listed < n ? listed + 1 : n;
}

/* Makes the list of ROW: the true label; the wrong ones of highest GOODNESS (classes), for half of
 * the list; then random ones. A label drawn twice is replaced by the next class that is not
 * listed. */
static void list_labels(const struct ff_conditioned *c, const struct ff_conditioned_rows *rows,
                        size_t row, const float *goodness)
{
    uint32_t classes = c->layer->classes, wrong = c->n_labels - 1, hard = (wrong + 1) / 2, n = 0;
    uint16_t *list = c->labels + row * c->n_labels, truth = c->truth[row];
    float best[FF_MAX_LABEL_SAMPLES];

    list[0] = truth;
    for (uint32_t label = 0; label < classes; label++) {
        if (label != truth)
            n = take_if_harder(n, hard, (uint16_t)label, goodness[label], list + 1, best);
    }
    for (uint32_t i = 1 + hard; i < c->n_labels; i++) {
        uint32_t label = random_label(c, rows, row, i);

        while (is_listed(list, i, label))
            label = label + 1 < classes ? label + 1 : 0;
        list[i] = (uint16_t)label;
    }
}

/* Number of tiles with enough units to rank labels. The units of a small last tile may all be
 * inactive, and then all classes tie. */
static uint32_t count_telling(const struct ff_layer *layer)
{
    uint32_t last = layer->units - (layer->tiles - 1) * layer->tile_units;

    return layer->tiles > 1 && last < HARD_UNITS ? layer->tiles - 1 : layer->tiles;
}

/* The tile whose first units rank the labels of the current batch. */
static uint32_t telling_tile(const struct job *job)
{
    return (uint32_t)(job->rows->turn % count_telling(job->conditioned->layer));
}

/* Draws the labels of some rows with the units of the current tile. */
static void draw_rows(void *arg, size_t task, unsigned worker)
{
    const struct job *job = arg;
    struct ff_conditioned *c = job->conditioned;
    const struct ff_layer *layer = c->layer;
    uint32_t tile = telling_tile(job), neuron, count;
    size_t first = task * ROWS_PER_TASK, last = first + ROWS_PER_TASK;
    float goodness[FF_MAX_DATA_CLASSES];

    (void)worker;
    ff_tile_range(layer->units, tile, &neuron, &count);
    for (size_t row = first; row < last && row < job->rows->all_rows; row++) {
        struct ff_labels all = {
            .n = layer->classes,
            .scale = c->label_scale,
            .v = ff_layer_label_tile(layer, layer->label_weights, tile),
            .ldv = count,
        };

        ff_label_sums(&all, 1, count < HARD_UNITS ? count : HARD_UNITS,
                      job->rows->z + row * layer->units + neuron, layer->units, goodness);
        list_labels(c, job->rows, row, goodness);
    }
}

/* Draws labels for every row, where the tile is that ranks them, and computes the sums under
 * them. */
static int meet_sampled(struct job *job)
{
    const struct ff_conditioned *c = job->conditioned;
    const struct ff_layer *layer = c->layer;
    struct ff_walk walk = {.parts = job->rows->n_blocks, .fn = label_tile, .arg = job};
    uint32_t tile = telling_tile(job);
    size_t rows = job->rows->all_rows;
    int status;

    if (tile >= layer->own.first && tile < layer->own.end)
        ff_pool_run(c->workers->pool, (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, draw_rows, job);
    status = ff_team_broadcast(layer->ctx, ff_team_holder(layer->ctx, layer->tiles, tile),
                               c->labels, rows * c->n_labels * sizeof *c->labels);
    return status == FF_OK ? ff_layer_walk(layer, c->workers->pool, &walk) : status;
}

int ff_conditioned_forward(struct ff_conditioned *conditioned,
                           const struct ff_conditioned_rows *rows)
{
    struct job job = {conditioned, rows};
    struct ff_walk walk = {
        .parts = rows->n_blocks, .fn = product_tile, .arg = &job, .weights = FF_PAGE_IN};
    int status = ff_layer_walk(conditioned->layer, conditioned->workers->pool, &walk);

    if (status == FF_OK && conditioned->sampled)
        status = meet_sampled(&job);
    if (status != FF_OK)
        return status;
    return ff_layer_goodness(conditioned->layer, rows->all_rows * conditioned->n_labels,
                             conditioned->sums, conditioned->goodness);
}

static void mix_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct job *job = arg;
    const struct ff_conditioned *c = job->conditioned;
    const struct ff_block *block = &job->rows->blocks[part];
    struct ff_labels labels = ff_conditioned_labels(c, block->first, tile);
    uint32_t first, count;
    float *z = tile_of_z(job, block, tile, &first, &count);

    (void)worker;
    ff_label_mix(&labels, block->rows, count, z, c->layer->units,
                 c->mixture + (size_t)block->first * c->n_labels, z, c->layer->units);
}

int ff_conditioned_outputs(struct ff_conditioned *conditioned,
                           const struct ff_conditioned_rows *rows)
{
    const struct ff_layer *layer = conditioned->layer;
    uint32_t n = conditioned->n_labels;
    struct job job = {conditioned, rows};
    struct ff_walk walk = {.parts = rows->n_blocks, .fn = mix_tile, .arg = &job};
    /* Scale 0: all labels have the same weight. */
    double scale = conditioned->pass_on == FF_PASS_ON_MEAN ? 0 : conditioned->goodness_scale;

    if (conditioned->pass_on == FF_PASS_ON_LABEL_FREE) {
        ff_relu(rows->all_rows, layer->units, rows->z, layer->units);
        return FF_OK;
    }
    for (size_t i = 0; i < rows->all_rows; i++)
        ff_softmax(n, conditioned->goodness + i * n, scale, conditioned->mixture + i * n);
    return ff_layer_walk(layer, conditioned->workers->pool, &walk);
}

void ff_conditioned_count(size_t rows, uint32_t n, const uint16_t *truth, const float *goodness,
                          struct ff_sums *sums)
{
    for (size_t i = 0; i < rows; i++, goodness += n) {
        uint32_t true_one = truth ? truth[i] : 0;
        double others = 0;
        bool wrong = false;

        for (uint32_t c = 0; c < n; c++) {
            others += c == true_one ? 0 : (double)goodness[c];
            wrong |= c != true_one && goodness[c] >= goodness[true_one];
        }
        sums->goodness_pos += (double)goodness[true_one];
        sums->goodness_neg += others / (n - 1);
        sums->wrong += wrong;
    }
}

double ff_conditioned_weigh(struct ff_conditioned *conditioned, const struct ff_loss *loss,
                            const struct ff_loss_params *params, size_t first, size_t rows,
                            size_t batch_rows, struct ff_sums *sums)
{
    uint32_t n = conditioned->n_labels;
    const uint16_t *truth = conditioned->sampled ? NULL : conditioned->truth + first;
    const struct ff_row_weights of_rows = {conditioned->truth + first, conditioned->class_weights};
    float *weights = conditioned->goodness + first * n;
    float factor = 2 / (float)conditioned->layer->units;
    double value;

    ff_conditioned_count(rows, n, truth, weights, sums);
    loss->labels(params, rows, n, batch_rows, truth, &of_rows, weights, weights, &value);
    for (size_t i = 0; i < rows * n; i++)
        weights[i] *= factor;
    return value;
}
