#include <fftool/recipe.h>

#include "base/context.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "train/activation_type.h"
#include "train/manifest.h"
#include "train/mode.h"
#include "train/recipe_table.h"

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

const struct ff_recipe_choice *ff_recipe_choices(const char *field)
{
    /* Filled from the tables; the same values whoever fills it. */
    static _Thread_local struct ff_recipe_choice choices[MAX_CHOICES];
    size_t count = 0;

    if (strcmp(field, "embedding") == 0)
        return embeddings;
    if (strcmp(field, "negatives") == 0)
        return kinds_of_negatives;
    if (strcmp(field, "pass_on") == 0)
        return outputs_passed_on;
    if (strcmp(field, "mode") == 0) {
        const struct ff_mode *table = ff_modes(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].summary};
    } else if (strcmp(field, "recipe") == 0) {
        const struct ff_recipe_entry *table = ff_recipes(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].summary};
    } else if (strcmp(field, "loss") == 0) {
        const struct ff_loss *table = ff_losses(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].formula};
    } else if (strcmp(field, "optimizer") == 0) {
        const struct ff_optimizer *table = ff_optimizers(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].summary};
    } else if (strcmp(field, "schedule") == 0) {
        const struct ff_schedule *table = ff_schedules(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].summary};
    } else if (strcmp(field, "activations") == 0) {
        const struct ff_activation_type *table = ff_activation_types(&count);

        for (size_t i = 0; i < count; i++)
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].summary};
    } else {
        return NULL;
    }
    choices[count] = (struct ff_recipe_choice){NULL, NULL};
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

/* A recipe of the same mode and name with nothing said otherwise. */
static struct ff_recipe plain_of(const struct ff_recipe *recipe)
{
    struct ff_recipe plain;

    ff_recipe_init(&plain);
    plain.mode = recipe->mode;
    plain.recipe = recipe->recipe;
    plain.optimizer = recipe->optimizer;
    ff_recipe_fill(&plain, ff_recipe_find(recipe->recipe));
    ff_recipe_fill_numbers(&plain);
    return plain;
}

/* What a mode or a loss makes no use of must be as it is by default: an option that does nothing is
 * a mistake. */
static int check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    const struct ff_mode *mode = ff_mode_find(recipe->mode);
    bool forward = !mode->backprop, streams = !mode->whole_network;
    bool labels = forward && ff_recipe_conditioned(recipe), pairs = forward && !labels;
    bool full = pairs && mode->whole_network, hard = strcmp(recipe->negatives, "hard") == 0;
    bool without = ff_recipe_unsupervised(recipe),
         hybrid = strcmp(recipe->negatives, "hybrid") == 0;
    const struct ff_recipe plain = plain_of(recipe);
    const struct {
        const char *field;
        bool used, changed;
    } fields[] = {
        {"recipe", forward, strcmp(recipe->recipe, mode->recipe) != 0},
        {"loss", forward, strcmp(recipe->loss, plain.loss) != 0},
        {"embedding", pairs, strcmp(recipe->embedding, plain.embedding) != 0},
        {"label strength", forward && !without, recipe->label_strength != plain.label_strength},
        {"label smoothing", labels, recipe->label_smoothing != plain.label_smoothing},
        {"pass on", labels, strcmp(recipe->pass_on, plain.pass_on) != 0},
        {"label samples", labels, recipe->label_samples != plain.label_samples},
        {"sweeps", streams, recipe->sweeps != plain.sweeps},
        {"dropout", streams, recipe->dropout != plain.dropout},
        {"jitter", streams, recipe->jitter != plain.jitter},
        {"augment copies", labels && recipe->jitter > 0,
         recipe->augment_copies != plain.augment_copies},
        {"validation", labels || (streams && hard), recipe->validation != plain.validation},
        {"goodness scale", forward, recipe->goodness_scale != plain.goodness_scale},
        {"threshold", pairs, recipe->threshold != plain.threshold},
        {"activations", streams, strcmp(recipe->activations, plain.activations) != 0},
        {"negatives", pairs, strcmp(recipe->negatives, plain.negatives) != 0},
        {"negative sets", pairs && !hard, recipe->negative_sets != plain.negative_sets},
        {"head epochs", forward,
         recipe->head_epochs != plain.head_epochs && recipe->head_epochs != recipe->epochs},
        {"head learning rate", forward, recipe->head_learning_rate != plain.head_learning_rate},
        {"head weight decay", forward, recipe->head_weight_decay != plain.head_weight_decay},
        {"peer normalisation", full, recipe->peer_normalisation != plain.peer_normalisation},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].changed && !fields[i].used)
            return ff_fail(ctx, FF_EINVAL, "%s: mode %s%s%s makes no use of it", fields[i].field,
                           mode->name, labels ? " with the loss softmax" : "",
                           pairs && hard ? " with hard negatives" : "");
    }
    if (labels && mode->whole_network)
        return ff_fail(ctx, FF_EINVAL,
                       "loss %s conditions every layer on the label, which mode %s does not do; "
                       "choose another loss, or mode ff-stream",
                       recipe->loss, mode->name);
    if (pairs && without != hybrid)
        return ff_fail(ctx, FF_EINVAL,
                       "embedding %s, negatives %s: hybrid images are the negatives of layers that "
                       "learn without labels (embedding none), and of no others",
                       recipe->embedding, recipe->negatives);
    if (without && mode->whole_network)
        return ff_fail(ctx, FF_EINVAL, "embedding none: mode %s does not learn without labels",
                       mode->name);
    if (without && recipe->head_epochs == 0)
        return ff_fail(ctx, FF_EINVAL,
                       "embedding none: only a head tells labels then, and there is none (head "
                       "epochs 0)");
    if (full && hard && recipe->head_epochs == 0)
        return ff_fail(ctx, FF_EINVAL,
                       "hard negatives are drawn from the linear head, and there is none (head "
                       "epochs 0)");
    return FF_OK;
}

