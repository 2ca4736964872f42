/*
 * The fields of a recipe: one table (field_rows.h) describes each, and all code that writes, reads,
 * checks or compares recipes walks it. Only the hidden layers are not in it, because they are a
 * list.
 */
#ifndef FF_RECIPE_FIELD_H
#define FF_RECIPE_FIELD_H

#include "recipe/recipe.h"

/* What a field needs of the recipe to have an effect. */
enum ff_condition {
    FF_ALWAYS,
    FF_IF_FORWARD,    /* layers train with Forward-Forward */
    FF_IF_STREAMS,    /* layers train one after another, on stored activations */
    FF_IF_FULL,       /* Forward-Forward, all layers at once */
    FF_IF_BACKPROP,   /* the network trains by backpropagation */
    FF_IF_NATIVE,     /* the mode supports the recipe's kind of layers */
    FF_IF_LABELS,     /* labels condition the layers */
    FF_IF_PAIRS,      /* layers learn from positive and negative rows */
    FF_IF_LABELLED,   /* layers are trained with labels */
    FF_IF_UNLABELLED, /* embedding or negatives are for layers trained without labels */
    FF_IF_DRAWN_ONCE, /* negatives are drawn before training */
    FF_IF_HOLDS_OUT,  /* held-out samples choose the layers whose goodness is summed */
    FF_IF_VALIDATION, /* samples are held out */
    FF_IF_ONE_SWEEP,  /* there is one sweep over the layers */
    FF_IF_THRESHOLD,  /* the loss has a threshold */
    FF_IF_SHIFTS,     /* images are shifted, or characters left out, at random */
    FF_IF_HEAD,       /* the network has a linear head */
    FF_IF_CLASSIFIES, /* labels condition the layers, or the network has a linear head */
    FF_IF_MOMENTUM,   /* the optimizer has momentum */
    FF_IF_MOMENTS,    /* the optimizer keeps first and second moments */
    FF_CONDITIONS
};

#define FF_FIELD_NEEDS 4

struct ff_field {
    struct ff_recipe_field info;
    size_t offset;                                   /* of the member of struct ff_recipe */
    const struct ff_recipe_choice *(*choices)(void); /* choices.h; of a field that is a name */
    const char *initial;                             /* value in a new recipe; NULL: unset */
    int since; /* version of the manifest from which on models have it; before: INITIAL */
    enum ff_condition
        needs[FF_FIELD_NEEDS]; /* to have an effect; messages name the first that does not hold */
};

#define FF_MAX_FIELDS 64 /* upper bound on their number */

/* The table; *COUNT rows, in the order of help. */
const struct ff_field *ff_fields(size_t *count);

#define FF_FIELD_WORDS_BYTES 32
/* The name of FIELD in words, for messages: "label smoothing". Returns TEXT. */
const char *ff_field_words(const struct ff_field *field, char text[FF_FIELD_WORDS_BYTES]);
/* The field of that name; NULL: there is none. */
const struct ff_field *ff_field_find(const char *name);
/* The key of FIELD in model files. */
const char *ff_field_key(const struct ff_field *field);
/* True if FIELD of RECIPE is unset (NULL, FF_UNSET or NAN): its default depends on other fields. */
bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe);
/* True if FIELD, set in both, is the same in A and B. */
bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b);
void ff_field_copy(const struct ff_field *field, struct ff_recipe *to,
                   const struct ff_recipe *from);
/* The value of FIELD, a count or a real number but not the seed. */
double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe);
/* Pointer to the member of RECIPE that holds FIELD. */
const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe);

/* ---- field_value.c ---- */

/* Sets FIELD to its initial value. */
void ff_field_init(const struct ff_field *field, struct ff_recipe *recipe);
/* Parses TEXT and sets FIELD. On FF_EINVAL the message names the allowed values and RECIPE is
 * unchanged. */
FF_CHECK int ff_field_read(struct ff_ctx *ctx, const struct ff_field *field, const char *text,
                           struct ff_recipe *recipe);
/* FF_EINVAL unless FIELD of RECIPE is within its range or one of its choices. A valid name is
 * replaced by the table's string, which lives as long as the program. */
FF_CHECK int ff_field_settle(struct ff_ctx *ctx, const struct ff_field *field,
                             struct ff_recipe *recipe);
/* FF_EINVAL unless LOW <= VALUE <= HIGH. NAME is the value's name in the message. */
FF_CHECK int ff_field_check_number(struct ff_ctx *ctx, const char *name, double value, double low,
                                   double high);

#endif
