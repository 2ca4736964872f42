#include "nn/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

void ff_gemm_init(void)
{
    openblas_set_num_threads(1);
}

/* Address space of one OpenBLAS buffer on x86-64; about 0.5 to 3 MB of it are touched. */
#define BUFFER_BYTES ((size_t)128 << 20)
/* Address space left free for later allocations: stacks, the heap, maps of small files. */
#define MARGIN_BYTES ((size_t)64 << 20)

/* OpenBLAS's functions to take a buffer from its pool and to return it. It exports but does not
 * declare them. With a BLAS without them only the probe for address space remains. */
extern void *blas_memory_alloc(int position) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

static bool address_space_is_there(size_t bytes)
{
    /* Little of it will be touched: do not count it against the machine's memory. */
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (probe == MAP_FAILED)
        return false;
    munmap(probe, bytes);
    return true;
}

/* Takes all buffers before it returns any, so that they are different ones. */
static int take_buffers(struct ff_ctx *ctx, unsigned count)
{
    size_t bytes = count * sizeof(void *);
    void **taken = ff_alloc(ctx, FF_MEM_OTHER, bytes);

    if (!taken)
        return ff_alloc_status(ctx);
    for (unsigned i = 0; i < count; i++)
        taken[i] = blas_memory_alloc(0);
    for (unsigned i = 0; i < count; i++)
        blas_memory_free(taken[i]);
    ff_free(ctx, FF_MEM_OTHER, taken, bytes);
    return FF_OK;
}

static int out_of_address_space(struct ff_ctx *ctx, unsigned threads, size_t bytes)
{
    struct rlimit limit;
    const char *need = threads == 1 ? "thread needs" : "threads need";

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return ff_fail(ctx, FF_ENOMEM,
                       "out of address space: %u %s %zu MiB more; the limit of the process is %llu "
                       "MiB",
                       threads, need, bytes >> 20, (unsigned long long)limit.rlim_cur >> 20);
    return ff_fail(ctx, FF_ENOMEM, "out of address space: %u %s %zu MiB more", threads, need,
                   bytes >> 20);
}

/* The buffers belong to the process, not to a context. */
static pthread_mutex_t buffers_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned buffers_taken;

int ff_gemm_reserve(struct ff_ctx *ctx, unsigned threads)
{
    int status = FF_OK;

    pthread_mutex_lock(&buffers_lock);
    if (threads > buffers_taken) {
        size_t bytes = (threads - buffers_taken) * BUFFER_BYTES + MARGIN_BYTES;

        if (!address_space_is_there(bytes))
            status = out_of_address_space(ctx, threads, bytes);
        else if (blas_memory_alloc && blas_memory_free)
            status = take_buffers(ctx, threads);
        if (status == FF_OK)
            buffers_taken = threads;
    }
    pthread_mutex_unlock(&buffers_lock);
    return status;
}

/* The API checks shapes (FF_MAX_UNITS); here they only have to fit BLAS's integer. */
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

/* Written once, under pthread_once: openblas_get_config() writes to a static buffer on every call,
 * so it is not thread-safe. The name does not change while the process runs. */
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
