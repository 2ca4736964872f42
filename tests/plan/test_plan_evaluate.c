/* The plan of an evaluation beside what it measures, of the fixture's models of three layers. */
#include "fixtures/evaluate_fixture.h"
#include "plan/plan.h"
#include "support/planning.h"
#include "support/suite.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void check_evaluation(enum ff_method method)
{
    struct ff_evaluation measured = {.size = sizeof measured}, tight = {.size = sizeof tight};
    struct ff_plan plan = {.size = sizeof plan};
    double error;

    evaluate_opts.method = method;
    ck_assert_int_eq(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_OK);
    evaluate_ok(&measured);
    error = measured.error;
    check_accounted(plan.accounted_peak_bytes, measured.memory.accounted_peak_bytes);
    ck_assert_uint_eq(measured.planned_bytes, plan.peak_bytes);
    ck_assert_uint_ge(plan.category_bytes[FF_MEM_OTHER], 8 * measured.classes * measured.classes);
    ff_evaluate_release(&measured);

    evaluate_opts.memory_bytes = plan.smallest_bytes;
    evaluate_ok(&tight);
    ck_assert_uint_le(tight.memory.accounted_peak_bytes, plan.smallest_bytes);
    ck_assert_double_eq(tight.error, error);
    ff_evaluate_release(&tight);

    evaluate_opts.memory_bytes = plan.smallest_bytes - 1;
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &tight), FF_EBUDGET,
                       "give --memory");
    ck_assert_int_eq(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_EBUDGET);
    ck_assert_uint_eq(plan.budget_bytes, evaluate_opts.memory_bytes);
}

START_TEST(evaluation_by_goodness)
{
    evaluate_choose(_i);
    if (strcmp(evaluate_recipe.label_embedding, "none") != 0)
        check_evaluation(FF_METHOD_GOODNESS);
}
END_TEST

START_TEST(evaluation_by_the_head)
{
    evaluate_choose(_i);
    if (evaluate_recipe.head_epochs > 0)
        check_evaluation(FF_METHOD_HEAD);
}
END_TEST

START_TEST(evaluation_of_many_classes)
{
    char *other = train_folder_of(1000, PLANNING_ROWS);
    struct ff_recipe many;

    train_recipe(evaluate_ctx, "128", &many);
    train_named("conditioned", &many);
    many.epochs = 1;
    many.head_epochs = 0;
    evaluate_train_in(other, &many);
    evaluate_use(other);
    check_evaluation(FF_METHOD_GOODNESS);
    ff_recipe_release(&many);
    free(other);
}
END_TEST

START_TEST(evaluation_refuses_too_many_threads)
{
    struct ff_evaluation measured = {.size = sizeof measured};
    struct ff_plan plan = {.size = sizeof plan};

    evaluate_opts.threads = UINT_MAX;
    evaluate_ck_status(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_EINVAL,
                       "threads");
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &measured), FF_EINVAL, "threads");
}
END_TEST

START_TEST(evaluation_keeps_the_callers_own_limit)
{
    struct ff_ctx *limited = train_ctx();
    struct ff_evaluation measured = {.size = sizeof measured};
    uint64_t limit;

    evaluate_ok(&measured);
    limit = measured.memory.accounted_peak_bytes / 2;
    ff_evaluate_release(&measured);
    evaluate_opts.memory_bytes = (uint64_t)1 << 40;
    ff_memory_limit(limited, limit);
    check_limit(limited, limit, ff_evaluate(limited, &evaluate_opts, &measured));
    ff_ctx_free(limited);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan: evaluation");
    TCase *evaluation = tcase_create("evaluation");

    tcase_add_unchecked_fixture(evaluation, evaluate_model_setup, evaluate_model_teardown);
    tcase_add_checked_fixture(evaluation, evaluate_setup, evaluate_teardown);
    tcase_add_loop_test(evaluation, evaluation_by_goodness, 0, train_kinds());
    tcase_add_loop_test(evaluation, evaluation_by_the_head, 0, train_kinds());
    tcase_add_test(evaluation, evaluation_refuses_too_many_threads);
    tcase_add_test(evaluation, evaluation_keeps_the_callers_own_limit);
    tcase_add_test(evaluation, evaluation_of_many_classes);
    suite_add_tcase(suite, evaluation);
    return run_suite(suite);
}
