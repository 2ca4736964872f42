/* The public functions of training. They convert structures of any version to this one and back;
 * all other code uses this version's. */
#include <fftool/train.h>

#include "api/options.h"
#include "base/sized.h"
#include "recipe/recipe.h"
#include "train/place.h"
#include "train/run.h"
#include "train/same_data.h"

static int check_result(struct ff_ctx *ctx, const struct ff_train_result *result)
{
    return ff_sized_check(ctx, "ff_train_result", result, FF_UP_TO(struct ff_train_result, size));
}

/* RECIPE NULL: the model's. */
static int train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                 const struct ff_train_opts *opts, struct ff_train_result *result)
{
    struct ff_train_result own = {.size = 0};
    struct ff_own_train_opts own_opts;
    int status = check_result(ctx, result);

    if (status != FF_OK)
        return status;
    status = ff_own_train(ctx, opts, &own_opts);
    if (status == FF_OK && recipe)
        status = ff_recipe_check(ctx, recipe);
    if (status == FF_OK)
        status = ff_train_run(ctx, recipe, &own_opts.opts, &own);
    ff_sized_give(&own, sizeof own, result);
    return status;
}

int ff_train(struct ff_ctx *ctx, const struct ff_recipe *recipe, const struct ff_train_opts *opts,
             struct ff_train_result *result)
{
    return recipe
               ? train(ctx, recipe, opts, result)
               : ff_fail(ctx, FF_EINVAL, "no recipe is given; ff_train_resume() takes the model's");
}

int ff_train_resume(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                    struct ff_train_result *result)
{
    return train(ctx, NULL, opts, result);
}

int ff_train_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts, const char *path)
{
    struct ff_own_train_opts own;
    int status = ff_own_train(ctx, opts, &own);

    return status == FF_OK ? ff_place_check_output(ctx, &own.opts, path) : status;
}

int ff_train_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                         char out[FF_HASH_BYTES])
{
    struct ff_own_train_opts own;
    int status = ff_own_train(ctx, opts, &own);

    return status == FF_OK ? ff_same_data_fingerprint(ctx, &own.opts, out) : status;
}
