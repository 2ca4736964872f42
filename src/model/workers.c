#include "model/workers.h"

#include "nn/gemm.h"

#include <sched.h>
#include <string.h>

unsigned ff_available_threads(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    if (count < 1)
        return 1;
    return count < FF_POOL_MAX ? (unsigned)count : FF_POOL_MAX;
}

int ff_workers_check(struct ff_ctx *ctx, unsigned threads)
{
    if (threads <= FF_POOL_MAX)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "%u threads: must be 1 to %d", threads, FF_POOL_MAX);
}

int ff_workers_init(struct ff_workers *out, struct ff_ctx *ctx, unsigned threads)
{
    int status;

    memset(out, 0, sizeof *out);
    out->ctx = ctx;
    threads = threads ? threads : ff_available_threads();
    ff_gemm_init();
    status = ff_workers_check(ctx, threads);
    if (status == FF_OK)
        status = ff_gemm_reserve(ctx, threads);
    if (status == FF_OK)
        status = ff_pool_new(ctx, threads, &out->pool);
    if (status != FF_OK)
        return status;
    out->threads = ff_pool_threads(out->pool);
    out->callers_mode = ff_float_mode_flush();
    out->computing = true;
    for (unsigned i = 0; i < out->threads && status == FF_OK; i++)
        status = ff_coder_new(ctx, &out->coders[i]);
    if (status != FF_OK)
        ff_workers_release(out);
    return status;
}

void ff_workers_needs(unsigned threads, size_t n, const struct ff_coder_use *uses,
                      struct ff_needs *needs)
{
    struct ff_needs coder = {0};

    ff_coder_needs(n, uses, &coder);
    for (unsigned i = 0; i < threads; i++)
        ff_needs_add(needs, &coder);
    ff_pool_needs(needs);
}

void ff_workers_release(struct ff_workers *workers)
{
    ff_pool_free(workers->pool);
    for (unsigned i = 0; i < workers->threads; i++)
        ff_coder_free(workers->coders[i]);
    if (workers->computing)
        ff_float_mode_restore(workers->callers_mode);
    memset(workers, 0, sizeof *workers);
}
