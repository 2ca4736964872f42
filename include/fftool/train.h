/*
 * Training: Forward-Forward out of core, one layer at a time (Hinton 2022, "The Forward-Forward
 * Algorithm"). Weights and progress live in the model file, stored activations in scratch; memory
 * holds the layer in training.
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

/* One epoch of one layer, of the whole network where it trains at once, or of the head. */
struct ff_epoch_report {
    bool head;
    uint32_t sweep; /* from 1 */
    uint32_t layer; /* 0: the whole network */
    uint32_t epoch; /* from 1, over all sweeps */
    /* What negative rows are: "labels", all the wrong ones, label-conditioned; else as in
     * ff_recipe. Backpropagation and head: NULL. Valid during the call. */
    const char *negatives;
    double loss;                       /* backpropagation and head: cross-entropy */
    double goodness_pos, goodness_neg; /* means over the epoch, label-conditioned: under the true
                                          label and under the wrong ones; backpropagation and
                                          head: NAN */
    /* Share of pairs with G_neg >= G_pos; label-conditioned: of rows whose G under a wrong label
     * that they met is >= G under the true one; backpropagation and head: of those misclassified.
     */
    double error;
    double learning_rate; /* at the end of the epoch */
    double seconds;
    double rows_per_second; /* samples per second; a sample is a positive and a negative row */
    double gflops;          /* of the matrix products, 1e9 per second */
    struct ff_memory memory;
    uint64_t scratch_bytes;
};

/*
 * A layer as a sweep leaves it, measured in its forward pass: over the rows that it learns from,
 * shifted copies where there are, without dropout. Label-conditioned and with hard negatives, ERROR
 * is the share of rows whose G under any wrong label is >= G under the true one; else of pairs.
 */
struct ff_trained_report {
    uint32_t sweep, layer, epoch;                   /* from 1; the layer's last one so far */
    const char *negatives;                          /* as in ff_epoch_report */
    double loss, goodness_pos, goodness_neg, error; /* by the layer's goodness alone */
    /* Of samples that are held out, misclassified by the goodness summed from the first layer up to
     * this one; NAN: none are held out. */
    double validation_error_upto;
    uint64_t dead_units; /* that were never active */
};

struct ff_plan;

struct ff_train_opts {
    size_t size;       /* sizeof(struct ff_train_opts) */
    const char *model; /* NAME.ff */
    struct ff_data_source data;
    const char *scratch;   /* directory for activations, kept if it exists; NULL: MODEL.scratch */
    const char *compress;  /* scratch: "none", "zstd" or "zstd:LEVEL" */
    unsigned threads;      /* 0: as many as the process may use */
    uint64_t memory_bytes; /* budget for the process's peak memory (plan.h); 0: none */
    uint64_t limit_rows;   /* draw so many samples of the dataset, the same ones for every seed; 0:
                              all */
    uint32_t micro_batch_rows; /* samples at a time; 0: chosen so that a layer's outputs take 16 MiB
                                  at most, and with a budget as it allows */
    uint32_t tile_slots;       /* of a layer's weights only so many tiles in memory at a time, the
                                  others paged to scratch; 0: all, or as a budget allows */
    double checkpoint_interval_s; /* at least so long between two checkpoints within a layer */
    bool force; /* replace an existing model, which stays until the first checkpoint of the new */
    void (*on_progress)(void *arg, const struct ff_progress *progress);    /* may be NULL */
    void (*on_epoch)(void *arg, const struct ff_epoch_report *report);     /* may be NULL */
    void (*on_trained)(void *arg, const struct ff_trained_report *report); /* may be NULL */
    /* What is going to happen, before it does; PLAN is valid during the call. May be NULL. */
    void (*on_plan)(void *arg, const struct ff_plan *plan);
    /* A new model has got its name: at once, or where it replaces one, with its first checkpoint.
     * May be NULL. */
    void (*on_published)(void *arg);
    void (*on_message)(void *arg, const char *text); /* may be NULL; what happens, in lines */
    bool (*interrupted)(
        void *arg); /* may be NULL; asked between batches; true: checkpoint and stop */
    void *arg;
};

struct ff_train_result {
    size_t size;       /* sizeof(struct ff_train_result) */
    bool was_complete; /* the model had been complete already: nothing was done */
    bool resumed;
    bool replaces; /* with force: it takes the place of an earlier model, damaged or not */
    bool saved; /* the model file holds this training, and ff_train_resume() goes on with it; filled
                   on every failure, too */
    uint64_t samples;
    uint64_t held_out_samples; /* of these: no layer has learned from them */
    uint32_t layers;
    uint64_t parameters;
    struct ff_layer_choice choice; /* as ff_model_info has it */
    /* Trained layers whose units were watched, all but where the whole network trains at once;
     * their units that were never active, and layers that have no others. */
    uint32_t watched_layers;
    uint64_t dead_units;
    uint32_t dead_layers;
    double seconds;
    double train_seconds; /* in epochs alone */
    double gflops;        /* mean over the epochs of this run */
    uint64_t scratch_peak_bytes;
    uint64_t bytes_written; /* by this run, to scratch and to the model */
    uint64_t planned_bytes; /* peak memory as the plan had it */
    struct ff_memory memory;
};

/* Fills OUT, of SIZE bytes, with defaults: 10 s between checkpoints, no compression. */
void ff_train_opts_init_size(struct ff_train_opts *out, size_t size);
/* The same for an OUT of the size that this header gives it. */
static inline void ff_train_opts_init(struct ff_train_opts *out)
{
    ff_train_opts_init_size(out, sizeof *out);
}
/* What ff_recipe_drop_unused() does for a recipe, for the options of a training in MODE. */
void ff_train_opts_drop_unused(struct ff_train_opts *opts, const char *mode,
                               const char *const *modes, size_t n);

/*
 * Trains the network of RECIPE, of which a copy is completed, on the data, into the model file. If
 * the file exists with the same recipe and data, goes on from its last checkpoint; with others,
 * FF_EMISMATCH names what differs (unless force), also files of the data that have changed.
 * Interrupted on request: FF_EINTERRUPTED, everything saved, if RESULT says so. A new model is made
 * as MODEL.partial. FF_EBUDGET: it cannot be done within memory_bytes; nothing was made or changed,
 * and the message tells the smallest budget that would do (ff_plan_train() in plan.h). Also:
 * FF_ELOCKED (in training already), FF_EFULL (disk full; the last checkpoint stays valid),
 * FF_ENUMERIC (diverged), FF_EREPLACED (the model was deleted, renamed or replaced meanwhile;
 * nothing is written to the file that is there now), and the errors of datasets and files. RESULT
 * is filled also on FF_EINTERRUPTED.
 */
FF_CHECK int ff_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                      const struct ff_train_opts *opts, struct ff_train_result *result);
/*
 * Goes on with a model from its own recipe and data paths. In OPTS data may be all NULL (as
 * recorded, where it was a path); limit_rows is ignored.
 */
FF_CHECK int ff_train_resume(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                             struct ff_train_result *result);
/* Checks PATH, a file such as a log that the caller writes during a training with OPTS. FF_EINVAL
 * if the training uses it: the model, MODEL.partial, the scratch directory, or the name of a
 * scratch file there. Symbolic links are followed, dangling ones too. */
FF_CHECK int ff_train_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                   const char *path);
/*
 * Reads the samples that a training with OPTS learns from (data, limit_rows; on_progress and
 * interrupted are called), and gives their fingerprint, which its model will have as
 * ff_model_info.data_fingerprint.
 */
FF_CHECK int ff_train_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                  char out[33]);

#ifdef __cplusplus
}
#endif
#endif
