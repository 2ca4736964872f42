/* fftool train: trains a network, or goes on with one of the same recipe. */
#include "training.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MODEL "model.ff"
#define DEFAULT_HIDDEN "500x4"

struct settings {
    struct ff_recipe recipe;
    struct training run;
    const char *hidden;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    ff_recipe_init(&settings->recipe);
    training_init(&settings->run);
    settings->run.opts.model = DEFAULT_MODEL;
    settings->hidden = DEFAULT_HIDDEN;
}

static void release(void *arg)
{
    struct settings *settings = arg;

    ff_recipe_release(&settings->recipe);
}

static double option_value(const struct option_spec *option, const struct settings *settings)
{
    const char *at = (const char *)settings + option->offset;
    uint32_t count;
    double value;

    if (option->kind == OPTION_REAL) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&count, at, sizeof count);
    return count;
}

/* Reads OPTION's value in a recipe completed with one choice of a field; NAN if that fails. */
static double completed_value(struct ff_ctx *ctx, const struct option_spec *option,
                              const char *field, const char *choice)
{
    struct settings settings = {0};
    double value = NAN;

    init(&settings);
    if (strcmp(field, "mode") == 0)
        settings.recipe.mode = choice;
    else if (strcmp(field, "recipe") == 0)
        settings.recipe.recipe = choice;
    else
        settings.recipe.optimizer = choice;
    if (ff_recipe_parse_hidden(ctx, "1", &settings.recipe) == FF_OK &&
        ff_recipe_complete(ctx, &settings.recipe) == FF_OK)
        value = option_value(option, &settings);
    release(&settings);
    return value;
}

/* Writes "0.003 with ff-stream, 0.001 with bp, bp-accum"; returns false if all choices have one
 * value. */
static bool values_by_choice(struct ff_ctx *ctx, const struct option_spec *option,
                             const char *field, char *text, size_t size)
{
    bool differ = false;
    double last = NAN;
    size_t used = 0, i;

    *text = '\0';
    for (i = 0; used < size; i++) {
        /* Asked for anew each time: the table's memory may be shared with other fields'. */
        const char *name = ff_recipe_choices(field)[i].name;
        bool same;
        double value;

        if (name == NULL)
            break;
        value = completed_value(ctx, option, field, name);
        if (!isfinite(value))
            continue;
        same = fabs(value - last) <= 0;
        if (used > 0 && !same)
            differ = true;
        if (same)
            used += (size_t)snprintf(text + used, size - used, ", %s", name);
        else
            used += (size_t)snprintf(text + used, size - used, "%s%g with %s", used > 0 ? ", " : "",
                                     value, name);
        last = value;
    }
    if (!differ && isfinite(last))
        snprintf(text, size, "%g", last);
    return differ;
}

/* The default of a figure that belongs to the mode, the recipe or the optimizer. */
static void owned_default(const struct option_spec *option, char *text, size_t size)
{
    static const char *const fields[] = {"recipe", "mode", "optimizer"};
    struct ff_ctx *ctx;
    size_t i;

    *text = '\0';
    if (ff_ctx_new(&ctx) != FF_OK)
        return;
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        if (values_by_choice(ctx, option, fields[i], text, size))
            break;
    ff_ctx_free(ctx);
}

