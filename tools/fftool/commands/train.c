/* fftool train: trains a network, or resumes one of the same recipe. */
#include "commands/training.h"
#include <unistd.h>

#define DEFAULT_MODEL "model.ff"
#define DEFAULT_HIDDEN "500x4"

struct settings {
    struct training run;
    const char *hidden;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    training_init(&settings->run);
    settings->run.opts.model = DEFAULT_MODEL;
    settings->hidden = DEFAULT_HIDDEN;
}

#define IN_OPTS(field) offsetof(struct settings, run.opts.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Data and model"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "dataset directory, directory of images, or file of samples",
     .offset = IN_OPTS(data.path),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if PATH is a file of images without labels beside it",
     .offset = IN_OPTS(data.labels)},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME[,LABELS]",
     .help = "arrays of an .npz that are the images and labels, if they have no usual names",
     .offset = IN_OPTS(data.arrays)},
    {.kind = OPTION_STRING,
     .name = "label-column",
     .argument = "NAME|N",
     .help = "column of the labels of a table, by name or number [the last]",
     .offset = IN_OPTS(data.label_column)},
    {.kind = OPTION_STRING,
     .name = "id-column",
     .argument = "NAME|N",
     .help = "column that names the rows of a table: not a feature, but `predict` copies it",
     .offset = IN_OPTS(data.id_column)},
    TRAINING_DATA_OPTIONS(struct settings, run, NULL),
    {.kind = OPTION_EXTENT,
     .name = "resize",
     .argument = "WxH",
     .help = "resize image files to W x H pixels",
     .offset = IN_OPTS(data.resize_width),
     .max = TRAINING_LONGEST_SIDE},
    {.kind = OPTION_COUNT64,
     .name = "limit",
     .argument = "ROWS",
     .help = "train on ROWS samples drawn at random, the same ones for every seed; 0: all",
     .offset = IN_OPTS(limit_rows)},
    {.kind = OPTION_STRING,
     .name = "model",
     .short_name = 'o',
     .argument = "MODEL",
     .help = "model file to create or resume",
     .offset = IN_OPTS(model)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "overwrite an existing model and its log instead of resuming or failing",
     .offset = IN_OPTS(force)},

    {.kind = OPTION_HEADING, .name = "Network and recipe"},
    {.kind = OPTION_FIELDS, .name = "mode", .group = FF_GROUP_MODE},
    {.kind = OPTION_STRING,
     .name = "hidden",
     .argument = "LAYERS",
     .help = "units of each layer: 2000x4, 1000,500,200 or 1000x2,500",
     .offset = offsetof(struct settings, hidden)},
    {.kind = OPTION_FIELDS, .name = "network", .group = FF_GROUP_NETWORK},

    {.kind = OPTION_HEADING, .name = "Optimizer"},
    {.kind = OPTION_FIELDS, .name = "optimizer", .group = FF_GROUP_OPTIMIZER},

    {.kind = OPTION_HEADING, .name = "Linear head"},
    {.kind = OPTION_FIELDS, .name = "head", .group = FF_GROUP_HEAD},

    TRAINING_RESOURCE_OPTIONS(struct settings, run),
    TRAINING_OUTPUT_OPTIONS(struct settings, run),
    {.name = NULL},
};

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct ff_recipe *recipe;
    bool resuming;
    int result = recipe_from_options(cli, settings->hidden, &recipe);

    (void)operand;
    training_settle_data(&settings->run);
    if (result == EXIT_DONE) {
        resuming = !settings->run.opts.force && access(settings->run.opts.model, F_OK) == 0;
        result = training_run(cli, &settings->run, &(struct training_start){.recipe = recipe},
                              !resuming);
    }
    ff_recipe_free(recipe);
    return result;
}

/* The formats of --data. */
static void print_formats(FILE *out)
{
    const struct ff_data_format *format;

    fputs("\nDatasets:\n", out);
    for (size_t i = 0; (format = ff_data_format(i)) != NULL; i++) {
        print_wrapped(out, format->summary, 2, 0);
        print_wrapped(out, format->layout, 6, 0);
    }
}

const struct command cmd_train = {
    .name = "train",
    .summary = "train a network, or resume training",
    .description =
        "Trains a deep fully connected network with Forward-Forward, strictly one layer in memory: "
        "each layer learns from the stored activations of the layer below, then stores its own for "
        "the next. Other modes train the whole network at once, for comparison. Weights and "
        "progress are in the model file. Ctrl-C or a crash costs at most the work since the last "
        "checkpoint: the same command, or `fftool resume MODEL`, resumes the training and ends "
        "with the same weights, bit for bit.",
    .describe_more = print_formats,
    .examples = "  fftool train --data /usr/share/datasets/fashion-mnist --hidden 1000x4\n"
                "  fftool train -d images.npy --labels labels.npy -o mine.ff --hidden 500,500\n"
                "  fftool train -d mnist --loss symba --negative-sets 3 --log run.jsonl --seed 7\n"
                "  fftool train -d big --hidden 2000x16 --activations u8 --compress zstd\n"
                "  fftool train -d mnist --mode bp --hidden 1000x2\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .spreads = true,
    .run = run,
};
