/* fftool bench: speed of training relative to plain matrix multiplication. */
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/workplace.h"
#include "json.h"
#include "options.h"
#include "reference.h"
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_UNITS 2000
#define DEFAULT_BATCH 128
#define DEFAULT_ROUNDS 7
#define DEFAULT_SECONDS 0.5
#define MOST_UNITS 65536u
#define MOST_BATCH 65536u
#define MOST_ROUNDS 1000u
#define MOST_SECONDS 3600.0
#define BATCHES 16 /* more than any cache holds at 2000 units */
#define CLASSES 2

struct settings {
    uint32_t units, batch, threads, rounds;
    double seconds;
    const char *scratch; /* NULL: the temporary directory */
    bool json, quiet;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    settings->units = DEFAULT_UNITS;
    settings->batch = DEFAULT_BATCH;
    settings->rounds = DEFAULT_ROUNDS;
    settings->seconds = DEFAULT_SECONDS;
}

#define IN_OPTS(field) offsetof(struct settings, field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Measurement"},
    {.kind = OPTION_COUNT,
     .name = "units",
     .argument = "N",
     .help = "width of the layer and of its inputs",
     .offset = IN_OPTS(units),
     .min = CLASSES,
     .max = MOST_UNITS},
    {.kind = OPTION_COUNT,
     .name = "batch",
     .argument = "N",
     .help = "samples per step; each gives two rows",
     .offset = IN_OPTS(batch),
     .min = 1,
     .max = MOST_BATCH},
    {.kind = OPTION_COUNT,
     .name = "threads",
     .argument = "N",
     .help = "threads; 0: all processors available to the process",
     .offset = IN_OPTS(threads),
     .max = 256},
    {.kind = OPTION_COUNT,
     .name = "rounds",
     .argument = "N",
     .help = "pairs of measurements; medians are printed",
     .offset = IN_OPTS(rounds),
     .min = 1,
     .max = MOST_ROUNDS},
    {.kind = OPTION_REAL,
     .name = "seconds",
     .argument = "X",
     .help = "approximate time of one measurement",
     .offset = IN_OPTS(seconds)},
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
     .help = "suppress warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

/* A measurement: a training, which pauses after each epoch that completes a round's share of time
 * for the reference. So whatever else the machine does meets both. */
struct bench {
    const struct cli *cli;
    const struct settings *settings;
    struct reference reference;
    bool warm;             /* the first epoch is over */
    double flops, elapsed; /* of training, in this round */
    unsigned threads, rounds;
    double train[MOST_ROUNDS], gemm[MOST_ROUNDS], ratio[MOST_ROUNDS];
    int result; /* what went wrong in a callback */
};

/* Inputs like those of a deep layer: about half are zero. */
static int read_rows(void *arg, uint64_t first, size_t n, void *features, uint16_t *labels)
{
    const struct bench *bench = arg;
    uint32_t units = bench->settings->units;
    float *values = features;

    for (size_t i = 0; i < n; i++) {
        uint32_t state = (uint32_t)(first + i) + 1;

        for (uint32_t j = 0; j < units; j++) {
            state = state * 1664525u + 1013904223u; /* Knuth's linear congruential generator */
            values[i * units + j] = state >> 31 ? (float)(state >> 8) / (1 << 24) : 0;
        }
        if (labels != NULL)
            labels[i] = (uint16_t)((first + i) % CLASSES);
    }
    return 0;
}

static void on_plan(void *arg, const struct ff_plan *plan)
{
    struct bench *bench = arg;

    bench->threads = plan->threads;
    bench->result = reference_init(bench->cli, bench->settings->units, bench->settings->batch,
                                   plan->threads, &bench->reference);
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    struct bench *bench = arg;
    unsigned i = bench->rounds;
    double gemm;

    if (!bench->warm || bench->result != EXIT_DONE || i == bench->settings->rounds) {
        bench->warm = true;
        return;
    }
    bench->flops += report->gflops * report->seconds;
    bench->elapsed += report->seconds;
    if (bench->elapsed < bench->settings->seconds)
        return;
    gemm = reference_measure(&bench->reference, bench->settings->seconds, interrupt_asked);
    if (gemm <= 0)
        return;
    bench->train[i] = bench->flops / bench->elapsed;
    bench->gemm[i] = gemm;
    bench->ratio[i] = bench->train[i] / gemm;
    bench->rounds++;
    bench->flops = bench->elapsed = 0;
}

