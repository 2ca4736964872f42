/*
 * Single-threaded single-precision matrix products (OpenBLAS). The only file of the library that
 * includes <cblas.h>. Matrices are row-major with leading dimensions in elements. The same call
 * gives the same bits whichever thread makes it, for OpenBLAS is set to one thread.
 *
 * The bits of a row or column do depend on the shape (m, n, k) of the call it is computed in: with
 * the Haswell and Zen kernels of OpenBLAS 0.3.21, 256 rows at once and two calls of 128 rows
 * differ, as do tiles of 256 and 128 neurons; with every kernel, adding up two products with beta 1
 * differs from one product over all of k. So what must be equal bit for bit (any number of threads,
 * any memory budget, streamed or not) must call with equal shapes, cut at equal places.
 *
 * Matrices must not overlap. A call may have no rows (m 0); k is 1 at least.
 */
#ifndef FF_NN_GEMM_H
#define FF_NN_GEMM_H

#include "base/context.h"

/* Sets OpenBLAS to one thread for the whole process. Call once before the first product. */
void ff_gemm_init(void);
/*
 * Takes the buffers that THREADS need to pack matrices at the same time, for the whole process.
 * OpenBLAS takes them as they are needed and tries for ever if it cannot, so no product may be
 * called before. FF_ENOMEM if address space is short, with a message that says of how much.
 */
FF_CHECK int ff_gemm_reserve(struct ff_ctx *ctx, unsigned threads);
/* C (m x n) = A (m x k) B' (n x k) */
void ff_gemm_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float *c, size_t ldc);
/* C (m x n) = A' (k x m) B (k x n) + beta C, beta 0 or 1 */
void ff_gemm_tn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float beta, float *c, size_t ldc);
/* C (m x n) = A (m x k) B (k x n) + beta C, beta 0 or 1 */
void ff_gemm_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float beta, float *c, size_t ldc);
/* Names the kernels in use, such as "OpenBLAS 0.3.21 Haswell", in a static buffer of the library.
 */
const char *ff_gemm_backend(void);

#endif
