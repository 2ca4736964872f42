/* Peak memory as bars, grouped by depth: the figure of the original comparison. */
#include "figures/profile.h"
#include <math.h>
#include <stdlib.h>

#define GROUP_SHARE 0.86 /* of a depth's width, that its bars take */
#define WIDEST_BAR 64
/* Sizes of the text at a bar, by the bar's width; a bar that is narrower has none. */
#define TEXT_SHARE 0.7
#define LARGEST_TEXT 11.0
#define SMALLEST_TEXT 6.0
#define CHARACTER_SHARE 0.64 /* of a text's size: the width of a character, about */
#define MOST_CHARACTERS 8    /* "1.39 GiB" */
#define TEXT_GAP 5           /* between bar and text */

/* How bars and their texts are laid out; bars are in units of a depth's width. */
struct layout {
    double bar;
    double text; /* size; 0: none */
    bool upright;
    double room; /* pixels above the tallest bar */
};

static struct layout layout_for(const struct figure *figure)
{
    double group = FIGURE_WIDTH / (double)figure->depths.n; /* pixels */
    double bar = group * GROUP_SHARE / (double)figure->modes.n, length;
    struct layout layout;

    if (bar > WIDEST_BAR)
        bar = WIDEST_BAR;
    layout.bar = bar / group;
    layout.text = bar * TEXT_SHARE < LARGEST_TEXT ? bar * TEXT_SHARE : LARGEST_TEXT;
    if (layout.text < SMALLEST_TEXT)
        layout.text = 0;
    length = layout.text * CHARACTER_SHARE * MOST_CHARACTERS;
    layout.upright = length > bar;
    layout.room = 2 * TEXT_GAP + (layout.upright ? length : layout.text);
    return layout;
}

/* The middle of a bar. */
static double middle(const struct figure *figure, const struct layout *layout, size_t depth,
                     size_t mode)
{
    return (double)depth + layout->bar * ((double)mode + 0.5 - (double)figure->modes.n / 2);
}

/* In place of a bar: why there is none. */
static void write_failures(struct figure *figure, const struct layout *layout)
{
    size_t i, m;

    for (i = 0; i < figure->depths.n; i++)
        for (m = 0; m < figure->modes.n; m++) {
            const char *failure =
                figure_failure(figure, figure->modes.names[m], figure->depths.layers[i]);

            if (failure == NULL)
                continue;
            fprintf(figure->out->script,
                    "set label '%s%s' at first %.6f,0 left rotate by 90 offset 0,character 0.4 "
                    "noenhanced front font ',%.1f' textcolor rgb '" FIGURE_GREY "'\n",
                    "× ", layout->text > 0 ? failure : "", middle(figure, layout, i, m),
                    layout->text > 0 ? layout->text : SMALLEST_TEXT);
        }
}

/* A block of data for each mode: where, how high, how wide, and what is written above. */
static void write_data(struct figure *figure, const struct layout *layout)
{
    FILE *script = figure->out->script;
    size_t i, m;

    for (m = 0; m < figure->modes.n; m++) {
        fprintf(script, "$mode%zu << END\n", m);
        for (i = 0; i < figure->depths.n; i++) {
            double value = figure_value(figure, figure->modes.names[m], figure->depths.layers[i]);

            if (!isnan(value))
                fprintf(script, "%.6f %.9g %.6f \"%s\"\n", middle(figure, layout, i, m), value,
                        layout->bar, figure_bytes(value).s);
        }
        fputs("END\n", script);
    }
}

/* Each depth has a unit of the axis. */
static void write_depths(const struct figure *figure)
{
    size_t n = figure->depths.n;
    struct axis x = {.name = 'x', .low = -0.5, .high = (double)n - 0.5, .pixels = FIGURE_WIDTH};

    axis_write_layers(&x, figure->depths.layers, n, true, figure->out->script);
    fputs("set xtics scale 0\n", figure->out->script);
}

static void write_plot(struct figure *figure, const struct layout *layout)
{
    FILE *script = figure->out->script;
    size_t m;

    fputs("set style fill solid 1 border linecolor rgb '#333333'\nplot ", script);
    for (m = 0; m < figure->modes.n; m++) {
        fputs(m > 0 ? ", " : "", script);
        figure_write_source(figure, m, "1:2:3");
        fprintf(script, " with boxes linecolor rgb '%s' linewidth 0.7 title ",
                figure->looks[m].colour);
        gnuplot_text(figure->out, figure->looks[m].label, sizeof figure->looks[m].label);
    }
    if (!isnan(figure->limit))
        fprintf(script,
                ", %.9g with lines dashtype 2 linewidth 1 linecolor rgb '" FIGURE_DARK
                "' title 'limit %s'",
                figure->limit, figure_bytes(figure->limit).s);
    for (m = 0; m < figure->modes.n && layout->text > 0; m++)
        fprintf(script,
                ", $mode%zu using 1:2:4 with labels %s font ',%.1f' textcolor rgb '" FIGURE_DARK
                "' notitle",
                m,
                layout->upright ? "left rotate by 90 offset 0,character 0.4"
                                : "center offset 0,character 0.5",
                layout->text);
    fputc('\n', script);
}

static void write_bars(struct figure *figure)
{
    const char *labels[PROFILE_MOST_MODES + 1];
    struct layout layout;
    struct axis y;
    size_t m, n = 0;

    for (m = 0; m < figure->modes.n; m++)
        labels[n++] = figure->looks[m].label;
    if (!isnan(figure->limit))
        labels[n++] = "limit 64.0 MiB"; /* about as long */
    figure_write_surroundings(figure, NULL, labels, n);
    layout = layout_for(figure);
    y = axis_for('y', false, 0, figure->most, figure->height, layout.room);
    axis_write_bytes(&y, figure->out->script);
    write_depths(figure);
    write_failures(figure, &layout);
    write_data(figure, &layout);
    write_plot(figure, &layout);
}

static int check(const struct reading *reading, const void *contents, bool logarithmic)
{
    return figure_check_results(reading, contents, FIGURE_PEAK_MEMORY, logarithmic);
}

static void draw(struct gnuplot *out, const void *contents, bool logarithmic)
{
    struct figure *figure = figure_new(out, contents, FIGURE_PEAK_MEMORY, logarithmic);

    write_bars(figure);
    free(figure);
}

/* No logarithmic axes: a bar begins at zero, and its length is the value. */
const struct figure_style figure_style_bars = {
    .name = "bars",
    .kind = &figure_kind_results,
    .check = check,
    .write = draw,
};
