/* fftool plan: estimates memory and disk use of trainings. */
#include "commands/planning.h"
#include "commands/training.h"
#include "figures/figure.h"
#include <string.h>

#define DEFAULT_HIDDEN "500x4"
#define DEFAULT_UNITS "500" /* with --depths */
#define DEFAULT_MODES "ff-stream"
#define DEFAULT_DEPTH 2 /* with --units alone */
#define DEFAULT_RANKS "1"
#define DEFAULT_BANDWIDTH "1G"
#define DEFAULT_LATENCY "0.1ms"
/* Shape of MNIST and Fashion-MNIST, the default without --data. */
#define DEFAULT_SAMPLES 60000
#define DEFAULT_HEIGHT 28
#define DEFAULT_WIDTH 28
#define DEFAULT_CLASSES 10

struct settings {
    struct training run;
    struct ff_plan_data data; /* features 0: from height and width, or the default */
    const char *hidden;       /* NULL: by default */
    const char *depths, *modes, *units, *ranks;
    const char *bandwidth, *latency, *plot;
    bool json, quiet;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    training_init(&settings->run);
    settings->modes = DEFAULT_MODES;
    settings->data.size = sizeof settings->data;
    settings->data.samples = DEFAULT_SAMPLES;
    settings->data.classes = DEFAULT_CLASSES;
    settings->ranks = DEFAULT_RANKS;
    settings->bandwidth = DEFAULT_BANDWIDTH;
    settings->latency = DEFAULT_LATENCY;
}

static void hidden_default(const struct option_spec *option, char *text, size_t size)
{
    (void)option;
    snprintf(text, size, DEFAULT_HIDDEN "; with --depths " DEFAULT_UNITS);
}

