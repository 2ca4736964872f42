/*
 * The members of a recipe. The command line and other programs access them only by field name,
 * through <fftool/recipe.h>.
 */
#ifndef FF_RECIPE_RECIPE_H
#define FF_RECIPE_RECIPE_H

#include <fftool/recipe.h>

#define FF_MAX_NEGATIVE_SETS 64u
#define FF_MAX_LABEL_SAMPLES 128u
#define FF_MAX_JITTER 64u
#define FF_MAX_AUGMENT_COPIES 64u

/* An unset count. An unset name is NULL, an unset real number NAN. */
#define FF_UNSET UINT32_MAX

struct ff_recipe {
    uint32_t *hidden;   /* units of each layer, first to last; owned by the recipe */
    uint32_t layers;    /* number of layers, 1 .. FF_MAX_LAYERS */
    const char *mode;   /* how the network is trained: "ff-stream", "ff-full", "bp", ... */
    const char *recipe; /* preset: "conditioned", "classic", "symba" or "unsupervised"; unset: the
                           first with LOSS, else the mode's */
    const char *loss;   /* "softmax" (label-conditioned layers), "logistic" or "symba" */
    const char *optimizer;   /* "adam" or "sgd" */
    const char *schedule;    /* learning rate over a layer's epochs: "linear", "constant", ... */
    const char *embedding;   /* label embedding in the input: "replace", "append" or "none" */
    const char *activations; /* data type of stored activations: "f32", "bf16", "u8" */
    const char
        *negatives;      /* wrong labels, "random" or "hard"; or, without labels, "hybrid" images */
    const char *pass_on; /* softmax: outputs passed to the next layer: "label-free", "mean" or
                            "posterior" */
    uint32_t epochs;     /* at least 1; with ff-stream per layer */
    uint32_t sweeps; /* ff-stream: sweeps over all layers, among which the epochs are divided; 1:
                        each layer completes before the next */
    uint32_t batch;  /* samples per step */
    uint32_t negative_sets; /* sets of random negatives, used in turn (K) */
    uint64_t seed;          /* 0 .. 2^63 - 1 */
    double learning_rate;
    double weight_decay;          /* decoupled; not on biases */
    double momentum;              /* sgd */
    double beta1, beta2, epsilon; /* adam */
    double goodness_scale;        /* gs: the logit is gs * G */
    double threshold;             /* theta, of the logistic loss */
    double label_strength;  /* value of the input of the label; s of label-conditioned layers */
    double label_smoothing; /* ls, 0 .. 1: smoothing of the softmax loss's targets */
    uint32_t label_samples; /* softmax: wrong labels per sample and step; 0: all for up to 20
                               classes, else 19 */
    double dropout;         /* ff-stream: probability that an input of a layer is dropped */
    uint32_t jitter; /* random shifts of images by up to JITTER pixels, redrawn in each epoch */
    uint32_t augment_copies; /* softmax: stored copies of shifted images, used in turn */
    double validation; /* softmax, and hard negatives with ff-stream: fraction of held-out samples,
                          which choose the layers whose goodness is summed */
    double peer_normalisation; /* ff-full: strength of the pull of each unit's mean activity to its
                                  layer's */
    /* Epochs of the linear softmax head on each layer from the second, or on the only one; 0: no
     * head. Where the whole network trains at once, the head trains with it: the value is then 0 or
     * EPOCHS, and if unset, EPOCHS unless the preset has no head. With bp it is always EPOCHS. */
    uint32_t head_epochs;
    double head_learning_rate;
    double head_weight_decay;
};

/*
 * Sets every field of OUT to its initial value. Fields whose defaults depend on the mode, the
 * preset, the loss or the optimizer stay unset until ff_recipe_complete(). OUT has no layers.
 */
void ff_recipe_init(struct ff_recipe *out);
/* Frees what the recipe owns. */
void ff_recipe_release(struct ff_recipe *recipe);
/* Makes OUT, which owns nothing, equal to RECIPE; ff_recipe_release() releases it. FF_ENOMEM. */
FF_CHECK int ff_recipe_copy_into(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 struct ff_recipe *out);
/* Makes OUT, which owns nothing, a completed copy of RECIPE; ff_recipe_release() releases it. Fails
 * as ff_recipe_complete() does; OUT then owns nothing. */
FF_CHECK int ff_recipe_completed(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 struct ff_recipe *out);
/*
 * Reads layers such as "2000x4" (four layers of 2000), "1000,500,200" or "1000x2,500" into RECIPE.
 * On FF_EINVAL the message quotes what is invalid, and RECIPE has no layers.
 */
FF_CHECK int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe);
/* FF_EINVAL unless a layer can have UNITS units. */
FF_CHECK int ff_recipe_check_units(struct ff_ctx *ctx, uint64_t units);

#endif
