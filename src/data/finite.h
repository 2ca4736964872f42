/* Rejecting NaNs and infinities when data is read. */
#ifndef FF_DATA_FINITE_H
#define FF_DATA_FINITE_H

#include <fftool/context.h>
#include <stddef.h>
#include <stdint.h>

/* FF_ENUMERIC, with row and column in the message, unless all VALUES are finite: (ROWS, COLUMNS)
 * floats, which need no alignment. FIRST is the number of the first row in PATH. */
FF_CHECK int ff_check_finite(struct ff_ctx *ctx, const char *path, uint64_t first, size_t rows,
                             size_t columns, const void *values);

#endif
