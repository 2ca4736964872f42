/* fftool bench: speed of training relative to plain matrix multiplication. */
#include "interrupt.h"
#include "json.h"
#include "options.h"

struct settings {
    struct ff_bench_opts opts;
    bool json, quiet;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    ff_bench_opts_init(&settings->opts);
}

#define IN_OPTS(field) offsetof(struct settings, opts.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Measurement"},
    {.kind = OPTION_COUNT,
     .name = "units",
     .argument = "N",
     .help = "width of the layer and of its inputs",
     .offset = IN_OPTS(units),
     .min = 1,
     .max = FF_BENCH_MAX_UNITS},
    {.kind = OPTION_COUNT,
     .name = "batch",
     .argument = "N",
     .help = "samples per step; each gives two rows",
     .offset = IN_OPTS(batch),
     .min = 1,
     .max = FF_BENCH_MAX_BATCH},
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
     .max = FF_BENCH_MAX_ROUNDS},
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

static int print_json(const struct cli *cli, const struct settings *settings,
                      const struct ff_bench_result *result)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "units", json_from_count(settings->opts.units));
    json_add(&object, "batch", json_from_count(settings->opts.batch));
    json_add(&object, "threads", json_from_count(result->threads));
    json_add(&object, "train_gflops", json_from_real(result->train_gflops));
    json_add(&object, "gemm_gflops", json_from_real(result->gemm_gflops));
    json_add(&object, "ratio", json_from_real(result->ratio));
    return json_print(cli, json_built(&object));
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct ff_bench_result result;
    int status;

    (void)operand;
    cli->quiet = settings->quiet;
    interrupt_catch();
    settings->opts.interrupted = interrupt_asked;
    status = ff_bench_gemm_share(cli->ctx, &settings->opts, &result);
    if (status != FF_OK)
        return report_status(cli, status);
    if (!settings->json) {
        printf("training %.1f GFLOP/s, plain sgemm of the same shapes %.1f GFLOP/s: %.2f\n",
               result.train_gflops, result.gemm_gflops, result.ratio);
        return EXIT_DONE;
    }
    return print_json(cli, settings, &result);
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
