/*
 * The filters of a model: its units' weights as images (figures/filters.h).
 */
#ifndef CLI_VIEWS_FILTERS_H
#define CLI_VIEWS_FILTERS_H

#include "figures/gnuplot.h"
#include <fftool/model.h>

/*
 * Writes the script of a figure of LAYER, from 1, of the model called NAME to OUT: the weights of
 * the units with the largest norm. The view of a layer above the first is linear: the weights of
 * its units times those of the layers below, as if there were no ReLU. It takes the memory of the
 * weights of FILTERS_MOST units, two times, and of two tiles. Returns EXIT_DONE, or an exit code
 * with the reason printed: the samples are not images, there is no such layer, or it is not trained
 * yet.
 */
int inspect_write_filters(const struct cli *cli, struct ff_model *model, const char *name,
                          uint32_t layer, struct gnuplot *out);

#endif
