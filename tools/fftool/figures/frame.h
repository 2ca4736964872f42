/*
 * Shared by all figures: a picture with a heading, a legend below it, and a box for
 * charts in the rest. Lengths are pixels of PICTURE_WIDTH x PICTURE_HEIGHT.
 */
#ifndef CLI_FIGURES_FRAME_H
#define CLI_FIGURES_FRAME_H

#include "figures/gnuplot.h"

#define FIGURE_WIDTH 856    /* of all charts */
#define FIGURE_MOST_TEXT 60 /* characters of a text that a file holds */

#define FIGURE_DARK "#222222"
#define FIGURE_GREY "#555555"
#define FIGURE_LIGHT "#CCCCCC"

/* A line below the title: parts with space between them. */
struct figure_note {
    char text[1024];
};
void figure_note_add(struct figure_note *note, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds any TEXT, cut to a part of a line; nothing if it is NULL or empty. */
void figure_note_text(struct figure_note *note, const char *text);
/* Adds "1 epoch", "2,000 units"; nothing if COUNT is NAN. */
void figure_note_count(struct figure_note *note, double count, const char *one, const char *many);

#define FIGURE_NOTES 4

struct figure_heading {
    const char *title;
    struct figure_note notes[FIGURE_NOTES]; /* an empty one takes no room */
};

/* Place of a chart: TOP is from the top of the picture. */
struct figure_box {
    double top, height;
};

/* Writes heading, legend, and the look of all charts. LABELS are the entries of the legend, if any,
 * which follow with `title`. Returns the remaining room. */
struct figure_box figure_write_frame(struct gnuplot *out, const struct figure_heading *heading,
                                     const char *const *labels, size_t n_labels);
/* Puts the chart that is plotted next into BOX, a part of what figure_write_frame() returned. */
void figure_write_box(struct gnuplot *out, const struct figure_box *box);
/* Writes the title of the value axis of the chart that is plotted next: upright, at the picture's
 * left edge, for numbers of any width. It is a label, which `unset label` takes away. */
void figure_write_y_title(struct gnuplot *out, const char *title);

#endif
