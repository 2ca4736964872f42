/* fftool bench: speed of training on real data relative to plain matrix products. */
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/workplace.h"
#include "json.h"
#include "options.h"
#include "reference.h"
#include "team.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_HIDDEN "2000x2"
#define DEFAULT_SECONDS 0.5
#define MOST_SECONDS 60.0
#define MOST_SLICES 4096u

struct settings {
    struct ff_train_opts opts;
    const char *hidden;
    double seconds;
    bool json, quiet;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    ff_train_opts_init(&settings->opts);
    settings->hidden = DEFAULT_HIDDEN;
    settings->seconds = DEFAULT_SECONDS;
}

#define IN_OPTS(field) offsetof(struct settings, opts.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Data"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "dataset directory, or file of images",
     .offset = IN_OPTS(data.path),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if PATH is a file of images without labels beside it",
     .offset = IN_OPTS(data.labels)},
    {.kind = OPTION_COUNT64,
     .name = "limit",
     .argument = "ROWS",
     .help = "train on ROWS samples drawn at random, the same ones for every seed; 0: all",
     .offset = IN_OPTS(limit_rows)},

    {.kind = OPTION_HEADING, .name = "Network and recipe"},
    {.kind = OPTION_FIELDS, .name = "mode", .group = FF_GROUP_MODE},
    {.kind = OPTION_STRING,
     .name = "hidden",
     .argument = "LAYERS",
     .help = "units of each layer: 2000x4, 1000,500,200 or 1000x2,500",
     .offset = offsetof(struct settings, hidden)},
    {.kind = OPTION_FIELDS, .name = "network", .group = FF_GROUP_NETWORK},
    {.kind = OPTION_FIELDS, .name = "optimizer", .group = FF_GROUP_OPTIMIZER},
    {.kind = OPTION_FIELDS, .name = "head", .group = FF_GROUP_HEAD},

    {.kind = OPTION_HEADING, .name = "Measurement"},
    {.kind = OPTION_REAL,
     .name = "seconds",
     .argument = "X",
     .help = "approximate time of training between two measurements of plain products, 0 to 60",
     .offset = offsetof(struct settings, seconds)},
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
    {.kind = OPTION_STRING,
     .name = "scratch",
     .argument = "DIR",
     .help = "directory for temporary files [the system's temporary directory]",
     .offset = IN_OPTS(scratch)},

    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print the result as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

/* What is measured in turn, so that whatever else the machine does affects all of it. */
enum { TRAINING, LARGE, SAME, SPEEDS };

static const struct {
    const char *words, *key;
} speeds[SPEEDS] = {
    [TRAINING] = {"training", "train"},
    [LARGE] = {"sgemm, large", "large"},
    [SAME] = {"sgemm, shapes of the step", "same"},
};

/* The large product: the batch and the widths of the experiment that the README begins with. */
static const struct reference_shape large = {5000, 2000, 2000};

/*
 * A training of the recipe from its beginning to its end, which pauses for the reference each time
 * it has trained for some seconds. First epochs warm up and do not count.
 */
struct bench {
    const struct cli *cli;
    const struct settings *settings;
    const struct ff_recipe *recipe;
    struct progress progress;
    struct reference reference;
    unsigned threads;
    struct reference_shape same;
    uint32_t layer;            /* in training */
    bool counts, after_epoch;  /* this is no first epoch; it has just ended */
    double began;              /* of the slice; 0: with the next batch */
    uint64_t batches;          /* of the slice */
    double flops;              /* of a batch */
    double paused, paused_now; /* seconds in the reference; in this epoch */
    double first_epoch;        /* seconds of layer 1's first epoch */
    double growth;             /* its last epoch's, as a multiple of them */
    double gflops[SPEEDS][MOST_SLICES], ratio[SPEEDS][MOST_SLICES];
    size_t slices;
    int result; /* of the reference */
};

static void on_plan(void *arg, const struct ff_plan *plan)
{
    struct bench *bench = arg;

    bench->threads = plan->threads;
    reference_init(bench->cli, plan->threads, &bench->reference);
}

static void on_progress(void *arg, const struct ff_progress *at)
{
    struct bench *bench = arg;

    progress_show(&bench->progress, at);
}

/* Ends a slice of training, and measures the reference. */
static void take(struct bench *bench, double now)
{
    double elapsed = now - bench->began, gflops[SPEEDS] = {0}, part = bench->settings->seconds / 2;
    size_t i = bench->slices;

    gflops[TRAINING] = bench->flops * (double)bench->batches / elapsed * 1e-9;
    bench->result =
        reference_measure(&bench->reference, &large, part, interrupt_asked, &gflops[LARGE]);
    if (bench->result == EXIT_DONE)
        bench->result = reference_measure(&bench->reference, &bench->same, part, interrupt_asked,
                                          &gflops[SAME]);
    bench->paused_now += now_s() - now;
    bench->began = 0;
    if (gflops[SAME] <= 0 || i == MOST_SLICES)
        return;
    for (int speed = 0; speed < SPEEDS; speed++) {
        bench->gflops[speed][i] = gflops[speed];
        bench->ratio[speed][i] = gflops[TRAINING] / gflops[speed];
    }
    bench->slices++;
}