static bool finished(void *arg)
{
    const struct bench *bench = arg;

    return bench->result != EXIT_DONE || bench->rounds == bench->settings->rounds ||
           interrupt_asked(NULL);
}

/* One layer, whose weights hardly move, for as long as it takes. Returns a status. */
static int make_recipe(const struct cli *cli, const struct settings *settings,
                       struct ff_recipe **out)
{
    char units[16], batch[16];
    const char *const fields[][2] = {
        {"hidden", units},
        {"batch", batch},
        {"recipe", "symba"},
        {"epochs", "1000000"},
        {"head_epochs", "0"},
        {"schedule", "constant"},
        {"learning_rate", "0.00001"},
    };
    int status = ff_recipe_new(cli->ctx, out);

    snprintf(units, sizeof units, "%u", settings->units);
    snprintf(batch, sizeof batch, "%u", settings->batch);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == FF_OK; i++)
        status = ff_recipe_set(cli->ctx, *out, fields[i][0], fields[i][1]);
    return status;
}

/* Trains in DIRECTORY until all is measured. Returns an exit code. */
static int measure(struct bench *bench, const char *directory)
{
    const struct settings *settings = bench->settings;
    const struct cli *cli = bench->cli;
    struct ff_train_result result = {.size = sizeof result};
    struct ff_rows rows = {
        .size = sizeof rows,
        .name = "numbers",
        .rows = (uint64_t)BATCHES * settings->batch,
        .features = settings->units,
        .is_float = true,
        .classes = CLASSES,
        .read = read_rows,
        .arg = bench,
    };
    struct ff_train_opts opts;
    struct ff_recipe *recipe;
    char *model = heap_format("%s/model.ff", directory);
    int status = make_recipe(cli, settings, &recipe);

    ff_train_opts_init(&opts);
    opts.model = model;
    opts.data.rows = &rows;
    opts.threads = settings->threads;
    opts.checkpoint_interval_s = MOST_SECONDS * MOST_ROUNDS;
    opts.on_plan = on_plan;
    opts.on_epoch = on_epoch;
    opts.interrupted = finished;
    opts.arg = bench;
    if (status == FF_OK)
        status = ff_train(cli->ctx, recipe, &opts, &result);
    ff_recipe_free(recipe);
    free(model);
    if (status == FF_EINTERRUPTED && bench->result != EXIT_DONE)
        return bench->result;
    if (status == FF_EINTERRUPTED && bench->rounds == settings->rounds)
        status = FF_OK;
    return report_status(cli, status);
}

/* In a directory of the user's own, in that of temporary files. */
static int measure_in_workplace(struct bench *bench)
{
    const char *temporary = getenv("TMPDIR"), *parent = bench->settings->scratch;
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

static int print(const struct cli *cli, struct bench *bench)
{
    const struct settings *settings = bench->settings;
    double train = median(bench->train, bench->rounds), gemm = median(bench->gemm, bench->rounds);
    double ratio = median(bench->ratio, bench->rounds);
    struct json_builder object;

    if (!settings->json) {
        printf("training %.1f GFLOP/s, plain sgemm of the same shapes %.1f GFLOP/s: %.2f\n", train,
               gemm, ratio);
        return EXIT_DONE;
    }
    object = json_build(json_object());
    json_add(&object, "units", json_from_count(settings->units));
    json_add(&object, "batch", json_from_count(settings->batch));
    json_add(&object, "threads", json_from_count(bench->threads));
    json_add(&object, "train_gflops", json_from_real(train));
    json_add(&object, "gemm_gflops", json_from_real(gemm));
    json_add(&object, "ratio", json_from_real(ratio));
    return json_print(cli, json_built(&object));
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    struct bench bench = {.cli = cli, .settings = settings};
    int result;

    (void)operand;
    cli->quiet = settings->quiet;
    if (!(settings->seconds > 0 && settings->seconds <= MOST_SECONDS))
        return usage_error(cli->command, "seconds %g: must be above 0, and at most %g",
                           settings->seconds, MOST_SECONDS);
    interrupt_catch();
    result = measure_in_workplace(&bench);
    return result == EXIT_DONE ? print(cli, &bench) : result;
}

const struct command cmd_bench = {
    .name = "bench",
    .summary = "compare the speed of training with plain matrix products",
    .description =
        "Measures training steps of one layer, optimizer and reading of stored activations "
        "included, and plain sgemm of the same shapes by OpenBLAS with its own threads, in turn. "
        "Prints both in billions of operations per second, and the median of their ratios.",
    .examples = "  fftool bench --units 2000\n"
                "  fftool bench --units 500 --threads 1 --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