#define IN_OPTS(field) offsetof(struct settings, run.opts.field)
#define IN_DATA(field) offsetof(struct settings, data.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Data"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "dataset directory, or file of images; by default the shape given below",
     .offset = IN_OPTS(data.path)},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if PATH is a file of images without labels beside it",
     .offset = IN_OPTS(data.labels),
     .needs = "data"},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME[,LABELS]",
     .help = "arrays of an .npz that are the images and labels, if they have no usual names",
     .offset = IN_OPTS(data.arrays),
     .needs = "data"},
    {.kind = OPTION_STRING,
     .name = "label-column",
     .argument = "NAME|N",
     .help = "column of the labels of a table, by name or number [the last]",
     .offset = IN_OPTS(data.label_column),
     .needs = "data"},
    {.kind = OPTION_STRING,
     .name = "id-column",
     .argument = "NAME|N",
     .help = "column that names the rows of a table, which is not a feature",
     .offset = IN_OPTS(data.id_column),
     .needs = "data"},
    TRAINING_DATA_OPTIONS(struct settings, run, "data"),
    {.kind = OPTION_EXTENT,
     .name = "resize",
     .argument = "WxH",
     .help = "resize image files to W x H pixels",
     .offset = IN_OPTS(data.resize_width),
     .max = TRAINING_LONGEST_SIDE,
     .needs = "data"},
    {.kind = OPTION_COUNT64,
     .name = "limit",
     .argument = "ROWS",
     .help = "train on ROWS samples drawn at random, the same ones for every seed; 0: all",
     .offset = IN_OPTS(limit_rows),
     .needs = "data"},
    {.kind = OPTION_COUNT64,
     .name = "samples",
     .argument = "N",
     .help = "samples of a dataset without --data",
     .offset = IN_DATA(samples),
     .min = 1,
     .max = FF_MAX_DATA_SAMPLES,
     .excludes = "data"},
    {.kind = OPTION_COUNT,
     .name = "features",
     .argument = "N",
     .help = "features of a sample; not images unless --height is given [those of 28 x 28 pixels]",
     .offset = IN_DATA(features),
     .min = 1,
     .max = FF_MAX_DATA_FEATURES,
     .excludes = "data",
     .default_text = no_default},
    {.kind = OPTION_COUNT,
     .name = "height",
     .argument = "N",
     .help = "height of images in pixels; --features / (height x width) channels, or 1 [28, "
             "without --features]",
     .offset = IN_DATA(height),
     .min = 1,
     .max = FF_MAX_DATA_FEATURES,
     .needs = "width",
     .excludes = "data",
     .default_text = no_default},
    {.kind = OPTION_COUNT,
     .name = "width",
     .argument = "N",
     .help = "width of images in pixels [28, without --features]",
     .offset = IN_DATA(width),
     .min = 1,
     .max = FF_MAX_DATA_FEATURES,
     .needs = "height",
     .excludes = "data",
     .default_text = no_default},
    {.kind = OPTION_COUNT,
     .name = "classes",
     .argument = "N",
     .help = "classes",
     .offset = IN_DATA(classes),
     .min = 2,
     .max = FF_MAX_DATA_CLASSES,
     .excludes = "data"},
    {.kind = OPTION_FLAG,
     .name = "float",
     .help = "features are float32, not uint8",
     .offset = IN_DATA(is_float),
     .excludes = "data"},

    {.kind = OPTION_HEADING, .name = "Network and recipe"},
    {.kind = OPTION_STRING,
     .name = "hidden",
     .argument = "LAYERS",
     .help = "units of each layer: 2000x4, 1000,500,200 or 1000x2,500; or, with --depths, of all "
             "layers",
     .offset = offsetof(struct settings, hidden),
     .default_text = hidden_default},
    {.kind = OPTION_STRING,
     .name = "depths",
     .argument = "LIST",
     .help = "numbers of layers, a line of the table for each; three dots continue in equal steps",
     .offset = offsetof(struct settings, depths)},
    {.kind = OPTION_STRING,
     .name = "units",
     .argument = "LIST",
     .help = "units of all layers, a line of the table for each; 2 layers without --depths",
     .offset = offsetof(struct settings, units),
     .excludes = "hidden"},
    {.kind = OPTION_STRING,
     .name = "modes",
     .argument = "LIST",
     .help = "training modes, as in `fftool train --mode`",
     .offset = offsetof(struct settings, modes),
     .field = "mode"},
    {.kind = OPTION_FIELDS, .name = "network", .group = FF_GROUP_NETWORK, .size_only = true},
    {.kind = OPTION_FIELDS, .name = "optimizer", .group = FF_GROUP_OPTIMIZER, .size_only = true},
    {.kind = OPTION_FIELDS, .name = "head", .group = FF_GROUP_HEAD, .size_only = true},

    {.kind = OPTION_HEADING, .name = "Resources"},
    {.kind = OPTION_STRING,
     .name = "compress",
     .argument = "HOW",
     .help = "compression of stored activations: none, zstd or zstd:LEVEL",
     .offset = IN_OPTS(compress)},
    {.kind = OPTION_COUNT,
     .name = "threads",
     .argument = "N",
     .help = "threads; 0: all processors available to the process",
     .offset = IN_OPTS(threads),
     .max = 256},
    {.kind = OPTION_COUNT,
     .name = "micro-batch",
     .argument = "ROWS",
     .help = "samples in memory at a time; 0: chosen automatically",
     .offset = IN_OPTS(micro_batch_rows)},
    {.kind = OPTION_SIZE,
     .name = "memory",
     .argument = "SIZE",
     .help = "budget for the peak memory of the whole process, such as 64M; the exit code is 3 if "
             "a network does not fit",
     .offset = IN_OPTS(memory_bytes),
     .min = 1,
     .default_text = no_default},
    {.kind = OPTION_REAL,
     .name = "gflops",
     .argument = "N",
     .help = "speed that the estimate of time assumes, in GFLOP/s of training as `fftool bench` "
             "prints it [measured on this machine]",
     .offset = IN_OPTS(gflops),
     .above = TRAINING_LEAST_GFLOPS,
     .default_text = no_default},

    {.kind = OPTION_HEADING, .name = "Team"},
    {.kind = OPTION_STRING,
     .name = "ranks",
     .argument = "LIST",
     .help = "processes of the team (mpirun -n N), a line of the table for each number; planned is "
             "the first, which holds most",
     .offset = offsetof(struct settings, ranks)},
    {.kind = OPTION_STRING,
     .name = "bandwidth",
     .argument = "BITS",
     .help = "bits per second that each process can send and receive, with K, M, G or T for powers "
             "of 1000: 10G",
     .offset = offsetof(struct settings, bandwidth),
     .needs = "ranks"},
    {.kind = OPTION_STRING,
     .name = "latency",
     .argument = "TIME",
     .help = "time of a message, in s, ms or us: 50us",
     .offset = offsetof(struct settings, latency),
     .needs = "ranks"},
    {.kind = OPTION_STRING,
     .name = "plot",
     .argument = "FILE",
     .help = "draw the speed-up against the number of processes: .svg, .png or .pdf",
     .offset = offsetof(struct settings, plot),
     .needs = "ranks"},

    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print everything as a JSON object, with networks that do not fit (\"fits\": false)",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

/* Completes the shape of the data. */
static struct ff_plan_data complete_data(struct ff_plan_data data)
{
    uint64_t pixels;

    if (data.features == 0 && data.height == 0) {
        data.height = DEFAULT_HEIGHT;
        data.width = DEFAULT_WIDTH;
    }
    pixels = (uint64_t)data.height * data.width;
    if (data.features == 0) /* too many are rejected later */
        data.features = pixels < UINT32_MAX ? (uint32_t)pixels : UINT32_MAX;
    return data;
}

/* The layers of all networks, if they have no lists of depths and widths. */
static int parse_layers(const struct settings *settings, struct planning *planning)
{
    const char *command = planning->cli->command;
    bool depths = settings->depths != NULL, widths = settings->units != NULL;
    int result = EXIT_DONE;

    planning->hidden = settings->hidden;
    if (planning->hidden == NULL)
        planning->hidden = depths ? DEFAULT_UNITS : DEFAULT_HIDDEN;
    if (depths)
        result = profile_parse_depths(command, settings->depths, &planning->depths);
    if (result == EXIT_DONE && widths)
        result = planning_parse_numbers(command, "units", settings->units, FF_MAX_UNITS,
                                        &planning->widths);
    if (widths && !depths)
        planning->depths = (struct profile_depths){.n = 1, .layers = {DEFAULT_DEPTH}};
    if (result == EXIT_DONE && depths && strpbrk(planning->hidden, "xX,") != NULL)
        result = usage_error(command,
                             "--hidden: with --depths give the units of all layers, such as 2000");
    return result;
}

/* Reads the lists, and completes the shape of the data. */
static int parse(const struct settings *settings, struct planning *planning)
{
    const char *command = planning->cli->command;
    int result = profile_parse_modes(command, settings->modes, &planning->modes);

    planning->data = complete_data(settings->data);
    if (result == EXIT_DONE)
        result = parse_layers(settings, planning);
    if (result == EXIT_DONE)
        result = planning_parse_numbers(command, "ranks", settings->ranks, PLANNING_MOST_RANKS,
                                        &planning->ranks);
    if (result == EXIT_DONE)
        result = planning_parse_link(command, settings->bandwidth, settings->latency, planning);
    if (result == EXIT_DONE && settings->plot != NULL)
        result = figure_check(planning->cli, "plot", settings->plot);
    return result;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct planning planning = {.cli = cli, .json = settings->json, .plot = settings->plot};
    int result;

    (void)operand;
    training_settle_data(&settings->run);
    planning.opts = settings->run.opts;
    cli->quiet = settings->quiet;
    result = parse(settings, &planning);
    if (result == EXIT_DONE)
        result = planning_run(&planning);
    if (result == EXIT_DONE)
        result = planning_print(&planning);
    planning_release(&planning);
    return result;
}

const struct command cmd_plan = {
    .name = "plan",
    .summary = "estimate memory, disk use and time before training",
    .description = "Estimates, without training, peak memory, scratch, bytes written and size of "
                   "the model for each mode and depth, and the smallest sufficient memory budget. "
                   "Estimates of memory are within 5 % or 4 MB of the measured value, whichever is "
                   "larger. The effect of compression on disk is estimated, and checkpoints within "
                   "a layer, which depend on time, are not counted. Time is estimated from a "
                   "measurement of about half a second, within 30 % on a machine that does nothing "
                   "else, or from the speed given with --gflops, which leaves reading and writing "
                   "files out. Speed and time of a team of processes are those of a model: what "
                   "its first process computes, measured here, and what it exchanges, by "
                   "--bandwidth and --latency.",
    .examples = "  fftool plan --hidden 1000x4 --memory 32M\n"
                "  fftool plan --hidden 2000 --depths 2,7,...,47 --modes ff-stream,bp\n"
                "  fftool plan --recipe unsupervised --height 32 --width 32 --features 3072\n"
                "  fftool plan --data mnist --hidden 4000x2 --json\n"
                "  fftool plan --units 2000,16384 --ranks 1,2,4,8 --bandwidth 10G\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
