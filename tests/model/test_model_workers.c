/* Workers: the floating-point mode that they compute in. */
#include "base/context.h"
#include "model/workers.h"
#include "support/suite.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

#define THREADS 4

/* True if a subnormal operand counts as zero, and a subnormal result becomes it. */
static bool flushes(void)
{
    volatile float subnormal = 1e-40f, large = 1e30f, small = 1e-30f;
    float results[2];
    uint32_t bits[2];

    results[0] = subnormal * large;
    results[1] = small * 1e-10f;
    memcpy(bits, results, sizeof bits);
    return bits[0] == 0 && bits[1] == 0;
}

struct looking {
    pthread_barrier_t all; /* makes every thread take one task */
    bool flushes[THREADS];
};

static void look(void *arg, size_t task, unsigned worker)
{
    struct looking *looking = arg;

    (void)task;
    pthread_barrier_wait(&looking->all);
    looking->flushes[worker] = flushes();
}

START_TEST(subnormal_numbers_are_zero_in_every_thread_while_there_are_workers)
{
    struct looking looking = {.flushes = {false}};
    struct ff_workers workers = {.threads = 0};
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ck_assert_int_eq(pthread_barrier_init(&looking.all, NULL, THREADS), 0);
    ck_assert(!flushes());
    ff_workers_release(&workers); /* there are none: the mode stays */
    ck_assert(!flushes());
    ck_assert_int_eq(ff_workers_init(&workers, ctx, THREADS), FF_OK);
    ff_pool_run(workers.pool, THREADS, look, &looking);
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(looking.flushes[i], "worker %d", i);
    ck_assert(flushes());
    ff_workers_release(&workers);
    ck_assert(!flushes());
    pthread_barrier_destroy(&looking.all);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(a_callers_mode_of_its_own_is_restored)
{
    ff_float_mode before = ff_float_mode_flush();
    struct ff_workers workers;
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, 2), FF_OK);
    ff_workers_release(&workers);
    ck_assert(flushes());
    ff_float_mode_restore(before);
    ck_assert(!flushes());
    ff_ctx_free(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: workers");
    TCase *tcase = tcase_create("floating-point mode");

    suite_add_tcase(suite, tcase);
#if defined(__x86_64__) || defined(__aarch64__)
    tcase_add_test(tcase, subnormal_numbers_are_zero_in_every_thread_while_there_are_workers);
    tcase_add_test(tcase, a_callers_mode_of_its_own_is_restored);
#else
    puts("SKIPPED: the floating-point mode: this processor's is not set");
#endif
    return run_suite(suite);
}
