/*
 * Learning curves: error above goodness (or loss), epoch after epoch, layer after layer. If there
 * are too many layers for curves, each is drawn as the value of its last epoch and its range.
 */
#include "common/output.h"
#include "figures/log.h"
#include <math.h>
#include <string.h>

/* Pixels. */
#define LAYER_ROOM 16.0 /* a layer with less is drawn by its last epoch and its range */
#define NUMBERS_ROOM 26 /* for the row of layers' numbers, clear of a tick at the top */
#define PANEL_GAP 14

#define HEAD_SHADE "#F0F0F0"
#define BAND_OPACITY 0.25

/* Panels one above another, which share the axis of epochs. */
struct curves {
    struct log_chart chart;
    bool shown[LOG_QUANTITIES];
    int n_panels;
    struct axis x;
    double layer_pixels; /* 0: the network trained all at once */
    bool condensed;      /* layers are drawn by their last epoch and its range */
};

/* A layer's turn, its part of the head included: epochs that have passed before and after it. */
struct span {
    uint32_t layer, sweep;
    double begin, end;
};

/* Takes the next turn of a layer, which begins at stretch *AT. Returns false if there is none. */
static bool next_span(const struct log_chart *chart, size_t *at, struct span *out)
{
    const struct log_stretch *first = &chart->stretches[*at];

    if (*at == chart->n_stretches)
        return false;
    *out = (struct span){
        .layer = first->epochs[0].layer, .sweep = first->epochs[0].sweep, .begin = first->begin};
    while (*at < chart->n_stretches && chart->stretches[*at].epochs[0].layer == out->layer &&
           chart->stretches[*at].epochs[0].sweep == out->sweep)
        out->end = chart->stretches[(*at)++].end;
    return true;
}

/* Where the N-th epoch of all ends, and the next one begins: an epoch stands at its own number. */
static double boundary(double n)
{
    return n + 0.5;
}

static void init(struct curves *curves, struct gnuplot *out, const struct training_log *log,
                 bool logarithmic)
{
    struct log_chart *chart = &curves->chart;
    size_t i;

    *curves = (struct curves){.n_panels = 0};
    log_chart_init(chart, out, log, logarithmic, false);
    for (i = 0; i < chart->n_series; i++) {
        bool *shown = &curves->shown[chart->series[i]->quantity];

        curves->n_panels += !*shown;
        *shown = true;
    }
}

static void lay_out(struct curves *curves)
{
    const struct log_chart *chart = &curves->chart;

    curves->x = (struct axis){.name = 'x',
                              .low = boundary(0),
                              .high = boundary(chart->stretches[chart->n_stretches - 1].end),
                              .pixels = FIGURE_WIDTH};
    curves->layer_pixels = chart->layers > 0 ? (double)FIGURE_WIDTH / chart->turns : 0;
    curves->condensed = chart->layers > 0 && curves->layer_pixels < LAYER_ROOM;
}

/* A row "x value" for each epoch, with the value again where a point is drawn, and a blank one
 * where a line ends. */
static void write_epochs(const struct curves *curves, const struct log_series *series,
                         const struct log_stretch *stretch)
{
    FILE *script = curves->chart.out->script;
    bool all = curves->x.pixels / (curves->x.high - curves->x.low) >= LOG_POINT_ROOM;
    size_t i;

    for (i = 0; i < stretch->n; i++) {
        const struct log_epoch *epoch = &stretch->epochs[i];
        double value = log_chart_value(&curves->chart, series, epoch);

        if (!isnan(value))
            fprintf(script, "%.9g %.9g", log_stretch_place(stretch, epoch), value);
        if (!isnan(value) && (all || epoch == log_stretch_last(stretch)))
            fprintf(script, " %.9g", value);
        fputc('\n', script);
    }
    fputc('\n', script);
}

/* A row "x last least most" of the values that are known, if there are any. */
static void write_range(const struct curves *curves, const struct log_series *series,
                        const struct log_stretch *stretch)
{
    double last = NAN, least = NAN, most = NAN;
    size_t i;

    for (i = 0; i < stretch->n; i++) {
        double value = log_chart_value(&curves->chart, series, &stretch->epochs[i]);

        if (isnan(value))
            continue;
        last = value;
        least = fmin(least, value);
        most = fmax(most, value);
    }
    if (!isnan(last))
        fprintf(curves->chart.out->script, "%.9g %.9g %.9g %.9g\n", stretch->end, last, least,
                most);
}

