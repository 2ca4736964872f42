#include "recipe/recipe_use.h"

#include "base/context.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "recipe/field.h"
#include "recipe/kind.h"
#include "recipe/mode.h"
#include "recipe/recipe_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Which of them hold. */
struct situation {
    bool holds[FF_CONDITIONS];
};

#define AT(field) offsetof(struct ff_recipe, field)
#define NO_NAME SIZE_MAX

/* How a recipe is told that lacks a condition: what stands before and after the name of a choice,
 * and what makes the field of use. Where nothing is said it is the mode. */
static const struct {
    const char *before, *after;
    size_t name; /* where the recipe has it */
    /* What to do if the field is not left out; NULL: nothing. */
    const char *remedy;
    /* The remedy where another condition holds; NULL: the same. */
    const char *instead;
    enum ff_condition where;
} lacking[FF_CONDITIONS] = {
    [FF_ALWAYS] = {"", "", NO_NAME, NULL},
    [FF_IF_FORWARD] = {"", "", NO_NAME, NULL},
    [FF_IF_STREAMS] = {"", "", NO_NAME, "use --mode ff-stream"},
    [FF_IF_FULL] = {"", "", NO_NAME, "use --mode ff-full"},
    [FF_IF_NATIVE] = {"", "", NO_NAME, "use --mode ff-stream"},
    [FF_IF_LABELS] = {" with the loss ", "", AT(loss), "use --recipe conditioned"},
    [FF_IF_PAIRS] = {" with the loss ", "", AT(loss), "use --recipe classic or symba",
                     "use --recipe unsupervised", FF_IF_UNLABELLED},
    [FF_IF_LABELLED] = {" with the label embedding ", "", AT(embedding), NULL},
    [FF_IF_DRAWN_ONCE] = {" with ", " negatives", AT(negatives), "use --negatives random"},
    [FF_IF_HOLDS_OUT] = {" with ", " negatives", AT(negatives),
                         "use --negatives hard or --recipe conditioned", "use --recipe conditioned",
                         FF_IF_UNLABELLED},
    [FF_IF_THRESHOLD] = {" with the loss ", "", AT(loss), "use --loss logistic",
                         "use --recipe classic", FF_IF_LABELS},
    [FF_IF_SHIFTS] = {" without jitter", "", NO_NAME, "add --jitter N"},
    [FF_IF_HEAD] = {" without a head (head epochs 0)", "", NO_NAME, "add --head-epochs N"},
    [FF_IF_MOMENTUM] = {" with the optimizer ", "", AT(optimizer), "use --optimizer sgd"},
    [FF_IF_MOMENTS] = {" with the optimizer ", "", AT(optimizer), "use --optimizer adam"},
};

/* What goes with layers that learn without labels: their embedding, their negatives. */
static bool without_labels(const struct ff_recipe *recipe)
{
    return strcmp(recipe->embedding, "none") == 0;
}

static bool hybrid(const struct ff_recipe *recipe)
{
    return strcmp(recipe->negatives, "hybrid") == 0;
}

/* RECIPE has all its names and numbers. */
static struct situation situation_of(const struct ff_recipe *recipe)
{
    const struct ff_optimizer_params *optimizer = &ff_optimizer_find(recipe->optimizer)->defaults;
    const struct ff_loss *loss = ff_loss_find(recipe->loss);
    bool goodness = ff_recipe_has_goodness(recipe), at_once = ff_recipe_trains_at_once(recipe);
    bool labels = loss->labels != NULL, without = without_labels(recipe);
    bool hard = strcmp(recipe->negatives, "hard") == 0;

    return (struct situation){.holds = {
                                  [FF_ALWAYS] = true,
                                  [FF_IF_FORWARD] = goodness,
                                  [FF_IF_STREAMS] = !at_once,
                                  [FF_IF_FULL] = goodness && at_once,
                                  [FF_IF_NATIVE] = !at_once || (!labels && !without),
                                  [FF_IF_LABELS] = labels,
                                  [FF_IF_PAIRS] = !labels,
                                  [FF_IF_LABELLED] = labels || !without,
                                  [FF_IF_UNLABELLED] = without || hybrid(recipe),
                                  [FF_IF_DRAWN_ONCE] = !hard,
                                  [FF_IF_HOLDS_OUT] = labels || hard,
                                  [FF_IF_THRESHOLD] = loss->defaults.threshold > 0,
                                  [FF_IF_SHIFTS] = recipe->jitter > 0,
                                  [FF_IF_HEAD] = recipe->head_epochs > 0,
                                  [FF_IF_MOMENTUM] = optimizer->momentum > 0,
                                  [FF_IF_MOMENTS] = optimizer->beta1 > 0,
                              }};
}

/* The first condition of FIELD that SITUATION lacks; FF_ALWAYS: none. */
static enum ff_condition lacks(const struct ff_field *field, const struct situation *situation)
{
    for (size_t i = 0; i < FF_FIELD_NEEDS; i++) {
        if (!situation->holds[field->needs[i]])
            return field->needs[i];
    }
    return FF_ALWAYS;
}

