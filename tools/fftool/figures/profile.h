/*
 * Shared by all styles of figures of results of `fftool profile`: a chart of one measure of
 * trainings, each of a mode and a depth.
 */
#ifndef CLI_FIGURES_PROFILE_H
#define CLI_FIGURES_PROFILE_H

#include "common/output.h"
#include "figures/axis.h"
#include "figures/figure.h"
#include "figures/frame.h"
#include "profile/results.h"

extern const struct figure_kind figure_kind_results;

enum figure_measure {
    FIGURE_PEAK_MEMORY,
    FIGURE_SPEED /* samples x epochs x layers in a second */
};

#define FIGURE_LABEL 128 /* bytes of a label, at most */

/* The look of a mode in all figures. */
struct figure_look {
    char label[FIGURE_LABEL];
    const char *colour;
    int point; /* of gnuplot */
};

struct figure {
    struct gnuplot *out;
    const struct profile_results *results;
    enum figure_measure measure;
    bool logarithmic;
    struct profile_modes modes;
    struct profile_depths depths;
    struct figure_look looks[PROFILE_MOST_MODES];
    double height;      /* of the chart */
    double most, least; /* of the values, 0 not counted */
    double limit;       /* hard limit of memory, where the chart shows it; NAN: none */
};

/* Returns a figure of MEASURE in RESULTS, which live longer; free() it. OUT is NULL if it is not to
 * be written. */
struct figure *figure_new(struct gnuplot *out, const struct profile_results *results,
                          enum figure_measure measure, bool logarithmic);
/* Checks that RESULTS have a value of MEASURE. Returns EXIT_DONE, or EXIT_FAILED with the
 * reason printed. */
int figure_check_results(const struct reading *reading, const struct profile_results *results,
                         enum figure_measure measure, bool logarithmic);
/* The value of a training in the figure; NAN if it is unknown, or not possible on the axes. */
double figure_value(const struct figure *figure, const char *mode, uint32_t layers);
/* Three or four digits and a unit: "1.39 GiB"; "-0.50 KiB". */
struct text figure_bytes(double bytes);
/* Writes what the legend's entry of the M-th mode is plotted from: the columns USING of $modeM;
 * NAN, of which gnuplot draws nothing but that entry, where all trainings failed. */
void figure_write_source(const struct figure *figure, size_t m, const char *using);
/* "did not fit", "failed", or NULL for what did not fail. */
const char *figure_failure(const struct figure *figure, const char *mode, uint32_t layers);

/* Writes heading, legend, margins and titles of axes, which leaves HEIGHT for the chart.
 * LABELS are the entries of the legend, which follow with `title`; REMARK says what they mean, or
 * is NULL. */
void figure_write_surroundings(struct figure *figure, const char *remark, const char *const *labels,
                               size_t n_labels);

#endif
