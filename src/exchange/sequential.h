/*
 * Networks of other programs: the linear layers of a safetensors file under the names that PyTorch
 * gives those of an nn.Sequential, or of other modules that are numbered:
 *
 *     PREFIX0.weight (units, inputs), PREFIX0.bias (units), PREFIX2.weight, PREFIX2.bias, ...
 *
 * Numbers ascend from the inputs to the outputs; PREFIX is any text, also none, and the same of
 * all. A layer may have no bias. What is between the layers has no tensors: it is taken to be ReLU.
 * The last layer gives the scores of the classes.
 */
#ifndef FF_EXCHANGE_SEQUENTIAL_H
#define FF_EXCHANGE_SEQUENTIAL_H

#include "exchange/contents.h"
#include "exchange/safetensors_read.h"

struct ff_sequential_layer {
    uint32_t number; /* in its name */
    uint32_t units;
};

struct ff_sequential {
    struct ff_ctx *ctx;
    const struct ff_safetensors *file;
    const char *first; /* name of a tensor, which begins with the prefix */
    size_t prefix_length;
    uint32_t inputs;                   /* of the first layer */
    size_t layers, room;               /* the output layer included */
    struct ff_sequential_layer *layer; /* (layers) of ROOM, numbers ascending */
};

/* Finds the layers of FILE, which stays open, and checks that each takes the outputs of the one
 * below. FF_EFORMAT: other tensors, which the message names; FF_EMISMATCH: shapes that do not fit
 * each other. OUT is to be released also on error. */
FF_CHECK int ff_sequential_read(struct ff_ctx *ctx, const struct ff_safetensors *file,
                                struct ff_sequential *out);
void ff_sequential_release(struct ff_sequential *sequential);
/* Names EXPORTED as the file does. */
void ff_sequential_name(const struct ff_sequential *sequential, struct ff_exported *exported);
/* The manifest of a model of these layers, trained by backpropagation on data that is not known,
 * but for the type of its values. OUT is to be released also on error. FF_EINVAL: no TYPE. */
FF_CHECK int ff_sequential_manifest(const struct ff_sequential *sequential,
                                    enum ff_import_inputs type, struct ff_manifest *out);

#endif
