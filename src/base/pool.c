#include "base/pool.h"

#include "base/clock.h"
#include "base/float_mode.h"

#include <assert.h>
#include <sched.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define relax() _mm_pause()
#else
#define relax() sched_yield()
#endif

/* A step takes milliseconds, and the next one follows within a fraction of one: spin that long
 * before sleeping. Sleeping and waking take some 50 microseconds each, more in virtual machines. */
#define SPIN_S 3e-4
/* With more threads than processors, who spins keeps from work those that are waited for. */
#define CROWDED_SPIN_S 1e-5
#define ROUNDS_PER_LOOK 64 /* at the clock */
#define CACHE_LINE 64
#define WORKER_STACK_BYTES ((size_t)1 << 20)

/* A worker, and its share of a step's tasks: the same in every step of as many tasks, so that what
 * they use stays in the caches of its core. Who is done with its own share takes from the others.
 */
struct worker {
    struct ff_pool *pool;
    unsigned index;
    pthread_t thread;
    alignas(CACHE_LINE) _Atomic size_t next; /* the next task to claim */
    size_t end;
};

struct ff_pool {
    struct ff_ctx *ctx;
    unsigned threads;
    double spin_s;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    ff_task_fn *fn;
    void *arg;
    _Atomic unsigned generation; /* counts steps; a change starts the workers */
    _Atomic unsigned joined;     /* workers in the step, without the caller; and STEP_OPEN */
    _Atomic unsigned asleep;     /* workers that wait for WAKE */
    _Atomic bool caller_asleep;  /* the caller waits for DONE */
    struct ff_beside *beside;    /* batches with tasks to take, guarded by LOCK: there are few */
    _Atomic size_t n_beside;     /* these tasks */
    _Atomic bool stop;           /* set before the last change of generation */
    struct worker workers[];
};

static size_t pool_bytes(unsigned threads)
{
    return sizeof(struct ff_pool) + threads * sizeof(struct worker);
}

static void share_out(struct ff_pool *pool, size_t n_tasks)
{
    for (unsigned i = 0; i < pool->threads; i++) {
        struct worker *worker = &pool->workers[i];

        atomic_store_explicit(&worker->next, n_tasks * i / pool->threads, memory_order_relaxed);
        worker->end = n_tasks * (i + 1) / pool->threads;
    }
}

static void run_tasks(struct ff_pool *pool, unsigned worker)
{
    for (unsigned i = 0; i < pool->threads; i++) {
        struct worker *from = &pool->workers[(worker + i) % pool->threads];
        size_t task;

        while ((task = atomic_fetch_add(&from->next, 1)) < from->end)
            pool->fn(pool->arg, task, worker);
    }
}

/* Spins until *VALUE is (EQUAL) or is not WANTED; false: it takes too long. */
static bool spin(const struct ff_pool *pool, _Atomic unsigned *value, unsigned wanted, bool equal)
{
    double until = ff_now() + pool->spin_s;

    do {
        for (int i = 0; i < ROUNDS_PER_LOOK; i++) {
            if ((atomic_load_explicit(value, memory_order_acquire) == wanted) == equal)
                return true;
            relax();
        }
    } while (ff_now() < until);
    return false;
}

/* Takes a task of BATCH, which has one. */
static size_t take(struct ff_pool *pool, struct ff_beside *batch)
{
    struct ff_beside **link = &pool->beside;
    size_t task = batch->taken++;

    atomic_fetch_sub(&pool->n_beside, 1);
    if (batch->taken < batch->n_tasks)
        return task;
    while (*link != batch)
        link = &(*link)->next;
    *link = batch->next;
    return task;
}

/* Runs a task of ONLY, or of any batch if ONLY is NULL; false: there is none. */
static bool run_beside(struct ff_pool *pool, struct ff_beside *only, unsigned worker)
{
    struct ff_beside *batch;
    size_t task = 0;

    if (atomic_load_explicit(&pool->n_beside, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&pool->lock);
    batch = pool->beside;
    while (batch && only && batch != only)
        batch = batch->next;
    if (batch)
        task = take(pool, batch);
    pthread_mutex_unlock(&pool->lock);
    if (!batch)
        return false;
    batch->fn(batch->arg, task, worker);
    atomic_fetch_sub(&batch->left, 1);
    return true;
}

void ff_pool_beside(struct ff_pool *pool, struct ff_beside *batch, size_t n_tasks, ff_task_fn *fn,
                    void *arg)
{
    struct ff_beside **link = &pool->beside;

    assert(n_tasks > 0 && atomic_load(&batch->left) == 0);
    batch->fn = fn;
    batch->arg = arg;
    batch->n_tasks = n_tasks;
    batch->taken = 0;
    batch->next = NULL;
    atomic_store(&batch->left, (unsigned)n_tasks);
    pthread_mutex_lock(&pool->lock);
    while (*link)
        link = &(*link)->next;
    *link = batch;
    atomic_fetch_add(&pool->n_beside, n_tasks);
    pthread_mutex_unlock(&pool->lock);
}

void ff_pool_finish(struct ff_pool *pool, struct ff_beside *batch)
{
    while (run_beside(pool, batch, 0))
        ;
    while (!spin(pool, &batch->left, 0, true))
        sched_yield();
}

static unsigned wait_for_step(struct ff_pool *pool, unsigned seen)
{
    if (spin(pool, &pool->generation, seen, false))
        return atomic_load(&pool->generation);
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1);
    while (atomic_load(&pool->generation) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->lock);
    return atomic_load(&pool->generation);
}

