/*
 * The manifest: what a model file says of itself, JSON text stored as one value. Its flip is what
 * makes a checkpoint count. Paths of the data are stored so that they read back as the same bytes,
 * UTF-8 or not (model/json_text.h). It does not grow with depth: weights of trained layers stand
 * under generation FF_GENERATION_FINAL, their metrics in a small tile of kind 'S'
 * (model/layer_metrics.h).
 */
#ifndef FF_MODEL_MANIFEST_H
#define FF_MODEL_MANIFEST_H

#include "data/embed.h"
#include "data/files.h"
#include "data/image.h"
#include "model/geometry.h"
#include "recipe/kind.h"
#include "store/model_file.h"

#include "recipe/recipe.h"
#include <fftool/model.h>

/* Layers that a range of the sum may begin with. */
#define FF_RANGE_STARTS 3
/* Of goodness as a distribution (holdout.h). */
#define FF_LEAST_TEMPERATURE 0.0625
#define FF_LARGEST_TEMPERATURE 32.0

/* Of finished tiles: this, or in later rounds of sweeps ff_generation_final(). Checkpoints within a
 * layer count from 1. */
#define FF_GENERATION_FINAL 0
/* There are no tiles that count. */
#define FF_NO_GENERATION UINT64_MAX

/* What a trainer does next. The values' names are part of the file format. */
enum ff_stage {
    FF_STAGE_IMPORT,  /* read the dataset into scratch; the fingerprint is not known yet */
    FF_STAGE_TRAIN,   /* train the layer; where the whole network trains at once: all of them */
    FF_STAGE_FORWARD, /* its weights are final: write its outputs */
    FF_STAGE_HEAD,    /* train the head on its outputs */
    FF_STAGE_DONE,
};

/* Sums over the rows of an epoch so far. */
struct ff_sums {
    double rows; /* samples */
    double loss; /* mean loss of a batch times its rows */
    double goodness_pos, goodness_neg;
    double wrong; /* pairs with G_neg >= G_pos; head: rows misclassified */
};

struct ff_progress_mark {
    enum ff_stage stage;
    uint32_t layer;       /* from 1; 1 as long as the whole network trains at once */
    uint32_t round;       /* of sweeps over all layers, from 0 */
    uint32_t epoch;       /* epochs done in this stage, and of a layer in the rounds before */
    uint64_t batch;       /* batches done in the epoch under way */
    uint64_t generation;  /* of the tiles of the checkpoint within this stage; 0: none yet */
    uint64_t checkpoints; /* written so far; the next one's generation is one more */
    struct ff_sums sums;  /* of the epoch under way */
    bool compacted;       /* the file has been rewritten since all was done */
};

/* The range of layers whose goodness is summed, as chosen on held-out rows. */
struct ff_range_choice {
    uint32_t first, last; /* 0: not chosen */
    double error;         /* on the held-out rows */
    double temperature;
};

struct ff_manifest {
    struct ff_recipe recipe;
    char *program, *blas, *lmdb, *zstd; /* versions that wrote it */
    char *data_path, *data_labels; /* absolute, where the data was read last; labels may be NULL */
    char fingerprint[FF_HASH_BYTES]; /* "" until imported */
    struct ff_data_files files;      /* that it was found in; none: a model of an earlier version */
    uint64_t samples;
    uint64_t all_samples; /* of the dataset, of which SAMPLES are drawn (data/dataset.h); 0: a model
                             of an earlier version, which takes the first ones */
    uint32_t features, classes;
    bool is_float;
    struct ff_image image;
    struct ff_progress_mark mark;
    struct ff_range_choice choice; /* once all layers are trained */
};

/* Frees what the manifest owns. */
void ff_manifest_release(struct ff_manifest *manifest);
/* Copies RECIPE (its layers too) into the manifest. */
FF_CHECK int ff_manifest_set_recipe(struct ff_ctx *ctx, struct ff_manifest *manifest,
                                    const struct ff_recipe *recipe);
