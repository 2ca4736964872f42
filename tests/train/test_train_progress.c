/* Progress of a training: the time that is left is reported, and ends at nothing. */
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>

static void setup(void)
{
    training_begin(13 * 32, "20,30,10");
}

struct watch {
    size_t reports;
    double least_left, last_left, last_share;
    long left; /* questions until it interrupts; negative: never */
};

static void watch_progress(void *arg, const struct ff_progress *p)
{
    struct watch *watch = arg;

    watch->reports++;
    ck_assert(p->rows <= p->rows_total || p->rows_total == 0);
    ck_assert(isfinite(p->rows_per_second) && p->rows_per_second >= 0);
    ck_assert(isfinite(p->seconds_left) && p->seconds_left < 1e6);
    ck_assert_uint_eq(p->layers, 3);
    ck_assert_uint_le(p->layer, 3);
    if (p->seconds_left != -1)
        watch->least_left = fmin(watch->least_left, p->seconds_left);
    watch->last_left = p->seconds_left;
    watch->last_share = (double)p->rows / (double)p->rows_total;
}

static bool watch_interrupt(void *arg)
{
    struct watch *watch = arg;

    return watch->left >= 0 && watch->left-- == 0;
}

/* The work of all phases adds up to what was announced: at the end no time is left, and never less
 * than none. (Batches are all full: a shorter one makes an estimate of what is left.) */
START_TEST(time_left_ends_at_zero)
{
    struct watch watch = {.left = -1};
    struct ff_train_result result = {.size = sizeof result};

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.on_progress = watch_progress;
    opts.interrupted = watch_interrupt;
    opts.arg = &watch;
    for (long left = -1; left < 150; left += 37) { /* also after being interrupted once */
        int status;

        watch = (struct watch){.left = left};
        opts.force = true;
        status = ff_train(ctx, &recipe, &opts, &result);
        if (status == FF_EINTERRUPTED) {
            opts.force = false;
            watch = (struct watch){.left = -1};
            status = ff_train(ctx, &recipe, &opts, &result);
        }
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_ge(watch.reports, 3);
        ck_assert_double_ge(watch.least_left, -1e-3);
        ck_assert_double_le(fabs(watch.last_left), 1e-2);
        ck_assert_double_eq(watch.last_share, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: progress");
    TCase *tcase = tcase_create("progress");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, time_left_ends_at_zero);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
