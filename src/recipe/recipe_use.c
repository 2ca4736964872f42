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

/* The conditions that hold for a recipe. */
struct situation {
    bool holds[FF_CONDITIONS];
};

#define AT(field) offsetof(struct ff_recipe, field)
#define NO_NAME SIZE_MAX

/* The message for a condition that does not hold: text before and after the name of the choice at
 * fault, and the remedy. Without a name the mode is at fault. */
static const struct {
    const char *before, *after;
    size_t name; /* offset of the choice in struct ff_recipe */
    /* What to do instead of leaving the field out; NULL: nothing. */
    const char *remedy;
    /* The remedy if condition WHERE holds; NULL: the same. */
    const char *instead;
    enum ff_condition where;
} lacking[FF_CONDITIONS] = {
    [FF_ALWAYS] = {"", "", NO_NAME, NULL},
    [FF_IF_FORWARD] = {"", "", NO_NAME, NULL},
    [FF_IF_STREAMS] = {"", "", NO_NAME, "use --mode ff-stream"},
    [FF_IF_FULL] = {"", "", NO_NAME, "use --mode ff-full"},
    [FF_IF_BACKPROP] = {"", "", NO_NAME, "use --mode bp"},
    [FF_IF_NATIVE] = {"", "", NO_NAME, "use --mode ff-stream"},
    [FF_IF_LABELS] = {" with the loss ", "", AT(loss), "use --recipe conditioned"},
    [FF_IF_PAIRS] = {" with the loss ", "", AT(loss), "use --recipe classic or symba",
                     "use --recipe unsupervised", FF_IF_UNLABELLED},
    [FF_IF_LABELLED] = {" with the label embedding ", "", AT(label_embedding), NULL},
    [FF_IF_DRAWN_ONCE] = {" with ", " negatives", AT(negatives), "use --negatives random"},
    [FF_IF_HOLDS_OUT] = {" with ", " negatives", AT(negatives),
                         "use --negatives hard or --recipe conditioned", "use --recipe conditioned",
                         FF_IF_UNLABELLED},
    [FF_IF_VALIDATION] = {" without held-out samples", "", NO_NAME, "add --validation 0.1"},
    [FF_IF_ONE_SWEEP] = {" with several sweeps", "", NO_NAME, "use --sweeps 1"},
    [FF_IF_THRESHOLD] = {" with the loss ", "", AT(loss), "use --loss logistic",
                         "use --recipe classic", FF_IF_LABELS},
    [FF_IF_SHIFTS] = {" without jitter", "", NO_NAME, "add --jitter N"},
    [FF_IF_HEAD] = {" without a head (head epochs 0)", "", NO_NAME, "add --head-epochs N"},
    [FF_IF_CLASSIFIES] = {" with the loss ", " and without a head (head epochs 0)", AT(loss),
                          "add --head-epochs N"},
    [FF_IF_MOMENTUM] = {" with the optimizer ", "", AT(optimizer), "use --optimizer sgd"},
    [FF_IF_MOMENTS] = {" with the optimizer ", "", AT(optimizer), "use --optimizer adam"},
};

/* RECIPE must be complete. */
static struct situation situation_of(const struct ff_recipe *recipe)
{
    const struct ff_optimizer_params *optimizer = &ff_optimizer_find(recipe->optimizer)->defaults;
    const struct ff_loss *loss = ff_loss_find(recipe->loss);
    bool goodness = ff_recipe_has_goodness(recipe), at_once = ff_recipe_trains_at_once(recipe);
    bool labels = loss->labels != NULL, without = ff_recipe_embeds_none(recipe);
    bool hard = ff_recipe_draws_hard(recipe);
    bool augments = recipe->jitter > 0 || recipe->context_dropout > 0;

    return (struct situation){.holds = {
                                  [FF_ALWAYS] = true,
                                  [FF_IF_FORWARD] = goodness,
                                  [FF_IF_STREAMS] = !at_once,
                                  [FF_IF_FULL] = goodness && at_once,
                                  [FF_IF_BACKPROP] = !goodness,
                                  [FF_IF_NATIVE] = !at_once || (!labels && !without),
                                  [FF_IF_LABELS] = labels,
                                  [FF_IF_PAIRS] = !labels,
                                  [FF_IF_LABELLED] = labels || !without,
                                  [FF_IF_UNLABELLED] = without || ff_recipe_mixes_images(recipe),
                                  [FF_IF_DRAWN_ONCE] = !hard,
                                  [FF_IF_HOLDS_OUT] = labels || hard,
                                  [FF_IF_VALIDATION] = recipe->validation > 0,
                                  [FF_IF_ONE_SWEEP] = recipe->sweeps == 1,
                                  [FF_IF_THRESHOLD] = loss->defaults.threshold > 0,
                                  [FF_IF_SHIFTS] = augments,
                                  [FF_IF_HEAD] = recipe->head_epochs > 0,
                                  [FF_IF_CLASSIFIES] = labels || recipe->head_epochs > 0,
                                  [FF_IF_MOMENTUM] = optimizer->momentum > 0,
                                  [FF_IF_MOMENTS] = optimizer->beta1 > 0,
                              }};
}

/* The first condition of FIELD that does not hold; FF_ALWAYS: all hold. */
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
    const struct ff_field *found = ff_field_find(field);
    struct situation situation;

    if (!found || !recipe->mode || !recipe->loss || !recipe->optimizer)
        return false;
    situation = situation_of(recipe);
    return lacks(found, &situation) == FF_ALWAYS;
}

