/*
 * A pool of worker threads that run the tasks of one parallel step at a time. Which worker runs
 * which task is not determined; a task must therefore compute the same whichever worker runs it,
 * and tasks of one step must not touch each other's results.
 */
#ifndef FF_BASE_POOL_H
#define FF_BASE_POOL_H

#include "base/buffers.h"

struct ff_pool;

/* One task. WORKER (0 .. threads-1) tells which worker runs it, for scratch memory of the worker's
 * own. */
typedef void ff_task_fn(void *arg, size_t task, unsigned worker);

/* Starts a pool of THREADS workers (1 .. FF_POOL_MAX); the calling thread is worker 0. */
FF_CHECK int ff_pool_new(struct ff_ctx *ctx, unsigned threads, struct ff_pool **out);
void ff_pool_free(struct ff_pool *pool);
/* Runs fn(arg, 0 .. n_tasks-1, worker) and returns when all are done. Memory written by the tasks
 * is visible then. */
void ff_pool_run(struct ff_pool *pool, size_t n_tasks, ff_task_fn *fn, void *arg);
/* Adds what a pool takes, the stacks of its threads aside. */
void ff_pool_needs(struct ff_needs *needs);
unsigned ff_pool_threads(const struct ff_pool *pool);

#define FF_POOL_MAX 256

#endif
