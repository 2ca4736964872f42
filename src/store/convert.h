/*
 * Element-wise passes over stored elements: bfloat16, byte shuffle, zero count. None of them needs
 * its arguments aligned; none allocates.
 */
#ifndef FF_STORE_CONVERT_H
#define FF_STORE_CONVERT_H

#include <stddef.h>
#include <stdint.h>

/* OUT[i] = the upper half of FROM[i] (f32), rounded to nearest even; a NaN stays a NaN, overflow
 * becomes infinity. */
void ff_bf16_from_f32(const void *from, size_t count, void *out);
/* OUT[i] (f32) = FROM[i] (bf16), exactly. The arguments do not overlap. */
void ff_f32_from_bf16(const void *from, size_t count, void *out);
/* The first byte of each of COUNT elements of SIZE (2 or 4) bytes, then the second of each, ... The
 * arguments do not overlap. */
void ff_shuffle(const void *from, size_t count, size_t size, void *out);
/* Undoes ff_shuffle(). */
void ff_unshuffle(const void *from, size_t count, size_t size, void *out);
/* How many of COUNT elements of SIZE (1, 2 or 4) bytes have no bit set. */
size_t ff_count_zeros(const void *from, size_t count, size_t size);

#endif
