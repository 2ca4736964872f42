#include "figure_parts.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* Where things stand, from the top of the picture, and how large they are. */
#define TITLE_Y 30
#define TITLE_SIZE 18
#define NOTES_Y 56
#define NOTES_SIZE 11
#define NOTE_HEIGHT 18
#define NOTES 3
#define LEGEND_Y (NOTES_Y + NOTES * NOTE_HEIGHT + 4)
#define LEGEND_SIZE 11
#define LEGEND_ROW_HEIGHT 20
#define LEGEND_SAMPLE_WIDTH 52 /* the sample beside a label, and room between columns */
#define CHARACTER_WIDTH 6.6    /* about, of a label */
#define LEFT_EDGE 16           /* of texts */
#define LEFT_MARGIN 84         /* of the chart */
#define RIGHT_MARGIN 20
#define BOTTOM_MARGIN 56
#define CHART_GAP 12

#define MOST_NOTE 148 /* characters that fit a line */
#define MOST_LABEL 30 /* characters of a mode's name */
#define SEPARATOR " · "

/* No figure of speed is larger. */
#define LARGEST_RATE 1e15

/*
 * Colours of Okabe and Ito ("Color Universal Design", 2008), which the colour-blind tell apart too;
 * neighbours differ in lightness for print in grey.
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

void figure_choose_looks(struct figure *figure)
{
    size_t m, i, others = 0;

    for (m = 0; m < figure->modes.n; m++) {
        struct figure_look *look = &figure->looks[m];
        const char *mode = figure->modes.names[m];

        snprintf(look->label, sizeof look->label, "%.*s", MOST_LABEL, mode);
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
    value = figure->style == FIGURE_THROUGHPUT ? throughput(figure->results, point)
                                               : point->figures[PROFILE_PEAK_RSS];
    return figure->logarithmic && !(value >= 1) ? NAN : value;
}

struct text figure_bytes(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const char *sign = bytes < 0 ? "-" : "";
    double value = fabs(bytes);
    struct text out;
    size_t step = 0;

    while (value >= 1023.5 && step + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        step++;
    }
    snprintf(out.s, sizeof out.s, "%s%.*f %s", sign,
             step == 0 || value >= 99.95 ? 0 : (value >= 9.995 ? 1 : 2), value, units[step]);
    return out;
}

const char *figure_failure(const struct figure *figure, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(figure->results, mode, layers);

    if (point == NULL || point->error == NULL)
        return NULL;
    return profile_did_not_fit(figure->results, point) ? "did not fit" : "failed";
}

/* Parts of a note, set apart. */
struct note {
    char text[1024];
};

static void append(struct note *note, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct note *note, const char *format, ...)
{
    size_t used = strlen(note->text);
    va_list args;

    if (used > 0 && used < sizeof note->text)
        used += (size_t)snprintf(note->text + used, sizeof note->text - used, SEPARATOR);
    if (used >= sizeof note->text)
        return;
    va_start(args, format);
    vsnprintf(note->text + used, sizeof note->text - used, format, args);
    va_end(args);
}

/* "1 epoch", "2,000 units" */
static void append_count(struct note *note, double count, const char *one, const char *many)
{
    if (count >= 0)
        append(note, "%s %s", text_count((uint64_t)count).s, count >= 1 && count < 2 ? one : many);
}

