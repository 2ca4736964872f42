/*
 * The recipe's members. The command line and other programs see a recipe through
 * <fftool/recipe.h> only: by the names of its fields.
 */
#ifndef FF_RECIPE_RECIPE_H
#define FF_RECIPE_RECIPE_H

#include <fftool/recipe.h>

#define FF_MAX_NEGATIVE_SETS 64u
#define FF_MAX_LABEL_SAMPLES 128u
#define FF_MAX_JITTER 64u
#define FF_MAX_AUGMENT_COPIES 64u

/* A count that is unset. An unset name is NULL, an unset real number NAN. */
#define FF_UNSET UINT32_MAX

struct ff_recipe {
    uint32_t *hidden;        /* units of each layer, first to last; owned by the recipe */
    uint32_t layers;         /* number of layers, 1 .. FF_MAX_LAYERS */
    const char *mode;        /* how the network is trained: "ff-stream", "ff-full", "bp", ... */
    const char *recipe;      /* whose defaults hold: "conditioned", "classic", "symba" or
                                "unsupervised"; unset: the first one with LOSS, else the mode's */
    const char *loss;        /* "softmax" (label-conditioned layers), "logistic" or "symba" */
    const char *optimizer;   /* "adam" or "sgd" */
    const char *schedule;    /* of the learning rate within a layer: "linear", "constant", ... */
    const char *embedding;   /* of the label into the input: "replace", "append" or "none" */
    const char *activations; /* type of stored activations: "f32", "bf16", "u8" */
    const char
        *negatives;      /* wrong labels, "random" or "hard"; or, without labels, "hybrid" images */
    const char *pass_on; /* softmax: the outputs that the next layer gets: "label-free", "mean" or
                            "posterior" */
    uint32_t epochs;     /* 1 and more; with ff-stream per layer */
    uint32_t sweeps;     /* ff-stream: rounds over all layers that the epochs are divided among;
                            1: one layer is finished before the next */
    uint32_t batch;      /* samples per step */
    uint32_t negative_sets; /* sets of random negatives, visited in turn (K) */
    uint64_t seed;          /* 0 .. 2^63 - 1 */
    double learning_rate;
    double weight_decay;          /* decoupled; not on biases */
    double momentum;              /* sgd */
    double beta1, beta2, epsilon; /* adam */
    double goodness_scale;        /* gs: the logit is gs * G */
    double threshold;             /* theta, of the logistic loss */
    double label_strength;        /* value of the label's input; s of label-conditioned layers */
    double label_smoothing;       /* ls, 0 .. 1: of the softmax loss's targets */
    uint32_t label_samples;       /* softmax: wrong labels that a row meets in a step; 0: all up to
                                     20 classes, else 19 */
    double dropout;               /* ff-stream: probability that an input of a layer is dropped */
    uint32_t jitter;         /* images are shifted by up to so many pixels, anew in each epoch */
    uint32_t augment_copies; /* softmax: stored copies of shifted images, visited in turn */
    double validation;       /* softmax, and hard negatives with ff-stream: fraction of the samples
                                that is held out of training, to choose the layers whose goodness
                                is summed */
    double peer_normalisation; /* ff-full: pull of each unit's mean activity to the layer's */
    /* Epochs of the linear softmax head on each layer from the second, or on the only one; 0: no
     * head. Where the whole network trains at once so does the head, and this is 0, as EPOCHS, or
     * unset, which stands for EPOCHS unless the recipe has no head; with bp always as EPOCHS. */
    uint32_t head_epochs;
    double head_learning_rate;
    double head_weight_decay;
};

/*
 * Fills OUT with the initial value of every field. What belongs to the mode, the recipe of a name,
 * the loss or the optimizer stays unset until ff_recipe_complete(). No layers yet.
 */
void ff_recipe_init(struct ff_recipe *out);
/* Frees what the recipe owns. */
void ff_recipe_release(struct ff_recipe *recipe);
/* Makes OUT, which owns nothing, equal to RECIPE; ff_recipe_release() releases it. FF_ENOMEM. */
FF_CHECK int ff_recipe_copy_into(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 struct ff_recipe *out);
/* Makes OUT, which owns nothing, a complete copy of RECIPE; ff_recipe_release() releases it. Fails
 * as ff_recipe_complete() does; OUT then owns nothing. */
FF_CHECK int ff_recipe_completed(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 struct ff_recipe *out);
/*
 * Reads layers such as "2000x4" (four layers of 2000), "1000,500,200" or "1000x2,500" into RECIPE.
 * FF_EINVAL with the part that is not understood; RECIPE has no layers then.
 */
FF_CHECK int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe);
/* FF_EINVAL unless a layer may have so many UNITS. */
FF_CHECK int ff_recipe_check_units(struct ff_ctx *ctx, uint64_t units);

#endif
