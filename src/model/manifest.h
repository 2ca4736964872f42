/*
 * The manifest: configuration and progress of a model, JSON text stored as one value of the model
 * file. Replacing it commits a checkpoint. Paths of the data read back as the same bytes, UTF-8 or
 * not (model/json_text.h). Its size does not grow with depth: weights of trained layers are stored
 * under generation FF_GENERATION_FINAL, their metrics in a small tile of kind 'S'
 * (model/layer_metrics.h).
 */
#ifndef FF_MODEL_MANIFEST_H
#define FF_MODEL_MANIFEST_H

#include "data/embed.h"
#include "data/image.h"
#include "data/moments.h"
#include "data/schema.h"
#include "input/files.h"
#include "model/geometry.h"
#include "nn/class_weights.h"
#include "recipe/kind.h"
#include "store/model_file.h"

#include "recipe/recipe.h"
#include <fftool/model.h>

/* The value of its member "format". */
#define FF_MANIFEST_FORMAT "fftool model"
/* Number of layers that the range of summed layers may begin with. */
#define FF_RANGE_STARTS 3
/* Smallest temperature of the softmax over goodness (holdout.h). */
#define FF_LEAST_TEMPERATURE 0.0625
#define FF_LARGEST_TEMPERATURE 32.0

/* The generation of finished tiles; in later sweeps ff_generation_final(). Checkpoints within a
 * layer count from 1. */
#define FF_GENERATION_FINAL 0
/* No stored tiles are current. */
#define FF_NO_GENERATION UINT64_MAX

/* The trainer's next stage. The names of the values are part of the file format. */
enum ff_stage {
    FF_STAGE_IMPORT,  /* read the dataset into scratch; the fingerprint is not known yet */
    FF_STAGE_TRAIN,   /* train the layer, or all layers where the network trains at once */
    FF_STAGE_FORWARD, /* the layer's weights are final: write its outputs */
    FF_STAGE_HEAD,    /* train the head on the layer's outputs */
    FF_STAGE_DONE,
};

/* Sums over the samples of an epoch so far. */
struct ff_sums {
    double rows; /* samples */
    double loss; /* sum of a batch's mean loss times its samples */
    double goodness_pos, goodness_neg;
    double wrong; /* misranked pairs (G_neg >= G_pos); head: misclassified samples */
};

/* The epoch of a layer with the fewest errors on held-out samples so far (recipe.patience). */
struct ff_best_epoch {
    uint32_t epoch;      /* from 1; 0: none is measured yet, or training does not stop early */
    double error;        /* the layer's error rate on the held-out samples after it */
    uint64_t generation; /* of its weights, while the layer trains */
    uint32_t learned;    /* afterwards: the epochs that the layer learned for */
};

struct ff_progress_mark {
    enum ff_stage stage;
    uint32_t layer; /* from 1; always 1 where the whole network trains at once */
    uint32_t sweep; /* the sweep over all layers, from 0 */
    uint32_t epoch; /* epochs done in this stage; those of a layer in earlier sweeps included */
    uint64_t batch; /* batches done in the current epoch */
    uint64_t generation;       /* generation of the checkpoint within this stage; 0: none yet */
    uint64_t checkpoints;      /* number written; the next one's generation is one more */
    struct ff_sums sums;       /* of the current epoch */
    struct ff_best_epoch best; /* of the layer, until its outputs are written */
    bool compacted;            /* the file was rewritten after training was complete */
};

/* The range of layers whose goodness is summed, chosen on held-out samples. */
struct ff_range_choice {
    uint32_t first, last; /* 0: not chosen */
    double error;         /* error rate on the held-out samples */
    double temperature;
};

/* A model that another one was made from (<fftool/extend.h>). */
struct ff_ancestor {
    char weights_hash[FF_HASH_BYTES];
    uint32_t layers, kept; /* its layers, and those of them that the new model began with */
    uint32_t epochs;       /* of its recipe */
    uint64_t samples;      /* 0: not known */
};

#define FF_MAX_ANCESTORS 64

struct ff_lineage {
    uint32_t n;
    struct ff_ancestor ancestors[FF_MAX_ANCESTORS]; /* the oldest first */
};