/* A block of data for each series. */
static void write_values(const struct curves *curves)
{
    const struct log_chart *chart = &curves->chart;
    size_t s, i;

    for (s = 0; s < chart->n_series; s++) {
        fprintf(chart->out->script, "$series%zu << END\n", s);
        for (i = 0; i < chart->n_stretches; i++) {
            const struct log_stretch *stretch = &chart->stretches[i];

            if (!log_series_covers(chart->series[s], stretch))
                continue;
            if (curves->condensed)
                write_range(curves, chart->series[s], stretch);
            else
                write_epochs(curves, chart->series[s], stretch);
        }
        fputs("END\n", chart->out->script);
    }
}

/* Of so many layers one has its number written. */
static double number_step(const struct curves *curves)
{
    return axis_whole_step(curves->layer_pixels, axis_number_room(curves->chart.last_layer));
}

/* A line in all panels where a layer, or a sweep, begins. */
static void write_beginning(const struct curves *curves, double at, bool of_sweep)
{
    fprintf(curves->chart.out->script,
            "set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead back "
            "linewidth %g linecolor rgb '%s'\n",
            boundary(at), boundary(at), of_sweep ? 1.6 : 0.8,
            of_sweep ? FIGURE_GREY : FIGURE_LIGHT);
}

/* There is room for the line of each sweep. */
static bool shows_sweeps(const struct curves *curves)
{
    const struct log_chart *chart = &curves->chart;

    return chart->sweeps > 1 && (double)FIGURE_WIDTH / chart->sweeps >= LAYER_ROOM;
}

static void write_beginnings(const struct curves *curves)
{
    double step = number_step(curves);
    uint32_t sweep = 0;
    struct span span;
    size_t at = 0;

    while (next_span(&curves->chart, &at, &span)) {
        bool of_sweep = span.sweep != sweep && shows_sweeps(curves);

        if (span.begin > 0 && (of_sweep || fmod(span.layer, step) == 0 || !curves->condensed))
            write_beginning(curves, span.begin, of_sweep);
        sweep = span.sweep;
    }
}

/* Numbers of layers above the topmost panel, as many as there is room for, and where each begins.
 */
static void write_layers(const struct curves *curves)
{
    FILE *script = curves->chart.out->script;
    double step = number_step(curves);
    const char *separator = "";
    struct span span;
    size_t at = 0;

    fputs("set label 'Layer' at graph 0, graph 1 right offset character -1.2, character 1.1\n",
          script);
    write_beginnings(curves);
    fprintf(script, "set x2range [%.9g:%.9g]\nset x2tics scale 0 offset 0, character 0.1 (",
            curves->x.low, curves->x.high);
    while (next_span(&curves->chart, &at, &span)) {
        if (fmod(span.layer, step) != 0)
            continue;
        fprintf(script, "%s'%s' %.9g", separator, text_count(span.layer).s,
                (boundary(span.begin) + boundary(span.end)) / 2);
        separator = ", ";
    }
    fputs(")\n", script);
}

/* Shades the epochs of heads, in which no layer learns. */
static void write_shades(const struct curves *curves)
{
    const struct log_chart *chart = &curves->chart;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++)
        if (chart->stretches[i].epochs[0].head)
            fprintf(chart->out->script,
                    "set object rectangle from first %.9g, graph 0 to first %.9g, graph 1 behind "
                    "fillcolor rgb '" HEAD_SHADE "' fillstyle solid noborder\n",
                    boundary(chart->stretches[i].begin), boundary(chart->stretches[i].end));
}

static void write_series(const struct curves *curves, size_t s)
{
    FILE *script = curves->chart.out->script;

    if (curves->condensed)
        fprintf(script,
                ", $series%zu using 1:3:4 with filledcurves fillcolor rgb '%s' fillstyle "
                "transparent solid %g noborder notitle",
                s, curves->chart.series[s]->colour, BAND_OPACITY);
    fprintf(script, ", $series%zu using 1:2 with lines linestyle %zu notitle", s, s + 1);
    if (!curves->condensed)
        fprintf(script, ", $series%zu using 1:3 with points linestyle %zu notitle", s, s + 1);
}

/* The legend of all panels stands with the topmost. */
static void write_legend(const struct curves *curves)
{
    size_t s;

    for (s = 0; s < curves->chart.n_series; s++)
        fprintf(curves->chart.out->script, ", NaN with %s linestyle %zu title '%s'",
                curves->condensed ? "lines" : "linespoints", s + 1,
                log_chart_label(&curves->chart, curves->chart.series[s]));
}

