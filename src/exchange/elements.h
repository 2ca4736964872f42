/* Elements of exported tensors: 32-bit floats as shorter ones, and back. */
#ifndef FF_EXCHANGE_ELEMENTS_H
#define FF_EXCHANGE_ELEMENTS_H

#include <fftool/exchange.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Converts N floats to DTYPE in place, rounded to nearest even. Returns N, or the number of the
 * first one that is beyond the range of DTYPE, which ends the conversion. */
size_t ff_elements_narrow(float *data, size_t n, enum ff_export_dtype dtype);
/* Converts N elements of DTYPE at the start of DATA to floats in place, exactly. */
void ff_elements_widen(float *data, size_t n, enum ff_export_dtype dtype);

/* The same for one number: binary16 (IEEE 754). An X beyond its range becomes infinite. */
uint16_t ff_half_of(float x);
float ff_half_value(uint16_t half);

#endif