/*
 * Versions of the manifest, which are also versions of the arithmetic: the same recipe gives other
 * weights under each. 4: subnormal numbers are zero (base/float_mode.h). 5: values of tables and
 * floats are encoded (data/embed.h). 6: classes may have weights, layers may stop early. 7: inputs
 * may be left unscaled. 8: texts. 9: inputs of a text fall with the distance. A model keeps its
 * version.
 */
#define FF_MANIFEST_VERSION 9
#define FF_FLUSHING_VERSION 4
#define FF_ENCODING_VERSION 5
#define FF_DISTANCE_VERSION 9
#define FF_OLDEST_MANIFEST_VERSION 3

struct ff_manifest {
    int version;
    struct ff_recipe recipe;
    char *program, *blas, *lmdb, *zstd; /* versions that wrote the file */
    bool data_is_rows;               /* of memory or of a function: DATA_PATH is their name only */
    char *data_path, *data_labels;   /* absolute paths of the last read; labels may be NULL */
    char *data_arrays;               /* names of arrays (ff_dataset_spec); NULL: the usual ones */
    char fingerprint[FF_HASH_BYTES]; /* "" until imported */
    struct ff_data_files files;      /* files of the data; none in models of earlier versions */
    uint64_t samples; /* 0: not known, of a network that another program trained, which is done */
    uint64_t all_samples; /* samples in the dataset, of which SAMPLES are drawn (data/dataset.h); 0:
                             a model of an earlier version, trained on the first SAMPLES */
    uint32_t features, classes;
    bool is_float;
    struct ff_image image;
    struct ff_schema schema;   /* of the data; its classes are always known */
    struct ff_moments moments; /* of the learned samples; none until imported, or not needed */
    struct ff_class_weights class_weights; /* likewise */
    struct ff_encoding encoding; /* of the features, from schema and moments; 0 inputs: none */
    struct ff_progress_mark mark;
    struct ff_range_choice choice; /* set when all layers are trained */
    struct ff_lineage lineage;
};

/* Frees what the manifest owns. */
void ff_manifest_release(struct ff_manifest *manifest);
/* Copies RECIPE (its layers too) into the manifest. */
FF_CHECK int ff_manifest_set_recipe(struct ff_ctx *ctx, struct ff_manifest *manifest,
                                    const struct ff_recipe *recipe);
/* Sets RECIPE in MANIFEST, which is empty, and what writes it: version, program and libraries. The
 * caller releases it also on error. manifest_begin.c */
FF_CHECK int ff_manifest_begin(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                               struct ff_manifest *manifest);
/* Writes the manifest as JSON text with sorted keys, so that the text does not depend on the order
 * of tables: scratch is sealed with a hash of it (train/run.c). The caller frees *TEXT, which is
 * malloc'd. */
FF_CHECK int ff_manifest_write(struct ff_ctx *ctx, const struct ff_manifest *manifest, char **text);
/* Gives MANIFEST of rank 0 to all processes of the team, which release it. manifest_team.c */
FF_CHECK int ff_manifest_share(struct ff_ctx *ctx, struct ff_manifest *manifest);
/* Parses and checks TEXT, found in the file PATH. FF_ECORRUPT, FF_EFORMAT (another version). */
FF_CHECK int ff_manifest_read(struct ff_ctx *ctx, const char *path, const char *text,
                              struct ff_manifest *out);
/* True if a trainer can have written MANIFEST, whose recipe is complete and valid.
 * manifest_check.c */
bool ff_manifest_is_sane(const struct ff_manifest *manifest);
/* Reads the manifest of FILE within a read snapshot, which the caller ends. On error nothing is
 * left to release. */
FF_CHECK int ff_manifest_load(struct ff_ctx *ctx, struct ff_model_file *file,
                              struct ff_manifest *out);
/* Rereads, within the snapshot, what training changes: mark, choice, fingerprint and files.
 * Pointers into MANIFEST stay valid. */
FF_CHECK int ff_manifest_reload(struct ff_ctx *ctx, struct ff_model_file *file,
                                struct ff_manifest *manifest);

/* ---- Properties of recipe and data (manifest_facts.c) ---- */