/* Workers join a step while it is open, so nobody waits for one that is busy beside it. */
#define STEP_OPEN (1u << 31)

static bool join(struct ff_pool *pool)
{
    unsigned now = atomic_load(&pool->joined);

    while (now & STEP_OPEN) {
        if (atomic_compare_exchange_weak(&pool->joined, &now, now + 1))
            return true;
    }
    return false;
}

static void leave(struct ff_pool *pool)
{
    if (atomic_fetch_sub(&pool->joined, 1) != 1 || !atomic_load(&pool->caller_asleep))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct ff_pool *pool = self->pool;
    unsigned seen = 0;

    ff_float_mode_flush();
    for (;;) {
        seen = wait_for_step(pool, seen);
        if (pool->stop)
            return NULL;
        if (join(pool)) {
            run_tasks(pool, self->index);
            leave(pool);
        }
        while (atomic_load(&pool->generation) == seen && run_beside(pool, NULL, self->index))
            ;
    }
}

/* Whoever is about to sleep counts itself before it looks at the generation for the last time, so
 * that it either sees the new one or is seen. */
static void start_step(struct ff_pool *pool)
{
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->asleep) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* The same, the other way round. */
static void wait_for_workers(struct ff_pool *pool)
{
    atomic_fetch_and(&pool->joined, ~STEP_OPEN);
    if (spin(pool, &pool->joined, 0, true))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_asleep, true);
    while (atomic_load(&pool->joined) != 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->caller_asleep, false);
    pthread_mutex_unlock(&pool->lock);
}

void ff_pool_run(struct ff_pool *pool, size_t n_tasks, ff_task_fn *fn, void *arg)
{
    pool->fn = fn;
    pool->arg = arg;
    share_out(pool, n_tasks);
    if (pool->threads == 1 || n_tasks <= 1) {
        run_tasks(pool, 0);
        return;
    }
    atomic_store(&pool->joined, STEP_OPEN);
    start_step(pool);
    run_tasks(pool, 0);
    wait_for_workers(pool);
}

static int start_workers(struct ff_pool *pool, unsigned threads)
{
    pthread_attr_t attributes;
    int err = pthread_attr_init(&attributes);

    if (err)
        return err;
    err = pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    for (unsigned i = 1; i < threads && !err; i++) {
        struct worker *worker = &pool->workers[i];

        worker->pool = pool;
        worker->index = i;
        err = pthread_create(&worker->thread, &attributes, worker_main, worker);
        if (!err)
            pool->threads = i + 1;
    }
    pthread_attr_destroy(&attributes);
    return err;
}

int ff_pool_new(struct ff_ctx *ctx, unsigned threads, struct ff_pool **out)
{
    struct ff_pool *pool;
    int err;

    *out = NULL;
    if (threads < 1 || threads > FF_POOL_MAX)
        return ff_fail(ctx, FF_EINVAL, "%u threads: must be 1 to %d", threads, FF_POOL_MAX);
    /* Sized for FF_POOL_MAX: the size to free must not depend on how many threads started. */
    pool = ff_alloc(ctx, FF_MEM_OTHER, pool_bytes(FF_POOL_MAX));
    if (!pool)
        return ff_alloc_status(ctx);
    pool->ctx = ctx;
    pool->threads = 1;
    pool->spin_s = threads > sysconf(_SC_NPROCESSORS_ONLN) ? CROWDED_SPIN_S : SPIN_S;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    err = start_workers(pool, threads);
    if (err) {
        ff_pool_free(pool);
        return ff_fail_errno(ctx, err, "cannot start %u threads", threads);
    }
    *out = pool;
    return FF_OK;
}

void ff_pool_free(struct ff_pool *pool)
{
    if (!pool)
        return;
    pool->stop = true;
    start_step(pool);
    for (unsigned i = 1; i < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
    ff_free(pool->ctx, FF_MEM_OTHER, pool, pool_bytes(FF_POOL_MAX));
}

void ff_pool_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_OTHER] += pool_bytes(FF_POOL_MAX);
}

unsigned ff_pool_threads(const struct ff_pool *pool)
{
    return pool->threads;
}
