/*
 * The catalogue of the tensors of a layer or head in the model file. All code that saves, loads,
 * hashes or inspects tensors walks it. A tensor is stored tile by tile, each tile of neurons under
 * its own key.
 */
#ifndef FF_MODEL_TENSOR_H
#define FF_MODEL_TENSOR_H

#include "model/layer.h"

struct ff_tensor {
    char kind;         /* in its keys: 'W' or 'H'; optimizer state: 'O' or 'Q' */
    uint32_t slot;     /* in its keys */
    uint32_t role;     /* FF_SLOT_WEIGHTS, FF_SLOT_BIASES, FF_SLOT_LABELS or FF_SLOT_MEANS */
    int state;         /* number of the optimizer state, from 0; -1: the layer's own */
    uint32_t units;    /* neurons */
    uint32_t per_unit; /* elements per neuron */
    bool by_class;     /* a tile's rows are the classes, its columns the neurons */
};

#define FF_MAX_TENSORS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES) + 1)

/* The kind of the optimizer state of tiles of KIND, 'W' or 'H'. */
char ff_state_kind(char kind);
/* True for the kind of an optimizer state; true for the kinds of a head, its state included. */
bool ff_is_state_kind(char kind);
bool ff_is_head_kind(char kind);
/* Lists the tensors of a layer like LAYER, which need not be allocated, stored as KIND ('W' or
 * 'H'); with STATE those of the optimizer, with MEANS the running means. Returns their number. */
size_t ff_tensor_list(const struct ff_layer *layer, char kind, bool state, bool means,
                      struct ff_tensor out[FF_MAX_TENSORS]);
#define FF_TENSOR_NAME_BYTES 48
/* The name of a tensor of LAYER, or of its head, in OUT: "layer.1.weights", "layer.1.biases",
 * "layer.1.label_weights", "layer.1.unit_means", "head.2.weights"; of the optimizer state
 * "layer.1.weights.state.0". */
void ff_tensor_name(const struct ff_tensor *tensor, uint32_t layer, char out[FF_TENSOR_NAME_BYTES]);
/* The shape of the whole tensor: neurons first, except for label weights. */
void ff_tensor_shape(const struct ff_tensor *tensor, uint32_t *rows, uint32_t *columns);
/* The stored shape of TILE. */
void ff_tensor_tile(const struct ff_tensor *tensor, uint32_t tile, uint32_t *rows,
                    uint32_t *columns);
/* Bytes of the largest tile in memory. */
size_t ff_tensor_tile_bytes(const struct ff_tensor *tensor);

#endif
