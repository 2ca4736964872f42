/*
 * Evaluation and prediction with a trained model: one layer in memory here too.
 *
 * - goodness: the label whose goodness, summed over a range of layers, is largest wins. Where
 * labels condition the layers one pass tells it for all labels; else each label is embedded in turn
 *   (Hinton 2022, section 3.3). The range is the one chosen on held-out samples, if the model was
 *   trained with some; else all layers, but for the first where the label is among its inputs (and
 *   there are more). Probabilities are softmax(gs G / T), G the mean over the range, and T fitted
 * to the held-out samples, else 1.
 * - head: a linear softmax head, trained with the model, on the normalised activations of all
 *   layers but the first (of the first if there is but one), under the neutral label, or without
 * one where the recipe stores label-free inputs. A model trained by backpropagation has one on its
 * last layer, the output layer, and no goodness.
 *
 * An incomplete model is used as far as it is trained, with a warning:
 * - in the first sweep over its layers, those that are complete;
 * - in later ones (recipe.h) all of them: those that the sweep has finished, the one in training as
 *   of its last checkpoint, and above it those of the sweep before. Heads come with the last sweep.
 *
 * A trainer may go on meanwhile. If it replaces weights that are still to be read, the work starts
 * over with those there are then, with a warning; after ten times, and where predictions were given
 * out, it fails with FF_ELOCKED.
 */
#ifndef FFTOOL_EVALUATE_H
#define FFTOOL_EVALUATE_H

#include <fftool/train.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_method {
    FF_METHOD_AUTO, /* what the model is trained for: goodness, or with backpropagation and without
                       labels the head */
    FF_METHOD_GOODNESS,
    FF_METHOD_HEAD
};

/* As a bound of a range of layers: the last one that is trained. */
#define FF_LAST_LAYER UINT32_MAX

struct ff_evaluate_opts {
    size_t size; /* sizeof(struct ff_evaluate_opts) */
    const char *model;
    struct ff_data_source data;
    bool train_split; /* measure on the training half of a folder */
    enum ff_method method;
    uint32_t first_layer, last_layer; /* whose goodness is summed, from 1; 0: see above, and needed
                                         where a head decides */
    unsigned threads;                 /* 0: as many as the process may use */
    const char *scratch;    /* folder for temporary files; NULL: beside the model (or the temporary
                               folder if read only) */
    uint64_t memory_bytes;  /* budget for the process's peak memory (plan.h); 0: none */
    uint64_t limit_rows;    /* ff_evaluate(): draw so many samples, always the same ones;
                               ff_predict(): take the first ones; 0: all */
    uint64_t scratch_bytes; /* temporary files take about so much, or what 256 rows take; 0:
                               1 GiB. No score depends on it */
    void (*on_progress)(void *arg, const struct ff_progress *progress);
    /* What is going to happen, before it does; PLAN is valid during the call. May be NULL. */
    void (*on_plan)(void *arg, const struct ff_plan *plan);
    bool (*interrupted)(void *arg);
    void *arg;
};

struct ff_evaluation {
    size_t size;           /* sizeof(struct ff_evaluation) */
    enum ff_method method; /* that decided: never FF_METHOD_AUTO */
    uint64_t samples;
    uint32_t classes, layers;
    uint32_t first_layer, last_layer; /* whose goodness decided */
    uint32_t trained_layers; /* LAYERS, and those above LAST_LAYER, which are not looked at */
    double error;            /* fraction of samples misclassified */
    double cross_entropy;    /* mean of -log p[label] */
    double *layer_error;     /* layers: by that layer's goodness alone; NULL for the head */
    double *upto_error;  /* layers: by goodness summed from first_layer to that one, below it NAN;
                            NULL for the head */
    uint64_t *confusion; /* classes x classes: [true * classes + predicted] */
    double seconds;
    uint64_t planned_bytes; /* peak memory as the plan had it */
    struct ff_memory memory;
};

/* Fills OUT, of SIZE bytes, with defaults. */
void ff_evaluate_opts_init_size(struct ff_evaluate_opts *out, size_t size);
/* The same for an OUT of the size that this header gives it. */
static inline void ff_evaluate_opts_init(struct ff_evaluate_opts *out)
{
    ff_evaluate_opts_init_size(out, sizeof *out);
}
/*
 * Measures MODEL on labelled data. FF_EINVAL if it has no trained layer or, by the head, no trained
 * head; also for goodness of a model that has none. FF_ELOCKED: see above,
 * and where that model is in training.
 * FF_EMISMATCH: the data has another width or more classes. FF_EBUDGET: see ff_train(). RESULT is
 * to be released by ff_evaluate_release(); its arrays may outlive CTX, whose memory they count as
 * until this returns.
 */
FF_CHECK int ff_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                         struct ff_evaluation *result);
void ff_evaluate_release(struct ff_evaluation *result);

/* One sample's prediction, in the order of the file. SCORES: one per class: goodness sum, or logits
 * of the head. */
struct ff_prediction {
    uint64_t index; /* from 0 */
    uint32_t label;
    uint32_t classes;
    const float *scores;
    const float *probabilities; /* (classes) */
};
/* As ff_evaluate() for data without labels: calls EMIT for each sample; a nonzero return ends the
 * work and is returned. */
FF_CHECK int ff_predict(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                        int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
                        uint64_t *samples);

#ifdef __cplusplus
}
#endif
#endif
