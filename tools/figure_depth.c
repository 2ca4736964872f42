/* Error at the last epoch of each layer against the layer's number. */
#include "figure_log.h"
#include <math.h>

/* A block of data for each series; where a layer has no value, the line has a gap. */
static void write_values(const struct log_chart *chart)
{
    FILE *script = chart->out->script;
    size_t s, i;

    for (s = 0; s < chart->n_series; s++) {
        fprintf(script, "$series%zu << END\n", s);
        for (i = 0; i < chart->n_stretches; i++) {
            const struct log_stretch *stretch = &chart->stretches[i];
            const struct log_epoch *last = log_stretch_last(stretch);
            double value = log_chart_value(chart, chart->series[s], last);

            if (!log_series_covers(chart->series[s], stretch))
                continue;
            if (isnan(value))
                fputc('\n', script);
            else
                fprintf(script, "%u %.9g\n", last->layer, value);
        }
        fputs("END\n", script);
    }
}

static void write_plot(const struct log_chart *chart, bool points)
{
    size_t s;

    fputs("plot ", chart->out->script);
    for (s = 0; s < chart->n_series; s++)
        fprintf(chart->out->script, "%s$series%zu using 1:2 with %s linestyle %zu title '%s'",
                s > 0 ? ", " : "", s, points ? "linespoints" : "lines", s + 1,
                chart->series[s]->label);
    fputc('\n', chart->out->script);
}

static struct figure_box write_surroundings(const struct log_chart *chart)
{
    struct figure_heading heading = {.title = "Error against depth"};
    const char *labels[LOG_MOST_SERIES];
    size_t s;

    figure_note_add(&heading.notes[0], "means over the last epoch of each layer");
    log_chart_note_error(chart, &heading.notes[0]);
    log_chart_note_what(chart, &heading.notes[1]);
    for (s = 0; s < chart->n_series; s++)
        labels[s] = chart->series[s]->label;
    return figure_write_frame(chart->out, &heading, labels, chart->n_series);
}

static void write_chart(const struct log_chart *chart)
{
    struct figure_box box = write_surroundings(chart);
    struct axis y = log_chart_axis(chart, LOG_QUANTITY_ERROR, box.height);
    const struct log_stretch *stretches = chart->stretches;
    struct axis x = {.name = 'x',
                     .low = stretches[0].epochs[0].layer - 0.5,
                     .high = stretches[chart->n_stretches - 1].epochs[0].layer + 0.5,
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
    log_chart_keep(&chart, LOG_QUANTITY_ERROR);
    layered = chart.layers > 0;
    has_errors = chart.n_series > 0;
    log_chart_release(&chart);
    if (!layered)
        return usage_error(reading->cli->command,
                           "--style depth: the layers of %s learned all at once, and have no "
                           "errors of their own; what fits it: curves",
                           reading->path);
    if (!has_errors)
        return report_failure(reading->cli,
                              "%s: no layer in it has an error; there is nothing to draw",
                              reading->path);
    return EXIT_DONE;
}

static void draw(struct gnuplot *out, const void *contents, bool logarithmic)
{
    struct log_chart chart;

    log_chart_init(&chart, out, contents, logarithmic, true);
    log_chart_keep(&chart, LOG_QUANTITY_ERROR);
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
