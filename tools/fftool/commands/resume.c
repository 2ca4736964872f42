/* fftool resume: resumes the training of a model from its own recipe and data. */
#include "commands/training.h"

struct settings {
    struct training run;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    training_init(&settings->run);
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Data"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "path of the dataset, if it has moved; it must be the same data",
     .offset = offsetof(struct settings, run.opts.data.path),
     .recorded = true},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if it has moved",
     .offset = offsetof(struct settings, run.opts.data.labels),
     .recorded = true},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME[,LABELS]",
     .help = "arrays of an .npz that has moved",
     .offset = offsetof(struct settings, run.opts.data.arrays),
     .needs = "data",
     .recorded = true},

    TRAINING_RESOURCE_OPTIONS(struct settings, run),
    TRAINING_OUTPUT_OPTIONS(struct settings, run),
    {.name = NULL},
};

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;

    settings->run.opts.model = operand;
    return training_run(cli, &settings->run, &(struct training_start){.recipe = NULL}, false);
}

const struct command cmd_resume = {
    .name = "resume",
    .operand = "MODEL",
    .summary = "resume an interrupted training",
    .description =
        "Resumes the training of MODEL from its last checkpoint, with the recipe and the dataset "
        "that the model records. The final weights are those of an uninterrupted training, bit for "
        "bit. Stored activations that are lost or damaged are computed again.",
    .examples = "  fftool resume model.ff\n"
                "  fftool resume model.ff --data /mnt/copy/fashion-mnist --threads 4\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .spreads = true,
    .run = run,
};
