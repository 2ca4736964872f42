/* Errors of each layer as trained, and of its part of the head, against the layer's number. */
#include "common/heap.h"
#include "figures/log.h"
#include <math.h>
#include <stdlib.h>

/* The VALUES of SERIES by layer, of each in the last sweep that has one; NAN: none has. */
static void find_values(const struct log_chart *chart, const struct log_series *series,
                        double *values)
{
    uint32_t layer;
    size_t i;

    for (layer = 0; layer <= chart->last_layer; layer++)
        values[layer] = NAN;
    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_epoch *last = log_stretch_last(&chart->stretches[i]);
        double value = log_chart_value(chart, series, last);

        if (log_series_covers(series, &chart->stretches[i]) && !isnan(value))
            values[last->layer] = value;
    }
}

/* A block of data for each series; where a layer has no value, the line has a gap. */
static void write_values(const struct log_chart *chart)
{
    FILE *script = chart->out->script;
    double *values = heap_resize(NULL, (size_t)chart->last_layer + 1, sizeof *values);
    uint32_t layer;
    size_t s;

    for (s = 0; s < chart->n_series; s++) {
        fprintf(script, "$series%zu << END\n", s);
        find_values(chart, chart->series[s], values);
        for (layer = 1; layer <= chart->last_layer; layer++) {
            if (isnan(values[layer]))
                fputc('\n', script);
            else
                fprintf(script, "%u %.9g\n", layer, values[layer]);
        }
        fputs("END\n", script);
    }
    free(values);
}

static void write_plot(const struct log_chart *chart, bool points)
{
    size_t s;

    fputs("plot ", chart->out->script);
    for (s = 0; s < chart->n_series; s++)
        fprintf(chart->out->script, "%s$series%zu using 1:2 with %s linestyle %zu title '%s'",
                s > 0 ? ", " : "", s, points ? "linespoints" : "lines", s + 1,
                log_chart_label(chart, chart->series[s]));
    fputc('\n', chart->out->script);
}

static struct figure_box write_surroundings(const struct log_chart *chart)
{
    struct figure_heading heading = {.title = "Error against depth"};
    const char *labels[LOG_MOST_SERIES];
    size_t s;

    log_chart_note_trained(chart, &heading.notes[0]);
    log_chart_note_error(chart, &heading.notes[1]);
    if (log_chart_has_heads(chart))
        figure_note_add(&heading.notes[1], "mean over its last epoch");
    log_chart_note_what(chart, &heading.notes[2]);
    for (s = 0; s < chart->n_series; s++)
        labels[s] = log_chart_label(chart, chart->series[s]);
    return figure_write_frame(chart->out, &heading, labels, chart->n_series);
}

static uint32_t first_layer(const struct log_chart *chart)
{
    uint32_t first = chart->last_layer;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++)
        if (chart->stretches[i].epochs[0].layer < first)
            first = chart->stretches[i].epochs[0].layer;
    return first;
}

static void write_chart(const struct log_chart *chart)
{
    struct figure_box box = write_surroundings(chart);
    struct axis y = log_chart_axis(chart, LOG_QUANTITY_ERROR, box.height);
    struct axis x = {.name = 'x',
                     .low = first_layer(chart) - 0.5,
                     .high = chart->last_layer + 0.5,
                     .pixels = FIGURE_WIDTH};
    bool points = x.pixels / (x.high - x.low) >= LOG_POINT_ROOM;

    figure_write_box(chart->out, &box);
    axis_write_whole(&x, chart->out->script);
    axis_write_counts(&y, chart->out->script);
    fputs("set xlabel 'Layer' noenhanced\n", chart->out->script);
    figure_write_y_title(chart->out, log_quantity_title(LOG_QUANTITY_ERROR));
    log_chart_write_looks(chart, !points);
    write_values(chart);
    write_plot(chart, points);
}

static int check(const struct reading *reading, const void *contents, bool logarithmic)
{
    struct log_chart chart;
    bool layered, has_errors;

    log_chart_init(&chart, NULL, contents, logarithmic, true);
    log_chart_keep_ends(&chart);
    layered = chart.layers > 0;
    has_errors = chart.n_series > 0;
    log_chart_release(&chart);
    if (!layered)
        return usage_error(reading->cli->command,
                           "--style depth: the layers of %s were trained at once, and have no "
                           "errors of their own; use --style curves",
                           reading->path);
    if (!has_errors)
        return report_failure(
            reading->cli,
            "%s: no layer is completely trained, with an error; there is nothing to draw",
            reading->path);
    return EXIT_DONE;
}

static void draw(struct gnuplot *out, const void *contents, bool logarithmic)
{
    struct log_chart chart;

    log_chart_init(&chart, out, contents, logarithmic, true);
    log_chart_keep_ends(&chart);
    write_chart(&chart);
    log_chart_release(&chart);
}

const struct figure_style figure_style_depth = {
    .name = "depth",
    .kind = &figure_kind_log,
    .logarithmic = true,
    .check = check,
    .write = draw,
};
