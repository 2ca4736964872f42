/*
 * Single-threaded single-precision matrix products (OpenBLAS). gemm.c is the only file of the
 * library that includes <cblas.h>. Matrices are row-major with leading dimensions in elements. The
 * same call gives the same bits on any thread, because OpenBLAS is set to one thread.
 *
 * The bits of a row or column do depend on the shape (m, n, k) of the call: with the Haswell and
 * Zen kernels of OpenBLAS 0.3.21, one call with 256 rows and two calls with 128 rows differ, as do
 * tiles of 256 and 128 neurons; with every kernel, accumulating two products with beta 1 differs
 * from one product over all of k. So results that must be equal bit for bit (any number of threads,
 * any memory budget, streamed or not) require calls of equal shapes, split at equal places.
 *
 * Matrices must not overlap. m may be 0; k is at least 1.
 */
#ifndef FF_NN_GEMM_H
#define FF_NN_GEMM_H

#include "base/context.h"

/* Sets OpenBLAS to one thread for the whole process. Call once before the first product. */
void ff_gemm_init(void);
/*
 * Allocates the packing buffers that THREADS concurrent products need, for the whole process. Call
 * before the first product: OpenBLAS would allocate them on demand, and retries forever if that
 * fails. FF_ENOMEM if address space is short; the message gives the missing amount.
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
/* The kernels in use, such as "OpenBLAS 0.3.21 Haswell"; a static string. */
const char *ff_gemm_backend(void);

#endif
