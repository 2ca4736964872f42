/*
 * Training with Forward-Forward, out of core, one layer at a time (Hinton 2022, "The
 * Forward-Forward Algorithm"). Weights and progress are in the model file, stored activations in
 * scratch; memory holds the layer in training.
 */
#ifndef FFTOOL_TRAIN_H
#define FFTOOL_TRAIN_H

#include <fftool/data.h>
#include <fftool/memory.h>
#include <fftool/model.h>
#include <fftool/progress.h>
#include <fftool/recipe.h>
#include <fftool/size.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An epoch of a layer, of the whole network if all layers train at once, or of a head. */
struct ff_epoch_report {
    bool head;
    uint32_t sweep; /* from 1 */
    uint32_t layer; /* from 1; 0: the whole network */
    uint32_t epoch; /* from 1, over all sweeps */
    /* The kind of negatives: that of the recipe; "labels" if labels condition the layers, all wrong
     * ones; NULL for backpropagation and heads. Valid during the call. */
    const char *negatives;
    double loss;                       /* of backpropagation and heads: cross-entropy */
    double goodness_pos, goodness_neg; /* means over the epoch; if labels condition the layers:
                                          under the true label and under wrong ones; NAN for
                                          backpropagation and heads */
    /* Fraction of misranked pairs (G_neg >= G_pos); if labels condition the layers: of rows with G
     * under a wrong label that they met >= G under the true one; of backpropagation and heads: of
     * misclassified samples. */
    double error;
    double learning_rate; /* at the end of the epoch */
    double seconds;
    double rows_per_second; /* samples per second; a sample is a positive and a negative row */
    double gflops;          /* matrix products, 1e9 operations per second */
    struct ff_memory memory;
    uint64_t scratch_bytes;
    double validation_error; /* if layers may stop early (patience): the layer's error rate on held-
                                out samples after the epoch, by its own goodness; else NAN */
};

/*
 * A layer at the end of a sweep, measured in its forward pass over the rows that it learns from,
 * augmentation copies included, without dropout; a layer whose outputs nothing needs, on those of
 * about 10,000 samples. ERROR is the fraction of misranked pairs; if
 * labels condition the layers, or with hard negatives, of rows with G under any wrong label >= G
 * under the true one.
 */
struct ff_trained_report {
    uint32_t sweep, layer, epoch; /* from 1; EPOCH: the layer's last one so far, or the one that
                                     it keeps if layers may stop early */
    const char *negatives;        /* as in ff_epoch_report */
    double loss, goodness_pos, goodness_neg, error; /* by the layer's goodness alone */
    /* Error rate on held-out samples by the goodness summed from the first layer up to this one;
     * NAN: none are held out. */
    double validation_error_upto;
    uint64_t dead_units;
    uint32_t learned_epochs; /* epochs that it has learned for, at least EPOCH */
};

struct ff_plan;

struct ff_train_opts {
    size_t size;       /* sizeof(struct ff_train_opts) */
    const char *model; /* NAME.ff */
    struct ff_data_source data;
    const char *scratch;       /* directory for stored activations, kept if it exists; NULL:
                                  MODEL.scratch */
    const char *compress;      /* of scratch: "none" or NULL, "zstd" or "zstd:LEVEL" */
    unsigned threads;          /* 0: all that the process may use */
    uint64_t memory_bytes;     /* budget for the peak memory of the process (plan.h); 0: none */
    uint64_t limit_rows;       /* number of samples to draw, the same ones for every seed; 0: all */
    uint32_t micro_batch_rows; /* samples held at a time; 0: chosen so that a layer's outputs take
                                  at most 16 MiB, or as the budget allows */
    uint32_t tile_slots;       /* tiles of a layer's weights in memory at a time, the others are
                                  paged to scratch; 0: all, or as the budget allows */
    double checkpoint_interval_s; /* minimum time between two checkpoints within a layer */
    bool force; /* overwrite an existing model, which stays until the first checkpoint of the new
                   one */
    void (*on_progress)(void *arg, const struct ff_progress *progress);    /* may be NULL */
    void (*on_epoch)(void *arg, const struct ff_epoch_report *report);     /* may be NULL */
    void (*on_trained)(void *arg, const struct ff_trained_report *report); /* may be NULL */
    /* Receives the plan before the job starts; PLAN is valid during the call. May be NULL. */
    void (*on_plan)(void *arg, const struct ff_plan *plan);
    /* The new model has its name: at once, or with the first checkpoint if it replaces a model. May
     * be NULL. */
    void (*on_published)(void *arg);
    void (*on_message)(void *arg, const char *text); /* a log line; may be NULL */
    bool (*interrupted)(void *arg); /* asked between batches; true: save and stop; may be NULL */
    void *arg;                      /* passed to the callbacks */
    /* Receives the estimated SECONDS of an epoch of layers FIRST to LAST (from 1; 0: the whole
     * network), for all layers in ascending order, before on_plan; ff_plan_train() calls it, too.
     * May be NULL. */
    void (*on_epoch_time)(void *arg, uint32_t first, uint32_t last, double seconds);
    double gflops; /* speed of matrix products in epochs, 1e9 operations per second, for the
                      estimate of time (plan.h): that of ff_epoch_report; 0: measured, or nominal */
    /* If no speed is given, measure it with the kernels of the job: some tenths of a second, more
     * if layers are of many widths. A training measures it for on_plan only if nominal speed would
     * make it take 10 s or more, and within the accounted memory of its plan, which is free again
     * before it begins. Else, and if memory does not suffice, the speed is nominal. */
    bool measure_speed;
    bool no_disk_check; /* begin even if the plan needs more disk space than is free, as on a file
                           system that compresses; else that is FF_EFULL at the start */
    uint16_t ranks;     /* for ff_plan_train(): processes of the team; 0: those of the context */
    char reserved[4];   /* 0 */
    /* For ff_plan_train(): the link of each process of the team. */
    double bits_per_second; /* 0: 1e9, with a latency of 1e-4 s */
    double latency_s;       /* of a message */
};

