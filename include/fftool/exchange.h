/*
 * Exchange with other programs: the weights of a model in files that NumPy, PyTorch and others
 * read: safetensors; a NumPy archive (.npz); a directory of NumPy files (.npy).
 *
 * A file has these tensors, of layer K, from 1:
 *
 *     layers.K.weight        (units, inputs)
 *     layers.K.bias          (units)
 *     layers.K.label_weight  (classes, units); if labels condition the layers
 *     head.K.weight          (classes, units), of the linear head on layer K
 *     head.K.bias            (classes)
 *     head.weight, head.bias with backpropagation: the output layer
 *
 * and these metadata, each a text, most of them of JSON:
 *
 *     format, version, writer, recipe, data, progress, choice, lineage
 *                   the members of the model's manifest (fftool-format(5)): the recipe; columns,
 *                   means and class names of the data, of whose path only the last part is kept;
 *                   the layers chosen on held-out samples and the temperature
 *     inference     what else it takes to compute scores:
 *         method                   goodness or head
 *         features, inputs         of a sample, of layer 1
 *         encoded                  values are standardised by the data's "mean" and "deviation",
 *                                  categories are one-hot
 *         scaled                   the inputs of layer 1 are scaled to RMS 1, after a last one, 1,
 *                                  is added to encoded values
 *         label_embedding          replace, append or none
 *         normalised               the outputs of each layer are scaled to RMS 1
 *         first_layer, last_layer  the layers whose goodness is summed
 *     metrics       of each layer, where layers train one after another
 *     weights_hash  of the model (model.h)
 *     layers        those that are in the file: "1-4"
 *     dtype         of the elements: "f32"
 *
 * The NumPy formats name the file of a tensor layers.K.weight.npy, store label_weight in Fortran
 * order, and have the metadata as metadata.json, an object of these texts.
 *
 * tools/examples/predict_numpy.py and predict_torch.py compute scores from them.
 */
#ifndef FFTOOL_EXCHANGE_H
#define FFTOOL_EXCHANGE_H

#include <fftool/memory.h>
#include <fftool/progress.h>
#include <fftool/size.h>
#include <fftool/status.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A format of files. The strings live as long as the program. */
struct ff_export_format {
    const char *name;    /* "safetensors" */
    const char *suffix;  /* end of the names of its files: ".safetensors"; "/": a directory */
    const char *summary; /* one line */
};
/* Returns format I, from 0; NULL: there are no more. */
const struct ff_export_format *ff_export_format(size_t i);

/* The type of the elements of a file. */
enum ff_export_dtype {
    FF_EXPORT_F32,  /* the weights as they are */
    FF_EXPORT_F16,  /* rounded to nearest even; beyond 65,504 it fails with FF_ENUMERIC */
    FF_EXPORT_BF16, /* rounded to nearest even; NumPy has no such type */
};

struct ff_export_opts {
    size_t size; /* sizeof(struct ff_export_opts) */
    const char *model;
    const char *output; /* file or directory to create; the end of its name selects the format */
    enum ff_export_dtype dtype;
    uint32_t first_layer, last_layer; /* from 1, or FF_LAST_LAYER (evaluate.h); 0, 0:
                                         all trained layers */
    bool force;                       /* overwrite an existing file */
    char reserved[7];                 /* 0 */
    void (*on_progress)(void *arg, const struct ff_progress *progress); /* may be NULL */
    bool (*interrupted)(void *arg); /* may be NULL; true: stop with FF_EINTERRUPTED */
    void *arg;                      /* passed to the callbacks */
};

struct ff_export_result {
    size_t size; /* sizeof(struct ff_export_result) */
    uint32_t first_layer, last_layer;
    uint64_t tensors, parameters;
    uint64_t bytes;        /* of the file, or of those of the directory */
    char weights_hash[33]; /* of the model (model.h) */
    char reserved[7];
    double seconds;
    struct ff_memory memory;
};

/*
 * Writes the trained layers of a model and their heads to a file, tile by tile, in the memory of
 * one tile. The file gets its name when it is complete; after a failure or an interruption there is
 * none. So does a directory, which is NAME.partial until then. Only a directory of exported files
 * is overwritten. Of a model in training, the layers that evaluation uses are exported, as of one
 * checkpoint, with a warning. FF_EINVAL: no layer is trained, no such layers, an unknown format, or
 * one without this dtype; FF_EEXIST: the output exists; FF_EFORMAT: .npz without libzip;
 * FF_ELOCKED: another process writes the directory.
 */
FF_CHECK int ff_export(struct ff_ctx *ctx, const struct ff_export_opts *opts,
                       struct ff_export_result *result);

/* The inputs of a network that another program trained: the values of a sample. */
enum ff_import_inputs {
    FF_INPUTS_UNKNOWN, /* the file says what they are: ff_export() wrote it */
    FF_INPUTS_U8,      /* bytes, which are divided by 255: pixels from 0 to 1 */
    FF_INPUTS_FLOAT,   /* numbers, which are the inputs as they are */
};

struct ff_import_opts {
    size_t size;       /* sizeof(struct ff_import_opts) */
    const char *input; /* a safetensors file: that ff_export() wrote of a complete model, or of the
                          linear layers of another network */
    const char *model; /* model file to create */
    bool force;        /* overwrite an existing model */
    char reserved[7];  /* 0 */
    void (*on_progress)(void *arg, const struct ff_progress *progress); /* may be NULL */
    bool (*interrupted)(void *arg); /* may be NULL; true: stop with FF_EINTERRUPTED */
    void *arg;                      /* passed to the callbacks */
    enum ff_import_inputs inputs;   /* of a network of another program */
    char reserved_too[4];           /* 0 */
};

struct ff_import_result {
    size_t size; /* sizeof(struct ff_import_result) */
    uint32_t layers;
    char reserved[4];
    uint64_t parameters;
    uint64_t bytes;        /* of the model file */
    char weights_hash[33]; /* of the model (model.h) */
    char reserved_too[7];
    double seconds;
    struct ff_memory memory;
};

/*
 * Makes a model of a file, tile by tile, in the memory of one tile and of the file's header, at
 * most 16 MiB of text. The header is checked as a whole first. The model gets its name when it is
 * complete. From F32 elements of an exported file it has the weights_hash of the exported model.
 *
 * A file without the metadata of ff_export() has the weights and biases of a network's linear
 * layers, as PyTorch names those of an nn.Sequential: 0.weight (units, inputs), 0.bias, 2.weight,
 * 2.bias, ..., the same prefix before all numbers, or none. Numbers ascend from the inputs to the
 * outputs, and biases may be missing. The layers are taken to be followed by ReLU, but for the
 * last, which gives the scores of the classes. The model is of mode bp, without scaling of inputs;
 * its data is not known, and its epochs count as one: ff_extend() trains it with data.
 *
 * FF_EFORMAT: no safetensors file, or tensors of other kinds; FF_ECORRUPT: damaged, the message
 * says where, or its weights have another hash; FF_EMISMATCH: tensors are missing, as after an
 * export of some layers, or do not fit the recipe or each other; FF_EINVAL: exported before
 * training was complete, or INPUTS are unknown, or given though the file says what they are;
 * FF_EEXIST: the model exists.
 */
FF_CHECK int ff_import(struct ff_ctx *ctx, const struct ff_import_opts *opts,
                       struct ff_import_result *result);

#ifdef __cplusplus
}
#endif
#endif
