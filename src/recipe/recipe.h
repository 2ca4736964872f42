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
    uint32_t *hidden; /* units of each layer, first to last; owned by the recipe */
    uint32_t layers;  /* number of layers, 1 .. FF_MAX_LAYERS */
    /* A member for each field, of the type of its values. */
#define FF_CHOICE const char *
#define FF_COUNT uint32_t
#define FF_SEED uint64_t
#define FF_REAL double
#define FF_FIELD(kind, member, ...) FF_##kind member;
#include "recipe/field_rows.h"
#undef FF_FIELD
#undef FF_CHOICE
#undef FF_COUNT
#undef FF_SEED
#undef FF_REAL
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
/* Makes OUT, which owns nothing, a copy of RECIPE completed for SAMPLES samples (0: for many, as by
 * ff_recipe_complete()); ff_recipe_release() releases it. Fails as ff_recipe_complete() does; OUT
 * then owns nothing. */
FF_CHECK int ff_recipe_completed(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 uint64_t samples, struct ff_recipe *out);
/* Fails as ff_recipe_completed() would with any number of samples. */
FF_CHECK int ff_recipe_check(struct ff_ctx *ctx, const struct ff_recipe *recipe);
/*
 * Reads layers such as "2000x4" (four layers of 2000), "1000,500,200" or "1000x2,500" into RECIPE.
 * On FF_EINVAL the message quotes what is invalid, and RECIPE has no layers.
 */
FF_CHECK int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe);
/* Appends layers instead; some may have been appended on error. */
FF_CHECK int ff_recipe_add_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe);
/* FF_EINVAL unless a layer can have UNITS units. */
FF_CHECK int ff_recipe_check_units(struct ff_ctx *ctx, uint64_t units);

#endif
