/*
 * The naive reference beside the fast kernels: one loop for each index, sums in double, formulas as
 * they stand in the papers. Slow and plainly right; tests compare src/nn with it.
 */
#ifndef FF_TESTS_ORACLE_H
#define FF_TESTS_ORACLE_H

#include "nn/loss.h"
#include "nn/optimizer.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills OUT with N numbers in [low, high), the same on every machine. */
void oracle_fill(uint64_t seed, size_t n, float low, float high, float *out);
/* A hash (FNV-1a) of the bits of N floats: pins results to the same bits on every compiler. */
uint64_t oracle_hash(size_t n, const float *values);

/* C (m x n) = op(A) op(B) + beta C; op(A) is m x k, op(B) is k x n, transposed where asked. */
void oracle_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* y = relu(z + b), one row of UNITS, in place. Returns the sum of squares. */
double oracle_bias_relu(size_t units, float *z, const float *bias);
/* Sum of squares in single precision in the order that kernels.h and labels.h promise: LANES
 * partial sums, then those in order. */
float oracle_lane_sum_squares(size_t lanes, size_t units, const float *y);
/* out = y sqrt(units) / (|y| + 1e-6) */
void oracle_normalise(size_t units, const float *y, double *out);

/* A layer in double. w: (units, fan_in), b: (units) */
struct oracle_layer {
    size_t units, fan_in;
    double *w, *b;
};
/* G = (1/units) sum_j relu(x W' + b)_j^2 for one row x: (fan_in). */
double oracle_goodness(const struct oracle_layer *layer, const float *x);

/* Whether the loss NAME is over labels, not of pairs. This and the next two fail the test if the
 * oracle has no formula of that loss. */
bool oracle_is_over_labels(const char *name);
/* The loss of one pair. EXACT: by the oracle's own formula in double; otherwise by the table's
 * function, whose goodness is in single precision. */
double oracle_loss(const struct ff_loss *loss, const struct ff_loss_params *params, bool exact,
                   double g_pos, double g_neg);
/* The same of a loss over labels: of one row with the goodness G (n) of N labels, of which TRUTH is
 * the true one's place. */
double oracle_label_loss(const struct ff_loss *loss, const struct ff_loss_params *params,
                         bool exact, size_t n, size_t truth, const double *g);
/* The mean loss of a layer over PAIRS rows. x_pos, x_neg: (pairs, fan_in) */
double oracle_layer_loss(const struct oracle_layer *layer, const struct ff_loss *loss,
                         const struct ff_loss_params *params, bool exact, size_t pairs,
                         const float *x_pos, const float *x_neg);

/* One step of Adam and of gradient descent with momentum on N parameters, in double. */
void oracle_adam(const struct ff_optimizer_params *params, uint64_t step, double lr, bool decay,
                 size_t n, double *w, const float *g, double *m, double *v);
void oracle_sgd(const struct ff_optimizer_params *params, double lr, bool decay, size_t n,
                double *w, const float *g, double *velocity);

/* -log softmax(logits)[label] */
double oracle_cross_entropy(size_t classes, const double *logits, size_t label);

#endif
