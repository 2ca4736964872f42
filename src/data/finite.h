/* Values that are no numbers are refused where they are read. */
#ifndef FF_DATA_FINITE_H
#define FF_DATA_FINITE_H

#include <fftool/context.h>
#include <stddef.h>
#include <stdint.h>

/* FF_ENUMERIC, with row and column, unless VALUES, (ROWS, COLUMNS) floats that need not be aligned,
 * are all finite. FIRST is the number of the first of these rows in PATH. */
FF_CHECK int ff_check_finite(struct ff_ctx *ctx, const char *path, uint64_t first, size_t rows,
                             size_t columns, const void *values);

#endif
