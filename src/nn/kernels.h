/*
 * The element-wise work of a layer, in single precision. Reductions add in a fixed order (lanes of
 * FF_LANES partial sums, then the lanes in order), so a result does not depend on the compiler's
 * vectorisation or on threads.
 *
 *     y = relu(x W' + b)      x: (rows, fan_in)  W: (units, fan_in)  b: (units)  y: (rows, units)
 *     G_i = (1/units) sum_j y_ij^2                                    goodness
 *     dL/dz_ij = c_i (2/units) y_ij,  c_i = dL/dG_i                   chain rule
 *
 * (the ReLU mask is implicit in y). A row's result does not depend on the other rows of the call.
 * NaN propagates to y and to every sum, so that divergence is detected. Arrays must not overlap and
 * need no alignment; rows may be 0.
 */
#ifndef FF_NN_KERNELS_H
#define FF_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Partial sums of a reduction: element j belongs to lane j % FF_LANES, lanes are added in order. */
#define FF_LANES 8

/* Adds the bias and applies the ReLU, in place; sets sum_squares[i] to the sum of the row's
 * squares. z: rows x units, ldz. */
void ff_bias_relu(size_t rows, size_t units, float *z, size_t ldz, const float *bias,
                  float *sum_squares);
/* Adds the bias only, in place: z is the pre-activation that all labels share (nn/labels.h). */
void ff_add_bias(size_t rows, size_t units, float *z, size_t ldz, const float *bias);
/* y = relu(z), in place. */
void ff_relu(size_t rows, size_t units, float *z, size_t ldz);
/* Scales row i of y (rows x units, ldy) by scale[i], in place. */
void ff_scale_rows(size_t rows, size_t units, float *y, size_t ldy, const float *scale);
/* The chain rule through the ReLU: y becomes dL/dz = dL/dy where y > 0, else 0. dy: rows x units,
 * ldd; y: rows x units, ldy. */
void ff_relu_backward(size_t rows, size_t units, const float *dy, size_t ldd, float *y, size_t ldy);
/* out_ij = scale[i] y_ij + shift[j], rows x units; SHIFT NULL: none. */
void ff_scale_rows_into(size_t rows, size_t units, const float *y, size_t ldy, const float *scale,
                        const float *shift, float *out, size_t ldo);
/* sums[j] = (accumulate ? sums[j] : 0) + sum over rows, in row order, of y_ij. */
void ff_column_sums(size_t rows, size_t units, const float *y, size_t ldy, int accumulate,
                    float *sums);
/* Layer normalisation without the mean: scales each row to RMS 1: y sqrt(units) / (|y| + 1e-6); NaN
 * if |y|^2 overflows. In place. */
void ff_normalise_rows(size_t rows, size_t units, float *y, size_t ldy);
/* True if the sum of the squares of X (n) is finite: no element is NaN, or so large that a goodness
 * would overflow. */
bool ff_squares_are_finite(size_t n, const float *x);
/* True if no element of X (n) is NaN or infinite. */
bool ff_all_finite(size_t n, const float *x);
/* For counting dead units: sets active[j] to 1 if any row has y_ij > 0; never clears it. */
void ff_mark_active(size_t rows, size_t units, const float *y, size_t ldy, uint8_t *active);

#endif
