#include <fftool/recipe.h>

#include "base/context.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "recipe/activation_type.h"
#include "recipe/field.h"
#include "recipe/mode.h"
#include "recipe/recipe_table.h"
#include "recipe/recipe_use.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of fields that have no table elsewhere; the order is that of the enums they stand for. */
static const struct ff_recipe_choice embeddings[] = {
    {"replace", "the first inputs are replaced by the label"},
    {"append", "inputs are added for the label"},
    {"none", "it does not: layers learn without labels"},
    {NULL, NULL},
};
static const struct ff_recipe_choice kinds_of_negatives[] = {
    {"random", "any wrong label, drawn once for each set"},
    {"hard",
     "drawn in each epoch from what the goodness of the layers trained so far, or with ff-full "
     "the linear head, takes the row for"},
    {"hybrid", "not labels but images: two of them mixed by a mask (unsupervised)"},
    {NULL, NULL},
};

static const struct ff_recipe_choice outputs_passed_on[] = {
    {"label-free", "those under no label"},
    {"mean", "the mean of those under every label"},
    {"posterior", "the same, weighed by what the layer takes the row for"},
    {NULL, NULL},
};

#define MAX_CHOICES 16

void ff_recipe_init(struct ff_recipe *out)
{
    *out = (struct ff_recipe){
        .mode = "ff-stream",
        .optimizer = "adam",
        .schedule = "linear",
        .pass_on = "label-free",
        .epochs = 10,
        .sweeps = 1,
        .batch = 128,
        .negative_sets = FF_UNSET,
        .seed = 0,
        .learning_rate = NAN,
        .weight_decay = 0,
        .momentum = NAN,
        .beta1 = NAN,
        .beta2 = NAN,
        .epsilon = NAN,
        .goodness_scale = NAN,
        .threshold = NAN,
        .label_strength = NAN,
        .label_smoothing = NAN,
        .dropout = NAN,
        .jitter = 0,
        .augment_copies = 1,
        .validation = 0,
        .peer_normalisation = 0,
        .head_epochs = FF_UNSET,
        .head_learning_rate = 1e-3,
        .head_weight_decay = 0,
    };
}

void ff_recipe_release(struct ff_recipe *recipe)
{
    free(recipe->hidden);
    recipe->hidden = NULL;
    recipe->layers = 0;
}

/* Reads a whole number at *TEXT and moves on; false if there is none or it is too large. */
static bool take_number(const char **text, unsigned long long *out)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *out = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

static int check_units(struct ff_ctx *ctx, uint64_t units)
{
    if (units >= 1 && units <= FF_MAX_UNITS)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "hidden layers: %llu units: must be 1 to %u",
                   (unsigned long long)units, FF_MAX_UNITS);
}

static int append_layers(struct ff_ctx *ctx, struct ff_recipe *recipe, uint64_t units,
                         uint64_t count)
{
    uint32_t *grown;
    int status = check_units(ctx, units);

    if (status != FF_OK)
        return status;
    if (count < 1 || count > FF_MAX_LAYERS - recipe->layers)
        return ff_fail(ctx, FF_EINVAL, "hidden layers: %llu layers: must be 1 to %u in all",
                       (unsigned long long)count, FF_MAX_LAYERS);
    grown = realloc(recipe->hidden, (recipe->layers + count) * sizeof *grown);
    if (!grown)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the list of layers");
    recipe->hidden = grown;
    for (uint64_t i = 0; i < count; i++)
        recipe->hidden[recipe->layers++] = (uint32_t)units;
    return FF_OK;
}

int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe)
{
    const char *at = text;

    ff_recipe_release(recipe);
    for (;;) {
        unsigned long long units, count = 1;
        const char *part = at;
        int status;

        if (!take_number(&at, &units) ||
            ((*at == 'x' || *at == 'X') && (at++, !take_number(&at, &count))) ||
            (*at != ',' && *at != '\0')) {
            ff_recipe_release(recipe);
            return ff_fail(
                ctx, FF_EINVAL,
                "hidden layers: \"%s\" is not understood: write UNITSxLAYERS such as 2000x4, or a "
                "list such as 1000,500,200",
                part);
        }
        status = append_layers(ctx, recipe, units, count);
        if (status != FF_OK) {
            ff_recipe_release(recipe);
            return status;
        }
        if (*at == '\0')
            return FF_OK;
        at++;
    }
}

