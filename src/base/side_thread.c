#include "base/side_thread.h"

#include "base/float_mode.h"

#define STACK_BYTES ((size_t)1 << 20)

static void *run(void *arg)
{
    struct ff_side_thread *thread = arg;

    ff_float_mode_flush();
    thread->fn(thread->arg);
    return NULL;
}

int ff_side_thread_run(struct ff_ctx *ctx, struct ff_side_thread *thread, void (*fn)(void *arg),
                       void *arg)
{
    pthread_attr_t attributes;
    int err = pthread_attr_init(&attributes);

    if (!err) {
        thread->fn = fn;
        thread->arg = arg;
        err = pthread_attr_setstacksize(&attributes, STACK_BYTES);
        if (!err)
            err = pthread_create(&thread->thread, &attributes, run, thread);
        pthread_attr_destroy(&attributes);
    }
    thread->runs = !err;
    return err ? ff_fail_errno(ctx, err, "cannot start a thread") : FF_OK;
}

void ff_side_thread_finish(struct ff_side_thread *thread)
{
    if (thread->runs)
        pthread_join(thread->thread, NULL);
    thread->runs = false;
}