bool ff_recipe_uses(const struct ff_recipe *recipe, const char *field)
{
    const struct situation situation = situation_of(recipe);
    const struct ff_field *found = ff_field_find(field);

    return found && lacks(found, &situation) == FF_ALWAYS;
}

/* Sets what is unset, of a recipe that need not be right; false if a name is not known. */
static bool fill(struct ff_recipe *recipe)
{
    if (!recipe->recipe)
        recipe->recipe = ff_recipe_by_default(recipe);
    if (!ff_recipe_find(recipe->recipe))
        return false;
    ff_recipe_fill(recipe, ff_recipe_find(recipe->recipe));
    if (!ff_loss_find(recipe->loss) || !ff_optimizer_find(recipe->optimizer))
        return false;
    ff_recipe_fill_numbers(recipe);
    return true;
}

/* ---- Refusing what does nothing ---- */

/* A recipe of the same mode, name, loss and optimizer with nothing said otherwise. */
static struct ff_recipe plain_of(const struct ff_recipe *recipe)
{
    struct ff_recipe plain;

    ff_recipe_init(&plain);
    plain.mode = recipe->mode;
    plain.recipe = recipe->recipe;
    plain.loss = ff_recipe_has_goodness(recipe) ? recipe->loss : NULL;
    plain.optimizer = recipe->optimizer;
    fill(&plain);
    /* Only where it is of no use does it count whether the recipe is the mode's. */
    plain.recipe = ff_mode_find(recipe->mode)->recipe;
    /* The output layer trains as long as the others; that is how a complete recipe says it. */
    if (!ff_recipe_has_goodness(recipe) && recipe->head_epochs == recipe->epochs)
        plain.head_epochs = recipe->epochs;
    return plain;
}

static int refuse(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                  const struct situation *situation, const struct ff_field *field,
                  enum ff_condition reason)
{
    bool instead = lacking[reason].instead && situation->holds[lacking[reason].where];
    const char *remedy = instead ? lacking[reason].instead : lacking[reason].remedy;
    char words[FF_FIELD_WORDS_BYTES];
    const char *name = "";

    if (lacking[reason].name != NO_NAME)
        name = *(const char *const *)(const void *)((const char *)recipe + lacking[reason].name);
    return ff_fail(ctx, FF_EINVAL, "%s: mode %s%s%s%s makes no use of it; leave it out%s%s",
                   ff_field_words(field, words), recipe->mode, lacking[reason].before, name,
                   lacking[reason].after, remedy ? ", or " : "", remedy ? remedy : "");
}

/* Whether the recipe of RECIPE's name has layers learn without labels. */
static bool for_unlabelled(const struct ff_recipe *recipe)
{
    return without_labels(ff_recipe_find(recipe->recipe)->defaults);
}

/* The loss that the recipe of RECIPE's name has by default. */
static const struct ff_loss *own_loss(const struct ff_recipe *recipe)
{
    return ff_loss_find(ff_recipe_find(recipe->recipe)->defaults->loss);
}

/* The mode trains layers of other kinds. */
static int refuse_native(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    if (ff_loss_find(recipe->loss)->labels)
        return ff_fail(ctx, FF_EINVAL,
                       "loss %s conditions every layer on the label, which mode %s does not do; "
                       "%s, or use --mode ff-stream",
                       recipe->loss, recipe->mode,
                       own_loss(recipe)->labels ? "use --recipe classic or symba"
                                                : "leave out --loss");
    return ff_fail(ctx, FF_EINVAL,
                   "%s: mode %s does not learn without labels; leave it out, or use --mode "
                   "ff-stream",
                   for_unlabelled(recipe) ? "recipe unsupervised" : "label embedding none",
                   recipe->mode);
}

/* What a recipe says of a loss over labels does not hold for one of pairs, nor the other way round.
 */
static int check_kind(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    const struct ff_loss *own = own_loss(recipe);
    const struct ff_recipe with_loss = {.mode = recipe->mode, .loss = recipe->loss};

    if (!own->labels == !ff_loss_find(recipe->loss)->labels)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL,
                   "recipe %s: it is for the loss %s, and the loss %s is of another kind; leave "
                   "out --loss, or use --recipe %s",
                   recipe->recipe, own->name, recipe->loss, ff_recipe_by_default(&with_loss));
}

