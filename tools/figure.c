#include "figure.h"
#include "figure_parts.h"
#include "heap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A limit far above all that was measured is told in the heading alone. */
#define LIMIT_IN_SIGHT 2.0

int figure_check(const struct cli *cli, const char *option, const char *path)
{
    const struct gnuplot_format *format = gnuplot_format(path);

    if (format == NULL)
        return usage_error(cli->command, "--%s: \"%s\" does not end in .svg, .png or .pdf", option,
                           path);
    return gnuplot_check(cli, format);
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
    if (figure->style == FIGURE_THROUGHPUT ||
        !(limit > 0 && limit <= LIMIT_IN_SIGHT * figure->most))
        return;
    figure->limit = limit;
    if (limit > figure->most)
        figure->most = limit;
}

/* What can be known before a script is begun. */
static void plan(const struct profile_results *results, enum figure_style style, bool logarithmic,
                 struct figure *out)
{
    memset(out, 0, sizeof *out);
    out->results = results;
    out->style = style;
    out->logarithmic = logarithmic;
    profile_modes(results, &out->modes);
    profile_depths(results, &out->depths);
    figure_choose_looks(out);
    find_range(out);
    find_limit(out);
}

bool figure_has_points(const struct profile_results *results, enum figure_style style)
{
    struct figure *figure = heap_resize(NULL, 1, sizeof *figure);
    bool has;

    plan(results, style, false, figure);
    has = !isnan(figure->most);
    free(figure);
    return has;
}

int figure_draw(const struct cli *cli, const struct profile_results *results, const char *path,
                enum figure_style style, bool logarithmic)
{
    struct figure *figure = heap_resize(NULL, 1, sizeof *figure);
    int result;

    plan(results, style, logarithmic, figure);
    if (isnan(figure->most))
        result = report_failure(cli, "%s: there is nothing to draw", path);
    else
        result = gnuplot_begin(cli, gnuplot_format(path), &figure->out);
    if (!isnan(figure->most) && result == EXIT_DONE) {
        if (style == FIGURE_BARS)
            figure_write_bars(figure);
        else
            figure_write_lines(figure);
        result = gnuplot_end(&figure->out, path);
    }
    free(figure);
    return result;
}
