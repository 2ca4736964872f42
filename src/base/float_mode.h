/*
 * The floating-point mode that the library computes in: subnormal numbers, as operands and as
 * results, are zero. Once a layer has learned, coefficients of its loss underflow, and processors
 * multiply subnormal numbers several times as slowly as others. The mode is a thread's own: a
 * thread of the caller has it only while the library works, and gets its own back.
 *
 * On processors other than x86-64 and AArch64 the mode stays as it is.
 */
#ifndef FF_BASE_FLOAT_MODE_H
#define FF_BASE_FLOAT_MODE_H

#include <stdint.h>

/* The mode of a thread: MXCSR on x86-64, FPCR on AArch64. */
typedef uint64_t ff_float_mode;

/* Flushes subnormal numbers to zero in this thread from now on. Returns the mode before. */
ff_float_mode ff_float_mode_flush(void);
/* Gives this thread the mode that it had. */
void ff_float_mode_restore(ff_float_mode before);

#endif
