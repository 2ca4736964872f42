/* Peak memory or speed against depth, as a line for each mode. */
#include "figures/profile.h"
#include <math.h>
#include <stdlib.h>

#define FAILURE_HEIGHT 14 /* pixels, of a row of crosses at the top */
#define ROOM_ABOVE 16
#define ROOM_BESIDE 20
#define SLOPE_LABEL (FIGURE_LABEL + 64)
#define MOST_DECIMALS 4

/* Contents of the legend. */
struct legend {
    char modes[PROFILE_MOST_MODES][SLOPE_LABEL];
    char limit[48];
    const char *failures; /* NULL: none */
    const char *labels[PROFILE_MOST_MODES + 2];
    size_t n;
};

/* "102.31 ± 0.48 MiB": in one unit, with two digits of the standard error. */
static struct text slope_text(const struct profile_slope *slope)
{
    double growth = slope->bytes_per_layer, error = slope->standard_error_bytes;
    struct byte_unit unit = byte_unit(fmax(fabs(growth), error));
    double decimals = fmax(1 - floor(log10(error / unit.bytes)), 0);
    struct text out;

    if (isnan(error) || decimals > MOST_DECIMALS) /* which is negligible */
        return figure_bytes(growth);
    snprintf(out.s, sizeof out.s, "%.*f ± %.*f %s", (int)decimals, growth / unit.bytes,
             (int)decimals, error / unit.bytes, unit.name);
    return out;
}

/* "BP: 102.31 ± 0.48 MiB a layer" */
static void mode_label(const struct figure *figure, size_t m, char *text, size_t size)
{
    struct profile_slope slope = profile_slope(figure->results, figure->modes.names[m]);
    const char *label = figure->looks[m].label;

    if (figure->measure != FIGURE_PEAK_MEMORY || isnan(slope.bytes_per_layer))
        snprintf(text, size, "%s", label);
    else
        snprintf(text, size, "%s: %s a layer", label, slope_text(&slope).s);
}

static bool failed_at_all(const struct figure *figure, size_t m)
{
    size_t i;

    for (i = 0; i < figure->depths.n; i++)
        if (figure_failure(figure, figure->modes.names[m], figure->depths.layers[i]) != NULL)
            return true;
    return false;
}

static size_t count_failing(const struct figure *figure)
{
    size_t m, n = 0;

    for (m = 0; m < figure->modes.n; m++)
        n += failed_at_all(figure, m);
    return n;
}

static void write_legend(const struct figure *figure, struct legend *out)
{
    size_t m;

    *out = (struct legend){.n = 0};
    for (m = 0; m < figure->modes.n; m++) {
        mode_label(figure, m, out->modes[m], sizeof out->modes[m]);
        out->labels[out->n++] = out->modes[m];
    }
    if (!isnan(figure->limit)) {
        snprintf(out->limit, sizeof out->limit, "limit %.40s", figure_bytes(figure->limit).s);
        out->labels[out->n++] = out->limit;
    }
    if (count_failing(figure) > 0) {
        out->failures = "did not fit, or failed";
        out->labels[out->n++] = out->failures;
    }
}

/* A block of data for each mode; where a training is missing, the line has a gap. */
static void write_values(struct figure *figure)
{
    FILE *script = figure->out->script;
    size_t i, m;

    for (m = 0; m < figure->modes.n; m++) {
        fprintf(script, "$mode%zu << END\n", m);
        for (i = 0; i < figure->depths.n; i++) {
            double value = figure_value(figure, figure->modes.names[m], figure->depths.layers[i]);

            if (isnan(value))
                fputc('\n', script);
            else
                fprintf(script, "%u %.9g\n", figure->depths.layers[i], value);
        }
        fputs("END\n", script);
    }
}

/* Crosses at the top, a row for each mode that has failed; Y is the value axis. */
static void write_failures(struct figure *figure, const struct axis *y)
{
    FILE *script = figure->out->script;
    size_t i, m, row = 0;

    for (m = 0; m < figure->modes.n; m++) {
        if (!failed_at_all(figure, m))
            continue;
        fprintf(script, "$failed%zu << END\n", m);
        for (i = 0; i < figure->depths.n; i++)
            if (figure_failure(figure, figure->modes.names[m], figure->depths.layers[i]) != NULL)
                fprintf(script, "%u %.9g\n", figure->depths.layers[i],
                        axis_before_end(y, ((double)row + 0.5) * FAILURE_HEIGHT));
        fputs("END\n", script);
        row++;
    }
}

