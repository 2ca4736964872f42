/*
 * The fields of a recipe: one table (field.c) says all that there is to say of each, and what
 * writes a recipe, reads it, checks it or compares it walks that table. The hidden layers alone are
 * not in it: they are a list. A new field is a member of struct ff_recipe, a row, and the code that
 * uses it.
 */
#ifndef FF_RECIPE_FIELD_H
#define FF_RECIPE_FIELD_H

#include <fftool/recipe.h>

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
    const char *key;                         /* in model files; NULL: the name */
    enum ff_condition needs[FF_FIELD_NEEDS]; /* to be of use; the first lacking is the reason */
    bool by_recipe; /* the recipe of a name decides it, if it is unset (recipe_table.c) */
};

#define FF_MAX_FIELDS 64 /* there are fewer */

/* The table; *COUNT rows, in the order of help. */
const struct ff_field *ff_fields(size_t *count);

#define FF_FIELD_WORDS_BYTES 32
/* The name of FIELD in words, as messages have it: "label smoothing". Returns TEXT. */
const char *ff_field_words(const struct ff_field *field, char text[FF_FIELD_WORDS_BYTES]);
/* Its key in model files. */
const char *ff_field_key(const struct ff_field *field);
/* True if FIELD is left to others to decide in RECIPE: NULL, FF_UNSET, NAN. */
bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe);
/* True if FIELD is the same in A and B, in which it is set. */
bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b);
void ff_field_copy(const struct ff_field *field, struct ff_recipe *to,
                   const struct ff_recipe *from);
/* A number of RECIPE, other than the seed. */
double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe);
/* Where RECIPE has FIELD. */
const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe);

#endif
