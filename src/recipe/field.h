/*
 * The fields of a recipe: one table (field.c) says all that there is to say of each, and what
 * writes a recipe, reads it, checks it or compares it walks that table. The hidden layers alone are
 * not in it: they are a list. A new field is a member of struct ff_recipe, a row, and the code that
 * uses it.
 */
#ifndef FF_RECIPE_FIELD_H
#define FF_RECIPE_FIELD_H

#include "recipe/recipe.h"

/* What a recipe must be like for some field to be of use. */
enum ff_condition {
    FF_ALWAYS,
    FF_IF_FORWARD,    /* layers learn by Forward-Forward */
    FF_IF_STREAMS,    /* layers train one after another, on stored activations */
    FF_IF_FULL,       /* Forward-Forward in a network that trains all at once */
    FF_IF_NATIVE,     /* the mode trains layers the way that the recipe wants them */
    FF_IF_LABELS,     /* labels condition the layers */
    FF_IF_PAIRS,      /* layers learn from positive and negative rows */
    FF_IF_LABELLED,   /* labels take part in training layers */
    FF_IF_UNLABELLED, /* the embedding or the negatives are those of layers that learn without
                         labels */
    FF_IF_DRAWN_ONCE, /* negatives are drawn before training */
    FF_IF_HOLDS_OUT,  /* held-out rows choose the layers that evaluation sums up */
    FF_IF_THRESHOLD,  /* the loss has a threshold */
    FF_IF_SHIFTS,     /* images are shifted */
    FF_IF_HEAD,       /* there is a head beside the layers */
    FF_IF_MOMENTUM,   /* the optimizer has one */
    FF_IF_MOMENTS,    /* the optimizer keeps two */
    FF_CONDITIONS
};

#define FF_FIELD_NEEDS 3

struct ff_field {
    struct ff_recipe_field info;
    size_t offset;                           /* of the member of struct ff_recipe */
    const char *initial;                     /* value in a new recipe; NULL: unset */
    const char *key;                         /* in model files; NULL: the name */
    enum ff_condition needs[FF_FIELD_NEEDS]; /* to be of use; the first lacking is the reason */
};

#define FF_MAX_FIELDS 64 /* there are fewer */

/* The table; *COUNT rows, in the order of help. */
const struct ff_field *ff_fields(size_t *count);

#define FF_FIELD_WORDS_BYTES 32
/* The name of FIELD in words, as messages have it: "label smoothing". Returns TEXT. */
const char *ff_field_words(const struct ff_field *field, char text[FF_FIELD_WORDS_BYTES]);
/* The field of that name; NULL: there is none. */
const struct ff_field *ff_field_find(const char *name);
/* Its key in model files. */
const char *ff_field_key(const struct ff_field *field);
/* True if FIELD is left to others to decide in RECIPE: NULL, FF_UNSET, NAN. */
bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe);
/* True if FIELD is the same in A and B, in which it is set. */
bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b);
void ff_field_copy(const struct ff_field *field, struct ff_recipe *to,
                   const struct ff_recipe *from);
/* A count or a real number of RECIPE; not the seed. */
double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe);
/* Where RECIPE has FIELD. */
const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe);

/* ---- field_value.c ---- */

/* Sets FIELD to its initial value. */
void ff_field_init(const struct ff_field *field, struct ff_recipe *recipe);
/* Sets FIELD to the value that TEXT stands for. FF_EINVAL with what is allowed; RECIPE is unchanged
 * then. */
FF_CHECK int ff_field_read(struct ff_ctx *ctx, const struct ff_field *field, const char *text,
                           struct ff_recipe *recipe);
/* FF_EINVAL unless FIELD of RECIPE is within its range or one of its choices. A name that is one
 * becomes the table's own, which lives as long as the program. */
FF_CHECK int ff_field_settle(struct ff_ctx *ctx, const struct ff_field *field,
                             struct ff_recipe *recipe);
/* FF_EINVAL unless LOW <= VALUE <= HIGH. NAME is what the message calls it. */
FF_CHECK int ff_field_check_number(struct ff_ctx *ctx, const char *name, double value, double low,
                                   double high);

#endif