/* True if RECIPE, which may be incomplete, comes to condition layers on the label, or, as USUAL
 * says, if it does not say which recipe or loss. */
static bool conditions(const struct ff_recipe *recipe, const char *usual)
{
    const struct ff_recipe_entry *entry = ff_recipe_find(recipe->recipe ? recipe->recipe : usual);
    const char *name = recipe->loss ? recipe->loss : entry ? entry->defaults.loss : "";
    const struct ff_loss *loss = ff_loss_find(name);

    return loss && loss->labels;
}

/* True if RECIPE comes to learn without labels. */
static bool goes_without(const struct ff_recipe *recipe)
{
    const struct ff_recipe_entry *entry = recipe->recipe ? ff_recipe_find(recipe->recipe) : NULL;
    const char *name = recipe->embedding ? recipe->embedding
                       : entry           ? entry->defaults.embedding
                                         : "";

    return strcmp(name, "none") == 0;
}

/* What conditions layers on the label, or learns without labels, is of use in ff-stream alone. */
static void drop_streamed(struct ff_recipe *recipe, const struct ff_recipe *plain,
                          const char *usual)
{
    if (!conditions(recipe, usual) && !goes_without(recipe))
        return;
    recipe->recipe = plain->recipe;
    recipe->loss = plain->loss;
    recipe->embedding = plain->embedding;
    recipe->negatives = plain->negatives;
    recipe->goodness_scale = plain->goodness_scale;
    recipe->threshold = plain->threshold;
    recipe->label_strength = plain->label_strength;
}

/* Groups of fields that a recipe makes use of in a mode. */
struct uses {
    bool forward; /* those of Forward-Forward, and of the head beside it */
    bool pairs;   /* those of positive and negative rows with labels among the inputs */
    bool streams; /* those of layers that train one after another, on stored activations */
    bool full;    /* those of Forward-Forward in a network that trains all at once */
};

static struct uses uses_of(const struct ff_recipe *recipe, const char *mode_name)
{
    const struct ff_mode *mode = ff_mode_find(mode_name);

    return (struct uses){
        .forward = !mode->backprop,
        .pairs = !mode->backprop && (mode->whole_network || !conditions(recipe, mode->recipe)),
        .streams = !mode->whole_network,
        .full = !mode->backprop && mode->whole_network,
    };
}

static void drop_pairs(struct ff_recipe *recipe, const struct ff_recipe *plain)
{
    recipe->threshold = plain->threshold;
    recipe->embedding = plain->embedding;
    recipe->negatives = plain->negatives;
    recipe->negative_sets = plain->negative_sets;
}

static void drop_streams(struct ff_recipe *recipe, const struct ff_recipe *plain)
{
    drop_streamed(recipe, plain, ff_mode_find(recipe->mode)->recipe);
    recipe->activations = plain->activations;
    recipe->label_smoothing = plain->label_smoothing;
    recipe->pass_on = plain->pass_on;
    recipe->label_samples = plain->label_samples;
    recipe->dropout = plain->dropout;
    recipe->sweeps = plain->sweeps;
    recipe->jitter = plain->jitter;
    recipe->augment_copies = plain->augment_copies;
    recipe->validation = plain->validation;
}

void ff_recipe_drop_unused(struct ff_recipe *recipe, const char *const *modes, size_t n)
{
    struct uses own = uses_of(recipe, recipe->mode), any = own;
    struct ff_recipe plain;

    for (size_t i = 0; i < n; i++) {
        struct uses uses = uses_of(recipe, modes[i]);

        any.forward |= uses.forward;
        any.pairs |= uses.pairs;
        any.streams |= uses.streams;
        any.full |= uses.full;
    }
    ff_recipe_init(&plain);
    if (any.streams && !own.streams)
        drop_streams(recipe, &plain);
    if (any.pairs && !own.pairs)
        drop_pairs(recipe, &plain);
    if (any.full && !own.full)
        recipe->peer_normalisation = plain.peer_normalisation;
    if (!any.forward || own.forward)
        return;
    recipe->recipe = plain.recipe;
    recipe->loss = plain.loss;
    recipe->goodness_scale = plain.goodness_scale;
    recipe->label_strength = plain.label_strength;
    recipe->head_epochs = plain.head_epochs;
    recipe->head_learning_rate = plain.head_learning_rate;
    recipe->head_weight_decay = plain.head_weight_decay;
}