/* PANEL counts from 0, which is the topmost. */
static void write_panel(const struct curves *curves, enum log_quantity quantity, int panel,
                        const struct figure_box *box)
{
    const struct log_chart *chart = &curves->chart;
    struct axis y = log_chart_axis(chart, quantity, box->height);
    FILE *script = chart->out->script;
    size_t s;

    if (panel == 1)
        fputs("unset key\nunset label\nunset x2tics\n", script);
    figure_write_box(chart->out, box);
    axis_write_counts(&y, script);
    axis_write_whole(&curves->x, script);
    figure_write_y_title(chart->out, log_quantity_title(quantity));
    if (panel + 1 < curves->n_panels)
        fputs("set xtics ('' 0)\n", script); /* which is not on the axis: none */
    else
        fputs("set xlabel 'Epochs passed' noenhanced\n", script);
    fputs("plot NaN notitle", script);
    for (s = 0; s < chart->n_series; s++)
        if (chart->series[s]->quantity == quantity)
            write_series(curves, s);
    if (panel == 0)
        write_legend(curves);
    fputc('\n', script);
}

static void write_panels(const struct curves *curves, const struct figure_box *room)
{
    double above = curves->chart.layers > 0 ? NUMBERS_ROOM : 0;
    double pitch = (room->height - above + PANEL_GAP) / curves->n_panels;
    struct figure_box box = {room->top + above, pitch - PANEL_GAP};
    int panel = 0, quantity;

    fputs("set multiplot\n", curves->chart.out->script);
    for (quantity = 0; quantity < LOG_QUANTITIES; quantity++) {
        if (!curves->shown[quantity])
            continue;
        write_panel(curves, (enum log_quantity)quantity, panel++, &box);
        box.top += pitch;
    }
    fputs("unset multiplot\n", curves->chart.out->script);
}

static struct figure_box write_surroundings(const struct curves *curves)
{
    const struct log_chart *chart = &curves->chart;
    struct figure_heading heading = {
        .title = chart->layers == 0   ? "Learning curves"
                 : chart->sweeps == 1 ? "Learning curves, layer after layer"
                                      : "Learning curves, layer after layer in each sweep"};
    const char *labels[LOG_MOST_SERIES];
    size_t s;

    figure_note_add(&heading.notes[0], "means over each epoch");
    log_chart_note_error(chart, &heading.notes[0]);
    log_chart_note_trained(chart, &heading.notes[1]);
    log_chart_note_what(chart, &heading.notes[2]);
    if (log_chart_cuts_goodness(chart))
        figure_note_add(&heading.notes[2], "the axis of goodness does not begin at 0");
    if (shows_sweeps(curves))
        figure_note_add(&heading.notes[3], "dark lines: a sweep begins");
    if (curves->condensed)
        figure_note_add(&heading.notes[3],
                        "lines: the last epoch of each layer; bands: the range of its epochs");
    else if (log_chart_has_heads(chart))
        figure_note_add(&heading.notes[0], "shaded: epochs of a head");
    for (s = 0; s < chart->n_series; s++)
        labels[s] = log_chart_label(chart, chart->series[s]);
    return figure_write_frame(chart->out, &heading, labels, chart->n_series);
}

static int check(const struct reading *reading, const void *contents, bool logarithmic)
{
    struct curves curves;
    int n_panels;

    init(&curves, NULL, contents, logarithmic);
    n_panels = curves.n_panels;
    log_chart_release(&curves.chart);
    if (n_panels == 0)
        return report_failure(
            reading->cli, "%s: no epoch has an error, goodness or loss; there is nothing to draw",
            reading->path);
    return EXIT_DONE;
}

static void draw(struct gnuplot *out, const void *contents, bool logarithmic)
{
    struct curves curves;
    struct figure_box room;

    init(&curves, out, contents, logarithmic);
    lay_out(&curves);
    room = write_surroundings(&curves);
    log_chart_write_looks(&curves.chart, curves.condensed);
    write_values(&curves);
    if (curves.chart.layers > 0)
        write_layers(&curves);
    if (!curves.condensed)
        write_shades(&curves);
    write_panels(&curves, &room);
    log_chart_release(&curves.chart);
}

const struct figure_style figure_style_curves = {
    .name = "curves",
    .kind = &figure_kind_log,
    .logarithmic = true,
    .check = check,
    .write = draw,
};