/* The manifest as JSON text, its keys sorted: the same text whatever the order of the tables it
 * comes from, for scratch is sealed with a hash of it (train/run.c); *TEXT is malloc'd, the caller
 * frees it. */
FF_CHECK int ff_manifest_write(struct ff_ctx *ctx, const struct ff_manifest *manifest, char **text);
/* Parses and checks TEXT, found in the file PATH. FF_ECORRUPT, FF_EFORMAT (another version). */
FF_CHECK int ff_manifest_read(struct ff_ctx *ctx, const char *path, const char *text,
                              struct ff_manifest *out);
/* True if a trainer can have left it; its recipe is complete, and right. manifest_check.c */
bool ff_manifest_is_sane(const struct ff_manifest *manifest);
/* Reads the manifest of FILE, within the snapshot of reads, which the caller ends. On error nothing
 * is left to release. */
FF_CHECK int ff_manifest_load(struct ff_ctx *ctx, struct ff_model_file *file,
                              struct ff_manifest *out);
/* Reads again, within the snapshot, what training changes: mark, choice, fingerprint and files.
 * Pointers into MANIFEST stay valid. */
FF_CHECK int ff_manifest_reload(struct ff_ctx *ctx, struct ff_model_file *file,
                                struct ff_manifest *manifest);

/* What follows from the recipe and the data (manifest_facts.c). */

/* Classes that rows can be stored under: each takes as much scratch as a stream of its own. */
#define FF_MAX_GATHERED_CLASSES 64u
/* Labels that a row meets in a step of a label-conditioned layer, the true one among them. */
uint32_t ff_manifest_labels_met(const struct ff_manifest *manifest);
/* How its rows are cut, and which of them are held out. */
struct ff_geometry ff_manifest_geometry(const struct ff_manifest *manifest);
/* The choice as others see it. */
struct ff_layer_choice ff_manifest_choice(const struct ff_manifest *manifest);
uint64_t ff_manifest_held_out(const struct ff_manifest *manifest);
/* How labels enter the inputs of layer 1; without classes where they do not. */
struct ff_embedding ff_manifest_embedding(const struct ff_manifest *manifest);
/* Inputs of layer LAYER (from 1): columns of boundary LAYER - 1. */
uint32_t ff_manifest_fan_in(const struct ff_manifest *manifest, uint32_t layer);
/* Weights and biases of the whole network, heads included, for INPUTS inputs of layer 1. */
uint64_t ff_recipe_parameters(const struct ff_recipe *recipe, uint32_t inputs, uint32_t classes);

/* What the mark says (manifest_mark.c). */

/* Epochs of a layer that are done when ROUND begins. */
uint32_t ff_recipe_round_begins(const struct ff_recipe *recipe, uint32_t round);
/* The generation of the weights of a layer that was finished in ROUND. */
uint64_t ff_generation_final(uint32_t round);
/* True in the last round over all layers, in which heads are trained. */
bool ff_manifest_last_round(const struct ff_manifest *manifest);
/* Layers whose weights are final, in this round. */
uint32_t ff_manifest_layers_trained(const struct ff_manifest *manifest);
/* Layers that were finished in this round or an earlier one: from the second round on all. */
uint32_t ff_manifest_layers_stored(const struct ff_manifest *manifest);
/* Layers whose head is final, counted from the first layer: heads of first_head .. this one are
 * there. */
uint32_t ff_manifest_heads_trained(const struct ff_manifest *manifest);
/*
 * The generation that counts of LAYER's tiles of KIND ('W', 'H', or their state 'O', 'Q'): as
 * finished in this round, as of the last checkpoint where they learn, or as the round before left
 * them, which is what they learn from. FF_NO_GENERATION: none; what learns is yet to be seeded.
 */
uint64_t ff_manifest_generation(const struct ff_manifest *manifest, char kind, uint32_t layer);
/* Moves the mark to the stage after the present one. */
void ff_manifest_advance(struct ff_manifest *manifest);

#endif
