/* The thread pool: every task exactly once, results visible, for any number of threads and tasks.
 */
#include "base/pool.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TASKS 100
#define MAX_THREADS 8

static struct ff_ctx *new_ctx(void)
{
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    return ctx;
}

static struct ff_pool *new_pool(struct ff_ctx *ctx, unsigned threads)
{
    struct ff_pool *pool;

    ck_assert_int_eq(ff_pool_new(ctx, threads, &pool), FF_OK);
    ck_assert_uint_eq(ff_pool_threads(pool), threads);
    return pool;
}

/* Plain integers: were a step to end too early, or two workers to share a task or an index, counts
 * would be lost, and a thread sanitizer would see it. */
struct tally {
    unsigned threads;
    int of_task[MAX_TASKS];
    int of_worker[MAX_THREADS];
};

static void count_task(void *arg, size_t task, unsigned worker)
{
    struct tally *tally = arg;

    if (task >= MAX_TASKS || worker >= tally->threads)
        abort();
    tally->of_task[task]++;
    tally->of_worker[worker]++;
}

START_TEST(every_task_runs_exactly_once)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 16, 33, MAX_TASKS};
    unsigned threads = (unsigned)_i;
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool = new_pool(ctx, threads);

    for (int step = 0; step < 160; step++) {
        size_t n = sizes[step % 8];
        struct tally tally = {.threads = threads};
        int total = 0;

        ff_pool_run(pool, n, count_task, &tally);
        for (size_t i = 0; i < MAX_TASKS; i++)
            ck_assert_int_eq(tally.of_task[i], i < n);
        for (unsigned w = 0; w < threads; w++)
            total += tally.of_worker[w];
        ck_assert_int_eq(total, (int)n);
    }
    ff_pool_free(pool);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(many_quick_steps_lose_nothing)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool = new_pool(ctx, (unsigned)_i);
    struct tally tally = {.threads = (unsigned)_i};
    const int steps = 5000;

    for (int step = 0; step < steps; step++)
        ff_pool_run(pool, 2, count_task, &tally);
    ck_assert_int_eq(tally.of_task[0], steps);
    ck_assert_int_eq(tally.of_task[1], steps);
    ff_pool_free(pool);
    ff_ctx_free(ctx);
}
END_TEST

/* Each of them once, some in workers between steps, some in ff_pool_finish(). */
START_TEST(tasks_beside_steps_run_exactly_once)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool = new_pool(ctx, (unsigned)_i);
    const int rounds = 2000;
    struct tally steps = {.threads = (unsigned)_i}, some = steps, more = steps;
    struct ff_beside batch = {0}, other = {0};

    ff_pool_finish(pool, &batch); /* there are none */
    for (int i = 0; i < rounds; i++) {
        ff_pool_beside(pool, &batch, 2, count_task, &some);
        ff_pool_beside(pool, &other, 3, count_task, &more);
        for (int step = 0; step < i % 4; step++)
            ff_pool_run(pool, 4, count_task, &steps);
        ff_pool_finish(pool, i % 3 ? &batch : &other);
        ff_pool_finish(pool, i % 3 ? &other : &batch);
        for (int task = 0; task < 3; task++) {
            ck_assert_int_eq(some.of_task[task], task < 2 ? i + 1 : 0);
            ck_assert_int_eq(more.of_task[task], i + 1);
        }
    }
    ck_assert_int_eq(steps.of_task[3], rounds / 4 * (0 + 1 + 2 + 3));
    ff_pool_free(pool);
    ff_ctx_free(ctx);
}
END_TEST

/* Workers that gave up looking and went to sleep wake for the next step. */
START_TEST(steps_after_a_pause_run)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool = new_pool(ctx, 3);
    struct tally tally = {.threads = 3};
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

    for (int step = 0; step < 10; step++) {
        ff_pool_run(pool, 10, count_task, &tally);
        nanosleep(&pause, NULL);
    }
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(tally.of_task[i], 10);
    ff_pool_free(pool);
    ff_ctx_free(ctx);
}
END_TEST

static void slow_task(void *arg, size_t task, unsigned worker)
{
    const struct timespec pause = {.tv_nsec = (long)(task % 2 + 1) * 1000 * 1000};

    nanosleep(&pause, NULL);
    count_task(arg, task, worker);
}

/* The caller sleeps too while others are still at work. */
START_TEST(slow_tasks_are_waited_for)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool = new_pool(ctx, 4);

    for (int step = 0; step < 20; step++) {
        struct tally tally = {.threads = 4};

        ff_pool_run(pool, 5, slow_task, &tally);
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(tally.of_task[i], 1);
    }
    ff_pool_free(pool);
    ff_ctx_free(ctx);
}
END_TEST

struct chain {
    long values[2][16];
    int from;
};

static void add_neighbours(void *arg, size_t task, unsigned worker)
{
    struct chain *chain = arg;
    const long *in = chain->values[chain->from];

    (void)worker;
    chain->values[1 - chain->from][task] = (in[task] + in[(task + 1) % 16]) % 1000003;
}

/* What one step writes, every worker of the next one reads. */
START_TEST(steps_see_the_results_of_the_step_before)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *one = new_pool(ctx, 1), *many = new_pool(ctx, (unsigned)_i);
    struct chain a = {.values = {{1}}}, b = {.values = {{1}}};

    for (int step = 0; step < 1000; step++) {
        ff_pool_run(one, 16, add_neighbours, &a);
        ff_pool_run(many, 16, add_neighbours, &b);
        a.from = b.from = 1 - a.from;
    }
    ck_assert_mem_eq(a.values, b.values, sizeof a.values);
    ff_pool_free(one);
    ff_pool_free(many);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(pools_start_and_stop_again_and_again)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_memory memory;

    for (int i = 0; i < 200; i++) {
        struct ff_pool *pool = new_pool(ctx, (unsigned)(1 + i % MAX_THREADS));
        struct tally tally = {.threads = MAX_THREADS};

        if (i % 2)
            ff_pool_run(pool, 3, count_task, &tally);
        ff_pool_free(pool);
    }
    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(senseless_numbers_of_threads_are_refused)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool;

    ck_assert_int_eq(ff_pool_new(ctx, 0, &pool), FF_EINVAL);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(ff_pool_new(ctx, FF_POOL_MAX + 1, &pool), FF_EINVAL);
    ck_assert_ptr_null(pool);
    ff_pool_free(NULL);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(failed_allocation_is_reported)
{
    struct ff_ctx *ctx = new_ctx();
    struct ff_pool *pool;

    fail_allocation(0);
    ck_assert_int_eq(ff_pool_new(ctx, 2, &pool), FF_ENOMEM);
    ck_assert_ptr_null(pool);
    ff_ctx_free(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: pool");
    TCase *tests = tcase_create("pool");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, every_task_runs_exactly_once, 1, MAX_THREADS + 1);
    tcase_add_loop_test(tests, many_quick_steps_lose_nothing, 1, 4);
    tcase_add_loop_test(tests, tasks_beside_steps_run_exactly_once, 1, MAX_THREADS + 1);
    tcase_add_test(tests, steps_after_a_pause_run);
    tcase_add_test(tests, slow_tasks_are_waited_for);
    tcase_add_loop_test(tests, steps_see_the_results_of_the_step_before, 1, 5);
    tcase_add_test(tests, pools_start_and_stop_again_and_again);
    tcase_add_test(tests, senseless_numbers_of_threads_are_refused);
    tcase_add_test(tests, failed_allocation_is_reported);
    return run_suite(suite);
}