/* The shape of the products: that of a layer, or of the hidden layers if all train at once. */
static struct reference_shape shape_of(const struct bench *bench,
                                       const struct ff_epoch_report *report)
{
    uint32_t batch = (uint32_t)ff_recipe_get_uint(bench->recipe, "batch");
    bool pairs = report->negatives != NULL && strcmp(report->negatives, "labels") != 0;
    uint32_t layer = report->layer > 0 ? report->layer : 1;
    struct reference_shape shape = {
        .rows = pairs ? 2 * batch : batch,
        .units = ff_recipe_units(bench->recipe, layer),
        .fan_in = report->layer == 0 ? ff_recipe_units(bench->recipe, 1)
                                     : ff_recipe_units(bench->recipe, layer - 1),
    };

    if (shape.fan_in == 0) /* layer 1, whose inputs are the data's */
        shape.fan_in = (uint32_t)(bench->flops / (4.0 * shape.rows * shape.units) + 0.5);
    return shape;
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    struct bench *bench = arg;
    double seconds = report->seconds - bench->paused_now;
    double samples = report->rows_per_second * report->seconds;
    double batches = ceil(samples / (double)ff_recipe_get_uint(bench->recipe, "batch") - 1e-6);
    bool last = report->epoch == ff_recipe_get_uint(bench->recipe, "epochs");

    if (report->layer != bench->layer || !bench->counts)
        bench->began = 0;
    bench->flops = report->gflops * report->seconds * 1e9 / batches;
    bench->same = shape_of(bench, report);
    bench->layer = report->layer;
    bench->counts = !report->head && !last;
    bench->after_epoch = !last;
    bench->paused += bench->paused_now;
    bench->paused_now = 0;
    if (report->layer <= 1 && !report->head && report->epoch == 1)
        bench->first_epoch = seconds;
    if (report->layer <= 1 && !report->head && last)
        bench->growth = seconds / bench->first_epoch;
}

/* Called after each batch, and once more after each epoch but the last one. */
static bool on_batch(void *arg)
{
    struct bench *bench = arg;
    double now = now_s();

    if (bench->after_epoch) {
        bench->after_epoch = false;
        return interrupt_asked(NULL);
    }
    bench->batches++;
    if (bench->counts && bench->began == 0) {
        bench->began = now;
        bench->batches = 0;
    } else if (bench->counts && now - bench->began >= bench->settings->seconds) {
        take(bench, now);
    }
    return bench->result != EXIT_DONE || interrupt_asked(NULL);
}

static double median(double *values, size_t n)
{
    return quantile(values, n, 0.5);
}

/* Seconds of the whole training but for its epochs, as a share. */
static double share_around(const struct bench *bench, const struct ff_train_result *result)
{
    return (result->seconds - result->train_seconds) / (result->seconds - bench->paused);
}

static json_t *speed_object(double *values, size_t n)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "median", json_from_real(median(values, n)));
    json_add(&object, "low", json_from_real(quantile(values, n, 0.25)));
    json_add(&object, "high", json_from_real(quantile(values, n, 0.75)));
    return json_built(&object);
}

static int print_json(struct bench *bench, const struct ff_train_result *result)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "mode", json_from_text(ff_recipe_get_text(bench->recipe, "mode")));
    json_add(&object, "recipe", json_from_text(ff_recipe_get_text(bench->recipe, "recipe")));
    json_add(&object, "hidden", json_from_text(bench->settings->hidden));
    json_add(&object, "batch", json_from_count(ff_recipe_get_uint(bench->recipe, "batch")));
    json_add(&object, "threads", json_from_count(bench->threads));
    json_add(&object, "slices", json_from_count(bench->slices));
    for (int i = 0; i < SPEEDS; i++) {
        char *key = heap_format("%s_gflops", speeds[i].key);

        json_add(&object, key, speed_object(bench->gflops[i], bench->slices));
        free(key);
    }
    for (int i = LARGE; i < SPEEDS; i++) {
        char *key = heap_format("%s_ratio", speeds[i].key);

        json_add(&object, key, speed_object(bench->ratio[i], bench->slices));
        free(key);
    }
    json_add(&object, "around_epochs", json_from_real(share_around(bench, result)));
    json_add(&object, "last_epoch", json_from_real(bench->growth));
    return json_print(bench->cli, json_built(&object));
}

