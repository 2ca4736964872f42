/*
 * The recipe: everything that decides the weights, together with the data. It is stored in the
 * model; the same recipe, data and seed give the same weights, bit for bit.
 *
 * A recipe is a list of hidden layers and a set of named fields (ff_recipe_field() lists them):
 *
 *     ff_recipe_new(ctx, &recipe);
 *     ff_recipe_set(ctx, recipe, "hidden", "2000x4");
 *     ff_recipe_set(ctx, recipe, "epochs", "10");
 *     ff_train(ctx, recipe, &opts, &result);
 *     ff_recipe_free(recipe);
 *
 * Fields that nobody sets get their values from the mode, the preset ("recipe"), the loss, the
 * optimizer and the number of samples: ff_train() and ff_plan_train() complete a copy,
 * ff_recipe_complete() does it in place, as for many samples.
 * A recipe completed in place keeps the values that it got, as if they had been set. So set fields
 * first and complete it last, or complete a copy. The recipe of a model (model.h) is complete.
 *
 * A recipe belongs to no context: one context may create it and another use it. Reading one recipe
 * from several threads is safe; changing it while another thread uses it is not.
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
#define FF_FEW_STEPS \
    200u /* a layer that takes fewer may learn little; epochs that nobody sets suffice */

struct ff_recipe;

/* Creates a recipe without layers, its fields at their initial values. The caller frees it with
 * ff_recipe_free(). FF_ENOMEM. */
FF_CHECK int ff_recipe_new(struct ff_ctx *ctx, struct ff_recipe **out);
/* Creates a copy of RECIPE, which the caller frees with ff_recipe_free(). FF_ENOMEM. */
FF_CHECK int ff_recipe_copy(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                            struct ff_recipe **out);
/* Frees RECIPE, which may be NULL. */
void ff_recipe_free(struct ff_recipe *recipe);

/*
 * Sets a field from text: a name out of ff_recipe_choices(), a whole number or a real number with a
 * decimal point. "hidden" sets the layers, first to last: "2000x4" (four layers of 2000 units),
 * "1000,500,200" or "1000x2,500". VALUE NULL restores the initial value. FF_EINVAL if there is no
 * such field or the value is not allowed; the message names the field and what is allowed, and
 * RECIPE is unchanged. VALUE is not kept.
 */
FF_CHECK int ff_recipe_set(struct ff_ctx *ctx, struct ff_recipe *recipe, const char *field,
                           const char *value);
/* Sets what is unset, then checks every field and that they go together. FF_EINVAL names the first
 * bad one. A complete recipe stays as it is: if mode, preset, loss or optimizer change afterwards,
 * the earlier defaults stay, or are refused where they have no effect. */
FF_CHECK int ff_recipe_complete(struct ff_ctx *ctx, struct ff_recipe *recipe);

/* Getters. They return the value of FIELD, or the value given here if the field is unset, of
 * another type, or unknown. A name lives as long as the program. */
uint64_t ff_recipe_get_uint(const struct ff_recipe *recipe, const char *field);    /* UINT64_MAX */
double ff_recipe_get_real(const struct ff_recipe *recipe, const char *field);      /* NAN */
const char *ff_recipe_get_text(const struct ff_recipe *recipe, const char *field); /* NULL */
/* Number of hidden layers. */
uint32_t ff_recipe_layers(const struct ff_recipe *recipe);
/* Units of LAYER, from 1; 0: there is no such layer. */
uint32_t ff_recipe_units(const struct ff_recipe *recipe, uint32_t layer);
/* True if FIELD has an effect in RECIPE, which is complete: in its mode, with its loss and its
 * other fields. */
bool ff_recipe_uses(const struct ff_recipe *recipe, const char *field);
/*
 * Prepares RECIPE for a comparison of N MODES, its own among them, with the same fields: restores
 * the initial value of those that have no effect in its own mode but have one in another. Fields
 * without an effect in any mode are left for ff_recipe_complete() to refuse. The modes must exist.
 */
void ff_recipe_drop_unused(struct ff_recipe *recipe, const char *const *modes, size_t n);

/* A preset: a recipe by name. */
struct ff_recipe_entry {
    const char *name;
    const char *summary;
    const char *reaches; /* measured test error */
    /* Values of the fields that a preset decides (by_recipe); the others mean nothing. */
    const struct ff_recipe *defaults;
};
/* Returns all presets, *COUNT of them. */
const struct ff_recipe_entry *ff_recipes(size_t *count);

/* A name that a field accepts. */
struct ff_recipe_choice {
    const char *name;
    const char *summary;
};
/* Returns the names that FIELD accepts, ended by a NULL name; NULL: it is no field of that type.
 * The array is valid until the next call in the same thread, the strings as long as the program. */
const struct ff_recipe_choice *ff_recipe_choices(const char *field);

enum ff_field_type {
    FF_FIELD_CHOICE, /* a name out of ff_recipe_choices(): ff_recipe_get_text() */
    FF_FIELD_COUNT,  /* 32 bits: ff_recipe_get_uint() */
    FF_FIELD_SEED,   /* 63 bits: ff_recipe_get_uint() */
    FF_FIELD_REAL    /* ff_recipe_get_real() */
};

enum ff_field_group { FF_GROUP_MODE, FF_GROUP_NETWORK, FF_GROUP_OPTIMIZER, FF_GROUP_HEAD };

/* Where help finds the default of a field. */
enum ff_field_default {
    FF_DEFAULT_FIXED,     /* that of a new recipe */
    FF_DEFAULT_BY_CHOICE, /* depends on mode, preset or optimizer: that of a completed recipe */
    FF_DEFAULT_IN_HELP    /* stated in HELP */
};

/* A field of a recipe. The strings live as long as the program. */
struct ff_recipe_field {
    const char *name;     /* as in ff_recipe_set() and in JSON: "weight_decay" */
    const char *key;      /* in model files; NULL: the name */
    const char *option;   /* of the program: "weight-decay" */
    const char *argument; /* placeholder of the value in help: "X" */
    const char *help;
    enum ff_field_group group;
    enum ff_field_type type;
    double low, high;  /* of counts and reals */
    bool decides_size; /* memory, disk or time depend on it */
    bool by_recipe;    /* a preset decides it, if it is unset */
    enum ff_field_default default_is;
};
/* Returns field I, from 0, in the order of help; NULL: there are no more. */
const struct ff_recipe_field *ff_recipe_field(size_t i);

#ifdef __cplusplus
}
#endif
#endif
