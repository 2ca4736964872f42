/*
 * Weights from pixels to units as images, a tile for each unit. Each tile has its own scale, which
 * is symmetric about 0: blue is negative, white 0, orange positive. Of three channels each is a
 * colour instead, and grey is 0.
 */
#ifndef CLI_FIGURES_FILTERS_H
#define CLI_FIGURES_FILTERS_H

#include "figures/gnuplot.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTERS_MOST 100 /* tiles */

struct filters {
    const char *name;                 /* of the model */
    uint32_t layer, units;            /* of the layer */
    uint32_t n;                       /* tiles, FILTERS_MOST at most */
    const uint32_t *numbers;          /* (n): of the units, from 1 */
    uint32_t height, width, channels; /* of the images */
    bool planar;          /* (channels, height, width), else (height, width, channels) */
    const float *weights; /* (n, stride): first those of the pixels */
    size_t stride;
};

/* Writes the script of the figure to OUT. */
void filters_write(struct gnuplot *out, const struct filters *filters);

#endif
