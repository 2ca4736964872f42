/* What the fuzz targets of files that are drawn have in common. */
#ifndef FF_TESTS_FUZZ_FIGURES_H
#define FF_TESTS_FUZZ_FIGURES_H

#include "figures/figure.h"

/* Writes the script of every figure of CONTENTS, of KIND, in all styles that find something to
 * show; no text of the file brings a control character into one. */
void fuzz_figures(const struct reading *reading, const struct figure_kind *kind,
                  const void *contents);

#endif
