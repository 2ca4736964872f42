/*
 * A pool of worker threads that run the tasks of one parallel step at a time. Tasks are assigned to
 * workers in no fixed order, so the result of a task must not depend on its worker, and tasks of
 * one step must not touch each other's results.
 */
#ifndef FF_BASE_POOL_H
#define FF_BASE_POOL_H

#include "base/buffers.h"

struct ff_pool;

/* One task. WORKER (0 .. threads-1) is the worker that runs it: the index of per-worker buffers. */
typedef void ff_task_fn(void *arg, size_t task, unsigned worker);

/* Starts a pool of THREADS workers (1 .. FF_POOL_MAX); the calling thread is worker 0. */
FF_CHECK int ff_pool_new(struct ff_ctx *ctx, unsigned threads, struct ff_pool **out);
void ff_pool_free(struct ff_pool *pool);
/* Runs fn(arg, 0 .. n_tasks-1, worker) and returns when all are done. The caller then sees all that
 * the tasks have written. */
void ff_pool_run(struct ff_pool *pool, size_t n_tasks, ff_task_fn *fn, void *arg);

/* Tasks that run beside steps. Zero-initialize; the members are the pool's. */
struct ff_beside {
    ff_task_fn *fn;
    void *arg;
    size_t n_tasks, taken;
    _Atomic unsigned left; /* to be done */
    struct ff_beside *next;
};
/*
 * Hands out N_TASKS tasks as BATCH, which is done or new: a worker that finds no task of a step
 * left takes one. They may run at any time until ff_pool_finish() returns, by when all are done,
 * and must not touch what steps or other batches use.
 */
void ff_pool_beside(struct ff_pool *pool, struct ff_beside *batch, size_t n_tasks, ff_task_fn *fn,
                    void *arg);
/* Runs in this thread what no worker has taken of BATCH, and waits for the rest. Does nothing if it
 * is done. */
void ff_pool_finish(struct ff_pool *pool, struct ff_beside *batch);
/* Adds the memory of a pool, without the stacks of its threads. */
void ff_pool_needs(struct ff_needs *needs);
unsigned ff_pool_threads(const struct ff_pool *pool);

#define FF_POOL_MAX 256

#endif