/* Hybrid images are the negatives of layers that learn without labels, and of no others. */
static int check_negatives(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    bool own = for_unlabelled(recipe), none = without_labels(recipe);
    bool whole_network = ff_recipe_trains_at_once(recipe);

    if (none == hybrid(recipe))
        return FF_OK;
    if (own && none)
        return ff_fail(ctx, FF_EINVAL,
                       "negatives %s: recipe %s learns without labels, from hybrid images; leave "
                       "out --negatives, or use --recipe classic or symba",
                       recipe->negatives, recipe->recipe);
    if (own)
        return ff_fail(ctx, FF_EINVAL,
                       "label embedding %s: recipe %s learns without labels; leave out "
                       "--label-embedding, or use --recipe classic or symba",
                       recipe->embedding, recipe->recipe);
    return ff_fail(ctx, FF_EINVAL, "%s: recipe %s learns from %slabels; leave it out%s",
                   none ? "label embedding none" : "negatives hybrid", recipe->recipe,
                   none ? "" : "wrong ", whole_network ? "" : ", or use --recipe unsupervised");
}

/* Of a recipe without a head. */
static int check_headless(struct ff_ctx *ctx, const struct situation *situation)
{
    if (!situation->holds[FF_IF_LABELLED])
        return ff_fail(
            ctx, FF_EINVAL,
            "label embedding none: only a head predicts labels then, and there is none (head "
            "epochs 0); leave out --head-epochs");
    if (situation->holds[FF_IF_FULL] && !situation->holds[FF_IF_DRAWN_ONCE])
        return ff_fail(ctx, FF_EINVAL,
                       "hard negatives are drawn from the linear head, and there is none (head "
                       "epochs 0); leave out --head-epochs");
    return FF_OK;
}

int ff_recipe_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    const struct situation situation = situation_of(recipe);
    const struct ff_recipe plain = plain_of(recipe);
    const bool *holds = situation.holds;
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int status = FF_OK;

    if (holds[FF_IF_FORWARD] && !holds[FF_IF_NATIVE])
        return refuse_native(ctx, recipe);
    if (holds[FF_IF_FORWARD])
        status = check_kind(ctx, recipe);
    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        enum ff_condition reason = lacks(&fields[i], &situation);

        if (reason != FF_ALWAYS && !ff_field_same(&fields[i], recipe, &plain))
            return refuse(ctx, recipe, &situation, &fields[i], reason);
    }
    if (holds[FF_IF_FORWARD] && holds[FF_IF_PAIRS])
        status = check_negatives(ctx, recipe);
    if (status == FF_OK && holds[FF_IF_FORWARD] && !holds[FF_IF_HEAD])
        status = check_headless(ctx, &situation);
    return status;
}

/* ---- Dropping it ---- */

/* Leaves to the mode's own recipe what is of use only where layers train as RECIPE wants them. */
static void drop_foreign(struct ff_recipe *recipe)
{
    struct ff_recipe plain;
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    ff_recipe_init(&plain);
    for (size_t i = 0; i < n; i++) {
        if (fields[i].needs[1] == FF_IF_NATIVE)
            ff_field_copy(&fields[i], recipe, &plain);
    }
}

/* What would be used of RECIPE, which may be incomplete, in the mode of that name. False if it is
 * refused anyway. */
static bool uses_in(const struct ff_recipe *recipe, const char *mode, bool used[FF_MAX_FIELDS])
{
    struct ff_recipe filled = *recipe;
    struct situation situation;
    bool native;
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    filled.mode = mode;
    if (!fill(&filled))
        return false;
    native = situation_of(&filled).holds[FF_IF_NATIVE];
    if (!native) {
        filled = *recipe;
        filled.mode = mode;
        drop_foreign(&filled);
        fill(&filled);
    }
    situation = situation_of(&filled);
    situation.holds[FF_IF_NATIVE] = native;
    for (size_t i = 0; i < n; i++)
        used[i] = lacks(&fields[i], &situation) == FF_ALWAYS;
    return true;
}

/* How long a head trains is of use where it trains apart from the network. */
static void drop_head_epochs(struct ff_recipe *recipe, const char *const *modes, size_t n)
{
    bool apart = false;

    for (size_t m = 0; m < n; m++) {
        const struct ff_recipe other = {.mode = modes[m]};

        apart |= !ff_recipe_trains_at_once(&other);
    }
    if (apart && ff_recipe_trains_at_once(recipe) && recipe->head_epochs != FF_UNSET &&
        recipe->head_epochs > 0)
        recipe->head_epochs = recipe->epochs;
}

void ff_recipe_drop_unused(struct ff_recipe *recipe, const char *const *modes, size_t n)
{
    bool own[FF_MAX_FIELDS], any[FF_MAX_FIELDS] = {false}, of_mode[FF_MAX_FIELDS];
    struct ff_recipe plain;
    size_t n_fields;
    const struct ff_field *fields = ff_fields(&n_fields);

    if (!uses_in(recipe, recipe->mode, own))
        return;
    for (size_t m = 0; m < n; m++) {
        if (!uses_in(recipe, modes[m], of_mode))
            return;
        for (size_t i = 0; i < n_fields; i++)
            any[i] |= of_mode[i];
    }
    ff_recipe_init(&plain);
    for (size_t i = 0; i < n_fields; i++) {
        if (any[i] && !own[i])
            ff_field_copy(&fields[i], recipe, &plain);
    }
    drop_head_epochs(recipe, modes, n);
}
