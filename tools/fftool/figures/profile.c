#include "figures/profile.h"
#include "common/heap.h"
#include "common/utf8.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Characters. */
#define MOST_LABEL 30 /* of a mode's name */
#define MOST_VERSION 20
#define DATE_LENGTH 10 /* "2026-01-01" */
/* A limit far above all values is only in the heading. */
#define LIMIT_IN_SIGHT 2.0
/* No speed is larger. */
#define LARGEST_RATE 1e15

static bool fits(const char *text, size_t bytes)
{
    static const char mark[] = "\"fftool.profile/";

    return memmem(text, bytes, mark, sizeof mark - 1) != NULL;
}

static int read_results(const struct reading *reading, const char *text, size_t bytes,
                        void *contents)
{
    return profile_results_parse(reading, text, bytes, contents);
}

static void release_results(void *contents)
{
    profile_results_release(contents);
}

const struct figure_kind figure_kind_results = {
    .what = "results of `fftool profile`",
    .contents_bytes = sizeof(struct profile_results),
    .fits = fits,
    .read = read_results,
    .release = release_results,
};

/*
 * Colours of Okabe and Ito ("Color Universal Design", 2008), which the colour-blind can
 * distinguish; neighbours differ in lightness for print in grey.
 */
static const struct {
    const char *mode, *label, *colour;
    int point;
} known_looks[] = {
    {"ff-stream", "FF, one layer in memory", "#0072B2", 7},
    {"ff-full", "FF, whole network in memory", "#56B4E9", 9},
    {"bp", "BP", "#D55E00", 5},
    {"bp-accum", "BP, accumulated micro-batches", "#E69F00", 11},
    {"bp-checkpoint", "BP, activations recomputed", "#000000", 13},
};
static const struct {
    const char *colour;
    int point;
} other_looks[] = {{"#009E73", 15}, {"#CC79A7", 4},  {"#F0E442", 6},  {"#009E73", 8},
                   {"#CC79A7", 10}, {"#F0E442", 12}, {"#009E73", 14}, {"#CC79A7", 1}};

/* Gives each mode a look. */
static void choose_looks(struct figure *figure)
{
    size_t m, i, others = 0;

    for (m = 0; m < figure->modes.n; m++) {
        struct figure_look *look = &figure->looks[m];
        const char *mode = figure->modes.names[m];

        snprintf(look->label, sizeof look->label, "%.*s", utf8_head(mode, MOST_LABEL), mode);
        for (i = 0; i < sizeof known_looks / sizeof known_looks[0]; i++)
            if (strcmp(known_looks[i].mode, mode) == 0) {
                snprintf(look->label, sizeof look->label, "%s", known_looks[i].label);
                look->colour = known_looks[i].colour;
                look->point = known_looks[i].point;
            }
        if (look->colour == NULL) {
            look->colour = other_looks[others].colour;
            look->point = other_looks[others++].point;
        }
    }
}

/* Passes of a sample through a layer in a second: the same unit of work for every depth. */
static double throughput(const struct profile_results *results, const struct profile_point *point)
{
    double rate = point->figures[PROFILE_SAMPLES] * profile_setting(results, "epochs") *
                  point->layers / point->figures[PROFILE_SECONDS];

    return rate >= 0 && rate < LARGEST_RATE ? rate : NAN;
}

double figure_value(const struct figure *figure, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(figure->results, mode, layers);
    double value;

    if (point == NULL || point->error != NULL)
        return NAN;
    value = figure->measure == FIGURE_SPEED ? throughput(figure->results, point)
                                            : point->figures[PROFILE_PEAK_RSS];
    return figure->logarithmic && !(value >= 1) ? NAN : value;
}

/* Finds the largest and the smallest value; the largest is NAN if there is none. */
static void find_range(struct figure *figure)
{
    size_t i, m;

    figure->most = figure->least = NAN;
    for (i = 0; i < figure->depths.n; i++)
        for (m = 0; m < figure->modes.n; m++) {
            double value = figure_value(figure, figure->modes.names[m], figure->depths.layers[i]);

            if (isnan(value))
                continue;
            if (!(figure->most >= value))
                figure->most = value;
            if (!(figure->least <= value))
                figure->least = value;
        }
}

static void find_limit(struct figure *figure)
{
    double limit = profile_setting(figure->results, "limit");

    figure->limit = NAN;
    if (figure->measure == FIGURE_SPEED || !(limit > 0 && limit <= LIMIT_IN_SIGHT * figure->most))
        return;
    figure->limit = limit;
    if (limit > figure->most)
        figure->most = limit;
}

struct figure *figure_new(struct gnuplot *out, const struct profile_results *results,
                          enum figure_measure measure, bool logarithmic)
{
    struct figure *figure = heap_resize(NULL, 1, sizeof *figure);

    *figure = (struct figure){
        .out = out, .results = results, .measure = measure, .logarithmic = logarithmic};
    profile_modes(results, &figure->modes);
    profile_depths(results, &figure->depths);
    choose_looks(figure);
    find_range(figure);
    find_limit(figure);
    return figure;
}

