/* fftool profile: memory and time against depth, for several ways to train. */
#include "figure.h"
#include "heap.h"
#include "interrupt.h"
#include "machine.h"
#include "options.h"
#include "output.h"
#include "profile_list.h"
#include "profile_measure.h"
#include "profile_summary.h"
#include "progress.h"
#include "workplace.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The experiment of the original work. */
#define DEFAULT_DEPTHS "2,7,...,47"
#define DEFAULT_MODES "ff-stream,ff-full,bp"
#define DEFAULT_HIDDEN 2000
#define DEFAULT_BATCH 5000
#define DEFAULT_OUTPUT "profile.json"
/* Peak memory appears within a few steps: this many batches show it. */
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

static void none_default(const struct option_spec *option, char *text, size_t size)
{
    (void)option;
    (void)size;
    *text = '\0';
}

#define IN_COMMON(field) offsetof(struct settings, common.field)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "What is trained"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "folder of a dataset",
     .offset = IN_COMMON(data),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "modes",
     .argument = "LIST",
     .help = "modes of training, as in `fftool train --mode`",
     .offset = offsetof(struct settings, modes)},
    {.kind = OPTION_STRING,
     .name = "depths",
     .argument = "LIST",
     .help = "numbers of layers; three dots go on in equal steps",
     .offset = offsetof(struct settings, depths)},
    {.kind = OPTION_COUNT,
     .name = "hidden",
     .argument = "N",
     .help = "units of every layer",
     .offset = IN_COMMON(hidden),
     .min = 1,
     .max = FF_MAX_UNITS},
    {.kind = OPTION_COUNT,
     .name = "batch",
     .argument = "N",
     .help = "samples in a step",
     .offset = IN_COMMON(batch),
     .min = 1},
    {.kind = OPTION_COUNT64,
     .name = "samples",
     .argument = "N",
     .help = "train on the first samples only, as peak memory shows within a few steps; 0: all",
     .offset = IN_COMMON(samples),
     .max = INT64_MAX,
     .default_text = samples_default},
    {.kind = OPTION_COUNT,
     .name = "epochs",
     .argument = "N",
     .help = "epochs",
     .offset = IN_COMMON(epochs),
     .min = 1},
    {.kind = OPTION_CHOICE,
     .name = "optimizer",
     .argument = "NAME",
     .help = "how weights follow gradients",
     .offset = IN_COMMON(optimizer),
     .field = "optimizer"},
    {.kind = OPTION_COUNT64,
     .name = "seed",
     .argument = "N",
     .help = "of every random number",
     .offset = IN_COMMON(seed),
     .max = INT64_MAX},
    {.kind = OPTION_FLAG,
     .name = "eval",
     .help = "measure each network on the test half of the data, too",
     .offset = IN_COMMON(eval)},

    {.kind = OPTION_HEADING, .name = "Resources"},
    {.kind = OPTION_SIZE,
     .name = "limit",
     .argument = "SIZE",
     .help = "hard limit for each training, page cache included; one that does not fit is killed "
             "and recorded as such",
     .offset = IN_COMMON(limit),
     .default_text = none_default},
    {.kind = OPTION_SIZE,
     .name = "memory",
     .argument = "SIZE",
     .help = "memory budget for each training, as in `fftool train --memory`",
     .offset = IN_COMMON(memory),
     .default_text = none_default},
    {.kind = OPTION_COUNT,
     .name = "threads",
     .argument = "N",
     .help = "threads; 0: as many as the process may use",
     .offset = IN_COMMON(threads),
     .max = 256},
    {.kind = OPTION_STRING,
     .name = "scratch",
     .argument = "DIR",
     .help = "folder for models and stored activations, which go when a point is done [beside "
             "the results]",
     .offset = offsetof(struct settings, scratch)},

    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "results; what is measured there already, is not measured again",
     .offset = offsetof(struct settings, output)},
    {.kind = OPTION_STRING,
     .name = "plot",
     .argument = "FILE",
     .help = "draw bars of peak memory, too: .svg, .png or .pdf (`fftool plot` draws others)",
     .offset = offsetof(struct settings, plot)},
    {.kind = OPTION_FLAG,
     .name = "retry",
     .help = "try again what failed before",
     .offset = offsetof(struct settings, retry)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "begin anew, whatever the results hold",
     .offset = offsetof(struct settings, force)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "no progress and no warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

/* One run of the command. */
struct session {
    struct cli *cli;
    const struct settings *settings;
    struct profile_modes modes;
    struct profile_depths depths;
    struct profile_results results;
    struct workplace place;
    struct profile_bench bench;
    struct progress progress;
    size_t points, done; /* that are asked for */
    const char *mode;    /* at work */
    uint32_t layers;
    double began_s;
};

static json_t *size_or_null(uint64_t bytes)
{
    return bytes > 0 ? json_from_count(bytes) : json_null();
}

static json_t *settings_object(const struct profile_settings *settings)
{
    json_t *object = json_object();

    json_add(object, "data", json_from_text(settings->data));
    json_add(object, "hidden", json_from_count(settings->hidden));
    json_add(object, "batch", json_from_count(settings->batch));
    json_add(object, "samples", json_from_count(settings->samples));
    json_add(object, "epochs", json_from_count(settings->epochs));
    json_add(object, "optimizer", json_from_text(settings->optimizer));
    json_add(object, "seed", json_from_count(settings->seed));
    json_add(object, "memory", size_or_null(settings->memory));
    json_add(object, "limit", size_or_null(settings->limit));
    json_add(object, "threads", json_from_count(settings->threads));
    json_add(object, "eval", json_boolean(settings->eval));
    return object;
}

/* The last part of the path, "fashion-mnist". */
static char *name_of_data(const char *path)
{
    char *real = realpath(path, NULL);
    const char *slash = strrchr(real != NULL ? real : path, '/');
    char *name;

    if (slash != NULL && slash[1] != '\0')
        name = heap_copy(slash + 1);
    else
        name = heap_copy(path);
    free(real);
    return name;
}

static char *date_now(void)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32] = "";

    if (gmtime_r(&now, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return heap_copy(text);
}

/* Adds "; NAME OLD, not NEW" to TEXT where two settings differ. */
static void add_difference(const char *name, const json_t *old, const json_t *new, char *text,
                           size_t size)
{
    size_t used = strlen(text);
    char *old_text, *new_text;

    if (json_equal(old, new))
        return;
    old_text = old != NULL ? json_dumps(old, JSON_ENCODE_ANY) : heap_copy("null");
    new_text = json_dumps(new, JSON_ENCODE_ANY);
    if (old_text != NULL && new_text != NULL)
        snprintf(text + used, size - used, "%s%s %.60s, not %.60s", used > 0 ? "; " : "", name,
                 old_text, new_text);
    free(old_text);
    free(new_text);
}

/* The settings of the file must be ours. */
static int compare_settings(const struct session *session, const json_t *ours)
{
    json_t *theirs = session->results.settings;
    const char *name;
    json_t *value;
    char text[600] = "";

    json_object_foreach((json_t *)(uintptr_t)ours, name, value)
        add_difference(name, json_object_get(theirs, name), value, text, sizeof text);
    if (*text == '\0')
        return EXIT_DONE;
    report_failure(session->cli, "%s holds results of other settings: %s",
                   session->settings->output, text);
    fputs("hint: give --output another name, or --force to begin anew\n", stderr);
    return EXIT_FAILED;
}

static void warn_of_other_machine(struct session *session)
{
    json_t *ours = machine_object(), *theirs = session->results.machine;

    if (json_is_object(theirs)) {
        json_object_set_new(ours, "blas", json_incref(json_object_get(theirs, "blas")));
        if (!json_equal(ours, theirs))
            progress_line(&session->progress,
                          "fftool: %s: warning: %s was begun on another machine, or with another "
                          "version; its figures may not compare",
                          session->cli->command, session->settings->output);
        json_decref(ours);
    } else {
        json_decref(theirs);
        session->results.machine = ours;
    }
}

/* Goes on with the file's results, if there are any. */
static int begin_results(struct session *session)
{
    const struct settings *settings = session->settings;
    json_t *ours = settings_object(&settings->common);
    int result = EXIT_DONE;

    if (!settings->force && access(settings->output, F_OK) == 0) {
        result = profile_results_read(session->cli, settings->output, &session->results);
        if (result == EXIT_DONE)
            result = compare_settings(session, ours);
        if (result == EXIT_DONE)
            warn_of_other_machine(session);
        json_decref(ours);
        return result;
    }
    session->results = (struct profile_results){.date = date_now(),
                                                .data = name_of_data(settings->common.data),
                                                .settings = ours,
                                                .machine = machine_object()};
    return profile_results_write(session->cli, settings->output, &session->results);
}

static bool is_missing(const struct session *session, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(&session->results, mode, layers);

    return point == NULL || (point->error != NULL && session->settings->retry);
}

/* Seconds that a layer takes in MODE, or, with NULL, in any; NAN if nothing is known. */
static double seconds_per_layer(const struct profile_results *results, const char *mode)
{
    double seconds = 0, layers = 0;
    size_t i;

    for (i = 0; i < results->n_points; i++) {
        const struct profile_point *point = &results->points[i];

        if (isnan(point->figures[PROFILE_SECONDS]) ||
            (mode != NULL && strcmp(point->mode, mode) != 0))
            continue;
        seconds += point->figures[PROFILE_SECONDS];
        layers += point->layers;
    }
    return layers > 0 ? seconds / layers : NAN;
}

/* Of all points that are missing, the one at work included. */
static double estimated_seconds(const struct session *session)
{
    double seconds = 0, any = seconds_per_layer(&session->results, NULL);
    size_t m, i;

    for (m = 0; m < session->modes.n; m++) {
        double rate = seconds_per_layer(&session->results, session->modes.names[m]);

        if (isnan(rate))
            rate = any;
        for (i = 0; i < session->depths.n; i++)
            if (is_missing(session, session->modes.names[m], session->depths.layers[i]))
                seconds += rate * session->depths.layers[i];
    }
    return seconds;
}

/* ", about 12 min left", or nothing if nobody knows. */
static struct text left_text(const struct session *session, double spent_s)
{
    struct text out = {""};
    double left = estimated_seconds(session) - spent_s;

    if (isfinite(left) && session->done < session->points)
        snprintf(out.s, sizeof out.s, ", about %.30s left", text_duration(left > 0 ? left : 0).s);
    return out;
}

/* On a terminal: what is at work, in a line that is drawn anew. */
static void draw_live(void *arg)
{
    struct session *session = arg;
    double now = now_s(), spent = now - session->began_s;

    if (!session->progress.terminal || session->progress.quiet ||
        now - session->progress.last_time_s < 1)
        return;
    session->progress.last_time_s = now;
    /* Wrapping is off while the line is drawn: a narrow terminal cuts it. */
    fprintf(stderr, "\r\033[?7l%s %u layers, %s  (%zu of %zu%s)\033[K\033[?7h", session->mode,
            session->layers, text_duration(spent).s, session->done + 1, session->points,
            left_text(session, spent).s);
    fflush(stderr);
    session->progress.drawn = true;
}

static void tell_point(struct session *session, const struct profile_point *point)
{
    struct text left = left_text(session, 0);

    if (point->error != NULL)
        progress_line(&session->progress, "%-13s %5u layers  %s  (%zu of %zu%s)", point->mode,
                      point->layers, point->error, session->done, session->points, left.s);
    else
        progress_line(&session->progress, "%-13s %5u layers  peak %s  %s  (%zu of %zu%s)",
                      point->mode, point->layers,
                      isnan(point->figures[PROFILE_PEAK_RSS])
                          ? "-"
                          : text_bytes((uint64_t)point->figures[PROFILE_PEAK_RSS]).s,
                      text_duration(point->figures[PROFILE_SECONDS]).s, session->done,
                      session->points, left.s);
}

/* The first training tells what it multiplies with. */
static void note_blas(struct session *session)
{
    if (session->bench.blas != NULL &&
        !json_is_string(json_object_get(session->results.machine, "blas")))
        json_add(session->results.machine, "blas", json_from_text(session->bench.blas));
}

static int measure_one(struct session *session, const char *mode, uint32_t layers)
{
    struct profile_point point;
    int result;

    session->mode = mode;
    session->layers = layers;
    session->began_s = now_s();
    result = profile_measure(&session->bench, mode, layers, &point);
    progress_end(&session->progress);
    if (result != EXIT_DONE) {
        profile_point_release(&point);
        return result;
    }
    note_blas(session);
    profile_put(&session->results, &point);
    result = profile_results_write(session->cli, session->settings->output, &session->results);
    if (result == EXIT_DONE)
        result = workplace_clear(session->cli, &session->place);
    session->done++;
    tell_point(session, profile_find(&session->results, mode, layers));
    return result;
}

/* Small networks first: they tell soon whether all is well. */
static int measure_missing(struct session *session)
{
    size_t i, m;
    int result = EXIT_DONE;

    for (i = 0; i < session->depths.n; i++)
        for (m = 0; m < session->modes.n; m++) {
            if (!is_missing(session, session->modes.names[m], session->depths.layers[i]))
                continue;
            if (interrupt_asked(NULL))
                return EXIT_INTERRUPTED;
            result = measure_one(session, session->modes.names[m], session->depths.layers[i]);
            if (result != EXIT_DONE)
                return result;
        }
    return EXIT_DONE;
}

static void count_points(struct session *session)
{
    size_t i, m;

    session->points = session->modes.n * session->depths.n;
    session->done = 0;
    for (i = 0; i < session->depths.n; i++)
        for (m = 0; m < session->modes.n; m++)
            if (!is_missing(session, session->modes.names[m], session->depths.layers[i]))
                session->done++;
    if (session->done > 0)
        progress_line(&session->progress, "%s: %zu of %zu points are measured already",
                      session->settings->output, session->done, session->points);
}

static int measure(struct session *session)
{
    struct profile_bench *bench = &session->bench;
    int result;

    *bench = (struct profile_bench){.cli = session->cli,
                                    .settings = &session->settings->common,
                                    .folder = session->place.inside,
                                    .progress = &session->progress,
                                    .tick = draw_live,
                                    .arg = session};
    result = profile_bench_init(bench);
    if (result == EXIT_DONE)
        result = begin_results(session);
    if (result == EXIT_DONE) {
        count_points(session);
        result = measure_missing(session);
    }
    profile_bench_release(bench);
    if (result == EXIT_INTERRUPTED)
        fprintf(stderr,
                "fftool: %s: interrupted; %zu of %zu points are in %s: the same command goes on\n",
                session->cli->command, session->done, session->points, session->settings->output);
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
    report_failure(session->cli, "%zu point%s failed; %s tells why", failed, failed == 1 ? "" : "s",
                   session->settings->output);
    fputs("hint: the same command with --retry tries again\n", stderr);
    return EXIT_FAILED;
}

/* Finds out before hours of measuring what would fail behind them. */
static int check(const struct cli *cli, struct settings *settings, struct session *session)
{
    struct profile_settings *common = &settings->common;
    int result = profile_parse_modes(cli->command, settings->modes, &session->modes);

    if (result == EXIT_DONE)
        result = profile_parse_depths(cli->command, settings->depths, &session->depths);
    if (result == EXIT_DONE && access(common->data, R_OK) != 0)
        result = report_failure(cli, "--data: %s: %s", common->data, strerror(errno));
    if (result == EXIT_DONE && settings->plot != NULL)
        result = figure_check(cli, "plot", settings->plot);
    if (common->samples == SAMPLES_BY_BATCH)
        common->samples = (uint64_t)DEFAULT_BATCHES * common->batch;
    return result;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct session *session = heap_resize(NULL, 1, sizeof *session);
    int result, failures;

    (void)operand;
    memset(session, 0, sizeof *session);
    session->cli = cli;
    session->settings = settings;
    cli->quiet = settings->quiet;
    progress_init(&session->progress, settings->quiet);
    interrupt_catch();
    result = check(cli, settings, session);
    if (result == EXIT_DONE)
        result = workplace_open(cli, settings->output, settings->scratch, &session->place);
    if (result == EXIT_DONE) {
        result = measure(session);
        workplace_close(&session->place);
    }
    if (result == EXIT_DONE) {
        profile_summary(&session->results, stdout);
        failures = tell_failures(session);
        if (settings->plot != NULL)
            result = figure_draw(&(struct reading){cli, settings->output}, &figure_style_bars,
                                 &session->results, settings->plot, false);
        if (result == EXIT_DONE)
            result = failures;
    }
    profile_results_release(&session->results);
    free(session);
    return result;
}

const struct command cmd_profile = {
    .name = "profile",
    .summary = "measure memory against depth, for several ways to train",
    .description =
        "Trains networks of several depths in several modes, each in a process of its own, and "
        "records peak memory, disk and time as JSON. The defaults are the experiment of the "
        "original work. Prints a table of peak memory, its growth with each layer (a least-squares "
        "line) and the standard error of that.\n\n"
        "Ctrl-C keeps what is measured; the same command goes on. A training that fails, because "
        "it does not fit --limit or --memory or otherwise, is recorded as failed.",
    .examples =
        "  fftool profile --data mnist --plot memory.svg\n"
        "  fftool profile -d mnist --depths 2,4,8,16 --modes ff-stream,bp --limit 256M\n"
        "  fftool profile -d mnist --hidden 500 --batch 128 --samples 0 --epochs 5 --eval\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
