/*
 * The label-conditioned layer: the label is an additional input of every layer, a one-hot vector
 * scaled by s, with label weights v. For label c a row with the pre-activation z = W x + b, which
 * all labels share, has the outputs
 *
 *     y_cj = relu(z_j + s v_cj)        z: (units)  v: (classes, units)
 *
 * so that one matrix product serves all labels. A (rows, labels, units) array is never stored: the
 * outputs are computed in registers, and recomputed for the gradient.
 *
 * A row is evaluated for all labels, or for its own list of labels: LABELS is (rows, n), with
 * numbers below the number of classes. Column i of a row then is the i-th label of its list. Sums
 * over units are added in a fixed order (FF_LABEL_LANES partial sums, then those in order); a row's
 * result does not depend on the other rows of the call. NaN propagates.
 */
#ifndef FF_NN_LABELS_H
#define FF_NN_LABELS_H

#include <stddef.h>
#include <stdint.h>

/* Partial sums of a reduction over units: unit j belongs to lane j % FF_LABEL_LANES. */
#define FF_LABEL_LANES 32

/* The labels of the rows of a call, and their weights. */
struct ff_labels {
    size_t n;               /* labels per row */
    const uint16_t *labels; /* (rows, n); NULL: label i is class i */
    float scale;            /* s */
    const float *v;         /* (classes, units) */
    size_t ldv;
};

/* sums[i n + c] = sum over units of y_cj^2, of row i. z: rows x units, ldz. */
void ff_label_sums(const struct ff_labels *with, size_t rows, size_t units, const float *z,
                   size_t ldz, float *sums);
/*
 * out_ij = sum over the labels, in order, of weight[i n + c] y_cj: (rows, units), ldo; OUT may be
 * Z. With weight = (2/n) dL/dG it is dL/dz; with a probability distribution over the labels it is
 * the expected output.
 */
void ff_label_mix(const struct ff_labels *with, size_t rows, size_t units, const float *z,
                  size_t ldz, const float *weight, float *out, size_t ldo);
/* The same in place (Z becomes the result), and dv_cj += s weight[i n + c] y_cj in row order. DV:
 * (classes, units), like V. */
void ff_label_backward(const struct ff_labels *with, size_t rows, size_t units, float *z,
                       size_t ldz, const float *weight, float *dv);

#endif