#define IN_RECIPE(field) offsetof(struct settings, recipe.field)
#define IN_OPTS(field) offsetof(struct settings, run.opts.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Data and model"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "folder of a dataset, or file of images",
     .offset = IN_OPTS(data.path),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, where PATH is a file of images and labels are not found beside it",
     .offset = IN_OPTS(data.labels)},
    {.kind = OPTION_COUNT64,
     .name = "limit",
     .argument = "ROWS",
     .help = "use only the first rows of the dataset; 0: all",
     .offset = IN_OPTS(limit_rows)},
    {.kind = OPTION_STRING,
     .name = "model",
     .short_name = 'o',
     .argument = "FILE",
     .help = "model to make, or to go on with",
     .offset = IN_OPTS(model)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "replace a model that is there, instead of going on with it or refusing",
     .offset = IN_OPTS(force)},

    {.kind = OPTION_HEADING, .name = "Network and recipe"},
    {.kind = OPTION_CHOICE,
     .name = "mode",
     .argument = "NAME",
     .help = "how the network is trained",
     .offset = IN_RECIPE(mode),
     .field = "mode"},
    {.kind = OPTION_STRING,
     .name = "hidden",
     .argument = "LAYERS",
     .help = "units of each layer: 2000x4, 1000,500,200 or 1000x2,500",
     .offset = offsetof(struct settings, hidden)},
    {.kind = OPTION_COUNT,
     .name = "epochs",
     .argument = "N",
     .help = "epochs; with ff-stream of each layer",
     .offset = IN_RECIPE(epochs),
     .min = 1},
    {.kind = OPTION_COUNT,
     .name = "sweeps",
     .argument = "N",
     .help = "rounds over all layers that the epochs of each are divided among; 1: a layer is "
             "finished before the next one begins (ff-stream)",
     .offset = IN_RECIPE(sweeps),
     .min = 1},
    {.kind = OPTION_COUNT,
     .name = "batch",
     .argument = "N",
     .help = "samples in a step; each gives a positive and a negative row",
     .offset = IN_RECIPE(batch),
     .min = 1},
    {.kind = OPTION_COUNT64,
     .name = "seed",
     .argument = "N",
     .help = "of every random number; the same seed gives the same weights, bit for bit",
     .offset = IN_RECIPE(seed),
     .max = INT64_MAX},
    {.kind = OPTION_CHOICE,
     .name = "recipe",
     .argument = "NAME",
     .help = "whose defaults hold for what follows, as `fftool recipes` tells [conditioned; symba "
             "with ff-full]",
     .offset = IN_RECIPE(recipe),
     .field = "recipe",
     .default_text = no_default},
    {.kind = OPTION_CHOICE,
     .name = "loss",
     .argument = "NAME",
     .help = "what a layer minimises [the recipe's]",
     .offset = IN_RECIPE(loss),
     .field = "loss",
     .default_text = no_default},
    {.kind = OPTION_REAL,
     .name = "goodness-scale",
     .argument = "X",
     .help = "the loss sees X times the mean square of a layer's outputs",
     .offset = IN_RECIPE(goodness_scale),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "threshold",
     .argument = "X",
     .help = "goodness that separates positive from negative (logistic loss)",
     .offset = IN_RECIPE(threshold),
     .default_text = owned_default},
    {.kind = OPTION_COUNT,
     .name = "negative-sets",
     .argument = "K",
     .help = "sets of random negatives, visited in turn; more learn better and, stored, take more "
             "disk (losses of pairs)",
     .offset = IN_RECIPE(negative_sets),
     .min = 1,
     .max = FF_MAX_NEGATIVE_SETS,
     .default_text = owned_default},
    {.kind = OPTION_CHOICE,
     .name = "negatives",
     .argument = "HOW",
     .help = "what makes the negatives (losses of pairs) [random]",
     .offset = IN_RECIPE(negatives),
     .field = "negatives",
     .default_text = no_default},
    {.kind = OPTION_REAL,
     .name = "peer-normalisation",
     .argument = "X",
     .help = "pull of every unit's mean activity to that of its layer (ff-full)",
     .offset = IN_RECIPE(peer_normalisation)},
    {.kind = OPTION_CHOICE,
     .name = "label-embedding",
     .argument = "HOW",
     .help = "how the label enters the input (losses of pairs) [replace]",
     .offset = IN_RECIPE(embedding),
     .field = "embedding",
     .default_text = no_default},
    {.kind = OPTION_REAL,
     .name = "label-strength",
     .argument = "X",
     .help = "value of the label's input, in the images or in every layer",
     .offset = IN_RECIPE(label_strength),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "label-smoothing",
     .argument = "X",
     .help = "share of the softmax loss's target that all labels have in common",
     .offset = IN_RECIPE(label_smoothing),
     .default_text = owned_default},
    {.kind = OPTION_COUNT,
     .name = "label-samples",
     .argument = "N",
     .help =
         "wrong labels that a row meets in a step (softmax loss), hard ones first; 0: all up to "
         "20 classes, else 19",
     .offset = IN_RECIPE(label_samples),
     .max = FF_MAX_LABEL_SAMPLES},
    {.kind = OPTION_CHOICE,
     .name = "pass-on",
     .argument = "NAME",
     .help = "outputs of a layer that the next one gets (softmax loss)",
     .offset = IN_RECIPE(pass_on),
     .field = "pass_on"},
    {.kind = OPTION_REAL,
     .name = "dropout",
     .argument = "P",
     .help = "probability that an input of a layer is dropped in a step (ff-stream)",
     .offset = IN_RECIPE(dropout),
     .default_text = owned_default},
    {.kind = OPTION_COUNT,
     .name = "jitter",
     .argument = "N",
     .help =
         "images are shifted by up to N pixels, anew in each epoch of the first layer (ff-stream)",
     .offset = IN_RECIPE(jitter),
     .max = FF_MAX_JITTER},
    {.kind = OPTION_COUNT,
     .name = "augment-copies",
     .argument = "N",
     .help = "copies of the shifted images that are stored for the layers above, visited in turn "
             "(softmax loss)",
     .offset = IN_RECIPE(augment_copies),
     .min = 1,
     .max = FF_MAX_AUGMENT_COPIES},
    {.kind = OPTION_REAL,
     .name = "validation",
     .argument = "X",
     .help = "fraction of the samples that is held out of training, to choose the layers whose "
             "goodness is summed and to calibrate probabilities (softmax loss)",
     .offset = IN_RECIPE(validation)},
    {.kind = OPTION_CHOICE,
     .name = "activations",
     .argument = "TYPE",
     .help = "numbers that stored activations are made of [u8 with conditioned, else f32]",
     .offset = IN_RECIPE(activations),
     .field = "activations",
     .default_text = no_default},

    {.kind = OPTION_HEADING, .name = "Optimizer"},
    {.kind = OPTION_CHOICE,
     .name = "optimizer",
     .argument = "NAME",
     .help = "how weights follow gradients",
     .offset = IN_RECIPE(optimizer),
     .field = "optimizer"},
    {.kind = OPTION_REAL,
     .name = "lr",
     .argument = "X",
     .help = "learning rate at the start (with ff-stream of each layer)",
     .offset = IN_RECIPE(learning_rate),
     .default_text = owned_default},
    {.kind = OPTION_CHOICE,
     .name = "schedule",
     .argument = "NAME",
     .help = "the learning rate over the epochs",
     .offset = IN_RECIPE(schedule),
     .field = "schedule"},
    {.kind = OPTION_REAL,
     .name = "weight-decay",
     .argument = "X",
     .help = "decoupled; not on biases",
     .offset = IN_RECIPE(weight_decay),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "momentum",
     .argument = "X",
     .help = "of sgd",
     .offset = IN_RECIPE(momentum),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "beta1",
     .argument = "X",
     .help = "of adam: decay of the mean gradient",
     .offset = IN_RECIPE(beta1),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "beta2",
     .argument = "X",
     .help = "of adam: decay of the mean squared gradient",
     .offset = IN_RECIPE(beta2),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "epsilon",
     .argument = "X",
     .help = "of adam: added to the root of the mean squared gradient",
     .offset = IN_RECIPE(epsilon),
     .default_text = owned_default},

    {.kind = OPTION_HEADING, .name = "Linear head"},
    {.kind = OPTION_COUNT,
     .name = "head-epochs",
     .argument = "N",
     .help =
         "epochs of the softmax head on each layer from the second; 0: no head; with ff-full as "
         "many as the network's, or 0",
     .offset = IN_RECIPE(head_epochs),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "head-lr",
     .argument = "X",
     .help = "its learning rate",
     .offset = IN_RECIPE(head_learning_rate),
     .default_text = owned_default},
    {.kind = OPTION_REAL,
     .name = "head-weight-decay",
     .argument = "X",
     .help = "its weight decay",
     .offset = IN_RECIPE(head_weight_decay),
     .default_text = owned_default},

    TRAINING_RESOURCE_OPTIONS(struct settings, run),
    TRAINING_OUTPUT_OPTIONS(struct settings, run),
    {.name = NULL},
};

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    bool going_on;
    int status;

    (void)operand;
    status = ff_recipe_parse_hidden(cli->ctx, settings->hidden, &settings->recipe);
    if (status != FF_OK)
        return usage_error(cli->command, "--hidden: %s", ff_ctx_message(cli->ctx));
    status = ff_recipe_complete(cli->ctx, &settings->recipe);
    if (status != FF_OK)
        return report_status(cli, status);
    going_on = !settings->run.opts.force && access(settings->run.opts.model, F_OK) == 0;
    return training_run(cli, &settings->run, &settings->recipe, !going_on);
}

