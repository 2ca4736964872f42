/*
 * The recipe: everything that decides which weights come out, together with the data. It is stored
 * in the model's manifest; same recipe, same data, same seed: the same weights, bit for bit.
 */
#ifndef FFTOOL_RECIPE_H
#define FFTOOL_RECIPE_H

#include <fftool/context.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FF_MAX_LAYERS 100000u
#define FF_MAX_UNITS (1u << 20)
#define FF_MAX_EPOCHS 1000000u
#define FF_MAX_BATCH (1u << 24)
#define FF_MAX_NEGATIVE_SETS 64u
#define FF_MAX_LABEL_SAMPLES 128u
#define FF_MAX_JITTER 64u
#define FF_MAX_AUGMENT_COPIES 64u

/* A count that is left to the recipe of that name. */
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
 * Fills OUT with defaults. What belongs to the mode, the recipe of a name, the loss or the
 * optimizer is left unset until ff_recipe_complete(): names NULL, numbers NAN, counts FF_UNSET. No
 * layers yet.
 */
void ff_recipe_init(struct ff_recipe *out);
/* Frees what the recipe owns. */
void ff_recipe_release(struct ff_recipe *recipe);
/*
 * Reads layers such as "2000x4" (four layers of 2000), "1000,500,200" or "1000x2,500" into RECIPE.
 * FF_EINVAL with the part that is not understood.
 */
FF_CHECK int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe);
/* Sets what is unset, then checks every field. FF_EINVAL names the first bad one. */
FF_CHECK int ff_recipe_complete(struct ff_ctx *ctx, struct ff_recipe *recipe);
/* True if the field at OFFSET is of use in RECIPE, which is complete: in its mode, with its loss
 * and its other fields. */
bool ff_recipe_uses(const struct ff_recipe *recipe, size_t offset);
/*
 * For one recipe that serves to compare N MODES, the recipe's own among them: sets the fields that
 * are of no use in its own, but are in another, to their defaults. What is of use in none is left
 * for ff_recipe_complete() to refuse. The modes must be known.
 */
void ff_recipe_drop_unused(struct ff_recipe *recipe, const char *const *modes, size_t n);

/* A recipe by name. Of DEFAULTS count the fields that a recipe decides, and NAN leaves a number to
 * the loss. */
struct ff_recipe_entry {
    const char *name;
    const char *summary;
    const char *reaches; /* test error as measured */
    struct ff_recipe defaults;
};
/* The table; *COUNT rows. */
const struct ff_recipe_entry *ff_recipes(size_t *count);

/* The choices of a named field, for help and error messages. */
struct ff_recipe_choice {
    const char *name;
    const char *summary;
};
/* Returns the choices of FIELD ("mode", "recipe", "loss", "optimizer", "schedule",
 * "label_embedding", "activations", "negatives", "pass_on"), ended by a NULL name; NULL for no such
 * field. Valid until the next call on the same thread; the strings live for ever. */
const struct ff_recipe_choice *ff_recipe_choices(const char *field);

enum ff_field_type {
    FF_FIELD_CHOICE, /* const char *: a name out of ff_recipe_choices() */
    FF_FIELD_COUNT,  /* uint32_t */
    FF_FIELD_SEED,   /* uint64_t */
    FF_FIELD_REAL,   /* double */
};

enum ff_field_group { FF_GROUP_MODE, FF_GROUP_NETWORK, FF_GROUP_OPTIMIZER, FF_GROUP_HEAD };

/* Where help finds the default of a field. */
enum ff_field_default {
    FF_DEFAULT_FIXED,     /* in ff_recipe_init() */
    FF_DEFAULT_BY_CHOICE, /* it depends on mode, recipe or optimizer: taken from a completed recipe
                           */
    FF_DEFAULT_IN_HELP,   /* the help text states it */
};

/* A field of a recipe, beside its layers. The strings live for ever. */
struct ff_recipe_field {
    const char *name;     /* in JSON: "label_smoothing" */
    const char *option;   /* of the program: "label-smoothing" */
    const char *argument; /* what help calls its value: "X" */
    const char *help;
    enum ff_field_group group;
    enum ff_field_type type;
    size_t offset;     /* of the member */
    double low, high;  /* of counts and reals */
    bool decides_size; /* memory, disk or time depend on it */
    enum ff_field_default default_is;
};
/* Field I, from 0, in the order of help; NULL: there are fewer. */
const struct ff_recipe_field *ff_recipe_field(size_t i);

#ifdef __cplusplus
}
#endif
#endif
