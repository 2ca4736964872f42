/* Estimates of memory and disk use, shared by the tasks of training and evaluation. */
#ifndef FF_LEARN_ESTIMATE_H
#define FF_LEARN_ESTIMATE_H

#include "base/buffers.h"
#include "model/layer.h"
#include "model/manifest.h"

/* The largest matrix products of a job; all zero: none. */
struct ff_products {
    uint64_t rows, inputs; /* of X: rows of a chunk, fan-in of a layer */
    uint64_t tile;         /* units of a tile */
    uint64_t units_passed; /* units of a layer that passes deltas down; 0: none */
    bool forward_only;     /* nothing is trained */
};

/* Memory of a process beyond accounted and mapped memory, in bytes; one of RANKS in its team. */
uint64_t ff_estimate_program(unsigned threads, unsigned ranks, const struct ff_products *products);
/* Elements of the largest tile of a layer's weights. */
size_t ff_estimate_tile(uint32_t units, uint32_t fan_in);
/* Elements of the largest tile of all tensors of a layer like SHAPE. */
size_t ff_estimate_largest_tile(const struct ff_layer *shape);
/* Approximate stored bytes of a value of ELEMENTS weights. */
size_t ff_estimate_packed(size_t elements);
/* Adds the memory of loading LAYER from the model file, tile by tile, each mapped in turn. */
void ff_estimate_loading(const struct ff_layer *layer, struct ff_needs *needs);
/* Bytes in scratch of one tensor of a paged layer. */
uint64_t ff_estimate_paged(uint32_t units, uint32_t fan_in, struct ff_residency residency);
/* True if layer K of the first LAYERS needs the same memory as the layer below. */
bool ff_estimate_is_repeated(const struct ff_recipe *recipe, uint32_t layers, uint32_t k);

#endif
