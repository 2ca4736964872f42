/*
 * Shared by all styles of figures of training logs: the log as stretches of epochs, in each sweep
 * one for each layer and one for its part of the head; and the series drawn from them.
 */
#ifndef CLI_FIGURES_LOG_H
#define CLI_FIGURES_LOG_H

#include "figures/axis.h"
#include "figures/figure.h"
#include "figures/frame.h"
#include "figures/training_log.h"

extern const struct figure_kind figure_kind_log;

/* The quantity of a value axis. */
enum log_quantity { LOG_QUANTITY_ERROR, LOG_QUANTITY_GOODNESS, LOG_QUANTITY_LOSS, LOG_QUANTITIES };

/* A metric of the epochs of layers, or of heads, and its look. */
struct log_series {
    enum log_quantity quantity;
    enum log_figure figure;
    bool head;
    const char *label; /* NULL: depends on the kind of negatives */
    const char *colour;
    int dash, point; /* of gnuplot */
};

#define LOG_MOST_SERIES 9 /* all series */

/* The epochs of a layer in a sweep, or of its part of the head. */
struct log_stretch {
    const struct log_epoch *epochs;
    size_t n;
    uint32_t earlier;  /* epochs of the layer in earlier sweeps */
    double begin, end; /* epochs of all layers that have passed before and after it */
};

struct log_chart {
    struct gnuplot *out; /* NULL: it is not to be written */
    const struct training_log *log;
    bool logarithmic;
    bool last_only; /* only the last epoch of each stretch counts */
    struct log_stretch *stretches;
    size_t n_stretches;
    uint32_t layers;     /* distinct; 0: trained all at once */
    uint32_t last_layer; /* the largest number */
    uint32_t sweeps;
    uint32_t turns; /* of layers: one in each sweep */
    enum log_negatives negatives;
    const struct log_series *series[LOG_MOST_SERIES]; /* those that have values, by quantity */
    size_t n_series;
};

/* Makes a chart of LOG, which lives longer; all epochs of each stretch count, or only the last one.
 * Release it. */
void log_chart_init(struct log_chart *chart, struct gnuplot *out, const struct training_log *log,
                    bool logarithmic, bool last_only);
void log_chart_release(struct log_chart *chart);
/* Drops all series but the errors of layers as trained, and of heads. */
void log_chart_keep_ends(struct log_chart *chart);

/* Returns a series' value of an epoch, an error in percent; NAN: unknown, or not possible on the
 * axes of the chart. */
double log_chart_value(const struct log_chart *chart, const struct log_series *series,
                       const struct log_epoch *epoch);
/* The entry of a series in the legend. */
const char *log_chart_label(const struct log_chart *chart, const struct log_series *series);
/* Epochs of all layers that have passed with EPOCH of STRETCH. */
double log_stretch_place(const struct log_stretch *stretch, const struct log_epoch *epoch);
/* SERIES has values in STRETCH. */
bool log_series_covers(const struct log_series *series, const struct log_stretch *stretch);
/* The last epoch of STRETCH. */
const struct log_epoch *log_stretch_last(const struct log_stretch *stretch);
/* A head has epochs in the log. */
bool log_chart_has_heads(const struct log_chart *chart);
/* Returns an axis of HEIGHT for the values of QUANTITY, which a series has. That of goodness begins
 * above 0 if its values are far from it, so that true and wrong labels are apart. */
struct axis log_chart_axis(const struct log_chart *chart, enum log_quantity quantity,
                           double height);
/* Such an axis of goodness is in the chart. */
bool log_chart_cuts_goodness(const struct log_chart *chart);
/* "Error, %" */
const char *log_quantity_title(enum log_quantity quantity);

/* Describe the errors of epochs, and of layers as trained; and the training of the log. */
void log_chart_note_error(const struct log_chart *chart, struct figure_note *note);
void log_chart_note_trained(const struct log_chart *chart, struct figure_note *note);
void log_chart_note_what(const struct log_chart *chart, struct figure_note *note);

/* With fewer pixels between points a line has none. */
#define LOG_POINT_ROOM 10.0
/* Makes the look of the I-th series the line style I + 1 of gnuplot; THIN lines are for those that
 * go up and down with every pixel. */
void log_chart_write_looks(const struct log_chart *chart, bool thin);

#endif
