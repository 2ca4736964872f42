#include "learn/backprop.h"

#include "base/arithmetic.h"
#include "learn/forward.h"
#include "learn/streams.h"
#include "learn/update.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/softmax.h"
#include "recipe/mode.h"

#include <math.h>
#include <string.h>

#define ACTIVATION_BYTES ((size_t)16 << 20) /* default size of a micro-batch's activations */

/* Offsets of a layer's tensors, in floats. */
struct place {
    size_t outputs, gradient, bias_gradient;
};

/* The layout of memory: what is held at a time. */
struct shape {
    struct ff_backprop_opts opts;
    uint32_t layers;  /* the output layer is number LAYERS + 1 */
    bool accumulates; /* a batch is divided into micro-batches */
    size_t max_rows;  /* rows of a micro-batch */
    uint32_t widest;  /* units of the widest layer */
    uint32_t tiles;   /* most tiles of any layer; not always the widest, whose tiles are larger */
    struct place end; /* sizes of the tensors of all layers */
};

struct ff_backprop {
    struct ff_workers *workers;
    struct shape shape;
    struct place *places; /* (layers + 1) */
    float *outputs;       /* y_k, then dZ_k, of the layers held */
    float *gradient;      /* dW of one layer at a time, or of all layers */
    float *bias_gradient; /* db, the same */
    float *sums;          /* (tiles, max_rows): sums of squares, unused */
    float *logits;        /* (max_rows, classes), then dL/dlogits */
    float *product;       /* (chunk_rows, classes) */
    float *passed;        /* (chunk_rows, units of a tile) for each worker: dZ W */
    uint16_t *labels;     /* (chunk_rows) */
    struct ff_piece_request *requests;
    struct ff_piece *pieces;
    struct ff_block *blocks;
    /* The current micro-batch */
    size_t n_pieces, all_rows, batch_rows;
    bool first, last; /* of its batch */
    uint64_t number;  /* of the step */
    float lr;
};

static uint32_t units(const struct shape *shape, uint32_t layer)
{
    const struct ff_manifest *manifest = shape->opts.manifest;

    return layer <= shape->layers ? manifest->recipe.hidden[layer - 1] : manifest->classes;
}

static uint32_t fan_in(const struct shape *shape, uint32_t layer)
{
    return ff_manifest_fan_in(shape->opts.manifest, layer);
}

/* ---- Memory ---- */

static uint32_t square_root_up(uint32_t n)
{
    uint32_t root = 1;

    while ((uint64_t)root * root < n)
        root++;
    return root;
}

uint32_t ff_backprop_micro_chunks(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t rows)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint64_t row_bytes = (uint64_t)ff_manifest_fan_in(manifest, 1) * sizeof(float), chunks;

    for (uint32_t k = 0; k < recipe->layers; k++)
        row_bytes += (uint64_t)recipe->hidden[k] * sizeof(float);
    chunks = (rows ? rows : ACTIVATION_BYTES / row_bytes) / geometry->chunk_rows;
    return (uint32_t)ff_larger(ff_smaller(chunks, geometry->chunks_per_batch), 1);
}

uint32_t ff_backprop_segment(const struct ff_manifest *manifest)
{
    uint32_t layers = manifest->recipe.layers;

    return ff_mode_find(manifest->recipe.mode)->recomputes ? square_root_up(layers) : layers;
}

/* True if the forward pass keeps LAYER's outputs: the inputs of the next segment or of the output
 * layer. */
static bool is_kept(const struct shape *shape, uint32_t layer)
{
    return layer % shape->opts.segment == 0 || layer == shape->layers;
}

static uint32_t segment_of(const struct shape *shape, uint32_t layer)
{
    return (layer - 1) / shape->opts.segment;
}

/* True if LAYER's outputs must be recomputed in the backward pass. */
static bool is_recomputed(const struct shape *shape, uint32_t layer)
{
    return layer <= shape->layers && !is_kept(shape, layer) &&
           segment_of(shape, layer) < segment_of(shape, shape->layers);
}

/*
 * Places the outputs: layers at the same position of their segments share one buffer, sized for the
 * widest, unless their outputs are kept. PLACES may be NULL.
 */
static size_t place_outputs(const struct shape *shape, struct place *places)
{
    size_t next = 0;

    for (uint32_t at = 1; at < shape->opts.segment; at++) {
        uint32_t width = 0;

        for (uint32_t k = at; k < shape->layers; k += shape->opts.segment) {
            if (places)
                places[k - 1].outputs = next;
            width = units(shape, k) > width ? units(shape, k) : width;
        }
        next += shape->max_rows * width;
    }
    for (uint32_t k = 1; k <= shape->layers; k++) {
        if (!is_kept(shape, k))
            continue;
        if (places)
            places[k - 1].outputs = next;
        next += shape->max_rows * units(shape, k);
    }
    return next;
}

