/*
 * The speed-up of teams against the number of their processes, as `fftool plan` estimates it: a
 * line for each network, and one for a speed-up that equals the number.
 */
#ifndef CLI_FIGURES_SPEEDUP_H
#define CLI_FIGURES_SPEEDUP_H

#include "figures/gnuplot.h"
#include <stddef.h>
#include <stdint.h>

#define SPEEDUP_MOST_LINES 8 /* as many as there are colours */

/* A network. */
struct speedup_line {
    char label[128];
    size_t first, n; /* of its points */
};

struct speedup_point {
    uint32_t ranks;
    double speedup; /* 0: not known */
};

struct speedup_chart {
    const struct speedup_line *lines;
    size_t n_lines; /* the first SPEEDUP_MOST_LINES are drawn */
    const struct speedup_point *points;
    const char *link; /* "1 Gbit/s and 0.1 ms" */
};

/* Writes the script of the figure to OUT. */
void speedup_write(struct gnuplot *out, const struct speedup_chart *chart);

#endif
