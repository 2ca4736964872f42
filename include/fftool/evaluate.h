/*
 * Evaluation and prediction with a trained model, one layer in memory at a time.
 *
 * - goodness: predicts the label with the largest goodness, summed over a range of layers. If
 * labels condition the layers, one pass gives the goodness of all labels; otherwise each label is
 *   embedded in turn (Hinton 2022, section 3.3). The default range is the one chosen on held-out
 *   samples, if the model was trained with some; otherwise all layers, without the first one where
 *   the label is among its inputs and there are others. Probabilities are softmax(gs G / T), where
 *   G is the mean over the range and T was fitted to the held-out samples, or is 1.
 * - head: a linear softmax head, trained with the model, on the normalised activations of all
 * layers but the first (of the first if it is the only one), under the neutral label, or without a
 * label if the recipe stores label-free inputs. A model trained by backpropagation has one on its
 * last layer, the output layer, and no goodness.
 *
 * An incomplete model is used as far as it is trained, with a warning:
 * - in the first sweep over its layers, the complete ones;
 * - in later sweeps (recipe.h) all layers: those that the sweep has finished, the one in training
 * as of its last checkpoint, and those above it as the previous sweep left them. Heads are trained
 * in the last sweep.
 *
 * Training may continue meanwhile. If it replaces weights that are still to be read, the job starts
 * again with the new ones, with a warning. After ten attempts, or once predictions were emitted, it
 * fails with FF_ELOCKED instead.
 */
#ifndef FFTOOL_EVALUATE_H
#define FFTOOL_EVALUATE_H

#include <fftool/train.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_method {
    FF_METHOD_AUTO, /* goodness; the head if layers were trained by backpropagation or without
                       labels */
    FF_METHOD_GOODNESS,
    FF_METHOD_HEAD
};

/* The last trained layer, as the bound of a range. */
#define FF_LAST_LAYER UINT32_MAX

struct ff_evaluate_opts {
    size_t size; /* sizeof(struct ff_evaluate_opts) */
    const char *model;
    struct ff_data_source data;
    bool train_split; /* of a directory, use the training samples instead of the test samples */
    enum ff_method method;
    uint32_t first_layer, last_layer; /* range of layers whose goodness is summed, from 1; 0: the
                                         default range; must be 0 if the head predicts */
    unsigned threads;                 /* 0: all that the process may use */
    const char *scratch;    /* directory for temporary files; NULL: that of the model, or the
                               temporary directory if it is read-only */
    uint64_t memory_bytes;  /* budget for the peak memory of the process (plan.h); 0: none */
    uint64_t limit_rows;    /* number of samples; ff_evaluate() draws them, always the same ones,
                               ff_predict() takes the first ones; 0: all */
    uint64_t scratch_bytes; /* approximate size of temporary files, at least that of 256 rows; 0:
                               1 GiB. Does not affect the scores */
    void (*on_progress)(void *arg, const struct ff_progress *progress); /* may be NULL */
    /* Receives the plan before the job starts; PLAN is valid during the call. May be NULL. */
    void (*on_plan)(void *arg, const struct ff_plan *plan);
    bool (*interrupted)(void *arg); /* may be NULL; true: stop with FF_EINTERRUPTED */
    void *arg;                      /* passed to the callbacks */
};

struct ff_evaluation {
    size_t size;           /* sizeof(struct ff_evaluation) */
    enum ff_method method; /* that was used: never FF_METHOD_AUTO */
    uint64_t samples;
    uint32_t classes, layers;
    uint32_t first_layer, last_layer; /* range whose goodness was summed */
    uint32_t trained_layers; /* LAYERS and those above LAST_LAYER, which are not evaluated */
    double error;            /* error rate, 0 .. 1 */
    double cross_entropy;    /* mean of -log p[label] */
    double *layer_error;     /* (layers): error rate by the goodness of one layer; NULL for the
                                head */
    double *upto_error;      /* (layers): by the goodness summed from FIRST_LAYER up to that layer;
                                NAN below FIRST_LAYER; NULL for the head */
    uint64_t *confusion;     /* (classes, classes): [true * classes + predicted] */
    char **class_names;      /* (classes): labels of the training data, in the order of the
                                       classes; NULL: they are the numbers from 0 on */
    uint64_t unseen; /* samples with labels that the training data lacks: misclassified, but not in
                        CONFUSION and CROSS_ENTROPY */
    double seconds;
    uint64_t planned_bytes; /* estimated peak memory */
    struct ff_memory memory;
    double bits_per_character; /* of a text: CROSS_ENTROPY in bits; NAN: the data is no text */
};

/* Fills OUT, of SIZE bytes, with defaults. */
void ff_evaluate_opts_init_size(struct ff_evaluate_opts *out, size_t size);
/* The same for an OUT of the size that this header gives it. */
static inline void ff_evaluate_opts_init(struct ff_evaluate_opts *out)
{
    ff_evaluate_opts_init_size(out, sizeof *out);
}
/*
 * Evaluates the model on labelled data. FF_EINVAL: no layer, or for the head no head, is trained,
 * or the model has no goodness. FF_ELOCKED: see above. FF_EMISMATCH: the data has another number of
 * features, lacks a column, or (rows of a program) has more classes. FF_EBUDGET: see ff_train().
 * RESULT must be set up with FF_INIT() or released before. The caller releases it with
 * ff_evaluate_release() after success; after a failure it is empty. It may outlive CTX.
 */
FF_CHECK int ff_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                         struct ff_evaluation *result);
/* Frees the arrays of RESULT, which is empty afterwards. */
void ff_evaluate_release(struct ff_evaluation *result);

/* The prediction of one sample. */
struct ff_prediction {
    uint64_t index; /* of the sample in the data, from 0 */
    uint32_t label; /* predicted */
    uint32_t classes;
    const float *scores;            /* (classes): summed goodness, or logits of the head */
    const float *probabilities;     /* (classes) */
    const char *const *class_names; /* (classes): as in struct ff_evaluation */
    const char *id;                 /* the sample's value in the column that names the rows
                                       (id_column of struct ff_data_source), or the path of an image
                                       file within its directory; NULL: there is none */
    const char *id_name;            /* name of that column, or "id"; or "file" */
};
/* Predicts data, whose labels do not count: calls EMIT for each sample, in order. PREDICTION is
 * valid during the call; a nonzero return ends the job and is returned. Sets *SAMPLES, which
 * may be NULL, to the number of samples that there are to predict; 0 if it fails before. Fails as
 * ff_evaluate() does. */
FF_CHECK int ff_predict(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                        int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
                        uint64_t *samples);

#ifdef __cplusplus
}
#endif
#endif
