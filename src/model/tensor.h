/*
 * The tensors of a layer or head, as the model file has them: one catalogue for all that saves,
 * loads, hashes or inspects them. Each is stored tile by tile, a tile of neurons under a key of its
 * own.
 */
#ifndef FF_MODEL_TENSOR_H
#define FF_MODEL_TENSOR_H

#include "model/layer.h"

struct ff_tensor {
    char kind;         /* of its keys: 'W' or 'H'; of the optimizer's state 'O' or 'Q' */
    uint32_t slot;     /* of its keys */
    uint32_t role;     /* FF_SLOT_WEIGHTS, FF_SLOT_BIASES, FF_SLOT_LABELS or FF_SLOT_MEANS */
    int state;         /* of the optimizer, from 0; -1: the layer's own */
    uint32_t units;    /* neurons */
    uint32_t per_unit; /* elements of one */
    bool by_class;     /* a tile's rows are the classes, its columns the neurons */
};

#define FF_MAX_TENSORS (FF_SLOTS * (1 + FF_OPTIMIZER_STATES) + 1)

/* The kind of tiles that hold the optimizer's state of those of KIND, 'W' or 'H'. */
char ff_state_kind(char kind);
/* Lists the tensors of a layer like LAYER, which need not be allocated, stored as KIND ('W' or
 * 'H'); with STATE those of its optimizer, with MEANS the running means. Returns how many. */
size_t ff_tensor_list(const struct ff_layer *layer, char kind, bool state, bool means,
                      struct ff_tensor out[FF_MAX_TENSORS]);
#define FF_TENSOR_NAME_BYTES 48
/* The name of a tensor of LAYER, or of the head on it, in OUT: "layer.1.weights", "layer.1.biases",
 * "layer.1.label_weights", "head.2.weights"; of the optimizer's state "layer.1.weights.state.0";
 * "layer.1.unit_means". */
void ff_tensor_name(const struct ff_tensor *tensor, uint32_t layer, char out[FF_TENSOR_NAME_BYTES]);
/* The shape of the whole tensor: neurons first, but for label weights. */
void ff_tensor_shape(const struct ff_tensor *tensor, uint32_t *rows, uint32_t *columns);
/* The shape of TILE as it is stored. */
void ff_tensor_tile(const struct ff_tensor *tensor, uint32_t tile, uint32_t *rows,
                    uint32_t *columns);
/* Bytes of the largest tile in memory. */
size_t ff_tensor_tile_bytes(const struct ff_tensor *tensor);

#endif