/* Sets the unset fields of a recipe that may be invalid; false if a name is not known. */
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

/* ---- Refusing fields without effect ---- */

/* The recipe with the same mode, preset, loss and optimizer and all other fields at their
 * defaults. */
static struct ff_recipe plain_of(const struct ff_recipe *recipe)
{
    struct ff_recipe plain;

    ff_recipe_init(&plain);
    plain.mode = recipe->mode;
    plain.recipe = recipe->recipe;
    plain.loss = ff_recipe_has_goodness(recipe) ? recipe->loss : NULL;
    plain.optimizer = recipe->optimizer;
    fill(&plain);
    /* A preset that differs from the mode's default is refused where presets have no effect. */
    plain.recipe = ff_mode_find(recipe->mode)->recipe;
    /* The output layer trains with the others: a complete recipe has head epochs equal to
     * epochs. */
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
    return ff_fail(ctx, FF_EINVAL, "%s: mode %s%s%s%s does not use it; leave it out%s%s",
                   ff_field_words(field, words), recipe->mode, lacking[reason].before, name,
                   lacking[reason].after, remedy ? ", or " : "", remedy ? remedy : "");
}

/* True if RECIPE's preset trains layers without labels. */
static bool for_unlabelled(const struct ff_recipe *recipe)
{
    return ff_recipe_embeds_none(ff_recipe_find(recipe->recipe)->defaults);
}

/* The default loss of RECIPE's preset. */
static const struct ff_loss *own_loss(const struct ff_recipe *recipe)
{
    return ff_loss_find(ff_recipe_find(recipe->recipe)->defaults->loss);
}

/* Refuses a recipe whose kind of layers the mode does not support. */
static int refuse_native(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    if (ff_loss_find(recipe->loss)->labels)
        return ff_fail(ctx, FF_EINVAL,
                       "loss %s conditions every layer on the label, which mode %s does not "
                       "support; %s, or use --mode ff-stream",
                       recipe->loss, recipe->mode,
                       own_loss(recipe)->labels ? "use --recipe classic or symba"
                                                : "leave out --loss");
    return ff_fail(
        ctx, FF_EINVAL, "%s: mode %s requires labels; leave it out, or use --mode ff-stream",
        for_unlabelled(recipe) ? "recipe unsupervised" : "label embedding none", recipe->mode);
}

/* A preset for a loss over labels does not apply to a loss of pairs, nor the reverse. */
static int check_kind(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    const struct ff_loss *own = own_loss(recipe);
    const struct ff_recipe with_loss = {.mode = recipe->mode, .loss = recipe->loss};

    if (!own->labels == !ff_loss_find(recipe->loss)->labels)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL,
                   "recipe %s: its loss is %s, and loss %s is of another kind; leave out --loss, "
                   "or use --recipe %s",
                   recipe->recipe, own->name, recipe->loss, ff_recipe_by_default(&with_loss));
}

/* Only layers trained without labels have hybrid images as negatives. */
static int check_negatives(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    bool own = for_unlabelled(recipe), none = ff_recipe_embeds_none(recipe);
    bool whole_network = ff_recipe_trains_at_once(recipe);

    if (none == ff_recipe_mixes_images(recipe))
        return FF_OK;
    if (own && none)
        return ff_fail(ctx, FF_EINVAL,
                       "negatives %s: recipe %s trains without labels, on hybrid images; leave out "
                       "--negatives, or use --recipe classic or symba",
                       recipe->negatives, recipe->recipe);
    if (own)
        return ff_fail(ctx, FF_EINVAL,
                       "label embedding %s: recipe %s trains without labels; leave out "
                       "--label-embedding, or use --recipe classic or symba",
                       recipe->label_embedding, recipe->recipe);
    return ff_fail(ctx, FF_EINVAL, "%s: recipe %s trains with %slabels; leave it out%s",
                   none ? "label embedding none" : "negatives hybrid", recipe->recipe,
                   none ? "" : "wrong ", whole_network ? "" : ", or use --recipe unsupervised");
}

/* Checks a recipe without a head. */
static int check_headless(struct ff_ctx *ctx, const struct situation *situation)
{
    if (!situation->holds[FF_IF_LABELLED])
        return ff_fail(ctx, FF_EINVAL,
                       "label embedding none: only a head can predict labels, and there is none "
                       "(head epochs 0); leave out --head-epochs");
    if (situation->holds[FF_IF_FULL] && !situation->holds[FF_IF_DRAWN_ONCE])
        return ff_fail(ctx, FF_EINVAL,
                       "hard negatives are drawn by the linear head, and there is none (head "
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

/* ---- Dropping fields without effect ---- */

static bool needs_native(const struct ff_field *field)
{
    bool needs = false;

    for (size_t i = 0; i < FF_FIELD_NEEDS; i++)
        needs |= field->needs[i] == FF_IF_NATIVE;
    return needs;
}

/* Resets to the mode's preset the fields that need RECIPE's own kind of layers. */
static void drop_foreign(struct ff_recipe *recipe)
{
    struct ff_recipe plain;
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    ff_recipe_init(&plain);
    for (size_t i = 0; i < n; i++) {
        if (needs_native(&fields[i]))
            ff_field_copy(&fields[i], recipe, &plain);
    }
}

/* Finds which fields of RECIPE, which may be incomplete, MODE uses. False if MODE refuses RECIPE in
 * any case. */
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

/* Head epochs matter only where the head trains apart from the network. */
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
