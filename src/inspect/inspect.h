/* An open model, for code that reads its tensors: inspection and export. */
#ifndef FF_INSPECT_INSPECT_H
#define FF_INSPECT_INSPECT_H

#include "model/network.h"

#include "base/sized.h"

#include <fftool/model.h>
#include <xxhash.h>

/* FF_EINVAL unless OUT, a struct TYPE, says how large it is. */
#define FF_CHECK_INFO(model, type, out) \
    ff_sized_check((model)->ctx, #type, out, FF_UP_TO(struct type, size))

struct ff_model {
    struct ff_ctx *ctx;
    struct ff_model_file *file;
    struct ff_manifest manifest;
    XXH128_hash_t manifest_hash; /* of its text, when its mark was read last */
};

/* A trainer may have written since the last call: begins a new snapshot and reads its mark, if the
 * manifest has changed. */
FF_CHECK int ff_inspect_again(struct ff_model *model);
/* Hashes, within the snapshot, weights, biases and label weights of the layers that evaluation
 * uses, then the finished heads: the weights_hash of struct ff_model_info. */
FF_CHECK int ff_inspect_hash(struct ff_model *model, char out[FF_HASH_BYTES]);
/* The key of a tile in its current generation. */
struct ff_tile_key ff_inspect_key(const struct ff_model *model, uint32_t layer,
                                  const struct ff_tensor *tensor, uint32_t tile);
/* Reads TILE of TENSOR into BUFFER (ff_tensor_tile_bytes()); *N is the number of elements. */
FF_CHECK int ff_inspect_tile(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                             uint32_t tile, float *buffer, size_t *n);
/* Calls VISIT with every tile of TENSOR in turn. */
FF_CHECK int
ff_inspect_each_tile(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                     int (*visit)(void *arg, uint32_t tile, const float *data, size_t n),
                     void *arg);

#endif