/* Places the gradients: one after another if they are accumulated, else all in the same place. */
static void place_gradients(const struct shape *shape, struct place *places, struct place *end)
{
    for (uint32_t k = 1; k <= shape->layers + 1; k++) {
        size_t biases = units(shape, k), weights = biases * fan_in(shape, k);

        if (shape->accumulates) {
            if (places) {
                places[k - 1].gradient = end->gradient;
                places[k - 1].bias_gradient = end->bias_gradient;
            }
            end->gradient += weights;
            end->bias_gradient += biases;
        } else {
            end->gradient = weights > end->gradient ? weights : end->gradient;
            end->bias_gradient = biases > end->bias_gradient ? biases : end->bias_gradient;
        }
    }
}

/* Fills PLACES (may be NULL); returns the total sizes. */
static struct place place_all(const struct shape *shape, struct place *places)
{
    struct place end = {.outputs = place_outputs(shape, places)};

    place_gradients(shape, places, &end);
    return end;
}

static struct shape make_shape(const struct ff_backprop_opts *opts)
{
    const struct ff_geometry *geometry = opts->geometry;
    struct shape shape = {
        .opts = *opts,
        .layers = opts->manifest->recipe.layers,
        .accumulates = opts->micro_chunks < geometry->chunks_per_batch,
        .max_rows = (size_t)opts->micro_chunks * geometry->chunk_rows,
    };

    for (uint32_t k = 1; k <= shape.layers; k++) {
        uint32_t width = units(&shape, k), tiles = ff_tile_count(width);

        shape.widest = width > shape.widest ? width : shape.widest;
        shape.tiles = tiles > shape.tiles ? tiles : shape.tiles;
    }
    shape.end = place_all(&shape, NULL);
    return shape;
}

/* Largest number of columns passed down at a time. */
static size_t passed_units(const struct shape *shape)
{
    return ff_tile_units(shape->widest);
}

#define MAX_BUFFERS 12

static size_t list_buffers(struct ff_backprop *b, unsigned threads,
                           struct ff_buffer out[MAX_BUFFERS])
{
    const struct shape *shape = &b->shape;
    size_t rows = shape->max_rows, chunk_rows = shape->opts.geometry->chunk_rows;
    size_t pieces = shape->opts.micro_chunks, classes = shape->opts.manifest->classes;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&b->places, FF_MEM_OTHER, shape->layers + 1, sizeof *b->places},
        {&b->outputs, FF_MEM_ACTIVATIONS, shape->end.outputs, sizeof(float)},
        {&b->gradient, FF_MEM_GRADIENT, shape->end.gradient, sizeof(float)},
        {&b->bias_gradient, FF_MEM_GRADIENT, shape->end.bias_gradient, sizeof(float)},
        {&b->sums, FF_MEM_ACTIVATIONS, rows * shape->tiles, sizeof(float)},
        {&b->logits, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&b->product, FF_MEM_ACTIVATIONS, chunk_rows * classes, sizeof(float)},
        {&b->passed, FF_MEM_ACTIVATIONS, threads * chunk_rows * passed_units(shape), sizeof(float)},
        {&b->labels, FF_MEM_ACTIVATIONS, chunk_rows, sizeof *b->labels},
        {&b->requests, FF_MEM_OTHER, pieces, sizeof *b->requests},
        {&b->pieces, FF_MEM_OTHER, pieces, sizeof *b->pieces},
        {&b->blocks, FF_MEM_OTHER, pieces, sizeof *b->blocks},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

int ff_backprop_new(struct ff_workers *workers, const struct ff_backprop_opts *opts,
                    struct ff_backprop **out)
{
    struct ff_backprop *b = ff_alloc(workers->ctx, FF_MEM_OTHER, sizeof *b);
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    *out = NULL;
    if (!b)
        return ff_alloc_status(workers->ctx);
    b->workers = workers;
    b->shape = make_shape(opts);
    status = ff_buffers_alloc(workers->ctx, list_buffers(b, workers->threads, buffers), buffers);
    if (status != FF_OK) {
        ff_backprop_free(b);
        return status;
    }
    place_all(&b->shape, b->places);
    *out = b;
    return FF_OK;
}

