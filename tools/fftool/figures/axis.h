/* Axes of figures: from data to pixels, and the places of numbers. */
#ifndef CLI_FIGURES_AXIS_H
#define CLI_FIGURES_AXIS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct axis {
    char name; /* 'x' or 'y' */
    bool log;
    double low, high; /* data at its ends */
    double pixels;    /* its length */
};

/* Returns an axis for data from LEAST to MOST (more than 0, if logarithmic) that leaves ROOM pixels
 * free behind it. */
struct axis axis_for(char name, bool log, double least, double most, double pixels, double room);
/* Returns a linear axis that begins below LEAST instead of at 0 if all of the data are in its upper
 * part. */
struct axis axis_cut(char name, double least, double most, double pixels, double room);
/* Returns the value BACK pixels before the end of the axis. */
double axis_before_end(const struct axis *axis, double back);

/* Returns the least of 1, 2, 5, 10, 20, ... that takes PIXELS at least, where 1 takes UNIT pixels.
 */
double axis_whole_step(double unit, double pixels);

/* Returns the pixels that NUMBER takes along an axis, from its middle to that of the next one. */
double axis_number_room(uint32_t number);

/* Write range and ticks of AXIS to a script of gnuplot: sizes in powers of 1024; numbers; whole
 * numbers on an axis that is not logarithmic; or N numbers of layers, the last one and as many as
 * there is room for, which stand where they are, or, RANKED, at 0, 1, ... N - 1.
 */
void axis_write_bytes(const struct axis *axis, FILE *script);
void axis_write_counts(const struct axis *axis, FILE *script);
void axis_write_whole(const struct axis *axis, FILE *script);
void axis_write_layers(const struct axis *axis, const uint32_t *layers, size_t n, bool ranked,
                       FILE *script);

#endif
