/*
 * Reading a model file, finished or in training, in little memory whatever its size.
 */
#ifndef FFTOOL_MODEL_H
#define FFTOOL_MODEL_H

#include <fftool/recipe.h>
#include <fftool/size.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FF_HISTOGRAM_BINS 32

/* Statistics of the elements of a tensor. */
struct ff_tensor_stats {
    uint64_t count;
    double min, max, mean, std; /* of the finite elements */
    uint64_t zeros, nans, infinities;
};

enum ff_layer_state { FF_LAYER_WAITING, FF_LAYER_TRAINING, FF_LAYER_TRAINED };

struct ff_layer_info {
    size_t size;    /* sizeof(struct ff_layer_info) */
    uint32_t layer; /* from 1 */
    enum ff_layer_state state;
    uint32_t fan_in, units;
    uint64_t parameters;
    const char *dtype;
    uint32_t tiles, tile_units;
    uint64_t raw_bytes, stored_bytes; /* weights, biases, label weights */
    uint64_t optimizer_stored_bytes;  /* 0 once the layer learns no further; without the head's */
    struct ff_tensor_stats weights, biases;
    struct ff_tensor_stats label_weights; /* count 0: labels do not condition the layers */
    /* Metrics after training; NAN before, and if the whole network trains at once. */
    double goodness_pos, goodness_neg, error, loss;
    uint64_t dead_units; /* active for no sample measured (struct ff_trained_report); 0 if LOSS is
                            NAN */
    /* If layers may stop early (patience): the epochs that the trained layer learned for, and the
     * one whose weights it keeps. Else 0. */
    uint32_t learned_epochs, kept_epoch;
};

/* A file of the data when it was read. */
struct ff_data_file_info {
    size_t size;      /* sizeof(struct ff_data_file_info) */
    const char *name; /* the last part of its path */
    uint64_t bytes;
    int64_t mtime_ns; /* modification time, ns since 1970; 0: too recent to be relied on */
    const char *hash; /* XXH3-128 of its bytes, in hex */
};

/* A model that another one was made from (extend.h). */
struct ff_ancestor_info {
    size_t size;              /* sizeof(struct ff_ancestor_info) */
    const char *weights_hash; /* as in struct ff_model_info */
    uint32_t layers;          /* it had, */
    uint32_t layers_kept;     /* of which so many, from the first on, were kept */
    uint32_t epochs;          /* of its recipe */
    uint64_t samples;         /* 0: not known */
};

struct ff_tile_info {
    size_t size; /* sizeof(struct ff_tile_info) */
    uint32_t tile, units;
    uint64_t raw_bytes, stored_bytes;
    struct ff_tensor_stats weights;
};

/* The range of layers whose goodness evaluation sums, chosen on held-out samples. */
struct ff_layer_choice {
    uint32_t first, last;  /* 0: not chosen (yet, or no samples are held out) */
    double held_out_error; /* error rate of the range, 0 .. 1 */
    double temperature;    /* T of the probabilities (evaluate.h) */
};

