/* Completing a recipe: sets the fields that are unset and checks all. */
#include "recipe/recipe.h"

#include "base/context.h"
#include "nn/optimizer.h"
#include "recipe/field.h"
#include "recipe/kind.h"
#include "recipe/mode.h"
#include "recipe/recipe_table.h"
#include "recipe/recipe_use.h"
#include "recipe/sizes.h"

#include <math.h>
#include <string.h>

int ff_recipe_check_units(struct ff_ctx *ctx, uint64_t units)
{
    if (units >= 1 && units <= FF_MAX_UNITS)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "hidden layers: %llu units: must be 1 to %u",
                   (unsigned long long)units, FF_MAX_UNITS);
}

static int check_hidden(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    int status = FF_OK;

    if (recipe->layers == 0)
        return ff_fail(ctx, FF_EINVAL, "no hidden layers: give them as in 2000x4 or 1000,500,200");
    if (recipe->layers > FF_MAX_LAYERS)
        return ff_fail(ctx, FF_EINVAL, "%u hidden layers: must be 1 to %u", recipe->layers,
                       FF_MAX_LAYERS);
    for (uint32_t i = 0; i < recipe->layers && status == FF_OK; i++)
        status = ff_recipe_check_units(ctx, recipe->hidden[i]);
    return status;
}

/* Where the whole network trains at once, its head or output layer trains with it. Epochs other
 * than ENTRY's are kept: check_given_head() or ff_recipe_check_use() refuses them. */
static void settle_output_layer(struct ff_recipe *recipe, const struct ff_recipe_entry *entry)
{
    bool by_default = recipe->head_epochs == entry->defaults->head_epochs;

    if (ff_recipe_trains_at_once(recipe) && by_default && recipe->head_epochs > 0)
        recipe->head_epochs = recipe->epochs;
}

/* Checks the fields that are names (NAMES) or those that are numbers. */
static int settle_fields(struct ff_ctx *ctx, struct ff_recipe *recipe, bool names)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if ((fields[i].info.type == FF_FIELD_CHOICE) == names)
            status = ff_field_settle(ctx, &fields[i], recipe);
    }
    return status;
}

/* Backpropagation has no choice of loss, though a complete recipe names one. */
static int check_given_loss(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    if (!recipe->loss || !isnan(recipe->goodness_scale) || ff_recipe_has_goodness(recipe))
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL,
                   "loss: mode %s does not use it (its loss is cross-entropy); leave it out",
                   recipe->mode);
}

/* Where the whole network trains at once, its head has no epochs of its own. Fields that
 * backpropagation does not use are refused by ff_recipe_check_use(). */
static int check_given_head(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    uint32_t epochs = recipe->head_epochs;

    if (!ff_recipe_trains_at_once(recipe) || !ff_recipe_has_goodness(recipe) ||
        epochs == FF_UNSET || epochs == 0 || epochs == recipe->epochs)
        return FF_OK;
    return ff_fail(
        ctx, FF_EINVAL,
        "head epochs %u: mode %s trains the head with the network, for %u epoch%s; leave "
        "it out, or use --mode ff-stream",
        epochs, recipe->mode, recipe->epochs, recipe->epochs == 1 ? "" : "s");
}

/* A preset's head has enough steps, too. */
static void settle_head(struct ff_recipe *recipe, uint64_t samples)
{
    uint32_t least = ff_sizes_least_epochs(recipe, samples);

    if (!ff_recipe_trains_at_once(recipe) && recipe->head_epochs > 0 && recipe->head_epochs < least)
        recipe->head_epochs = least;
}

/* Sets unset names by mode and recipe. Afterwards every name is one of a table. */
static int settle_names(struct ff_ctx *ctx, struct ff_recipe *recipe, uint64_t samples)
{
    bool head_is_unset = recipe->head_epochs == FF_UNSET;
    const struct ff_recipe_entry *entry;
    int status = ff_field_settle(ctx, ff_field_find("mode"), recipe);

    if (status == FF_OK)
        status = check_given_loss(ctx, recipe);
    if (status == FF_OK)
        status = check_given_head(ctx, recipe);
    if (status != FF_OK)
        return status;
    if (!recipe->recipe)
        recipe->recipe = ff_recipe_by_default(recipe);
    status = ff_field_settle(ctx, ff_field_find("recipe"), recipe);
    if (status != FF_OK)
        return status;
    entry = ff_recipe_find(recipe->recipe);
    ff_recipe_fill(recipe, entry);
    settle_output_layer(recipe, entry);
    if (head_is_unset)
        settle_head(recipe, samples);
    status = settle_fields(ctx, recipe, true);
    if (status == FF_OK)
        ff_recipe_fill_numbers(recipe);
    return status;
}

#define LEAST_EPSILON 1e-30 /* for optimizers that divide by it */

static int check_numbers(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    bool divides_by_epsilon = ff_optimizer_find(recipe->optimizer)->defaults.epsilon > 0;
    int status = settle_fields(ctx, recipe, false);

    if (status == FF_OK && recipe->sweeps > recipe->epochs)
        status = ff_fail(
            ctx, FF_EINVAL,
            "sweeps %u: each takes at least one of the %u epochs; use more epochs or fewer sweeps",
            recipe->sweeps, recipe->epochs);
    if (status == FF_OK && divides_by_epsilon)
        status = ff_field_check_number(ctx, "epsilon", recipe->epsilon, LEAST_EPSILON, 1);
    return status;
}

/* Sizes first: the head's epochs may be the network's. */
static int settle_sizes(struct ff_ctx *ctx, struct ff_recipe *recipe, uint64_t samples)
{
    int status = ff_field_settle(ctx, ff_field_find("validation"), recipe);

    if (status != FF_OK)
        return status;
    ff_sizes_settle(recipe, samples);
    return ff_field_settle(ctx, ff_field_find("batch"), recipe);
}

static int complete(struct ff_ctx *ctx, struct ff_recipe *recipe, uint64_t samples)
{
    int status = check_hidden(ctx, recipe);

    if (status == FF_OK)
        status = settle_sizes(ctx, recipe, samples);
    if (status == FF_OK)
        status = settle_names(ctx, recipe, samples);
    if (status == FF_OK)
        status = check_numbers(ctx, recipe);
    if (status == FF_OK)
        status = ff_recipe_check_use(ctx, recipe);
    return status;
}

int ff_recipe_complete(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    return complete(ctx, recipe, 0);
}

int ff_recipe_completed(struct ff_ctx *ctx, const struct ff_recipe *recipe, uint64_t samples,
                        struct ff_recipe *out)
{
    int status = ff_recipe_copy_into(ctx, recipe, out);

    if (status == FF_OK)
        status = complete(ctx, out, samples);
    if (status != FF_OK)
        ff_recipe_release(out);
    return status;
}

int ff_recipe_check(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    struct ff_recipe copy;
    int status = ff_recipe_copy_into(ctx, recipe, &copy);

    if (status != FF_OK)
        return status;
    /* Epochs are not known yet; what depends on them is checked with the data. */
    if (copy.epochs == FF_UNSET && ff_recipe_trains_at_once(&copy) && copy.head_epochs > 0)
        copy.epochs = copy.head_epochs;
    else if (copy.epochs == FF_UNSET && copy.sweeps > 0)
        copy.epochs = copy.sweeps;
    status = complete(ctx, &copy, 0);
    ff_recipe_release(&copy);
    return status;
}
