/* fftool plan: estimates memory and disk use of trainings. */
#include "commands/plan_output.h"
#include "commands/training.h"
#include "common/heap.h"
#include "common/output.h"
#include "profile/list.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_HIDDEN "500x4"
#define DEFAULT_UNITS "500" /* with --depths */
#define DEFAULT_MODES "ff-stream"
/* Shape of MNIST and Fashion-MNIST, the default without --data. */
#define DEFAULT_SAMPLES 60000
#define DEFAULT_HEIGHT 28
#define DEFAULT_WIDTH 28
#define DEFAULT_CLASSES 10

struct settings {
    struct training run;
    struct ff_plan_data data; /* features 0: from height and width, or the default */
    const char *hidden;       /* NULL: by default */
    const char *depths, *modes;
    uint32_t ranks;
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
    settings->ranks = 1;
}

#define MOST_RANKS 1024

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
    {.kind = OPTION_CHOICE,
     .name = "missing",
     .argument = "HOW",
     .help = "what a missing value of a table is",
     .offset = offsetof(struct settings, run.missing),
     .choices = training_missing,
     .needs = "data"},
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
    {.kind = OPTION_COUNT,
     .name = "ranks",
     .argument = "N",
     .help = "processes of the team (mpirun -n N), one of which is planned; without time",
     .offset = offsetof(struct settings, ranks),
     .min = 1,
     .max = MOST_RANKS},
    {.kind = OPTION_REAL,
     .name = "gflops",
     .argument = "N",
     .help = "speed that the estimate of time assumes, in GFLOP/s of training as `fftool bench` "
             "prints it [measured on this machine]",
     .offset = IN_OPTS(gflops),
     .above = TRAINING_LEAST_GFLOPS,
     .default_text = no_default},

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

/* A network's plan. */
struct row {
    const char *mode;
    uint32_t layers;
    struct ff_plan plan;
    struct plan_times times;
    bool fits;
};

/* All networks to be planned, and their plans. */
struct planning {
    struct cli *cli;
    const struct settings *settings;
    struct ff_plan_data data;
    const char *hidden;
    struct profile_modes modes;
    struct profile_depths depths; /* n 0: the layers of --hidden */
    struct row *rows;
    size_t n_rows;
    bool one; /* a single network: printed in detail */
};

static void on_epoch_time(void *arg, uint32_t first, uint32_t last, double seconds)
{
    struct row *row = arg;

    plan_times_add(&row->times, first, last, seconds);
}

/* Plans RECIPE, whose layers are set. */
static int plan_one(struct planning *planning, struct ff_recipe *recipe)
{
    const struct ff_plan_data *data = &planning->data;
    const struct profile_modes *modes = &planning->modes;
    struct ff_train_opts opts = planning->settings->run.opts;
    struct row *row = &planning->rows[planning->n_rows];
    int status;

    *row = (struct row){.plan.size = sizeof row->plan};
    opts.ranks = (uint16_t)planning->settings->ranks;
    opts.on_epoch_time = on_epoch_time;
    opts.arg = row;
    ff_recipe_drop_unused(recipe, modes->names, modes->n);
    ff_train_opts_drop_unused(&opts, ff_recipe_get_text(recipe, "mode"), modes->names, modes->n);
    status = ff_plan_train(planning->cli->ctx, recipe, &opts, opts.data.path != NULL ? NULL : data,
                           &row->plan);
    if (status != FF_OK && (status != FF_EBUDGET || planning->one)) {
        int result = report_status(planning->cli, status);

        if (status != FF_EBUDGET || !planning->settings->json)
            return result;
    }
    plan_warn_of_steps(planning->cli, &row->plan);
    row->mode = ff_recipe_get_text(recipe, "mode");
    row->layers = ff_recipe_layers(recipe);
    row->fits = status == FF_OK;
    planning->n_rows++;
    return EXIT_DONE;
}

/* Plans the mode with DEPTH layers of the width in --hidden; 0: the layers of --hidden. */
static int plan_depth(struct planning *planning, const char *mode, uint32_t depth)
{
    const struct cli *cli = planning->cli;
    struct ff_recipe *recipe;
    char hidden[64];
    int result;

    snprintf(hidden, sizeof hidden, "%.32sx%u", planning->hidden, depth);
    result = recipe_from_options(cli, depth > 0 ? hidden : planning->hidden, &recipe);
    if (result == EXIT_DONE)
        result = report_status(cli, ff_recipe_set(cli->ctx, recipe, "mode", mode));
    if (result == EXIT_DONE)
        result = plan_one(planning, recipe);
    ff_recipe_free(recipe);
    return result;
}

/* Nothing is printed before all is known: one mode may be rejected where others are not. */
static int plan_all(struct planning *planning)
{
    size_t depths = planning->depths.n > 0 ? planning->depths.n : 1, d, m;
    int result = EXIT_DONE;

    planning->rows = heap_resize(NULL, depths * planning->modes.n, sizeof *planning->rows);
    for (d = 0; d < depths; d++)
        for (m = 0; m < planning->modes.n && result == EXIT_DONE; m++)
            result = plan_depth(planning, planning->modes.names[m],
                                planning->depths.n > 0 ? planning->depths.layers[d] : 0);
    return result;
}

static void print_line(void *arg, const char *text)
{
    (void)arg;
    puts(text);
}

