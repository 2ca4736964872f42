#include "recipe/field.h"

#include <math.h>
#include <string.h>

#define HUGE_NUMBER 1e30
#define LARGEST_BETA 0.999999 /* below 1 as a float, too */
#define LARGEST_DROPOUT 0.99
#define MOST_VALIDATION 0.5

#define NAME(field) .name = #field
#define AT(member) .offset = offsetof(struct ff_recipe, member)

static const struct ff_field fields[] = {
    {.info = {NAME(mode), .option = "mode", .argument = "NAME", .group = FF_GROUP_MODE,
              .type = FF_FIELD_CHOICE, .decides_size = true, .help = "how the network is trained"},
     AT(mode),
     .initial = "ff-stream"},
    {.info = {NAME(epochs), .option = "epochs", .argument = "N", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_EPOCHS, .decides_size = true,
              .help = "epochs; with ff-stream of each layer"},
     AT(epochs),
     .initial = "10"},
    {.info = {NAME(sweeps), .option = "sweeps", .argument = "N", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_EPOCHS, .decides_size = true,
              .help = "sweeps over all layers, among which the epochs of each are divided; 1: a "
                      "layer is complete before the next one begins (ff-stream)"},
     AT(sweeps),
     .initial = "1",
     .needs = {FF_IF_STREAMS}},
    {.info = {NAME(batch), .option = "batch", .argument = "N", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_BATCH, .decides_size = true,
              .help = "samples per step"},
     AT(batch),
     .initial = "128"},
    {.info = {NAME(seed), .option = "seed", .argument = "N", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_SEED,
              .help = "random seed; the same seed gives the same weights, bit for bit"},
     AT(seed),
     .initial = "0"},
    {.info = {NAME(recipe), .option = "recipe", .argument = "NAME", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_CHOICE, .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
              .help = "preset that supplies the defaults of the options below, listed by `fftool "
                      "recipes` [conditioned; symba with ff-full]"},
     AT(recipe),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE}},
    {.info = {NAME(loss), .option = "loss", .argument = "NAME", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_CHOICE, .decides_size = true,
              .default_is = FF_DEFAULT_IN_HELP, .help = "loss of a layer [the recipe's]"},
     AT(loss),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE}},
    {.info = {NAME(goodness_scale), .option = "goodness-scale", .argument = "X", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_REAL, .low = 1e-6, .high = HUGE_NUMBER,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "scale of the goodness in the loss: X times the mean square of the outputs"},
     AT(goodness_scale),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE}},
    {.info = {NAME(threshold), .option = "threshold", .argument = "X", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_REAL, .low = -HUGE_NUMBER, .high = HUGE_NUMBER,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "goodness that separates positive from negative (logistic loss)"},
     AT(threshold),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_THRESHOLD}},
    {.info = {NAME(negative_sets), .option = "negative-sets", .argument = "K", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_COUNT, .low = 1,
              .high = FF_MAX_NEGATIVE_SETS, .decides_size = true,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "sets of random negatives, used in turn; more sets reduce the error and take "
                      "more disk (losses of pairs)"},
     AT(negative_sets),
     .needs = {FF_IF_FORWARD, FF_IF_PAIRS, FF_IF_DRAWN_ONCE}},
    {.info = {NAME(negatives), .option = "negatives", .argument = "HOW", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_CHOICE, .decides_size = true,
              .default_is = FF_DEFAULT_IN_HELP,
              .help = "kind of negatives (losses of pairs) [random]"},
     AT(negatives),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS}},
    {.info = {NAME(peer_normalisation), .option = "peer-normalisation", .argument = "X",
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_REAL, .low = 0, .high = HUGE_NUMBER,
              .decides_size = true,
              .help = "strength of peer normalisation, which pulls the mean activity of each unit "
                      "to that of its layer (ff-full)"},
     AT(peer_normalisation),
     .initial = "0",
     .needs = {FF_IF_FULL}},
    {.info = {NAME(label_embedding), .option = "label-embedding", .argument = "HOW",
              .by_recipe = true, .group = FF_GROUP_NETWORK, .type = FF_FIELD_CHOICE,
              .decides_size = true, .default_is = FF_DEFAULT_IN_HELP,
              .help = "how the label enters the input (losses of pairs) [replace]"},
     AT(embedding),
     .key = "embedding",
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS}},
    {.info = {NAME(label_strength), .option = "label-strength", .argument = "X", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_REAL, .low = 1e-6, .high = HUGE_NUMBER,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "value of the input of the label, in the images or in each layer"},
     AT(label_strength),
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_LABELLED}},
    {.info = {NAME(label_smoothing), .option = "label-smoothing", .argument = "X",
              .by_recipe = true, .group = FF_GROUP_NETWORK, .type = FF_FIELD_REAL, .low = 0,
              .high = 1, .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "label smoothing of the softmax loss"},
     AT(label_smoothing),
     .needs = {FF_IF_STREAMS, FF_IF_LABELS}},
    {.info = {NAME(label_samples), .option = "label-samples", .argument = "N",
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_COUNT, .low = 0,
              .high = FF_MAX_LABEL_SAMPLES, .decides_size = true,
              .help = "wrong labels of a sample in a step, half of them the hardest; 0: all for up "
                      "to 20 classes, else 19 (softmax loss)"},
     AT(label_samples),
     .initial = "0",
     .needs = {FF_IF_STREAMS, FF_IF_LABELS}},
    {.info = {NAME(pass_on), .option = "pass-on", .argument = "NAME", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_CHOICE, .decides_size = true,
              .help = "outputs of a layer that are passed to the next one (softmax loss)"},
     AT(pass_on),
     .initial = "label-free",
     .needs = {FF_IF_STREAMS, FF_IF_LABELS}},
    {.info = {NAME(dropout), .option = "dropout", .argument = "P", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_DROPOUT,
              .decides_size = true, .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "dropout probability of layer inputs, 0 to 0.99 (ff-stream)"},
     AT(dropout),
     .needs = {FF_IF_STREAMS}},
    {.info = {NAME(jitter), .option = "jitter", .argument = "N", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_COUNT, .low = 0, .high = FF_MAX_JITTER, .decides_size = true,
              .help = "random shifts of images by up to N pixels, redrawn in each epoch; with "
                      "ff-stream for the first layer"},
     AT(jitter),
     .initial = "0"},
    {.info = {NAME(augment_copies), .option = "augment-copies", .argument = "N",
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_COUNT, .low = 1,
              .high = FF_MAX_AUGMENT_COPIES, .decides_size = true,
              .help = "augmentation copies: stored copies of the shifted images for the layers "
                      "above, used in turn (softmax loss)"},
     AT(augment_copies),
     .initial = "1",
     .needs = {FF_IF_STREAMS, FF_IF_LABELS, FF_IF_SHIFTS}},
    {.info = {NAME(validation), .option = "validation", .argument = "X", .group = FF_GROUP_NETWORK,
              .type = FF_FIELD_REAL, .low = 0, .high = MOST_VALIDATION, .decides_size = true,
              .help = "fraction of held-out samples, 0 to 0.5, rounded up to whole batches; they "
                      "choose the layers whose goodness is summed and calibrate probabilities "
                      "(softmax loss; hard negatives with ff-stream)"},
     AT(validation),
     .initial = "0",
     .needs = {FF_IF_STREAMS, FF_IF_HOLDS_OUT}},
    {.info = {NAME(activations), .option = "activations", .argument = "TYPE", .by_recipe = true,
              .group = FF_GROUP_NETWORK, .type = FF_FIELD_CHOICE, .decides_size = true,
              .default_is = FF_DEFAULT_IN_HELP,
              .help = "data type of stored activations [u8 with conditioned, else f32]"},
     AT(activations),
     .needs = {FF_IF_STREAMS}},
    {.info = {NAME(optimizer), .option = "optimizer", .argument = "NAME",
              .group = FF_GROUP_OPTIMIZER, .type = FF_FIELD_CHOICE, .decides_size = true,
              .help = "optimizer"},
     AT(optimizer),
     .initial = "adam"},
    {.info = {NAME(learning_rate), .option = "lr", .argument = "X", .by_recipe = true,
              .group = FF_GROUP_OPTIMIZER, .type = FF_FIELD_REAL, .low = 0, .high = HUGE_NUMBER,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "initial learning rate (with ff-stream of each layer)"},
     AT(learning_rate)},
    {.info = {NAME(schedule), .option = "schedule", .argument = "NAME", .group = FF_GROUP_OPTIMIZER,
              .type = FF_FIELD_CHOICE, .help = "learning rate over the epochs"},
     AT(schedule),
     .initial = "linear"},
    {.info = {NAME(weight_decay), .option = "weight-decay", .argument = "X",
              .group = FF_GROUP_OPTIMIZER, .type = FF_FIELD_REAL, .low = 0, .high = HUGE_NUMBER,
              .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "decoupled weight decay; not applied to biases"},
     AT(weight_decay),
     .initial = "0"},
    {.info = {NAME(momentum), .option = "momentum", .argument = "X", .group = FF_GROUP_OPTIMIZER,
              .type = FF_FIELD_REAL, .low = 0, .high = 1, .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "momentum (sgd)"},
     AT(momentum),
     .needs = {FF_IF_MOMENTUM}},
    {.info = {NAME(beta1), .option = "beta1", .argument = "X", .group = FF_GROUP_OPTIMIZER,
              .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_BETA,
              .default_is = FF_DEFAULT_BY_CHOICE, .help = "decay rate of the first moment (adam)"},
     AT(beta1),
     .needs = {FF_IF_MOMENTS}},
    {.info = {NAME(beta2), .option = "beta2", .argument = "X", .group = FF_GROUP_OPTIMIZER,
              .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_BETA,
              .default_is = FF_DEFAULT_BY_CHOICE, .help = "decay rate of the second moment (adam)"},
     AT(beta2),
     .needs = {FF_IF_MOMENTS}},
    {.info = {NAME(epsilon), .option = "epsilon", .argument = "X", .group = FF_GROUP_OPTIMIZER,
              .type = FF_FIELD_REAL, .low = 0, .high = 1, .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "epsilon, added to the root of the second moment (adam)"},
     AT(epsilon),
     .needs = {FF_IF_MOMENTS}},
    {.info = {NAME(head_epochs), .option = "head-epochs", .argument = "N", .by_recipe = true,
              .group = FF_GROUP_HEAD, .type = FF_FIELD_COUNT, .low = 0, .high = FF_MAX_EPOCHS,
              .decides_size = true, .default_is = FF_DEFAULT_BY_CHOICE,
              .help = "epochs of the linear softmax head on each layer from the second, or on the "
                      "only one; 0: no head; with ff-full 0 or the epochs of the network"},
     AT(head_epochs),
     .needs = {FF_IF_FORWARD}},
    {.info = {NAME(head_learning_rate), .option = "head-lr", .argument = "X",
              .group = FF_GROUP_HEAD, .type = FF_FIELD_REAL, .low = 0, .high = HUGE_NUMBER,
              .help = "learning rate of the head"},
     AT(head_learning_rate),
     .initial = "1e-3",
     .needs = {FF_IF_FORWARD, FF_IF_HEAD}},
    {.info = {NAME(head_weight_decay), .option = "head-weight-decay", .argument = "X",
              .group = FF_GROUP_HEAD, .type = FF_FIELD_REAL, .low = 0, .high = HUGE_NUMBER,
              .help = "weight decay of the head"},
     AT(head_weight_decay),
     .initial = "0",
     .needs = {FF_IF_FORWARD, FF_IF_HEAD}},
};
_Static_assert(sizeof fields / sizeof *fields <= FF_MAX_FIELDS, "room for a flag of each");

