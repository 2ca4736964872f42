/* Estimates of memory and disk that the tasks of training and of evaluation share. */
#ifndef FF_LEARN_ESTIMATE_H
#define FF_LEARN_ESTIMATE_H

#include "base/buffers.h"
#include "model/layer.h"
#include "model/manifest.h"

/* The largest matrix products of a job; all zero: none. */
struct ff_products {
    uint64_t rows, inputs; /* X: of a chunk; fan-in of a layer */
    uint64_t tile;         /* units of a tile */
    uint64_t units_passed; /* of a layer that hands its deltas down; 0: none does */
    bool forward_only;     /* nothing is trained */
};

/* Memory of the process beside what is accounted for and mapped. */
uint64_t ff_estimate_program(unsigned threads, const struct ff_products *products);
/* Elements of the largest tile of a layer's weights. */
size_t ff_estimate_tile(uint32_t units, uint32_t fan_in);
/* Elements of the largest tile of all tensors of a layer like SHAPE. */
size_t ff_estimate_largest_tile(const struct ff_layer *shape);
/* About the bytes of a value of so many elements of weights, as stored. */
size_t ff_estimate_packed(size_t elements);
/* Adds what LAYER takes while it is loaded from the model, tile by tile, each mapped in turn. */
void ff_estimate_loading(const struct ff_layer *layer, struct ff_needs *needs);
/* Bytes of a layer's weights whose tiles are paged: what one tensor of it takes in scratch. */
uint64_t ff_estimate_paged(uint32_t units, uint32_t fan_in, struct ff_residency residency);
/* Whether layer K of the first LAYERS takes what the layer below takes. */
bool ff_estimate_is_repeated(const struct ff_recipe *recipe, uint32_t layers, uint32_t k);

#endif