static void print_at_length(const struct row *row)
{
    const struct ff_plan *plan = &row->plan;

    printf("%s: %s, %s, %s in %s of batches of %s\n", row->mode,
           text_counted(row->layers, "layer").s, text_counted(plan->parameters, "parameter").s,
           text_counted(plan->steps, "step").s, text_counted(plan->epochs, "epoch").s,
           text_count(plan->batch).s);
    plan_lines(plan, print_line, NULL);
    printf("scratch: peak %s; written, with the model: %s\n",
           text_bytes(plan->scratch_peak_bytes).s, text_bytes(plan->written_bytes).s);
    printf("model: %s; while it is compacted at the end: %s\n", text_bytes(plan->model_bytes).s,
           text_bytes(plan->model_peak_bytes).s);
    plan_time_line(plan, print_line, NULL);
    plan_time_lines(&row->times, print_line, NULL);
}

static void print_table(const struct planning *planning)
{
    size_t i;

    printf("mode            layers        peak    smallest     scratch     written       model     "
           "    time\n");
    for (i = 0; i < planning->n_rows; i++) {
        const struct row *row = &planning->rows[i];
        const struct ff_plan *plan = &row->plan;

        printf("%-14s %7u  %10s  %10s  %10s  %10s  %10s  %11s%s\n", row->mode, row->layers,
               text_bytes(plan->peak_bytes).s, text_bytes(plan->smallest_bytes).s,
               text_bytes(plan->scratch_peak_bytes).s, text_bytes(plan->written_bytes).s,
               text_bytes(plan->model_bytes).s, text_duration(plan->seconds).s,
               row->fits ? "" : "  does not fit");
    }
}

static json_t *data_object(const struct planning *planning)
{
    const char *path = planning->settings->run.opts.data.path;
    const struct ff_plan_data *data = &planning->data;
    struct json_builder object = json_build(json_object());

    if (path != NULL) {
        json_add(&object, "path", json_from_text(path));
        return json_built(&object);
    }
    json_add(&object, "samples", json_from_count(data->samples));
    json_add(&object, "features", json_from_count(data->features));
    if (data->height > 0) {
        json_add(&object, "height", json_from_count(data->height));
        json_add(&object, "width", json_from_count(data->width));
    }
    json_add(&object, "classes", json_from_count(data->classes));
    json_add(&object, "float", json_boolean(data->is_float));
    return json_built(&object);
}

static json_t *point_object(const struct row *row)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "mode", json_from_text(row->mode));
    json_add(&object, "layers", json_from_count(row->layers));
    json_add(&object, "fits", json_boolean(row->fits));
    json_add_plan(&object, &row->plan);
    json_add_times(&object, &row->plan, &row->times);
    return json_built(&object);
}

static int print_json(const struct planning *planning)
{
    struct json_builder object = json_build(json_object()), points = json_build(json_array());
    size_t i;

    for (i = 0; i < planning->n_rows; i++)
        json_append(&points, point_object(&planning->rows[i]));
    json_add(&object, "data", data_object(planning));
    json_add(&object, "points", json_built(&points));
    return json_print(planning->cli, json_built(&object));
}

static int print(const struct planning *planning)
{
    int result = EXIT_DONE;
    size_t i;

    if (planning->settings->json)
        result = print_json(planning);
    else if (planning->one)
        print_at_length(planning->rows);
    else
        print_table(planning);
    for (i = 0; i < planning->n_rows && result == EXIT_DONE; i++)
        if (!planning->rows[i].fits)
            result = EXIT_BUDGET;
    return result;
}

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

/* Reads the lists, and completes the shape of the data. */
static int parse(const struct settings *settings, struct planning *planning)
{
    const char *command = planning->cli->command;
    int result = profile_parse_modes(command, settings->modes, &planning->modes);

    planning->data = complete_data(settings->data);
    planning->hidden = settings->hidden;
    if (planning->hidden == NULL)
        planning->hidden = settings->depths != NULL ? DEFAULT_UNITS : DEFAULT_HIDDEN;
    if (result == EXIT_DONE && settings->depths != NULL)
        result = profile_parse_depths(command, settings->depths, &planning->depths);
    if (result == EXIT_DONE && settings->depths != NULL && strpbrk(planning->hidden, "xX,") != NULL)
        result = usage_error(command,
                             "--hidden: with --depths give the units of all layers, such as 2000");
    planning->one = planning->modes.n == 1 && planning->depths.n <= 1;
    return result;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct planning planning = {.cli = cli, .settings = settings};
    int result;

    (void)operand;
    settings->run.opts.data.fill_missing = training_fills_missing(&settings->run);
    cli->quiet = settings->quiet;
    result = parse(settings, &planning);
    if (result == EXIT_DONE)
        result = plan_all(&planning);
    if (result == EXIT_DONE)
        result = print(&planning);
    for (size_t i = 0; i < planning.n_rows; i++)
        plan_times_release(&planning.rows[i].times);
    free(planning.rows);
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
                   "files out.",
    .examples = "  fftool plan --hidden 1000x4 --memory 32M\n"
                "  fftool plan --hidden 2000 --depths 2,7,...,47 --modes ff-stream,bp\n"
                "  fftool plan --recipe unsupervised --height 32 --width 32 --features 3072\n"
                "  fftool plan --data mnist --hidden 4000x2 --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
