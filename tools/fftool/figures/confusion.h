/*
 * The confusion matrix of an evaluation as a heat map: a row for each true class, a column for each
 * predicted one. The shade of a cell is the cube root of its share of the row, so that rare
 * errors can be seen; up to 20 classes it has its count, too.
 */
#ifndef CLI_FIGURES_CONFUSION_H
#define CLI_FIGURES_CONFUSION_H

#include "figures/gnuplot.h"

/* Writes the script of a figure of EVALUATION, of the model NAME, to OUT. */
void confusion_write(struct gnuplot *out, const struct ff_evaluation *evaluation, const char *name);

#endif