/* Defines a function that turns the rows of a table into choices, and returns how many. */
#define CHOICES_OF(type, rows, text)                                          \
    static size_t choices_of_##rows(struct ff_recipe_choice *out)             \
    {                                                                         \
        size_t count;                                                         \
        const struct type *table = rows(&count);                              \
                                                                              \
        for (size_t i = 0; i < count; i++)                                    \
            out[i] = (struct ff_recipe_choice){table[i].name, table[i].text}; \
        return count;                                                         \
    }
CHOICES_OF(ff_mode, ff_modes, summary)
CHOICES_OF(ff_recipe_entry, ff_recipes, summary)
CHOICES_OF(ff_loss, ff_losses, formula)
CHOICES_OF(ff_optimizer, ff_optimizers, summary)
CHOICES_OF(ff_schedule, ff_schedules, summary)
CHOICES_OF(ff_activation_type, ff_activation_types, summary)

/* Where a field's choices come from: a list here, or a table elsewhere. */
static const struct {
    const char *field;
    const struct ff_recipe_choice *list;
    size_t (*from_table)(struct ff_recipe_choice *out);
} fields_of_choices[] = {
    {"label_embedding", embeddings, NULL},
    {"negatives", kinds_of_negatives, NULL},
    {"pass_on", outputs_passed_on, NULL},
    {"mode", NULL, choices_of_ff_modes},
    {"recipe", NULL, choices_of_ff_recipes},
    {"loss", NULL, choices_of_ff_losses},
    {"optimizer", NULL, choices_of_ff_optimizers},
    {"schedule", NULL, choices_of_ff_schedules},
    {"activations", NULL, choices_of_ff_activation_types},
};
#define FIELDS_OF_CHOICES (sizeof fields_of_choices / sizeof *fields_of_choices)

const struct ff_recipe_choice *ff_recipe_choices(const char *field)
{
    /* Filled from the tables; the same values whoever fills it. */
    static _Thread_local struct ff_recipe_choice choices[MAX_CHOICES];
    size_t i = 0;

    while (i < FIELDS_OF_CHOICES && strcmp(fields_of_choices[i].field, field) != 0)
        i++;
    if (i == FIELDS_OF_CHOICES)
        return NULL;
    if (fields_of_choices[i].list)
        return fields_of_choices[i].list;
    choices[fields_of_choices[i].from_table(choices)] = (struct ff_recipe_choice){NULL, NULL};
    return choices;
}

static int check_choice(struct ff_ctx *ctx, const char *field, const char *value)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices(field);
    char known[256] = "";

    for (; choice->name; choice++) {
        if (value && strcmp(choice->name, value) == 0)
            return FF_OK;
        if (strlen(known) + strlen(choice->name) + 3 < sizeof known) {
            strcat(known, *known ? ", " : "");
            strcat(known, choice->name);
        }
    }
    return ff_fail(ctx, FF_EINVAL, "%s \"%s\" is not known: choose among %s", field,
                   value ? value : "", known);
}

static int check_number(struct ff_ctx *ctx, const char *field, double value, double low,
                        double high)
{
    if (value >= low && value <= high)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "%s %.10g: must be %.10g to %.10g", field, value, low, high);
}

/* The name of a choice in the caller's hands becomes the table's own, which lives for ever. */
static const char *interned(const char *field, const char *value)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices(field);

    while (strcmp(choice->name, value) != 0)
        choice++;
    return choice->name;
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
        status = check_units(ctx, recipe->hidden[i]);
    return status;
}

/* Where the whole network trains at once, so does its head or output layer. Other epochs than
 * ENTRY's are left as they are: check_given_head() or ff_recipe_check_use() refuses them. */
static void settle_output_layer(struct ff_recipe *recipe, const struct ff_recipe_entry *entry)
{
    bool by_default = recipe->head_epochs == entry->defaults.head_epochs;

    if (ff_mode_find(recipe->mode)->whole_network && by_default && recipe->head_epochs > 0)
        recipe->head_epochs = recipe->epochs;
}

