/*
 * Passes over stored elements: bfloat16, bytes with a scale, byte shuffle, zero count. None of them
 * needs its arguments aligned; none allocates.
 */
#ifndef FF_STORE_CONVERT_H
#define FF_STORE_CONVERT_H

#include "store/matrix.h"

/* FROM (f32, ROWS x COLUMNS) as dtype TO, FF_BF16 or FF_SCALED_U8, into OUT; value.h tells how they
 * are rounded. The arguments do not overlap. */
void ff_narrow(const void *from, size_t rows, size_t columns, enum ff_dtype to, void *out);
/* The way back, exactly what is stored: FROM (dtype TYPE) as f32 into OUT. The arguments do not
 * overlap. */
void ff_widen(const void *from, enum ff_dtype type, size_t rows, size_t columns, void *out);
/* The first byte of each of COUNT elements of SIZE (2 or 4) bytes, then the second of each, ... The
 * arguments do not overlap. */
void ff_shuffle(const void *from, size_t count, size_t size, void *out);
/* Undoes ff_shuffle(). */
void ff_unshuffle(const void *from, size_t count, size_t size, void *out);
/* How many of COUNT elements of SIZE (1, 2 or 4) bytes have no bit set. */
size_t ff_count_zeros(const void *from, size_t count, size_t size);

#endif
