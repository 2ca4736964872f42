/*
 * The label-conditioned layer: the label enters a layer's input as a one-hot scaled by s, through
 * label weights of the layer's own. Under label c a row with the pre-activation z = W x + b, which
 * all labels share, has the outputs
 *
 *     y_cj = relu(z_j + s v_cj)        z: (units)  v: (classes, units)
 *
 * so that one matrix product serves all labels. No (rows, labels, units) array is ever held: the
 * outputs are formed in registers, and once more for the gradient.
 *
 * A row is looked at under all labels, or under a list of LABELS of its own: (rows, n) of numbers
 * below the number of classes. What is called column i of a row is then the i-th label of its
 * list. Sums over units are added in a fixed order (FF_LABEL_LANES partial sums, then those in
 * order); a row's result does not depend on the other rows of the call. NaN stays NaN.
 */
#ifndef FF_NN_LABELS_H
#define FF_NN_LABELS_H

#include <stddef.h>
#include <stdint.h>

/* Partial sums of a reduction over units: unit j belongs to lane j % FF_LABEL_LANES. */
#define FF_LABEL_LANES 32

/* Label weights as the rows of a call meet them. */
struct ff_labels {
    size_t n;               /* labels of a row */
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
 * Z. With weight = (2/n) dL/dG it is dL/dz; with a distribution over the labels it is the mean
 * output under it.
 */
void ff_label_mix(const struct ff_labels *with, size_t rows, size_t units, const float *z,
                  size_t ldz, const float *weight, float *out, size_t ldo);
/* The same with OUT in Z's place, and dv_cj += s weight[i n + c] y_cj in the order of the rows. DV:
 * (classes, units), as V. */
void ff_label_backward(const struct ff_labels *with, size_t rows, size_t units, float *z,
                       size_t ldz, const float *weight, float *dv);

#endif
