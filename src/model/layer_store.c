/* Saving a layer to the model file, and loading it: both walk the catalogue of its tensors. */
#include "base/arithmetic.h"
#include "model/tensor.h"
#include "model/tile_exchange.h"
#include "nn/kernels.h"

struct transfer {
    const struct ff_layer *layer;
    struct ff_model_file *file;
    uint32_t number;
    uint64_t generation;
    struct ff_tensor tensors[FF_MAX_TENSORS];
    size_t n;
    int (*move)(const struct transfer *transfer, const struct ff_tile_key *key,
                const struct ff_matrix *matrix, float *data);
};

/* A diverged layer is not saved. The loss may not show it: no batch measures the last step. */
static int save_tile(const struct transfer *transfer, const struct ff_tile_key *key,
                     const struct ff_matrix *matrix, float *data)
{
    size_t n = (size_t)matrix->rows * matrix->columns;

    if (ff_is_state_kind(key->kind) ? !ff_all_finite(n, data) : !ff_squares_are_finite(n, data))
        return ff_fail(transfer->layer->ctx, FF_ENUMERIC, "layer %u: its weights are not finite",
                       transfer->number);
    if (!transfer->file)
        return ff_tile_exchange(transfer->layer->ctx, FF_TILES_GIVEN, key, matrix->rows,
                                matrix->columns, data);
    return ff_model_file_put(transfer->file, key, matrix);
}

static int load_tile(const struct transfer *transfer, const struct ff_tile_key *key,
                     const struct ff_matrix *matrix, float *data)
{
    if (!transfer->file)
        return ff_tile_exchange(transfer->layer->ctx, FF_TILES_ASKED, key, matrix->rows,
                                matrix->columns, data);
    return ff_model_file_get(transfer->file, key, matrix->rows, matrix->columns, data);
}

/* The buffer of TENSOR in LAYER. */
static float *tensor_data(const struct ff_layer *layer, const struct ff_tensor *tensor)
{
    bool own = tensor->state < 0;

    switch (tensor->role) {
    case FF_SLOT_WEIGHTS:
        return own ? layer->weights : layer->weight_state[tensor->state];
    case FF_SLOT_BIASES:
        return own ? layer->biases : layer->bias_state[tensor->state];
    case FF_SLOT_LABELS:
        return own ? layer->label_weights : layer->label_state[tensor->state];
    default:
        return layer->unit_means;
    }
}

/* In a paged layer only the tensors laid out as the weights are paged; the others are in memory. */
static float *tile_data(const struct ff_layer *layer, const struct ff_tensor *tensor, uint32_t tile)
{
    float *data = tensor_data(layer, tensor);

    if (tensor->role == FF_SLOT_WEIGHTS)
        return ff_layer_tile(layer, data, tile);
    return data + (size_t)tile * layer->tile_units * tensor->per_unit;
}

static int move_group(void *arg, uint32_t first, uint32_t tiles)
{
    const struct transfer *transfer = arg;
    const struct ff_layer *layer = transfer->layer;
    int status = FF_OK;

    for (size_t i = 0; i < transfer->n; i++) {
        const struct ff_tensor *tensor = &transfer->tensors[i];

        for (uint32_t tile = first; tile < first + tiles && status == FF_OK; tile++) {
            struct ff_tile_key key = {tensor->kind, transfer->number, transfer->generation,
                                      tensor->slot, tile};
            float *data = tile_data(layer, tensor, tile);
            struct ff_matrix matrix = {.dtype = FF_F32, .data = data};

            ff_tensor_tile(tensor, tile, &matrix.rows, &matrix.columns);
            status = transfer->move(transfer, &key, &matrix, data);
        }
    }
    return status;
}

static struct transfer make_transfer(const struct ff_layer *layer, struct ff_model_file *file,
                                     char kind, uint32_t number, uint64_t generation, bool state)
{
    struct transfer out = {
        .layer = layer, .file = file, .number = number, .generation = generation};

    out.n = ff_tensor_list(layer, kind, state, layer->unit_means != NULL, out.tensors);
    return out;
}

/* Moves the own tiles, then those of the other processes of a team. */
static int move_tiles(const struct transfer *transfer, const struct ff_walk *walk,
                      enum ff_tile_way way)
{
    struct ff_ctx *ctx = transfer->layer->ctx;
    struct transfer copy = *transfer;
    size_t largest = 0;
    int status = ff_layer_each_group(transfer->layer, walk, move_group, &copy);

    if (status != FF_OK || ctx->team.size == 1)
        return status;
    if (!transfer->file)
        return ff_tile_exchange_end(ctx);
    for (size_t i = 0; i < transfer->n; i++)
        largest = ff_larger(largest, ff_tensor_tile_bytes(&transfer->tensors[i]));
    return ff_tile_exchange_serve(ctx, way, transfer->file, largest);
}

int ff_layer_save(const struct ff_layer *layer, struct ff_model_file *file, char kind,
                  uint32_t number, uint64_t generation, bool state)
{
    struct transfer transfer = make_transfer(layer, file, kind, number, generation, state);
    struct ff_walk walk = {.weights = FF_PAGE_IN, .state = state ? FF_PAGE_IN : 0};

    transfer.move = save_tile;
    return move_tiles(&transfer, &walk, FF_TILES_GIVEN);
}

int ff_layer_load(struct ff_layer *layer, struct ff_model_file *file, char kind, uint32_t number,
                  uint64_t generation, bool state)
{
    struct transfer transfer = make_transfer(layer, file, kind, number, generation, state);
    struct ff_walk walk = {.weights = FF_PAGE_OUT, .state = state ? FF_PAGE_OUT : 0};
    int status;

    transfer.move = load_tile;
    status = move_tiles(&transfer, &walk, FF_TILES_ASKED);
    if (file)
        ff_model_file_unpin(file);
    return status;
}
