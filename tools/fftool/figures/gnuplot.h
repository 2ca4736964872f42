/*
 * Drawing with gnuplot, run as a program that is given a script on its standard input and prints
 * the picture.
 */
#ifndef CLI_FIGURES_GNUPLOT_H
#define CLI_FIGURES_GNUPLOT_H

#include "common/cli.h"
#include <stdio.h>

/* Size of a picture, in the unit of text sizes (pixels of the SVG). */
#define PICTURE_WIDTH 960
#define PICTURE_HEIGHT 560

struct gnuplot_format;

/* Returns the format of the suffix of PATH; NULL: unknown. */
const struct gnuplot_format *gnuplot_format(const char *path);
/* True if a file that begins with TEXT is a picture of one of the formats. */
bool gnuplot_is_picture(const char *text);
/* Returns EXIT_DONE if gnuplot is installed and draws FORMAT; else EXIT_FAILED, with the reason
 * printed. */
int gnuplot_check(const struct cli *cli, const struct gnuplot_format *format);

/* A script being written. */
struct gnuplot {
    const struct cli *cli;
    const struct gnuplot_format *format;
    FILE *script;
};

/* Begins a script for a picture of FORMAT. Returns EXIT_DONE, or EXIT_FAILED with the reason
 * printed. */
int gnuplot_begin(const struct cli *cli, const struct gnuplot_format *format,
                  struct gnuplot *gnuplot);
/* Writes TEXT as a literal string of gnuplot, for text with enhancements off.
 * It is escaped as on a terminal (fftool/text.h); more than about MOST characters are cut. */
void gnuplot_text(struct gnuplot *gnuplot, const char *text, size_t most);
/* Runs the script and writes the picture to PATH. Returns EXIT_DONE, or an exit code with the
 * reason printed. */
int gnuplot_end(struct gnuplot *gnuplot, const char *path);
/* Runs the script. Returns EXIT_DONE with the picture in *TEXT, to be freed with free(), or an exit
 * code with the reason printed. */
int gnuplot_end_text(struct gnuplot *gnuplot, char **text, size_t *bytes);
/* Drops the script. */
void gnuplot_discard(struct gnuplot *gnuplot);

#endif