/* Where the whole network trains at once, so does its head. */
static void settle_head(struct ff_recipe *recipe)
{
    const struct ff_mode *mode = ff_mode_find(recipe->mode);

    if (mode->backprop || (mode->whole_network && recipe->head_epochs > 0))
        recipe->head_epochs = recipe->epochs;
}

static int settle_choice(struct ff_ctx *ctx, const char *field, const char **value)
{
    int status = check_choice(ctx, field, *value);

    if (status == FF_OK)
        *value = interned(field, *value);
    return status;
}

/* Of those that have the loss that is asked for the first one, else the mode's. */
static const char *default_recipe(const struct ff_recipe *recipe)
{
    const struct ff_mode *mode = ff_mode_find(recipe->mode);
    size_t count;
    const struct ff_recipe_entry *entries = ff_recipes(&count);

    for (size_t i = 0; i < count && recipe->loss && !mode->backprop; i++) {
        if (strcmp(entries[i].defaults.loss, recipe->loss) == 0)
            return entries[i].name;
    }
    return mode->recipe;
}

/* Mode and recipe decide what is unset; then every name is that of a table. */
static int settle_names(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    const struct {
        const char *field;
        const char **value;
    } choices[] = {
        {"loss", &recipe->loss},
        {"optimizer", &recipe->optimizer},
        {"schedule", &recipe->schedule},
        {"embedding", &recipe->embedding},
        {"activations", &recipe->activations},
        {"negatives", &recipe->negatives},
        {"pass_on", &recipe->pass_on},
    };
    int status = settle_choice(ctx, "mode", &recipe->mode);

    if (status != FF_OK)
        return status;
    if (!recipe->recipe)
        recipe->recipe = default_recipe(recipe);
    status = settle_choice(ctx, "recipe", &recipe->recipe);
    if (status != FF_OK)
        return status;
    ff_recipe_fill(recipe, ff_recipe_find(recipe->recipe));
    for (size_t i = 0; i < sizeof choices / sizeof *choices && status == FF_OK; i++)
        status = settle_choice(ctx, choices[i].field, choices[i].value);
    if (status == FF_OK)
        ff_recipe_fill_numbers(recipe);
    return status;
}

int ff_recipe_complete(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    static const double huge = 1e30;
    static const double largest_beta = 0.999999; /* well below 1 as a float, too */
    static const double largest_dropout = 0.99, most_validation = 0.5;
    int status = check_hidden(ctx, recipe);

    if (status == FF_OK)
        status = settle_names(ctx, recipe);
    if (status != FF_OK)
        return status;

    bool divides_by_epsilon = ff_optimizer_find(recipe->optimizer)->defaults.epsilon > 0;
    const struct {
        const char *field;
        double value, low, high;
    } numbers[] = {
        {"epochs", recipe->epochs, 1, 1e6},
        {"sweeps", recipe->sweeps, 1, recipe->epochs},
        {"batch", recipe->batch, 1, 1 << 24},
        {"negative sets", recipe->negative_sets, 1, FF_MAX_NEGATIVE_SETS},
        {"learning rate", recipe->learning_rate, 0, huge},
        {"weight decay", recipe->weight_decay, 0, huge},
        {"momentum", recipe->momentum, 0, 1},
        {"beta1", recipe->beta1, 0, largest_beta},
        {"beta2", recipe->beta2, 0, largest_beta},
        {"epsilon", recipe->epsilon, divides_by_epsilon ? 1e-30 : 0, 1},
        {"goodness scale", recipe->goodness_scale, 1e-6, huge},
        {"threshold", recipe->threshold, -huge, huge},
        {"label strength", recipe->label_strength, 1e-6, huge},
        {"label smoothing", recipe->label_smoothing, 0, 1},
        {"label samples", recipe->label_samples, 0, FF_MAX_LABEL_SAMPLES},
        {"dropout", recipe->dropout, 0, largest_dropout},
        {"jitter", recipe->jitter, 0, FF_MAX_JITTER},
        {"augment copies", recipe->augment_copies, 1, FF_MAX_AUGMENT_COPIES},
        {"validation", recipe->validation, 0, most_validation},
        {"peer normalisation", recipe->peer_normalisation, 0, huge},
        {"head epochs", recipe->head_epochs, 0, 1e6},
        {"head learning rate", recipe->head_learning_rate, 0, huge},
        {"head weight decay", recipe->head_weight_decay, 0, huge},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        status =
            check_number(ctx, numbers[i].field, numbers[i].value, numbers[i].low, numbers[i].high);

        if (status != FF_OK)
            return status;
    }
    /* The manifest's integers are signed. (As a double, 2^63 - 1 would be 2^63.) */
    if (recipe->seed > INT64_MAX)
        return ff_fail(ctx, FF_EINVAL, "seed %llu: must be 0 to %lld",
                       (unsigned long long)recipe->seed, (long long)INT64_MAX);
    status = check_use(ctx, recipe);
    if (status == FF_OK)
        settle_head(recipe);
    return status;
}
