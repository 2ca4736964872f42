#include "figures/speedup.h"
#include "figures/axis.h"
#include "figures/frame.h"
#include <math.h>

#define ROOM_ABOVE 16 /* pixels */
#define ROOM_BESIDE 20

/* Of Okabe and Ito, as in the other figures. */
static const char *const colours[SPEEDUP_MOST_LINES] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                        "#56B4E9", "#E69F00", "#000000", "#888888"};

static size_t count_lines(const struct speedup_chart *chart)
{
    return chart->n_lines < SPEEDUP_MOST_LINES ? chart->n_lines : SPEEDUP_MOST_LINES;
}

/* A block of data for each line, and the ends of both axes. */
static void write_values(const struct speedup_chart *chart, FILE *script, double *most_ranks,
                         double *least)
{
    *most_ranks = 1;
    *least = 1;
    for (size_t l = 0; l < count_lines(chart); l++) {
        const struct speedup_line *line = &chart->lines[l];

        fprintf(script, "$line%zu << END\n", l);
        for (size_t i = line->first; i < line->first + line->n; i++) {
            const struct speedup_point *point = &chart->points[i];

            *most_ranks = fmax(*most_ranks, point->ranks);
            if (point->speedup > 0) {
                fprintf(script, "%u %.9g\n", point->ranks, point->speedup);
                *least = fmin(*least, point->speedup);
            }
        }
        fputs("END\n", script);
    }
}

static void write_plot(struct gnuplot *out, const struct speedup_chart *chart)
{
    FILE *script = out->script;

    fputs("plot x with lines dashtype 2 linewidth 1 linecolor rgb '" FIGURE_GREY
          "' title 'the number of processes'",
          script);
    for (size_t l = 0; l < count_lines(chart); l++) {
        fprintf(script,
                ", $line%zu using 1:2 with linespoints linecolor rgb '%s' linewidth 1.6 "
                "pointtype %zu pointsize 0.9 title ",
                l, colours[l], 4 + l);
        gnuplot_text(out, chart->lines[l].label, sizeof chart->lines[l].label);
    }
    fputc('\n', script);
}

void speedup_write(struct gnuplot *out, const struct speedup_chart *chart)
{
    struct figure_heading heading = {.title = "Speed-up of a team of processes: a model"};
    const char *labels[SPEEDUP_MOST_LINES + 1] = {"the number of processes"};
    size_t n = count_lines(chart);
    struct figure_box box;
    double most, least;
    struct axis x, y;

    figure_note_add(&heading.notes[0],
                    "estimated, not measured: computation of the first process, "
                    "exchanges over links of %s",
                    chart->link);
    for (size_t l = 0; l < n; l++)
        labels[l + 1] = chart->lines[l].label;
    box = figure_write_frame(out, &heading, labels, n + 1);
    write_values(chart, out->script, &most, &least);
    x = axis_for('x', true, 1, most, FIGURE_WIDTH, ROOM_BESIDE);
    y = axis_for('y', true, least, most, box.height, ROOM_ABOVE);
    figure_write_box(out, &box);
    axis_write_counts(&x, out->script);
    axis_write_counts(&y, out->script);
    fputs("set xlabel 'Processes' noenhanced\n", out->script);
    figure_write_y_title(out, "Speed-up");
    write_plot(out, chart);
}