void ff_backprop_free(struct ff_backprop *b)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    struct ff_ctx *ctx;

    if (!b)
        return;
    ctx = b->workers->ctx;
    ff_buffers_free(ctx, list_buffers(b, b->workers->threads, buffers), buffers);
    ff_free(ctx, FF_MEM_OTHER, b, sizeof *b);
}

void ff_backprop_needs(const struct ff_backprop_opts *opts, unsigned threads,
                       struct ff_needs *needs)
{
    struct ff_backprop shape = {.shape = make_shape(opts)};
    struct ff_buffer buffers[MAX_BUFFERS];

    needs->bytes[FF_MEM_OTHER] += sizeof shape;
    ff_buffers_count(list_buffers(&shape, threads, buffers), buffers, needs);
}

bool ff_backprop_recomputes(const struct ff_manifest *manifest, uint32_t layer)
{
    struct ff_backprop_opts opts = {.manifest = manifest, .segment = ff_backprop_segment(manifest)};
    struct shape shape = {.opts = opts, .layers = manifest->recipe.layers};

    return is_recomputed(&shape, layer);
}

/* ---- A step ---- */

static struct ff_layer *layer_of(const struct ff_backprop *b, uint32_t layer)
{
    struct ff_network *network = b->shape.opts.network;

    return layer <= b->shape.layers ? &network->layers[layer - 1] : &network->heads[0];
}

/* y_k of all rows, (rows, units); later dZ_k. */
static float *outputs(const struct ff_backprop *b, uint32_t layer)
{
    return layer <= b->shape.layers ? b->outputs + b->places[layer - 1].outputs : b->logits;
}

/* Points the blocks at the inputs of LAYER. */
static void set_inputs(struct ff_backprop *b, uint32_t layer)
{
    for (size_t i = 0; i < b->n_pieces; i++) {
        size_t first = b->blocks[i].first;

        b->blocks[i].x = layer == 1 ? b->pieces[i].x
                                    : outputs(b, layer - 1) + first * units(&b->shape, layer - 1);
    }
}

/* Loads the inputs of CHUNKS chunks from FIRST_CHUNK on. */
static int load_rows(struct ff_backprop *b, uint32_t first_chunk, uint32_t chunks)
{
    int status;

    b->n_pieces = chunks;
    for (uint32_t c = 0; c < chunks; c++)
        b->requests[c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_NEUTRAL};
    status = ff_feed_load(b->shape.opts.feed, b->n_pieces, b->requests, b->pieces);
    b->all_rows = 0;
    for (size_t i = 0; i < b->n_pieces && status == FF_OK; i++) {
        b->blocks[i] = (struct ff_block){.rows = b->pieces[i].rows, .first = (uint32_t)b->all_rows};
        b->all_rows += b->pieces[i].rows;
    }
    return status;
}

/* Computes y_k of layers FROM .. TO. */
static int forward_layers(struct ff_backprop *b, uint32_t from, uint32_t to)
{
    int status = FF_OK;

    for (uint32_t k = from; k <= to && status == FF_OK; k++) {
        set_inputs(b, k);
        status = ff_layer_forward(layer_of(b, k), b->workers->pool, b->blocks, b->n_pieces,
                                  b->all_rows, outputs(b, k), b->sums);
    }
    return status;
}

/* The output layer: logits and loss, then dZ in place of the logits. */
static int run_output(struct ff_backprop *b, struct ff_sums *sums)
{
    uint32_t number = b->shape.layers + 1;
    size_t classes = units(&b->shape, number);
    const float *weights = b->shape.opts.manifest->class_weights.weights;
    int status = FF_OK;

    set_inputs(b, number);
    memset(b->logits, 0, b->all_rows * classes * sizeof(float));
    for (size_t i = 0; i < b->n_pieces && status == FF_OK; i++) {
        const struct ff_block *block = &b->blocks[i];
        float *logits = b->logits + block->first * classes;
        uint64_t wrong = 0;

        status = ff_feed_labels(b->shape.opts.feed, b->requests[i].chunk, b->labels);
        if (status != FF_OK)
            return status;
        status = ff_head_logits(layer_of(b, number), b->workers->pool, block->rows, block->x,
                                b->product, logits);
        if (status != FF_OK)
            return status;
        sums->loss += ff_softmax_cross_entropy(block->rows, classes, b->batch_rows, logits,
                                               b->labels, weights, &wrong);
        sums->wrong += (double)wrong;
    }
    return status;
}

struct passing {
    struct ff_backprop *b;
    const struct ff_layer *layer;
    const float *delta; /* (rows, units): dZ of the layer */
    float *below;       /* (rows, fan_in): y of the layer below, then its dZ */
};