static int settle_choice(struct ff_ctx *ctx, const char *field, const char **value)
{
    int status = check_choice(ctx, field, *value);

    if (status == FF_OK)
        *value = interned(field, *value);
    return status;
}

static int settle_choices(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (fields[i].info.type == FF_FIELD_CHOICE)
            status = settle_choice(ctx, fields[i].info.name,
                                   (const char **)(void *)((char *)recipe + fields[i].info.offset));
    }
    return status;
}

/* Backpropagation has no loss to choose. A complete recipe names one all the same. */
static int check_given_loss(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    if (!recipe->loss || !isnan(recipe->goodness_scale) || !ff_mode_find(recipe->mode)->backprop)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL,
                   "loss: mode %s makes no use of it, its loss is cross-entropy; leave it out",
                   recipe->mode);
}

/* Where the whole network trains at once its head has no epochs of its own. What backpropagation
 * makes no use of is refused with all else. */
static int check_given_head(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    const struct ff_mode *mode = ff_mode_find(recipe->mode);
    uint32_t epochs = recipe->head_epochs;

    if (!mode->whole_network || mode->backprop || epochs == FF_UNSET || epochs == 0 ||
        epochs == recipe->epochs)
        return FF_OK;
    return ff_fail(
        ctx, FF_EINVAL,
        "head epochs %u: mode %s trains the head with the network, for %u epoch%s; leave "
        "it out, or use --mode ff-stream",
        epochs, recipe->mode, recipe->epochs, recipe->epochs == 1 ? "" : "s");
}

/* Mode and recipe decide what is unset; then every name is that of a table. */
static int settle_names(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    const struct ff_recipe_entry *entry;
    int status = settle_choice(ctx, "mode", &recipe->mode);

    if (status == FF_OK)
        status = check_given_loss(ctx, recipe);
    if (status == FF_OK)
        status = check_given_head(ctx, recipe);
    if (status != FF_OK)
        return status;
    if (!recipe->recipe)
        recipe->recipe = ff_recipe_by_default(recipe);
    status = settle_choice(ctx, "recipe", &recipe->recipe);
    if (status != FF_OK)
        return status;
    entry = ff_recipe_find(recipe->recipe);
    ff_recipe_fill(recipe, entry);
    settle_output_layer(recipe, entry);
    status = settle_choices(ctx, recipe);
    if (status == FF_OK)
        ff_recipe_fill_numbers(recipe);
    return status;
}

#define LEAST_EPSILON 1e-30 /* of an optimizer that divides by it */

static int check_ranges(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    bool divides_by_epsilon = ff_optimizer_find(recipe->optimizer)->defaults.epsilon > 0;
    char words[FF_FIELD_WORDS_BYTES];
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (fields[i].info.type == FF_FIELD_COUNT || fields[i].info.type == FF_FIELD_REAL)
            status = check_number(ctx, ff_field_words(&fields[i], words),
                                  ff_field_number(&fields[i], recipe), fields[i].info.low,
                                  fields[i].info.high);
    }
    if (status == FF_OK && recipe->sweeps > recipe->epochs)
        status = ff_fail(ctx, FF_EINVAL,
                         "sweeps %u: the epochs are divided among them, and there are %u; use more "
                         "epochs or fewer sweeps",
                         recipe->sweeps, recipe->epochs);
    if (status == FF_OK && divides_by_epsilon)
        status = check_number(ctx, "epsilon", recipe->epsilon, LEAST_EPSILON, 1);
    /* The manifest's integers are signed. (As a double, 2^63 - 1 would be 2^63.) */
    if (status == FF_OK && recipe->seed > INT64_MAX)
        status = ff_fail(ctx, FF_EINVAL, "seed %llu: must be 0 to %lld",
                         (unsigned long long)recipe->seed, (long long)INT64_MAX);
    return status;
}

int ff_recipe_complete(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    int status = check_hidden(ctx, recipe);

    if (status == FF_OK)
        status = settle_names(ctx, recipe);
    if (status == FF_OK)
        status = check_ranges(ctx, recipe);
    if (status == FF_OK)
        status = ff_recipe_check_use(ctx, recipe);
    return status;
}
