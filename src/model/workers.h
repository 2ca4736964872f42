/* The worker threads of a job, each with its own coder. */
#ifndef FF_MODEL_WORKERS_H
#define FF_MODEL_WORKERS_H

#include "base/float_mode.h"
#include "base/pool.h"
#include "store/value.h"

struct ff_workers {
    struct ff_ctx *ctx;
    struct ff_pool *pool;
    unsigned threads;
    bool computing;             /* the calling thread has the library's floating-point mode */
    ff_float_mode callers_mode; /* what it had before */
    struct ff_coder *coders[FF_POOL_MAX];
};

/* FF_EINVAL if THREADS is out of range; 0, for all available processors, is valid. */
FF_CHECK int ff_workers_check(struct ff_ctx *ctx, unsigned threads);
/* THREADS 0: one per processor that the process may run on. On error nothing is left to release.
 * Until it is released, subnormal numbers are zero in the calling thread as in the workers. */
FF_CHECK int ff_workers_init(struct ff_workers *out, struct ff_ctx *ctx, unsigned threads);
/* In the thread that called ff_workers_init(). Does nothing if *WORKERS is all zero. */
void ff_workers_release(struct ff_workers *workers);
/* Adds the memory of THREADS workers whose coders are used as the N USES state. */
void ff_workers_needs(unsigned threads, size_t n, const struct ff_coder_use *uses,
                      struct ff_needs *needs);
/* The number of processors the process may run on. */
unsigned ff_available_threads(void);

#endif