struct ff_model_info {
    size_t size;                                      /* sizeof(struct ff_model_info) */
    const struct ff_recipe *recipe;                   /* complete */
    const char *program_version, *blas, *lmdb, *zstd; /* versions that wrote it */
    const char *data_path, *data_labels; /* absolute paths of the data, or the name of rows
                                            (data.h), or "" if it is not known; DATA_LABELS may be
                                            NULL */
    const char *data_arrays;             /* names of arrays (data.h); NULL: the usual ones */
    char data_fingerprint[33];           /* XXH3-128 of labels and values in order, in hex */
    uint64_t samples; /* 0: not known, of a network that another program trained (exchange.h) */
    uint64_t held_out_samples; /* of SAMPLES, those that no layer learns from */
    uint32_t features, classes;
    bool data_is_float;
    uint32_t layers_trained; /* that evaluation uses; from the second sweep on all, the one in
                                training as of its last checkpoint */
    bool complete;           /* all layers, and the heads if there are any */
    bool in_training;        /* a process trains it now */
    bool whole_network;      /* all layers train at once: there are no metrics of single layers */
    bool backprop;           /* trained by backpropagation: the head is the output layer */
    bool conditioned;        /* labels condition every layer, which has label weights */
    uint32_t layer, epoch;   /* at the last checkpoint: the layer that learns, or will next, and its
                                finished epochs; layer 0: none, or the whole network */
    uint32_t sweep;          /* of LAYER, from 1 */
    bool on_head;            /* the head on LAYER learns, and EPOCH is its own */
    bool begun;              /* LAYER has a checkpoint */
    uint64_t checkpoints;    /* written so far */
    uint64_t parameters;     /* of the complete network */
    char weights_hash[33];   /* XXH3-128, in hex, of weights, biases and label weights (float32) of
                                the trained layers in order, then of the heads */
    struct ff_layer_choice choice;
    uint64_t file_bytes, page_bytes, free_bytes, tile_bytes,
        overhead_bytes; /* file = tiles + overhead + free */
    bool has_head;
    char reserved[7];
    /* (classes): labels of the data, in the order of the classes; NULL: they are numbers from 0 */
    const char *const *class_names;
    const char
        *label_name;  /* column of the labels, by name or number from 1; NULL: there is none */
    uint32_t columns; /* that ff_model_column() describes; 1 with more features: all of them as one;
                         0: nothing is known of them */
    uint32_t ancestors; /* models that it was made from (extend.h): ff_model_ancestor() */
    /* Layout of images: (height, width, channels), or (channels, height, width) if PLANAR. 0: the
     * samples are not images. */
    uint32_t height, width, channels;
    bool planar;
    bool resized;       /* images come from files that are resized to that size */
    bool fills_missing; /* as in struct ff_data_source (data.h) */
    char reserved_too[1];
    uint64_t dataset_samples; /* in the dataset, of which SAMPLES are drawn; 0: not known */
    const char *id_name;      /* column that names the rows, as LABEL_NAME; NULL: there is none */
    uint32_t context; /* of a text: a sample is so many characters before another one, of which
                         CLASS_NAMES are the vocabulary; 0: samples are no text */
    bool folds_case;  /* as in struct ff_data_source (data.h) */
    char reserved_last[3];
};

/* A column of the data that a model is trained on. */
struct ff_column_info {
    size_t size;                   /* sizeof(struct ff_column_info) */
    const char *name;              /* NULL: it has none */
    const char *const *categories; /* (n_categories), in ascending order of their bytes */
    uint32_t n_categories;         /* 0: the column is of numbers */
    uint32_t mode;                 /* index of the most frequent category */
    /* Of numbers that are standardised: mean and standard deviation of the training data; else, and
     * until they are measured, NAN. A deviation of 0 makes every value 0. */
    double mean, deviation;
};

struct ff_model;

/* Opens PATH for reading. The caller closes *OUT with ff_model_close(). FF_ENOTFOUND, FF_EFORMAT,
 * FF_ECORRUPT. */
FF_CHECK int ff_model_open(struct ff_ctx *ctx, const char *path, struct ff_model **out);
/* Closes MODEL, which may be NULL. */
void ff_model_close(struct ff_model *model);
/* Fills OUT; reads all weights once for their hash. Pointers in OUT live as long as MODEL: recipe,
 * versions, names, DATA_PATH and DATA_LABELS are those of ff_model_open(). Training may resume with
 * data at another path, which another ff_model_open() shows. All else is as of this call. */
FF_CHECK int ff_model_info(struct ff_model *model, struct ff_model_info *out);
/* Fills OUT for file INDEX (from 0) of the data that the model is trained on, as of the last call
 * that read the model file. FF_ENOTFOUND: there is no such file, the data are rows of a program or
 * have not been read yet, or the model is of a version that did not record files. Pointers in OUT
 * live as long as MODEL. */
FF_CHECK int ff_model_data_file(const struct ff_model *model, uint32_t index,
                                struct ff_data_file_info *out);
/* Fills OUT for ancestor INDEX (from 0, the oldest). FF_ENOTFOUND: there is none. Pointers in OUT
 * live as long as MODEL. */
FF_CHECK int ff_model_ancestor(const struct ff_model *model, uint32_t index,
                               struct ff_ancestor_info *out);
/* Fills OUT for column INDEX (from 0), as of the last call that read the model file. FF_ENOTFOUND:
 * there is none. Pointers in OUT live as long as MODEL. */
