/*
 * The kernels that are compiled for each level of instruction sets (base/level.h):
 *
 *     FF_KERNEL(TYPE OF RESULT, NAME, PARAMETERS, ARGUMENTS)
 *
 * Their headers document them. Included more than once, hence without a guard.
 */
FF_KERNEL(void, ff_bias_relu,
          (size_t rows, size_t units, float *z, size_t ldz, const float *bias, float *sum_squares),
          (rows, units, z, ldz, bias, sum_squares))
FF_KERNEL(void, ff_add_bias, (size_t rows, size_t units, float *z, size_t ldz, const float *bias),
          (rows, units, z, ldz, bias))
FF_KERNEL(void, ff_relu, (size_t rows, size_t units, float *z, size_t ldz), (rows, units, z, ldz))
FF_KERNEL(void, ff_scale_rows,
          (size_t rows, size_t units, float *y, size_t ldy, const float *scale),
          (rows, units, y, ldy, scale))
FF_KERNEL(void, ff_relu_backward,
          (size_t rows, size_t units, const float *dy, size_t ldd, float *y, size_t ldy),
          (rows, units, dy, ldd, y, ldy))
FF_KERNEL(void, ff_scale_rows_into,
          (size_t rows, size_t units, const float *y, size_t ldy, const float *scale,
           const float *shift, float *out, size_t ldo),
          (rows, units, y, ldy, scale, shift, out, ldo))
FF_KERNEL(void, ff_column_sums,
          (size_t rows, size_t units, const float *y, size_t ldy, int accumulate, float *sums),
          (rows, units, y, ldy, accumulate, sums))
FF_KERNEL(void, ff_normalise_rows, (size_t rows, size_t units, float *y, size_t ldy),
          (rows, units, y, ldy))
FF_KERNEL(bool, ff_squares_are_finite, (size_t n, const float *x), (n, x))
FF_KERNEL(bool, ff_all_finite, (size_t n, const float *x), (n, x))
FF_KERNEL(void, ff_mark_active,
          (size_t rows, size_t units, const float *y, size_t ldy, uint8_t *active),
          (rows, units, y, ldy, active))
FF_KERNEL(void, ff_label_sums,
          (const struct ff_labels *with, size_t rows, size_t units, const float *z, size_t ldz,
           float *sums),
          (with, rows, units, z, ldz, sums))
FF_KERNEL(void, ff_label_mix,
          (const struct ff_labels *with, size_t rows, size_t units, const float *z, size_t ldz,
           const float *weight, float *out, size_t ldo),
          (with, rows, units, z, ldz, weight, out, ldo))
FF_KERNEL(void, ff_label_backward,
          (const struct ff_labels *with, size_t rows, size_t units, float *z, size_t ldz,
           const float *weight, float *dv),
          (with, rows, units, z, ldz, weight, dv))
FF_KERNEL(void, ff_dropout,
          (const struct ff_rng *rng, uint64_t first, size_t rows, size_t width, float probability,
           const float *in, float *out),
          (rng, first, rows, width, probability, in, out))
FF_KERNEL(void, ff_adam_block,
          (const struct ff_adam *adam, size_t n, float *w, const float *g, float *m, float *v),
          (adam, n, w, g, m, v))
FF_KERNEL(void, ff_sgd_block,
          (const struct ff_sgd *sgd, size_t n, float *w, const float *g, float *velocity),
          (sgd, n, w, g, velocity))