static void append_text(struct note *note, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (text != NULL && *text != '\0')
        append(note, "%.100s", text);
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

static void note_how(const struct figure *figure, struct note *note)
{
    double limit = profile_setting(figure->results, "limit");

    if (figure->style == FIGURE_THROUGHPUT)
        append(note, "samples x epochs x layers / seconds of the whole training, files included; "
                     "each in a process of its own");
    else
        append(note, "most physical memory that the training held (VmHWM); each in a process of "
                     "its own");
    if (limit > 0)
        append(note, "hard limit %s", figure_bytes(limit).s);
}

static void note_what(const struct figure *figure, struct note *note)
{
    const struct profile_results *results = figure->results;
    double samples = most_samples(results), memory = profile_setting(results, "memory");

    append_count(note, profile_setting(results, "hidden"), "unit in each layer",
                 "units in each layer");
    append(note, "batch %s", text_count((uint64_t)profile_setting(results, "batch")).s);
    if (samples >= 0)
        append(note, "%s samples of %.60s", text_count((uint64_t)samples).s, results->data);
    append_count(note, profile_setting(results, "epochs"), "epoch", "epochs");
    append_text(note, results->settings, "optimizer");
    if (memory > 0)
        append(note, "memory budget %s", figure_bytes(memory).s);
}

static void note_where(const struct figure *figure, struct note *note)
{
    const struct profile_results *results = figure->results;
    const json_t *machine = results->machine;
    const char *version = json_string_value(json_object_get(machine, "fftool"));
    double threads = profile_setting(results, "threads");

    if (!(threads >= 1))
        threads = reading_number(json_object_get(machine, "processors"));
    append_count(note, threads, "thread", "threads");
    append_text(note, machine, "cpu");
    append_text(note, machine, "kernel");
    if (version != NULL)
        append(note, "fftool %.20s", version);
    append_text(note, machine, "blas");
    if (strlen(results->date) >= strlen("2026-01-01"))
        append(note, "%.10s", results->date);
}

/* Y is from the top. */
static void write_text(struct figure *figure, int y, int size, const char *colour, const char *text,
                       size_t most)
{
    fputs("set label ", figure->out.script);
    gnuplot_text(&figure->out, text, most);
    fprintf(figure->out.script,
            " at screen %.6f,%.6f left noenhanced front font ',%d' textcolor rgb '%s'\n",
            (double)LEFT_EDGE / PICTURE_WIDTH, 1 - (double)y / PICTURE_HEIGHT, size, colour);
}

static void write_heading(struct figure *figure)
{
    static void (*const notes[NOTES])(const struct figure *, struct note *) = {note_how, note_what,
                                                                               note_where};
    static const char *const titles[FIGURE_STYLES] = {
        [FIGURE_BARS] = "Peak memory against depth",
        [FIGURE_LINES] = "Peak memory against depth",
        [FIGURE_THROUGHPUT] = "Speed of training against depth",
    };
    int i;

    write_text(figure, TITLE_Y, TITLE_SIZE, "#000000", titles[figure->style], MOST_NOTE);
    for (i = 0; i < NOTES; i++) {
        struct note note = {""};

        notes[i](figure, &note);
        write_text(figure, NOTES_Y + i * NOTE_HEIGHT, NOTES_SIZE, FIGURE_GREY, note.text,
                   MOST_NOTE);
    }
}

/* As many columns as the longest label leaves room for. */
static int legend_columns(const char *const *labels, size_t n)
{
    size_t longest = 1, i;
    int columns;

    for (i = 0; i < n; i++)
        if (strlen(labels[i]) > longest)
            longest = strlen(labels[i]);
    columns = (int)((PICTURE_WIDTH - LEFT_EDGE - RIGHT_MARGIN) /
                    ((double)longest * CHARACTER_WIDTH + LEGEND_SAMPLE_WIDTH));
    if (columns < 1)
        columns = 1;
    return columns < (int)n ? columns : (int)n;
}

void figure_write_frame(struct figure *figure, const char *const *labels, size_t n_labels)
{
    FILE *script = figure->out.script;
    int columns = legend_columns(labels, n_labels), rows = ((int)n_labels + columns - 1) / columns;
    int top = LEGEND_Y + rows * LEGEND_ROW_HEIGHT + CHART_GAP;

    write_heading(figure);
    fprintf(script,
            "set key at screen %.6f,%.6f left top Left reverse horizontal maxcols %d "
            "noenhanced samplen 2 spacing 1.2 width 0 font ',%d'\n",
            (double)LEFT_EDGE / PICTURE_WIDTH, 1 - (double)LEGEND_Y / PICTURE_HEIGHT, columns,
            LEGEND_SIZE);
    fprintf(script,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
            "set bmargin at screen %.6f\nset tmargin at screen %.6f\n",
            (double)LEFT_MARGIN / PICTURE_WIDTH, 1 - (double)RIGHT_MARGIN / PICTURE_WIDTH,
            (double)BOTTOM_MARGIN / PICTURE_HEIGHT, 1 - (double)top / PICTURE_HEIGHT);
    fputs("set border 1 linecolor rgb '" FIGURE_GREY "'\n"
          "set tics nomirror scale 0.4 textcolor rgb '" FIGURE_DARK "'\n"
          "set grid ytics linetype 1 linewidth 0.5 linecolor rgb '#CCCCCC'\n"
          "set xlabel 'Layers' noenhanced\n",
          script);
    fprintf(script, "set ylabel '%s' noenhanced offset 0.5,0\n",
            figure->style == FIGURE_THROUGHPUT ? "Layers x samples in a second" : "Peak memory");
    figure->width = PICTURE_WIDTH - LEFT_MARGIN - RIGHT_MARGIN;
    figure->height = PICTURE_HEIGHT - top - BOTTOM_MARGIN;
}