int figure_check_results(const struct reading *reading, const struct profile_results *results,
                         enum figure_measure measure, bool logarithmic)
{
    struct figure *figure = figure_new(NULL, results, measure, logarithmic);
    bool has_values = !isnan(figure->most);

    free(figure);
    if (!has_values)
        return report_failure(
            reading->cli, "%s: no training has succeeded; there is nothing to draw", reading->path);
    return EXIT_DONE;
}

struct text figure_bytes(double bytes)
{
    struct byte_unit unit = byte_unit(bytes);
    double value = bytes / unit.bytes, size = fabs(value);
    int decimals = size >= 99.95 ? 0 : (size >= 9.995 ? 1 : 2);
    struct text out;

    snprintf(out.s, sizeof out.s, "%.*f %s", unit.bytes > 1 ? decimals : 0, value, unit.name);
    return out;
}

const char *figure_failure(const struct figure *figure, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(figure->results, mode, layers);

    if (point == NULL || point->error == NULL)
        return NULL;
    return profile_did_not_fit(figure->results, point) ? "did not fit" : "failed";
}

static bool has_values(const struct figure *figure, size_t m)
{
    size_t i;

    for (i = 0; i < figure->depths.n; i++)
        if (!isnan(figure_value(figure, figure->modes.names[m], figure->depths.layers[i])))
            return true;
    return false;
}

void figure_write_source(const struct figure *figure, size_t m, const char *using)
{
    if (has_values(figure, m))
        fprintf(figure->out->script, "$mode%zu using %s", m, using);
    else
        fputs("NaN", figure->out->script);
}

static void add_text(struct figure_note *note, const json_t *object, const char *name)
{
    figure_note_text(note, json_string_value(json_object_get(object, name)));
}

static double most_samples(const struct profile_results *results)
{
    double most = NAN;
    size_t i;

    for (i = 0; i < results->n_points; i++) {
        double samples = results->points[i].figures[PROFILE_SAMPLES];

        if (samples >= 0 && !(samples <= most))
            most = samples;
    }
    return most;
}

static void note_how(const struct figure *figure, struct figure_note *note)
{
    double limit = profile_setting(figure->results, "limit");

    if (figure->measure == FIGURE_SPEED)
        figure_note_add(note, "samples x epochs x layers / seconds of the whole training, files "
                              "included; each in its own process");
    else
        figure_note_add(note,
                        "peak resident memory of the training (VmHWM); each in its own process");
    if (limit > 0)
        figure_note_add(note, "hard limit %s", figure_bytes(limit).s);
}

static void note_what(const struct figure *figure, struct figure_note *note)
{
    const struct profile_results *results = figure->results;
    double samples = most_samples(results), memory = profile_setting(results, "memory");

    figure_note_count(note, profile_setting(results, "hidden"), "unit in each layer",
                      "units in each layer");
    figure_note_add(note, "batch %s", text_count((uint64_t)profile_setting(results, "batch")).s);
    if (samples >= 0)
        figure_note_add(note, "%s samples of %.*s", text_count((uint64_t)samples).s,
                        utf8_head(results->data, FIGURE_MOST_TEXT), results->data);
    figure_note_count(note, profile_setting(results, "epochs"), "epoch", "epochs");
    add_text(note, results->settings, "optimizer");
    if (memory > 0)
        figure_note_add(note, "memory budget %s", figure_bytes(memory).s);
}

static void note_where(const struct figure *figure, struct figure_note *note)
{
    const struct profile_results *results = figure->results;
    const json_t *machine = results->machine;
    const char *version = json_string_value(json_object_get(machine, "fftool"));
    double threads = profile_setting(results, "threads");

    if (!(threads >= 1))
        threads = reading_number(json_object_get(machine, "processors"));
    figure_note_count(note, threads, "thread", "threads");
    add_text(note, machine, "cpu");
    add_text(note, machine, "kernel");
    if (version != NULL)
        figure_note_add(note, "fftool %.*s", utf8_head(version, MOST_VERSION), version);
    add_text(note, machine, "blas");
    if (*results->date != '\0')
        figure_note_add(note, "%.*s", utf8_head(results->date, DATE_LENGTH), results->date);
}

void figure_write_surroundings(struct figure *figure, const char *remark, const char *const *labels,
                               size_t n_labels)
{
    bool speed = figure->measure == FIGURE_SPEED;
    struct figure_heading heading = {.title = speed ? "Speed of training against depth"
                                                    : "Peak memory against depth"};
    struct figure_box box;

    note_how(figure, &heading.notes[0]);
    figure_note_text(&heading.notes[0], remark);
    note_what(figure, &heading.notes[1]);
    note_where(figure, &heading.notes[2]);
    box = figure_write_frame(figure->out, &heading, labels, n_labels);
    figure_write_box(figure->out, &box);
    fputs("set xlabel 'Layers' noenhanced\n", figure->out->script);
    figure_write_y_title(figure->out, speed ? "Layers x samples in a second" : "Peak memory");
    figure->height = box.height;
}
