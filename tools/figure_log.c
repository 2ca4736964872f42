#include "figure_log.h"
#include "heap.h"
#include "output.h"
#include <math.h>
#include <stdlib.h>

#define MOST_ROWS 1e15 /* more cannot be */
#define ROOM_ABOVE 10  /* pixels between the largest value and the end of the axis */

static bool fits(const char *text, size_t bytes)
{
    return training_log_fits(text, bytes);
}

static int read_log(const struct reading *reading, const char *text, size_t bytes, void *contents)
{
    training_log_parse(reading, text, bytes, contents);
    return EXIT_DONE;
}

static void release_log(void *contents)
{
    training_log_release(contents);
}

const struct figure_kind figure_kind_log = {
    .what = "a log of `fftool train`",
    .contents_bytes = sizeof(struct training_log),
    .fits = fits,
    .read = read_log,
    .release = release_log,
};

/* Of values; NAN: there is none. */
struct range {
    double least, most;
};

static const struct {
    const char *title;
    double scale; /* of what the log has */
} quantities[LOG_QUANTITIES] = {
    [LOG_QUANTITY_ERROR] = {"Error, %", 100},
    [LOG_QUANTITY_GOODNESS] = {"Goodness", 1},
    [LOG_QUANTITY_LOSS] = {"Loss", 1},
};

/*
 * Colours of Okabe and Ito ("Color Universal Design", 2008), as in the other figures; those of one
 * quantity differ in lightness, dashes and points, too.
 */
static const struct log_series all_series[LOG_MOST_SERIES] = {
    {LOG_QUANTITY_ERROR, LOG_ERROR, false, "error", "#0072B2", 1, 7},
    {LOG_QUANTITY_ERROR, LOG_ERROR, true, "error of the head", "#D55E00", 2, 5},
    {LOG_QUANTITY_ERROR, LOG_VALIDATION_ERROR, false, "validation error", "#000000", 3, 13},
    {LOG_QUANTITY_GOODNESS, LOG_GOODNESS_POS, false, "goodness, true label", "#009E73", 1, 9},
    {LOG_QUANTITY_GOODNESS, LOG_GOODNESS_NEG, false, "goodness, wrong one", "#E69F00", 2, 11},
    {LOG_QUANTITY_LOSS, LOG_LOSS, false, "loss", "#009E73", 1, 9},
    {LOG_QUANTITY_LOSS, LOG_LOSS, true, "loss of the head", "#E69F00", 2, 11},
};

const char *log_quantity_title(enum log_quantity quantity)
{
    return quantities[quantity].title;
}

const struct log_epoch *log_stretch_last(const struct log_stretch *stretch)
{
    return &stretch->epochs[stretch->n - 1];
}

bool log_series_covers(const struct log_series *series, const struct log_stretch *stretch)
{
    return series->head == stretch->epochs[0].head;
}

double log_chart_value(const struct log_chart *chart, const struct log_series *series,
                       const struct log_epoch *epoch)
{
    double value = epoch->figures[series->figure] * quantities[series->quantity].scale;

    return chart->logarithmic && !(value > 0) ? NAN : value;
}

/* One stretch behind another, each as long as its last epoch's number, whatever is missing. */
static void find_stretches(struct log_chart *chart)
{
    const struct training_log *log = chart->log;
    double passed = 0;
    size_t i;

    chart->stretches = heap_resize(NULL, log->n, sizeof *chart->stretches);
    for (i = 0; i < log->n; chart->n_stretches++) {
        struct log_stretch *stretch = &chart->stretches[chart->n_stretches];
        const struct log_epoch *first = &log->epochs[i];

        *stretch = (struct log_stretch){.epochs = first, .begin = passed};
        while (i < log->n && log->epochs[i].layer == first->layer &&
               log->epochs[i].head == first->head)
            i++;
        stretch->n = (size_t)(&log->epochs[i] - first);
        passed += log_stretch_last(stretch)->epoch;
        stretch->end = passed;
    }
}

static void count_layers(struct log_chart *chart)
{
    uint32_t last = 0;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++) {
        chart->layers += chart->stretches[i].epochs[0].layer != last;
        last = chart->stretches[i].epochs[0].layer;
    }
}

/* Widens RANGE by the values of SERIES in the epochs that count. */
static void widen(const struct log_chart *chart, const struct log_series *series,
                  struct range *range)
{
    size_t i, e;

    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_stretch *stretch = &chart->stretches[i];

        if (!log_series_covers(series, stretch))
            continue;
        for (e = chart->last_only ? stretch->n - 1 : 0; e < stretch->n; e++) {
            double value = log_chart_value(chart, series, &stretch->epochs[e]);

            range->least = fmin(range->least, value);
            range->most = fmax(range->most, value);
        }
    }
}

static bool has_values(const struct log_chart *chart, const struct log_series *series)
{
    struct range range = {NAN, NAN};

    widen(chart, series, &range);
    return !isnan(range.most);
}

