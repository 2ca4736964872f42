/*
 * A thread beside those of the pool, for a task that mostly waits: for other processes. A worker of
 * the pool that waited would be missing in the steps.
 */
#ifndef FF_BASE_SIDE_THREAD_H
#define FF_BASE_SIDE_THREAD_H

#include "base/context.h"

/* Zero-initialize; the members are private. */
struct ff_side_thread {
    pthread_t thread;
    bool runs;
    void (*fn)(void *arg);
    void *arg;
};

/* Runs FN(ARG), which must use neither the pool nor what other threads write, in THREAD, which must
 * not run. */
FF_CHECK int ff_side_thread_run(struct ff_ctx *ctx, struct ff_side_thread *thread,
                                void (*fn)(void *arg), void *arg);
/* Waits for the end of the task. Does nothing if there is none. */
void ff_side_thread_finish(struct ff_side_thread *thread);

#endif