struct ff_train_result {
    size_t size;       /* sizeof(struct ff_train_result) */
    bool was_complete; /* the model was complete before: nothing was done */
    bool resumed;
    bool replaces; /* with FORCE: there was a model of that name, damaged or not */
    bool saved;    /* the model file holds this training, and ff_train_resume() resumes it; set on
                      every failure, too */
    uint64_t samples;
    uint64_t held_out_samples; /* of SAMPLES, those that no layer learned from */
    uint32_t layers;
    uint64_t parameters;
    struct ff_layer_choice choice; /* as in struct ff_model_info */
    uint32_t watched_layers; /* trained layers whose dead units were counted: all, or none if the
                                whole network trains at once */
    uint64_t dead_units;     /* of these */
    uint32_t dead_layers;    /* of these, layers with dead units only */
    double seconds;
    double train_seconds; /* in epochs only */
    double gflops;        /* mean over the epochs of this run */
    uint64_t scratch_peak_bytes;
    uint64_t bytes_written; /* by this run, to scratch and to the model */
    uint64_t planned_bytes; /* estimated peak memory */
    struct ff_memory memory;
};

/* Fills OUT, of SIZE bytes, with defaults: 10 s between checkpoints, no compression. */
void ff_train_opts_init_size(struct ff_train_opts *out, size_t size);
/* The same for an OUT of the size that this header gives it. */
static inline void ff_train_opts_init(struct ff_train_opts *out)
{
    ff_train_opts_init_size(out, sizeof *out);
}
/* As ff_recipe_drop_unused() for the options of a training in MODE. */
void ff_train_opts_drop_unused(struct ff_train_opts *opts, const char *mode,
                               const char *const *modes, size_t n);

/*
 * Trains the network of RECIPE, of which a copy is completed, on the data, into the model file. If
 * the file exists with the same recipe and data, resumes from its last checkpoint; with others
 * fails with FF_EMISMATCH, which names the difference, unless FORCE is set. A new model is written
 * as MODEL.partial until it has its name.
 *
 * FF_EINTERRUPTED: stopped on request; RESULT is filled, and says whether anything was saved.
 * FF_EBUDGET: memory_bytes is too small; nothing was created or changed, and the message states the
 * smallest budget that suffices (ff_plan_train() in plan.h). FF_ELOCKED: the model is in training.
 * FF_EFULL: the disk is full; the last checkpoint stays valid. FF_ENUMERIC: training diverged.
 * FF_EREPLACED: the model was deleted, renamed or replaced meanwhile; nothing is written to the
 * file that is there now. Also the errors of data and files.
 */
FF_CHECK int ff_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                      const struct ff_train_opts *opts, struct ff_train_result *result);
/* Resumes the training of a model with its own recipe. If no data is set in OPTS, uses the paths in
 * the model, which has none of rows (data.h). limit_rows is ignored. */
FF_CHECK int ff_train_resume(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                             struct ff_train_result *result);
/* FF_EINVAL if a training with OPTS uses PATH, an output of the caller such as a log: the model,
 * MODEL.partial, the scratch directory, or the name of a scratch file in it. Symbolic links are
 * followed, dangling ones too. */
FF_CHECK int ff_train_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                   const char *path);
/* Reads the samples that a training with OPTS learns from, calling on_progress and interrupted, and
 * returns their fingerprint in OUT: data_fingerprint of struct ff_model_info. */
FF_CHECK int ff_train_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                  char out[33]);

#ifdef __cplusplus
}
#endif
#endif
