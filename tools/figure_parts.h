/*
 * What the styles of figures have in common: a picture with a heading, a legend below it, and a
 * chart in the rest. Lengths are pixels of PICTURE_WIDTH x PICTURE_HEIGHT.
 */
#ifndef FFTOOL_FIGURE_PARTS_H
#define FFTOOL_FIGURE_PARTS_H

#include "figure.h"
#include "figure_axis.h"
#include "gnuplot.h"
#include "output.h"

#define FIGURE_DARK "#222222"
#define FIGURE_GREY "#555555"

/* How a mode looks in all figures. */
struct figure_look {
    char label[64];
    const char *colour;
    int point; /* of gnuplot */
};

struct figure {
    struct gnuplot out;
    const struct profile_results *results;
    enum figure_style style;
    bool logarithmic;
    struct profile_modes modes;
    struct profile_depths depths;
    struct figure_look looks[PROFILE_MOST_MODES];
    double width, height; /* of the chart */
    double most, least;   /* of the values, 0 not counted */
    double limit;         /* hard limit of memory, where the chart shows it; NAN: none */
};

/* Gives each mode a look. */
void figure_choose_looks(struct figure *figure);
/* What the figure shows of a training; NAN if that is not known, or not possible on its axes. */
double figure_value(const struct figure *figure, const char *mode, uint32_t layers);
/* Three or four digits and a unit: "1.39 GiB"; "-0.50 KiB". */
struct text figure_bytes(double bytes);
/* "did not fit", "failed", or NULL for what did not fail. */
const char *figure_failure(const struct figure *figure, const char *mode, uint32_t layers);

/* Writes heading, legend and margins, which leaves WIDTH and HEIGHT for the chart. LABELS are the
 * entries of the legend, which follow with `title`. */
void figure_write_frame(struct figure *figure, const char *const *labels, size_t n_labels);

void figure_write_bars(struct figure *figure);
void figure_write_lines(struct figure *figure);

#endif