const struct ff_field *ff_fields(size_t *count)
{
    *count = sizeof fields / sizeof *fields;
    return fields;
}

const struct ff_recipe_field *ff_recipe_field(size_t i)
{
    return i < sizeof fields / sizeof *fields ? &fields[i].info : NULL;
}

const char *ff_field_words(const struct ff_field *field, char text[FF_FIELD_WORDS_BYTES])
{
    size_t i;

    for (i = 0; field->info.name[i] && i + 1 < FF_FIELD_WORDS_BYTES; i++)
        text[i] = (char)(field->info.name[i] == '_' ? ' ' : field->info.name[i]);
    text[i] = '\0';
    return text;
}

const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return (const char *)recipe + field->offset;
}

static const char *name_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const char *const *)ff_field_of(field, recipe);
}

static uint64_t seed_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const uint64_t *)ff_field_of(field, recipe);
}

const struct ff_field *ff_field_find(const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].info.name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

const char *ff_field_key(const struct ff_field *field)
{
    return field->key ? field->key : field->info.name;
}

double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe)
{
    const void *at = ff_field_of(field, recipe);

    return field->info.type == FF_FIELD_COUNT ? *(const uint32_t *)at : *(const double *)at;
}

bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe)
{
    switch (field->info.type) {
    case FF_FIELD_CHOICE:
        return !name_of(field, recipe);
    case FF_FIELD_COUNT:
        return *(const uint32_t *)ff_field_of(field, recipe) == FF_UNSET;
    case FF_FIELD_REAL:
        return isnan(*(const double *)ff_field_of(field, recipe));
    case FF_FIELD_SEED:
        break;
    }
    return false;
}

bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b)
{
    if (field->info.type == FF_FIELD_CHOICE)
        return strcmp(name_of(field, a), name_of(field, b)) == 0;
    if (field->info.type == FF_FIELD_SEED)
        return seed_of(field, a) == seed_of(field, b);
    return ff_field_number(field, a) == ff_field_number(field, b);
}

void ff_field_copy(const struct ff_field *field, struct ff_recipe *to, const struct ff_recipe *from)
{
    static const size_t sizes[] = {
        [FF_FIELD_CHOICE] = sizeof(const char *),
        [FF_FIELD_COUNT] = sizeof(uint32_t),
        [FF_FIELD_SEED] = sizeof(uint64_t),
        [FF_FIELD_REAL] = sizeof(double),
    };

    memcpy((char *)to + field->offset, ff_field_of(field, from), sizes[field->info.type]);
}