static void print_speed(struct bench *bench, int i)
{
    double *gflops = bench->gflops[i], *ratio = bench->ratio[i];
    size_t n = bench->slices;

    printf("%-26s %6.1f  (%.1f to %.1f)", speeds[i].words, median(gflops, n),
           quantile(gflops, n, 0.25), quantile(gflops, n, 0.75));
    if (i != TRAINING)
        printf("  %.2f  (%.2f to %.2f)", median(ratio, n), quantile(ratio, n, 0.25),
               quantile(ratio, n, 0.75));
    putchar('\n');
}

static void print_speeds(struct bench *bench, const struct ff_train_result *result)
{
    printf("%s, %s, %s: medians of %s, and quartiles\n", ff_recipe_get_text(bench->recipe, "mode"),
           bench->settings->hidden, text_counted(bench->threads, "thread").s,
           text_counted(bench->slices, "slice").s);
    printf("%-26s GFLOP/s                    of it, training reaches\n", "");
    for (int i = 0; i < SPEEDS; i++)
        print_speed(bench, i);
    printf("around the epochs: %s of the time (import, forward passes, checkpoints)\n",
           text_percent(share_around(bench, result)).s);
    printf("last epoch of the first layer: %.2f times as long as the first\n", bench->growth);
    if (!bench->settings->quiet)
        reference_hint();
}

static int print(struct bench *bench, const struct ff_train_result *result)
{
    if (bench->slices == 0)
        return report_failure(bench->cli,
                              "training was over before anything could be measured: use more "
                              "epochs, more samples or fewer --seconds");
    if (bench->settings->json)
        return print_json(bench, result);
    print_speeds(bench, result);
    return EXIT_DONE;
}

/* Trains in DIRECTORY. */
static int measure(struct bench *bench, const char *directory)
{
    const struct cli *cli = bench->cli;
    struct ff_train_opts opts = bench->settings->opts;
    struct ff_train_result result = {.size = sizeof result};
    char *model = heap_format("%s/model.ff", directory);
    int status;

    opts.model = model;
    opts.scratch = NULL;
    opts.on_plan = on_plan;
    opts.on_epoch = on_epoch;
    opts.on_progress = on_progress;
    opts.interrupted = on_batch;
    opts.arg = bench;
    status = ff_train(cli->ctx, bench->recipe, &opts, &result);
    progress_end(&bench->progress);
    free(model);
    if (status == FF_EINTERRUPTED && bench->result != EXIT_DONE)
        return bench->result;
    return status == FF_OK ? print(bench, &result) : report_status(cli, status);
}

/* In a directory of the user's own, in that of temporary files. */
static int measure_in_workplace(struct bench *bench)
{
    const char *temporary = getenv("TMPDIR"), *parent = bench->settings->opts.scratch;
    char *name = heap_format("fftool-bench-%ld", (long)geteuid());
    struct workplace place;
    int result;

    if (parent == NULL)
        parent = temporary != NULL ? temporary : P_tmpdir;
    result = workplace_open(bench->cli, name, parent, &place);
    free(name);
    if (result != EXIT_DONE)
        return result;
    result = measure(bench, place.inside);
    reference_release(&bench->reference);
    workplace_close(&place);
    return result;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    struct bench *bench;
    struct ff_recipe *recipe;
    int result;

    (void)operand;
    cli->quiet = settings->quiet;
    result =
        team_refuse(cli, "it measures one process: start it without mpirun; tools/measure-team "
                         "measures several");
    if (result != EXIT_DONE)
        return result;
    if (!(settings->seconds > 0 && settings->seconds <= MOST_SECONDS))
        return usage_error(cli->command, "seconds %g: must be above 0, and at most %g",
                           settings->seconds, MOST_SECONDS);
    result = recipe_from_options(cli, settings->hidden, &recipe);
    if (result == EXIT_DONE)
        result = report_status(cli, ff_recipe_complete(cli->ctx, recipe));
    if (result == EXIT_DONE) {
        bench = heap_resize(NULL, 1, sizeof *bench);
        *bench = (struct bench){.cli = cli, .settings = settings, .recipe = recipe};
        progress_init(&bench->progress, settings->quiet || settings->json);
        interrupt_catch();
        result = measure_in_workplace(bench);
        free(bench);
    }
    ff_recipe_free(recipe);
    return result;
}

const struct command cmd_bench = {
    .name = "bench",
    .summary = "compare the speed of training with plain matrix products",
    .description =
        "Trains a network on real data, everything included that training does, and pauses again "
        "and again for plain sgemm by OpenBLAS with its own threads: of a large product, 5000 x "
        "2000 x 2000, and of the shapes of the training's own steps. Prints the speeds in billions "
        "of operations per second and the ratios of training to both. First epochs of a layer "
        "warm up and do not count. Nothing of the network is kept.",
    .examples = "  fftool bench --data /usr/share/datasets/fashion-mnist --limit 10000 --epochs 4\n"
                "  fftool bench -d mnist --recipe classic --hidden 1000x2 --batch 2500 --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
