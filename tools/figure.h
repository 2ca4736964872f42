/* Figures of results of `fftool profile`: SVG, PNG or PDF, by the file's suffix. */
#ifndef FFTOOL_FIGURE_H
#define FFTOOL_FIGURE_H

#include "profile_results.h"

enum figure_style {
    FIGURE_BARS,       /* peak memory, bars grouped by depth */
    FIGURE_LINES,      /* peak memory, a line for each mode */
    FIGURE_THROUGHPUT, /* speed, a line for each mode */
    FIGURE_STYLES
};

/* Finds out whether PATH, given with --OPTION, can be drawn at all. Returns EXIT_DONE, or an exit
 * code with the reason printed. */
int figure_check(const struct cli *cli, const char *option, const char *path);
/* A figure of RESULTS has something to show. */
bool figure_has_points(const struct profile_results *results, enum figure_style style);
/* Draws RESULTS to PATH, which figure_check() has approved; LOGARITHMIC is not for bars. Returns
 * EXIT_DONE, or an exit code with the reason printed. */
int figure_draw(const struct cli *cli, const struct profile_results *results, const char *path,
                enum figure_style style, bool logarithmic);

#endif
