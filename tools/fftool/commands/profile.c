/* fftool profile: memory and time against depth, for several training modes. */
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "common/same_file.h"
#include "common/workplace.h"
#include "figures/figure.h"
#include "json.h"
#include "options.h"
#include "profile/begin.h"
#include "profile/list.h"
#include "profile/measure.h"
#include "profile/report.h"
#include "profile/summary.h"
#include "team.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The experiment of the original comparison. */
#define DEFAULT_DEPTHS "2,7,...,47"
#define DEFAULT_MODES "ff-stream,ff-full,bp"
#define DEFAULT_HIDDEN 2000
#define DEFAULT_BATCH 5000
#define DEFAULT_OUTPUT "profile.json"
/* Peak memory is reached within a few steps: this many batches suffice. */
#define DEFAULT_BATCHES 2
#define SAMPLES_BY_BATCH UINT64_MAX

struct settings {
    struct profile_settings common;
    const char *depths, *modes;
    const char *output, *plot, *scratch;
    bool retry, force, quiet;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    settings->depths = DEFAULT_DEPTHS;
    settings->modes = DEFAULT_MODES;
    settings->output = DEFAULT_OUTPUT;
    settings->common = (struct profile_settings){.hidden = DEFAULT_HIDDEN,
                                                 .batch = DEFAULT_BATCH,
                                                 .samples = SAMPLES_BY_BATCH,
                                                 .epochs = 1,
                                                 .optimizer = ff_recipe_choices("optimizer")->name};
}

static void samples_default(const struct option_spec *option, char *text, size_t size)
{
    (void)option;
    snprintf(text, size, "%d batches", DEFAULT_BATCHES);
}