/* Those that have values; losses only where there is no goodness, which tells more. */
static void choose_series(struct log_chart *chart)
{
    bool has_goodness = false;
    size_t i;

    for (i = 0; i < LOG_MOST_SERIES; i++) {
        const struct log_series *series = &all_series[i];

        if ((series->quantity == LOG_QUANTITY_LOSS && has_goodness) || !has_values(chart, series))
            continue;
        has_goodness = has_goodness || series->quantity == LOG_QUANTITY_GOODNESS;
        chart->series[chart->n_series++] = series;
    }
}

void log_chart_init(struct log_chart *chart, struct gnuplot *out, const struct training_log *log,
                    bool logarithmic, bool last_only)
{
    *chart = (struct log_chart){
        .out = out, .log = log, .logarithmic = logarithmic, .last_only = last_only};
    find_stretches(chart);
    count_layers(chart);
    choose_series(chart);
}

void log_chart_keep(struct log_chart *chart, enum log_quantity quantity)
{
    size_t i, kept = 0;

    for (i = 0; i < chart->n_series; i++)
        if (chart->series[i]->quantity == quantity)
            chart->series[kept++] = chart->series[i];
    chart->n_series = kept;
}

void log_chart_release(struct log_chart *chart)
{
    free(chart->stretches);
    *chart = (struct log_chart){.n_stretches = 0};
}

struct axis log_chart_axis(const struct log_chart *chart, enum log_quantity quantity, double height)
{
    struct range range = {NAN, NAN};
    size_t i;

    for (i = 0; i < chart->n_series; i++)
        if (chart->series[i]->quantity == quantity)
            widen(chart, chart->series[i], &range);
    return axis_for('y', chart->logarithmic, range.least, range.most, height, ROOM_ABOVE);
}

bool log_chart_has_heads(const struct log_chart *chart)
{
    size_t i;

    for (i = 0; i < chart->n_stretches; i++)
        if (chart->stretches[i].epochs[0].head)
            return true;
    return false;
}

static bool shows(const struct log_chart *chart, enum log_figure figure, bool head)
{
    size_t i;

    for (i = 0; i < chart->n_series; i++)
        if (chart->series[i]->figure == figure && chart->series[i]->head == head)
            return true;
    return false;
}

static bool has_goodness(const struct log_chart *chart)
{
    size_t i;

    for (i = 0; i < chart->log->n; i++)
        if (!isnan(chart->log->epochs[i].figures[LOG_GOODNESS_POS]))
            return true;
    return false;
}

void log_chart_note_error(const struct log_chart *chart, struct figure_note *note)
{
    bool by_goodness = shows(chart, LOG_ERROR, false) && has_goodness(chart);

    if (by_goodness)
        figure_note_add(note, "error: samples with a wrong label of no less goodness");
    else if (shows(chart, LOG_ERROR, false))
        figure_note_add(note, "error: samples misclassified");
    if (shows(chart, LOG_ERROR, true))
        figure_note_add(note, "of the head: samples misclassified");
}

/* The most epochs of a layer, of the network, or of a head. */
static double most_epochs(const struct log_chart *chart, bool head)
{
    double most = NAN;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_epoch *last = log_stretch_last(&chart->stretches[i]);

        if (last->head == head)
            most = fmax(most, last->epoch);
    }
    return most;
}

/* Samples of a whole epoch: one that a run went on within tells of its rest alone. */
static double samples(const struct log_chart *chart)
{
    double most = NAN;
    size_t i;

    for (i = 0; i < chart->log->n; i++) {
        const double *figures = chart->log->epochs[i].figures;
        double rows = round(figures[LOG_RATE] * figures[LOG_SECONDS]);

        if (rows >= 1 && rows <= MOST_ROWS)
            most = fmax(most, rows);
    }
    return most;
}

void log_chart_note_what(const struct log_chart *chart, struct figure_note *note)
{
    bool all_at_once = chart->layers == 0;

    if (!all_at_once)
        figure_note_count(note, chart->layers, "layer", "layers");
    figure_note_count(note, most_epochs(chart, false),
                      all_at_once ? "epoch of the whole network" : "epoch of each",
                      all_at_once ? "epochs of the whole network" : "epochs of each");
    figure_note_count(note, most_epochs(chart, true), "epoch of each head", "epochs of each head");
    figure_note_count(note, samples(chart), "sample", "samples");
    if (shows(chart, LOG_VALIDATION_ERROR, false))
        figure_note_add(note, "validation: samples held out");
    figure_note_text(note, chart->log->name);
}

void log_chart_write_looks(const struct log_chart *chart, bool thin)
{
    size_t i;

    /* A sample of more than one dash; points that stand on zero before the axis. */
    fputs("set key samplen 3\nset border 1 back linecolor rgb '" FIGURE_GREY "'\n",
          chart->out->script);
    for (i = 0; i < chart->n_series; i++)
        fprintf(chart->out->script,
                "set style line %zu linecolor rgb '%s' linewidth %g dashtype %d pointtype %d "
                "pointsize 0.9\n",
                i + 1, chart->series[i]->colour, thin ? 1.0 : 1.6, chart->series[i]->dash,
                chart->series[i]->point);
}
