/*
 * The contents of an exported file: its tensors, and their elements, one tile at a time. A format
 * (exchange/format.h) walks the tensors and writes their tiles.
 */
#ifndef FF_EXCHANGE_CONTENTS_H
#define FF_EXCHANGE_CONTENTS_H

#include "base/clock.h"
#include "exchange/output.h"
#include "inspect/inspect.h"

#include <fftool/exchange.h>
#include <jansson.h>

struct ff_export {
    struct ff_ctx *ctx;
    const struct ff_export_opts *opts;
    struct ff_model *model; /* open, its snapshot held */
    uint32_t first, last;   /* layers */
    bool complete;          /* these are all layers of a complete model */
    char weights_hash[FF_HASH_BYTES];
    json_t *metadata; /* an object of strings */
    float *tile;      /* the present tile */
    size_t tile_bytes;
    uint64_t tensors, elements; /* of the whole file */
    uint64_t done;              /* elements read so far */
    uint64_t bytes;             /* of the file, once it is written */
    struct ff_clock clock;
};

#define FF_EXPORT_NAME_BYTES 256 /* of imported tensors, too */

struct ff_exported {
    char name[FF_EXPORT_NAME_BYTES]; /* "layers.1.weight" (fftool/exchange.h) */
    uint32_t layer;
    struct ff_tensor tensor;
};

/* Names the tensor of a model of RECIPE. */
void ff_export_name(const struct ff_recipe *recipe, struct ff_exported *exported);
/* Calls VISIT for each tensor of the file in order, until one returns nonzero, which is returned.
 */
FF_CHECK int ff_export_each(struct ff_export *export,
                            int (*visit)(void *arg, const struct ff_exported *exported), void *arg);
/* The size of an element, and its name in safetensors files: "F32". */
size_t ff_export_element_bytes(enum ff_export_dtype dtype);
/* The name of DTYPE in messages and metadata: "f32". */
const char *ff_export_dtype_name(enum ff_export_dtype dtype);
/* The shape of a tensor. Returns the number of its dimensions, 1 or 2. */
int ff_export_shape(const struct ff_exported *exported, uint32_t shape[2]);
/*
 * Reads TILE of a tensor and sets *BYTES to its elements in the type of the file, row by row, valid
 * until the next call. Label weights are (classes, neurons of the tile); BY_UNIT transposes them,
 * so that a tile follows the one before in memory. FF_EINTERRUPTED, FF_ENUMERIC.
 */
FF_CHECK int ff_export_tile(struct ff_export *export, const struct ff_exported *exported,
                            uint32_t tile, bool by_unit, const void **bytes);
/* Writes N bytes to OUTPUT. */
FF_CHECK int ff_export_put(struct ff_output *output, const void *bytes, size_t n);

#endif
