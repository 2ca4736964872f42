/* fftool train: trains a network, or goes on with one of the same recipe. */
#include "commands/recipe_options.h"
#include "commands/training.h"
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
     .help = "train on ROWS samples drawn at random, the same ones for every seed; 0: all",
     .offset = IN_OPTS(limit_rows)},
    {.kind = OPTION_STRING,
     .name = "model",
     .short_name = 'o',
     .argument = "FILE",
     .help = "model to make, or to go on with",
     .offset = IN_OPTS(model)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "overwrite an existing model and its log instead of resuming or failing",
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
    RECIPE_STEP_OPTIONS(struct settings, recipe),
    {.kind = OPTION_COUNT64,
     .name = "seed",
     .argument = "N",
     .help = "of every random number; the same seed gives the same weights, bit for bit",
     .offset = IN_RECIPE(seed),
     .max = INT64_MAX},
    RECIPE_LOSS_OPTIONS(struct settings, recipe),
    {.kind = OPTION_REAL,
     .name = "goodness-scale",
     .argument = "X",
     .help = "the loss sees X times the mean square of a layer's outputs",
     .offset = IN_RECIPE(goodness_scale),
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "threshold",
     .argument = "X",
     .help = "goodness that separates positive from negative (logistic loss)",
     .offset = IN_RECIPE(threshold),
     .default_text = recipe_default},
    RECIPE_NEGATIVE_OPTIONS(struct settings, recipe),
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
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "label-smoothing",
     .argument = "X",
     .help = "share of the softmax loss's target that all labels have in common",
     .offset = IN_RECIPE(label_smoothing),
     .default_text = recipe_default},
    RECIPE_LAYER_OPTIONS(struct settings, recipe),

    {.kind = OPTION_HEADING, .name = "Optimizer"},
    RECIPE_OPTIMIZER_OPTION(struct settings, recipe),
    {.kind = OPTION_REAL,
     .name = "lr",
     .argument = "X",
     .help = "learning rate at the start (with ff-stream of each layer)",
     .offset = IN_RECIPE(learning_rate),
     .default_text = recipe_default},
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
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "momentum",
     .argument = "X",
     .help = "of sgd",
     .offset = IN_RECIPE(momentum),
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "beta1",
     .argument = "X",
     .help = "of adam: decay of the mean gradient",
     .offset = IN_RECIPE(beta1),
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "beta2",
     .argument = "X",
     .help = "of adam: decay of the mean squared gradient",
     .offset = IN_RECIPE(beta2),
     .default_text = recipe_default},
    {.kind = OPTION_REAL,
     .name = "epsilon",
     .argument = "X",
     .help = "of adam: added to the root of the mean squared gradient",
     .offset = IN_RECIPE(epsilon),
     .default_text = recipe_default},

    {.kind = OPTION_HEADING, .name = "Linear head"},
    RECIPE_HEAD_OPTION(struct settings, recipe),
    {.kind = OPTION_REAL,
     .name = "head-lr",
     .argument = "X",
     .help = "its learning rate",
     .offset = IN_RECIPE(head_learning_rate)},
    {.kind = OPTION_REAL,
     .name = "head-weight-decay",
     .argument = "X",
     .help = "its weight decay",
     .offset = IN_RECIPE(head_weight_decay)},

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
    if (status == FF_EINVAL)
        return usage_error(cli->command, "--hidden: %s", ff_ctx_message(cli->ctx));
    if (status == FF_OK)
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
        "names, or a file of images); NumPy .npy (uint8 or float32, with 1-D labels; images are "
        "(rows, "
        "height, width), or with 4 channels at most (rows, height, width, channels) or else (rows, "
        "channels, height, width)); CIFAR-10 binary batches.",
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
