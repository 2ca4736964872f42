/*
 * Conversions of stored elements: bfloat16, scaled bytes, byte shuffle; and counting zeros.
 * Arguments need no alignment; nothing is allocated.
 */
#ifndef FF_STORE_CONVERT_H
#define FF_STORE_CONVERT_H

#include "store/matrix.h"

/* Converts FROM (f32, ROWS x COLUMNS) to dtype TO, FF_BF16 or FF_SCALED_U8, rounded as in value.h.
 * The arguments do not overlap. */
void ff_narrow(const void *from, size_t rows, size_t columns, enum ff_dtype to, void *out);
/* Converts FROM (dtype TYPE) to f32, exactly. The arguments do not overlap. */
void ff_widen(const void *from, enum ff_dtype type, size_t rows, size_t columns, void *out);
/* OUT = the first byte of each of COUNT elements of SIZE (2 or 4) bytes, then the second of each,
 * and so on. The arguments do not overlap. */
void ff_shuffle(const void *from, size_t count, size_t size, void *out);
/* Undoes ff_shuffle(). */
void ff_unshuffle(const void *from, size_t count, size_t size, void *out);
/* The number of elements, of COUNT elements of SIZE (1, 2 or 4) bytes, that have no bit set. */
size_t ff_count_zeros(const void *from, size_t count, size_t size);

#endif
