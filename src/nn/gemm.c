#include "nn/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>

void ff_gemm_init(void)
{
    openblas_set_num_threads(1);
}

/* Shapes are checked at the boundary (FF_MAX_UNITS); here they only have to fit BLAS's integer. */
static blasint blas_int(size_t value)
{
    assert(value <= INT_MAX);
    return (blasint)value;
}

static void sgemm(CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, size_t m, size_t n, size_t k,
                  const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                  size_t ldc)
{
    assert(beta == 0.0f || beta == 1.0f);
    assert(lda >= (trans_a == CblasNoTrans ? k : m));
    assert(ldb >= (trans_b == CblasNoTrans ? n : k));
    assert(ldc >= n);
    cblas_sgemm(CblasRowMajor, trans_a, trans_b, blas_int(m), blas_int(n), blas_int(k), 1.0f, a,
                blas_int(lda), b, blas_int(ldb), beta, c, blas_int(ldc));
}

void ff_gemm_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float *c, size_t ldc)
{
    sgemm(CblasNoTrans, CblasTrans, m, n, k, a, lda, b, ldb, 0.0f, c, ldc);
}

void ff_gemm_tn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float beta, float *c, size_t ldc)
{
    sgemm(CblasTrans, CblasNoTrans, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

void ff_gemm_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                size_t ldb, float beta, float *c, size_t ldc)
{
    sgemm(CblasNoTrans, CblasNoTrans, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

void ff_gemm_nt_threaded(int threads, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, float *c, size_t ldc)
{
    openblas_set_num_threads(threads);
    ff_gemm_nt(m, n, k, a, lda, b, ldb, c, ldc);
    openblas_set_num_threads(1);
}

void ff_gemm_tn_threaded(int threads, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, float *c, size_t ldc)
{
    openblas_set_num_threads(threads);
    ff_gemm_tn(m, n, k, a, lda, b, ldb, 0.0f, c, ldc);
    openblas_set_num_threads(1);
}

/* Written once, under pthread_once: openblas_get_config() composes its text in a buffer of its own
 * on every call, so it must not run in two threads. The name cannot change while the process runs.
 */
static char backend_name[80];
static pthread_once_t backend_once = PTHREAD_ONCE_INIT;

static void name_backend(void)
{
    char version[32];

    /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": the second word is the version. */
    if (sscanf(openblas_get_config(), "OpenBLAS %31s", version) != 1)
        snprintf(version, sizeof version, "unknown");
    snprintf(backend_name, sizeof backend_name, "OpenBLAS %s %.24s", version,
             openblas_get_corename());
}

const char *ff_gemm_backend(void)
{
    pthread_once(&backend_once, name_backend);
    return backend_name;
}