const struct command cmd_train = {
    .name = "train",
    .summary = "train a network, or go on with one",
    .description =
        "Trains a deep fully connected network with Forward-Forward, strictly one layer in memory: "
        "each layer learns from stored activations of the one below, then writes its own for the "
        "next. Other modes train the same network all at once, to compare with. Weights and "
        "progress live in the model file. Ctrl-C (or a crash) costs at most the work since the "
        "last checkpoint: the same command, or `fftool resume MODEL`, goes on to the same weights, "
        "bit for bit.\n\n"
        "Datasets: IDX files, plain or .gz (MNIST, Fashion-MNIST: a folder with the four usual "
        "names, or a file of images); NumPy .npy (uint8 or float32, with 1-D labels); CIFAR-10 "
        "binary batches.",
    .examples = "  fftool train --data /usr/share/datasets/fashion-mnist --hidden 1000x4\n"
                "  fftool train -d images.npy --labels labels.npy -o mine.ff --hidden 500,500\n"
                "  fftool train -d mnist --loss symba --negative-sets 3 --log run.jsonl --seed 7\n"
                "  fftool train -d big --hidden 2000x16 --activations u8 --compress zstd\n"
                "  fftool train -d mnist --mode bp --hidden 1000x2\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .release = release,
    .run = run,
};
