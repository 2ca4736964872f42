/* fftool extend: trains a finished model on, as a new model. */
#include "commands/training.h"
#include "common/output.h"
#include <fftool/extend.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    struct training run;
    struct ff_extend_opts extend;
    const char *hidden, *keep;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    training_init(&settings->run);
    settings->extend.size = sizeof settings->extend;
}

#define IN_OPTS(field) offsetof(struct settings, run.opts.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Model"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "NEW",
     .help = "model file to create or resume",
     .offset = IN_OPTS(model),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "hidden",
     .argument = "+LAYERS",
     .help = "layers to train on top of those kept: +500x2",
     .offset = offsetof(struct settings, hidden)},
    {.kind = OPTION_STRING,
     .name = "keep",
     .argument = "1-N",
     .help = "layers to keep; the others are dropped [all]",
     .offset = offsetof(struct settings, keep)},
    {.kind = OPTION_COUNT,
     .name = "epochs",
     .argument = "N",
     .help = "with --hidden: epochs of each new layer [those of MODEL]; without: more epochs of "
             "the top layer, or of all layers if they were trained in sweeps or at once",
     .offset = offsetof(struct settings, extend.epochs),
     .min = 1,
     .max = FF_MAX_EPOCHS,
     .default_text = no_default},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "overwrite an existing NEW and its log instead of resuming or failing",
     .offset = IN_OPTS(force)},

    {.kind = OPTION_HEADING, .name = "Data"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "other data, of the same columns and classes [that of MODEL]",
     .offset = IN_OPTS(data.path)},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels of the other data",
     .offset = IN_OPTS(data.labels),
     .needs = "data"},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME[,LABELS]",
     .help = "arrays of the other data, of an .npz",
     .offset = IN_OPTS(data.arrays),
     .needs = "data"},
    {.kind = OPTION_COUNT64,
     .name = "limit",
     .argument = "ROWS",
     .help = "draw ROWS samples of the other data at random; 0: all",
     .offset = IN_OPTS(limit_rows),
     .needs = "data"},

    TRAINING_RESOURCE_OPTIONS(struct settings, run),
    TRAINING_OUTPUT_OPTIONS(struct settings, run),
    {.name = NULL},
};

/* Reads "1-N", or "N" as the same. */
static int read_keep(struct cli *cli, const char *text, uint32_t *out)
{
    const char *number = strncmp(text, "1-", 2) == 0 ? text + 2 : text;
    char *end;
    unsigned long value = strtoul(number, &end, 10);

    if (*number < '0' || *number > '9' || *end != '\0' || value < 1 || value > FF_MAX_LAYERS)
        return usage_error(cli->command,
                           "--keep %s: write 1-N for the first N layers; higher layers cannot be "
                           "kept without those below",
                           text);
    *out = (uint32_t)value;
    return EXIT_DONE;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    int result = EXIT_DONE;
    bool resuming;

    settings->extend.from = operand;
    if (settings->keep != NULL)
        result = read_keep(cli, settings->keep, &settings->extend.keep);
    if (result != EXIT_DONE)
        return result;
    if (settings->hidden != NULL && *settings->hidden != '+')
        return usage_error(cli->command,
                           "--hidden %s: layers are added to those of the model: write +%s",
                           settings->hidden, settings->hidden);
    if (settings->hidden != NULL)
        settings->extend.hidden = settings->hidden + 1;
    resuming = !settings->run.opts.force && access(settings->run.opts.model, F_OK) == 0;
    return training_run(cli, &settings->run, &(struct training_start){.extend = &settings->extend},
                        !resuming);
}

const struct command cmd_extend = {
    .name = "extend",
    .operand = "MODEL",
    .summary = "train a finished model on: more layers, epochs or other data",
    .description =
        "Makes NEW from the finished MODEL, which is not changed, and trains it: layers on top of "
        "those that are there, more epochs, or both after dropping the top layers. Lower layers "
        "do not depend on those above, so they are copied. Layers added on the same data get the "
        "weights that they would have got in one training of all layers, bit for bit. More epochs "
        "begin with an optimizer state of zero. After Ctrl-C or a crash the same command, or "
        "`fftool resume NEW`, resumes the "
        "training.",
    .examples = "  fftool extend model.ff -o deeper.ff --hidden +500x2\n"
                "  fftool extend model.ff -o longer.ff --epochs 5\n"
                "  fftool extend model.ff -o other.ff --keep 1-2 --hidden +1000 --data new.csv\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .spreads = true,
    .run = run,
};