/* Limit of classes if inputs are stored under every label: each takes the scratch of one stream. */
#define FF_MAX_GATHERED_CLASSES 64u
/* Labels evaluated for each sample in a step of a label-conditioned layer, the true one
 * included. */
uint32_t ff_manifest_labels_met(const struct ff_manifest *manifest);
/* The most epochs that a layer may have learned for, under the recipe or that of an ancestor. */
uint32_t ff_manifest_most_epochs(const struct ff_manifest *manifest);
/* The geometry of the samples, held-out ones included; of one sample if they are not known. */
struct ff_geometry ff_manifest_geometry(const struct ff_manifest *manifest);
/* The choice in its public form. */
struct ff_layer_choice ff_manifest_choice(const struct ff_manifest *manifest);
uint64_t ff_manifest_held_out(const struct ff_manifest *manifest);
/* The first layer whose goodness is summed up to layer LAST by default: not the first one if it
 * embeds the label, unless it is the only one. */
uint32_t ff_manifest_first_summed(const struct ff_manifest *manifest, uint32_t last);
/* The default range of LAYERS trained layers: the one chosen on held-out samples, or all summed. */
void ff_manifest_range(const struct ff_manifest *manifest, uint32_t layers, uint32_t *first,
                       uint32_t *last);
/* Most columns with a mean and a deviation each, which the manifest holds. */
#define FF_MAX_STANDARD_COLUMNS 16384u
/* Makes the encoding from schema and moments; without moments values are not standardised yet.
 * Call when they are set or changed. FF_ENOMEM. */
FF_CHECK int ff_manifest_encode(struct ff_ctx *ctx, struct ff_manifest *manifest);
/* Inputs that the features become. */
uint64_t ff_manifest_inputs(const struct ff_manifest *manifest);
/* The columns of the moments of MANIFEST's data; 0: they are not needed. */
uint32_t ff_manifest_moments(const struct ff_manifest *manifest);
/* How labels are embedded in the inputs of layer 1; with 0 classes if they are not. The encoding is
 * that of MANIFEST. */
struct ff_embedding ff_manifest_embedding(const struct ff_manifest *manifest);
/* Inputs of layer LAYER (from 1): columns of boundary LAYER - 1. */
uint32_t ff_manifest_fan_in(const struct ff_manifest *manifest, uint32_t layer);
/* Number of parameters of the whole network, heads included, with INPUTS inputs of layer 1. */
uint64_t ff_recipe_parameters(const struct ff_recipe *recipe, uint32_t inputs, uint32_t classes);

/* ---- Properties of the mark (manifest_mark.c) ---- */

/* Epochs of a layer done before SWEEP. */
uint32_t ff_recipe_sweep_begins(const struct ff_recipe *recipe, uint32_t sweep);
/* The generation of the final weights of a layer in SWEEP. */
uint64_t ff_generation_final(uint32_t sweep);
/* True in the last sweep, in which heads are trained. */
bool ff_manifest_last_sweep(const struct ff_manifest *manifest);
/* Number of layers whose weights are final in this sweep. */
uint32_t ff_manifest_layers_trained(const struct ff_manifest *manifest);
/* Number of layers finished in this sweep or an earlier one: from the second sweep on all. */
uint32_t ff_manifest_layers_stored(const struct ff_manifest *manifest);
/* The last layer whose head is final; heads first_head .. this one are stored. */
uint32_t ff_manifest_heads_trained(const struct ff_manifest *manifest);
/*
 * The current generation of LAYER's tiles of KIND ('W', 'H', or their state 'O', 'Q'): the final
 * one of this sweep; in training the last checkpoint's; or the final one of the previous sweep,
 * where training starts. FF_NO_GENERATION: none, the weights are not seeded yet.
 */
uint64_t ff_manifest_generation(const struct ff_manifest *manifest, char kind, uint32_t layer);
/* The generation of the weights of LAYER's best epoch; FF_NO_GENERATION: there are none of KIND. */
uint64_t ff_manifest_best_generation(const struct ff_manifest *manifest, char kind, uint32_t layer);
/* True if patience is exhausted: the epochs since the best one are as many as it. */
bool ff_manifest_stops(const struct ff_manifest *manifest);
/* Moves the mark to the next stage. */
void ff_manifest_advance(struct ff_manifest *manifest);

#endif