/* One tile of the layer below and one chunk. */
static void pass_tile(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    const struct passing *p = arg;
    const struct ff_block *block = &p->b->blocks[part];
    size_t n = p->layer->units, below = p->layer->fan_in;
    float *y = p->below + block->first * below;
    float *passed;
    uint32_t first, count;

    ff_tile_range(p->layer->fan_in, tile, &first, &count);
    passed =
        p->b->passed + worker * p->b->shape.opts.geometry->chunk_rows * passed_units(&p->b->shape);
    /* (rows, count) = dZ (rows, n) W (n, count), a column block of W */
    ff_gemm_nn(block->rows, count, n, p->delta + block->first * n, n, p->layer->weights + first,
               below, 0, passed, count);
    ff_relu_backward(block->rows, count, passed, count, y + first, below);
}

/* dZ_{k-1} = (dZ_k W_k) [y_{k-1} > 0], in place of y_{k-1}: tile by tile of the layer below. */
static int pass_down(struct ff_backprop *b, uint32_t layer)
{
    struct passing passing = {
        .b = b,
        .layer = layer_of(b, layer),
        .delta = outputs(b, layer),
        .below = outputs(b, layer - 1),
    };
    struct ff_walk walk = {.parts = b->n_pieces, .fn = pass_tile, .arg = &passing};

    return ff_layer_walk(layer_of(b, layer - 1), b->workers->pool, &walk);
}

/* From dZ of LAYER and its inputs: the layer's gradient, dZ of the layer below, and, at the end of
 * the batch, the layer's step. */
static int learn_layer(struct ff_backprop *b, uint32_t layer)
{
    const struct place *place = &b->places[layer - 1];
    struct ff_update update = {
        .workers = b->workers,
        .layer = layer_of(b, layer),
        .optimizer = b->shape.opts.optimizer,
        .params = b->shape.opts.optimizer_params,
        .whole = true,
        .gradient = b->gradient + place->gradient,
        .bias_gradient = b->bias_gradient + place->bias_gradient,
    };
    struct ff_update_rows rows = {
        .blocks = b->blocks,
        .n_blocks = b->n_pieces,
        .delta = outputs(b, layer),
        .first = b->first,
    };
    int status;

    set_inputs(b, layer);
    status = ff_update_run(&update, &rows);
    if (status == FF_OK && layer > 1)
        status = pass_down(b, layer);
    if (status == FF_OK && b->last)
        status = ff_update_apply(&update, b->number, b->lr);
    return status;
}

/* Recomputes the outputs in the segment that ends with LAYER from the kept outputs below it. */
static int recompute_segment(struct ff_backprop *b, uint32_t layer)
{
    return forward_layers(b, segment_of(&b->shape, layer) * b->shape.opts.segment + 1, layer - 1);
}

static int backward(struct ff_backprop *b)
{
    uint32_t last_segment = segment_of(&b->shape, b->shape.layers);
    int status = learn_layer(b, b->shape.layers + 1);

    for (uint32_t k = b->shape.layers; k >= 1 && status == FF_OK; k--) {
        if (is_kept(&b->shape, k) && segment_of(&b->shape, k) < last_segment)
            status = recompute_segment(b, k);
        if (status == FF_OK)
            status = learn_layer(b, k);
    }
    return status;
}

static int run_micro_batch(struct ff_backprop *b, uint32_t first_chunk, uint32_t chunks,
                           struct ff_sums *sums)
{
    int status = load_rows(b, first_chunk, chunks);

    if (status == FF_OK)
        status = forward_layers(b, 1, b->shape.layers);
    if (status == FF_OK)
        status = run_output(b, sums);
    if (status == FF_OK)
        status = backward(b);
    ff_feed_done(b->shape.opts.feed);
    return status;
}

int ff_backprop_run(struct ff_backprop *b, uint64_t batch, uint64_t number, float lr,
                    struct ff_sums *sums)
{
    uint32_t first_chunk, chunks;

    b->batch_rows = ff_batch_range(b->shape.opts.geometry, batch, &first_chunk, &chunks);
    b->number = number;
    b->lr = lr;
    for (uint32_t done = 0, now; done < chunks; done += now) {
        int status;

        now =
            chunks - done < b->shape.opts.micro_chunks ? chunks - done : b->shape.opts.micro_chunks;
        b->first = done == 0;
        b->last = done + now == chunks;
        status = run_micro_batch(b, first_chunk + done, now, sums);
        if (status != FF_OK)
            return status;
    }
    sums->rows += (double)b->batch_rows;
    return FF_OK;
}