#define IN_COMMON(field) offsetof(struct settings, common.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "What is trained"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "dataset directory",
     .offset = IN_COMMON(data),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "modes",
     .argument = "LIST",
     .help = "training modes, as in `fftool train --mode`",
     .offset = offsetof(struct settings, modes),
     .field = "mode"},
    {.kind = OPTION_STRING,
     .name = "depths",
     .argument = "LIST",
     .help = "numbers of layers; three dots continue in equal steps",
     .offset = offsetof(struct settings, depths)},
    {.kind = OPTION_COUNT,
     .name = "hidden",
     .argument = "N",
     .help = "units of each layer",
     .offset = IN_COMMON(hidden),
     .min = 1,
     .max = FF_MAX_UNITS},
    {.kind = OPTION_COUNT,
     .name = "batch",
     .argument = "N",
     .help = "samples per step",
     .offset = IN_COMMON(batch),
     .min = 1,
     .max = FF_MAX_BATCH},
    {.kind = OPTION_COUNT64,
     .name = "samples",
     .argument = "N",
     .help = "train on N samples drawn at random; few suffice, because peak memory is reached "
             "within a few steps; 0: all",
     .offset = IN_COMMON(samples),
     .max = INT64_MAX,
     .default_text = samples_default},
    {.kind = OPTION_COUNT,
     .name = "epochs",
     .argument = "N",
     .help = "epochs",
     .offset = IN_COMMON(epochs),
     .min = 1,
     .max = FF_MAX_EPOCHS},
    {.kind = OPTION_CHOICE,
     .name = "optimizer",
     .argument = "NAME",
     .help = "optimizer",
     .offset = IN_COMMON(optimizer),
     .field = "optimizer"},
    {.kind = OPTION_COUNT64,
     .name = "seed",
     .argument = "N",
     .help = "random seed",
     .offset = IN_COMMON(seed),
     .max = INT64_MAX},
    {.kind = OPTION_FLAG,
     .name = "eval",
     .help = "evaluate each network on the test split, too",
     .offset = IN_COMMON(eval)},

    {.kind = OPTION_HEADING, .name = "Resources"},
    {.kind = OPTION_SIZE,
     .name = "limit",
     .argument = "SIZE",
     .help = "hard memory limit for each training, page cache included; one that does not fit is "
             "killed and recorded as such",
     .offset = IN_COMMON(limit),
     .min = 1,
     .default_text = no_default},
    {.kind = OPTION_SIZE,
     .name = "memory",
     .argument = "SIZE",
     .help = "memory budget for each training, as in `fftool train --memory`",
     .offset = IN_COMMON(memory),
     .min = 1,
     .default_text = no_default},
    {.kind = OPTION_COUNT,
     .name = "threads",
     .argument = "N",
     .help = "threads; 0: all processors available to the process",
     .offset = IN_COMMON(threads),
     .max = 256},
    {.kind = OPTION_STRING,
     .name = "scratch",
     .argument = "DIR",
     .help = "directory for models and stored activations [beside the results]",
     .offset = offsetof(struct settings, scratch)},

    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "file of results; points in it are not measured again",
     .offset = offsetof(struct settings, output)},
    {.kind = OPTION_STRING,
     .name = "plot",
     .argument = "FILE",
     .help = "draw bars of peak memory, too: .svg, .png or .pdf (`fftool plot` draws others)",
     .offset = offsetof(struct settings, plot)},
    {.kind = OPTION_FLAG,
     .name = "retry",
     .help = "measure failed points again",
     .offset = offsetof(struct settings, retry)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "measure all points again",
     .offset = offsetof(struct settings, force)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

/* One run of the command. */
struct session {
    struct cli *cli;
    const struct settings *settings;
    char *data; /* the resolved path of --data */
    struct profile_modes modes;
    struct profile_depths depths;
    struct profile_results results;
    struct workplace place;
    struct profile_bench bench;
    struct profile_report progress;
};

/* The first training reports its kernels. */
static void note_blas(struct session *session)
{
    if (session->bench.blas != NULL &&
        !json_is_string(json_object_get(session->results.machine, "blas")))
        json_object_set_new(session->results.machine, "blas", json_from_text(session->bench.blas));
}

static int measure_one(struct session *session, const char *mode, uint32_t layers)
{
    struct profile_point point;
    int result;

    profile_report_begin(&session->progress, mode, layers);
    result = profile_measure(&session->bench, mode, layers, &point);
    progress_end(&session->progress.lines);
    if (result != EXIT_DONE) {
        profile_point_release(&point);
        return result;
    }
    note_blas(session);
    profile_put(&session->results, &point);
    result = profile_results_write(session->cli, session->settings->output, &session->results);
    if (result == EXIT_DONE)
        result = workplace_clear(session->cli, &session->place);
    profile_report_done(&session->progress);
    return result;
}

/* Small networks first: they fail early. */
static int measure_missing(struct session *session)
{
    size_t i, m;
    int result = EXIT_DONE;

    for (i = 0; i < session->depths.n; i++)
        for (m = 0; m < session->modes.n; m++) {
            const char *mode = session->modes.names[m];
            uint32_t layers = session->depths.layers[i];

            if (!profile_is_missing(&session->progress, mode, layers))
                continue;
            if (interrupt_asked(NULL))
                return EXIT_INTERRUPTED;
            result = measure_one(session, mode, layers);
            if (result != EXIT_DONE)
                return result;
        }
    return EXIT_DONE;
}

static int begin_results(struct session *session)
{
    const struct settings *settings = session->settings;
    int result = profile_begin(session->cli, settings->output, settings->force, &settings->common,
                               &session->progress.lines, &session->results);

    if (result != EXIT_DONE ||
        profile_has_room(&session->results, &session->modes, &session->depths))
        return result;
    report_failure(session->cli, "%s is full: it can hold %d points and %d modes", settings->output,
                   PROFILE_MOST_POINTS, PROFILE_MOST_MODES);
    report_hint("give --output another name");
    return EXIT_FAILED;
}

static int measure(struct session *session)
{
    struct profile_bench *bench = &session->bench;
    struct profile_report *progress = &session->progress;
    int result;

    *bench = (struct profile_bench){.cli = session->cli,
                                    .settings = &session->settings->common,
                                    .directory = session->place.inside,
                                    .progress = &progress->lines,
                                    .tick = profile_report_draw,
                                    .arg = progress};
    result = profile_bench_init(bench);
    if (result == EXIT_DONE)
        result = begin_results(session);
    if (result == EXIT_DONE) {
        profile_report_count(progress, session->settings->output);
        result = measure_missing(session);
    }
    profile_bench_release(bench);
    if (result == EXIT_INTERRUPTED)
        report_failure(session->cli, "interrupted; %zu of %s %s in %s: the same command continues",
                       progress->done, text_counted(progress->points, "point").s,
                       progress->done == 1 ? "is" : "are", session->settings->output);
    return result;
}

/* A network that did not fit is a result; one that failed otherwise is a failure. */
static int tell_failures(const struct session *session)
{
    size_t i, failed = 0;

    for (i = 0; i < session->results.n_points; i++) {
        const struct profile_point *point = &session->results.points[i];

        failed += point->error != NULL && !profile_did_not_fit(&session->results, point);
    }
    if (failed == 0)
        return EXIT_DONE;
    report_failure(session->cli, "%zu point%s failed; %s has the reason", failed,
                   failed == 1 ? "" : "s", session->settings->output);
    report_hint("the same command with --retry measures them again");
    return EXIT_FAILED;
}

/* Results belong to the data, not to the name of its path. */
static int find_data(struct session *session, struct profile_settings *common)
{
    session->data = realpath(common->data, NULL);
    if (session->data == NULL)
        return report_failure(session->cli, "--data: %s: %s", common->data, strerror(errno));
    common->data = session->data;
    return EXIT_DONE;
}

/* Checks, before hours of measuring, what would fail in each point or at the end. */
static int check(struct session *session, struct settings *settings)
{
    const struct cli *cli = session->cli;
    struct profile_settings *common = &settings->common;
    int result;
    size_t m;

    if (settings->plot != NULL && same_file(settings->plot, settings->output))
        return usage_error(cli->command, "--plot: %s is the file of results, --output %s",
                           settings->plot, settings->output);
    result = profile_parse_modes(cli->command, settings->modes, &session->modes);
    if (common->samples == SAMPLES_BY_BATCH)
        common->samples = (uint64_t)DEFAULT_BATCHES * common->batch;
    if (result == EXIT_DONE)
        result = profile_parse_depths(cli->command, settings->depths, &session->depths);
    if (result == EXIT_DONE)
        result = find_data(session, common);
    for (m = 0; m < session->modes.n && result == EXIT_DONE; m++)
        result = profile_check(cli, common, session->modes.names[m], session->depths.layers[0]);
    if (result == EXIT_DONE)
        result = profile_fingerprint(cli, common);
    if (result == EXIT_DONE && settings->plot != NULL)
        result = figure_check(cli, "plot", settings->plot);
    return result;
}

static void begin_session(struct session *session, struct cli *cli, const struct settings *settings)
{
    memset(session, 0, sizeof *session);
    session->cli = cli;
    session->settings = settings;
    session->progress.results = &session->results;
    session->progress.modes = &session->modes;
    session->progress.depths = &session->depths;
    session->progress.retry = settings->retry;
    progress_init(&session->progress.lines, settings->quiet);
}

static void end_session(struct session *session)
{
    profile_results_release(&session->results);
    free(session->data);
    free(session);
}

/* Prints and draws the results. */
static int show(const struct session *session)
{
    const char *plot = session->settings->plot;
    int result = EXIT_DONE, failures;

    profile_summary(&session->results, stdout);
    failures = tell_failures(session);
    if (plot != NULL)
        result = figure_draw(&(struct reading){session->cli, session->settings->output},
                             &figure_style_bars, &session->results, plot, false);
    return result != EXIT_DONE ? result : failures;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct session *session;
    int result =
        team_refuse(cli, "each network is trained by a process of its own, not by several: "
                         "start it without mpirun");

    (void)operand;
    if (result != EXIT_DONE)
        return result;
    session = heap_resize(NULL, 1, sizeof *session);
    begin_session(session, cli, settings);
    cli->quiet = settings->quiet;
    interrupt_catch();
    result = check(session, settings);
    if (result == EXIT_DONE)
        result = workplace_open(cli, settings->output, settings->scratch, &session->place);
    if (result == EXIT_DONE) {
        result = measure(session);
        workplace_close(&session->place);
    }
    if (result == EXIT_DONE)
        result = show(session);
    end_session(session);
    return result;
}

const struct command cmd_profile = {
    .name = "profile",
    .summary = "measure memory against depth, for several training modes",
    .description =
        "Trains networks of several depths in several modes, each in its own process, and records "
        "peak memory, disk and time as JSON. The defaults are those of the original comparison of "
        "Forward-Forward and backpropagation. Prints a table of peak memory, its growth for each "
        "layer (a least-squares line) and the standard error of that growth.\n\n"
        "After Ctrl-C the same command continues. A training that does not fit "
        "--limit or --memory is recorded as such. One that fails otherwise is recorded, too, and "
        "the exit code is then 1.",
    .examples =
        "  fftool profile --data mnist --plot memory.svg\n"
        "  fftool profile -d mnist --depths 2,4,8,16 --modes ff-stream,bp --limit 256M\n"
        "  fftool profile -d mnist --hidden 500 --batch 128 --samples 0 --epochs 5 --eval\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
