/* Learning-rate schedules: their shapes, and what holds for every row of the table. */
#include "nn/schedule.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const struct ff_schedule *schedule_at(int i)
{
    size_t count;
    const struct ff_schedule *schedules = ff_schedules(&count);

    ck_assert_uint_lt((size_t)i, count);
    return &schedules[i];
}

static int schedule_count(void)
{
    size_t count;

    ff_schedules(&count);
    return (int)count;
}

START_TEST(every_schedule_starts_at_1_and_never_rises)
{
    static const uint64_t totals[] = {1, 2, 3, 10, 4690, (uint64_t)1 << 62};
    const struct ff_schedule *schedule = schedule_at(_i);

    ck_assert_ptr_eq(ff_schedule_find(schedule->name), schedule);
    ck_assert_uint_gt(strlen(schedule->summary), 0);
    for (size_t k = 0; k < sizeof totals / sizeof *totals; k++) {
        uint64_t total = totals[k], stride = total > 10000 ? total / 10000 : 1;
        double last = 1.0;

        ck_assert_double_eq(schedule->factor(0, total), 1.0);
        for (uint64_t done = 0; done < total; done += stride) {
            double factor = schedule->factor(done, total);

            ck_assert_double_ge(factor, 0.0);
            ck_assert_double_le(factor, last);
            last = factor;
        }
    }
}
END_TEST

/* A resumed layer may ask for the step after the last one. */
START_TEST(every_schedule_is_finite_at_and_past_the_end)
{
    const struct ff_schedule *schedule = schedule_at(_i);

    for (uint64_t done = 10; done < 13; done++) {
        double factor = schedule->factor(done, 10);

        ck_assert(factor >= 0.0 && factor <= 1.0);
    }
    ck_assert(isfinite(schedule->factor(0, 0)));
}
END_TEST

static double factor(const char *name, uint64_t done, uint64_t total)
{
    const struct ff_schedule *schedule = ff_schedule_find(name);

    ck_assert_ptr_nonnull(schedule);
    return schedule->factor(done, total);
}

START_TEST(shapes_are_as_named)
{
    ck_assert_double_eq_tol(factor("linear", 25, 100), 0.75, 1e-12);
    ck_assert_double_eq_tol(factor("linear", 99, 100), 0.01, 1e-12);
    ck_assert_double_eq(factor("linear", 100, 100), 0.0);
    ck_assert_double_eq(factor("constant", 99, 100), 1.0);
    ck_assert_double_eq(factor("half-linear", 50, 100), 1.0);
    ck_assert_double_eq_tol(factor("half-linear", 75, 100), 0.5, 1e-12);
    ck_assert_double_eq(factor("half-linear", 100, 100), 0.0);
    ck_assert_double_eq_tol(factor("cosine", 50, 100), 0.5, 1e-12);
    ck_assert_double_eq_tol(factor("cosine", 25, 100), 0.5 + sqrt(0.125), 1e-12);
    ck_assert_double_eq_tol(factor("cosine", 100, 100), 0.0, 1e-12);
    ck_assert_ptr_null(ff_schedule_find("no such schedule"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: schedule");
    TCase *tests = tcase_create("schedule");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, every_schedule_starts_at_1_and_never_rises, 0, schedule_count());
    tcase_add_loop_test(tests, every_schedule_is_finite_at_and_past_the_end, 0, schedule_count());
    tcase_add_test(tests, shapes_are_as_named);
    return run_suite(suite);
}