FF_CHECK int ff_model_column(const struct ff_model *model, uint32_t index,
                             struct ff_column_info *out);
/* Fills OUT for LAYER (from 1); reads its weights, one tile at a time. FF_EINVAL: no such layer. */
FF_CHECK int ff_model_layer(struct ff_model *model, uint32_t layer, struct ff_layer_info *out);
/* Fills OUT for TILE (from 0), and adds its weights to HISTOGRAM, which may be NULL: equal bins
 * from LOW to HIGH; values outside are counted in the end bins. FF_ENOTFOUND: not there (yet). */
FF_CHECK int ff_model_tile(struct ff_model *model, uint32_t layer, uint32_t tile, double low,
                           double high, uint64_t histogram[FF_HISTOGRAM_BINS],
                           struct ff_tile_info *out);
/* A tensor of float32. With one dimension COLUMNS is 1. */
struct ff_tensor_info {
    /* Of layer 1, and of the head on layer 2:
     *
     *     "layer.1.weights"        (units, inputs)
     *     "layer.1.biases"         (units)
     *     "layer.1.label_weights"  (classes, units); if labels condition the layers
     *     "head.2.weights"         (classes, units)
     *     "head.2.biases"          (classes)
     *
     * and, as long as the layer or head learns, its optimizer state, two tensors with Adam and one
     * with SGD, and the running means of its units' activities, if peer normalisation is on:
     *
     *     "layer.1.weights.state.0", "layer.1.weights.state.1"; the same of the others
     *     "layer.1.unit_means"     (units) */
    const char *name;
    uint32_t layer; /* from 1 */
    uint64_t rows, columns;
    uint32_t dimensions;              /* 1 or 2 */
    uint32_t tiles;                   /* that it is stored in */
    const char *dtype;                /* "f32" */
    uint64_t raw_bytes, stored_bytes; /* of its elements; of its tiles in the file */
};
/* Calls VISIT for each tensor that the model has now, layer by layer, then head by head; a nonzero
 * return ends that and is returned. Reads no weights. INFO is valid during the call, in which MODEL
 * may be read. */
FF_CHECK int ff_model_tensors(struct ff_model *model,
                              int (*visit)(void *arg, const struct ff_tensor_info *info),
                              void *arg);
/* Reads the tensor called NAME into OUT, row by row. FF_ENOTFOUND: the model does not have it
 * (yet); FF_EINVAL: it does not have that number of ELEMENTS. */
FF_CHECK int ff_model_read_tensor(struct ff_model *model, const char *name, float *out,
                                  size_t elements);
/* Reads N rows of the tensor called NAME, from FIRST on (from 0), into OUT (N, columns): the tiles
 * that have them, one at a time. FF_ENOTFOUND; FF_EINVAL: it does not have these rows. */
FF_CHECK int ff_model_read_rows(struct ff_model *model, const char *name, uint64_t first,
                                uint64_t n, float *out);
/* How a tensor differs between two models, A and B. */
struct ff_tensor_difference {
    const char *name;    /* as in struct ff_tensor_info */
    bool in_a, in_b;     /* the model has it now */
    bool same_shape;     /* both have it; otherwise there is nothing below */
    uint64_t elements;   /* compared, */
    uint64_t different;  /* and of other bits */
    double largest, rms; /* absolute difference of the elements: the largest, the root of the mean
                            square; NAN if there are NaNs */
    double cosine;       /* of the angle between the tensors; NAN if one is all 0 */
};
/* Compares two models: calls VISIT for each tensor that one of them has now, layer by layer, then
 * head by head; a nonzero return ends that and is returned. A layer is compared as of one
 * checkpoint of each model, in the memory of a tile of each. INFO is valid during the call.
 * Messages are those of the model's context that could not be read. */
FF_CHECK int ff_model_compare(struct ff_model *a, struct ff_model *b,
                              int (*visit)(void *arg, const struct ff_tensor_difference *info),
                              void *arg);
/* Reads every value and checks its hash; calls DAMAGED, which may be NULL, with a line for each bad
 * one. FF_ECORRUPT if there is any. Sets *VALUES and *BYTES to what was read. */
FF_CHECK int ff_model_verify(struct ff_model *model, void (*damaged)(void *arg, const char *text),
                             void *arg, uint64_t *values, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