static void write_plot(struct figure *figure, const struct legend *legend)
{
    FILE *script = figure->out->script;
    size_t m;

    fputs("plot ", script);
    for (m = 0; m < figure->modes.n; m++) {
        fputs(m > 0 ? ", " : "", script);
        figure_write_source(figure, m, "1:2");
        fprintf(script,
                " with linespoints linecolor rgb '%s' linewidth 1.6 dashtype %zu pointtype %d "
                "pointsize 0.9 title ",
                figure->looks[m].colour, m % 5 + 1, figure->looks[m].point);
        gnuplot_text(figure->out, legend->modes[m], SLOPE_LABEL);
    }
    if (!isnan(figure->limit))
        fprintf(script,
                ", %.9g with lines dashtype 2 linewidth 1 linecolor rgb '" FIGURE_DARK
                "' title '%s'",
                figure->limit, legend->limit);
    for (m = 0; m < figure->modes.n; m++)
        if (failed_at_all(figure, m))
            fprintf(script,
                    ", $failed%zu using 1:2 with points pointtype 2 pointsize 0.9 linewidth 2 "
                    "linecolor rgb '%s' notitle",
                    m, figure->looks[m].colour);
    if (legend->failures != NULL)
        fprintf(script,
                ", NaN with points pointtype 2 pointsize 0.9 linewidth 2 linecolor rgb "
                "'" FIGURE_DARK "' title '%s'",
                legend->failures);
    fputc('\n', script);
}

static void write_lines(struct figure *figure)
{
    uint32_t first = figure->depths.layers[0], last = figure->depths.layers[figure->depths.n - 1];
    struct legend legend;
    struct axis x, y;

    write_legend(figure, &legend);
    figure_write_surroundings(
        figure, figure->measure == FIGURE_PEAK_MEMORY ? "growth ± its standard error" : NULL,
        legend.labels, legend.n);
    x = axis_for('x', figure->logarithmic, first, last, FIGURE_WIDTH, ROOM_BESIDE);
    y = axis_for('y', figure->logarithmic, figure->least, figure->most, figure->height,
                 ROOM_ABOVE + FAILURE_HEIGHT * (double)count_failing(figure));
    axis_write_layers(&x, figure->depths.layers, figure->depths.n, false, figure->out->script);
    if (figure->measure == FIGURE_SPEED)
        axis_write_counts(&y, figure->out->script);
    else
        axis_write_bytes(&y, figure->out->script);
    write_values(figure);
    write_failures(figure, &y);
    write_plot(figure, &legend);
}

static void draw(struct gnuplot *out, const struct profile_results *results,
                 enum figure_measure measure, bool logarithmic)
{
    struct figure *figure = figure_new(out, results, measure, logarithmic);

    write_lines(figure);
    free(figure);
}

static int check_memory(const struct reading *reading, const void *contents, bool logarithmic)
{
    return figure_check_results(reading, contents, FIGURE_PEAK_MEMORY, logarithmic);
}

static void write_memory(struct gnuplot *out, const void *contents, bool logarithmic)
{
    draw(out, contents, FIGURE_PEAK_MEMORY, logarithmic);
}

const struct figure_style figure_style_lines = {
    .name = "lines",
    .kind = &figure_kind_results,
    .logarithmic = true,
    .check = check_memory,
    .write = write_memory,
};

static int check_speed(const struct reading *reading, const void *contents, bool logarithmic)
{
    return figure_check_results(reading, contents, FIGURE_SPEED, logarithmic);
}

static void write_speed(struct gnuplot *out, const void *contents, bool logarithmic)
{
    draw(out, contents, FIGURE_SPEED, logarithmic);
}

const struct figure_style figure_style_throughput = {
    .name = "throughput",
    .kind = &figure_kind_results,
    .logarithmic = true,
    .check = check_speed,
    .write = write_speed,
};
