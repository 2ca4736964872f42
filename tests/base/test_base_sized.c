/* Structures that grow: older and newer programs, and sizes that were never set. */
#include "base/sized.h"
#include "support/suite.h"

#include <fftool/fftool.h>
#include <stdint.h>
#include <string.h>

/* A structure of three versions. The library of the tests has the second. */
struct first {
    size_t size;
    uint64_t a;
};
struct second {
    size_t size;
    uint64_t a, b;
};
struct third {
    size_t size;
    uint64_t a, b, c;
};

static struct ff_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

static int take(const void *given, struct second *own)
{
    return ff_sized_take(ctx, "second", given, sizeof(struct first), own, sizeof *own);
}

START_TEST(an_older_program_leaves_out_what_it_does_not_know)
{
    struct first given = {.size = sizeof given, .a = 5};
    struct second own = {.b = 7};

    ck_assert_int_eq(take(&given, &own), FF_OK);
    ck_assert_uint_eq(own.size, sizeof own);
    ck_assert_uint_eq(own.a, 5);
    ck_assert_uint_eq(own.b, 0);
}
END_TEST

START_TEST(a_newer_program_is_understood_unless_it_asks_for_what_is_new)
{
    struct third given = {.size = sizeof given, .a = 5, .b = 6};
    struct second own;

    ck_assert_int_eq(take(&given, &own), FF_OK);
    ck_assert_uint_eq(own.size, sizeof own);
    ck_assert_uint_eq(own.b, 6);
    given.c = 1;
    ck_assert_int_eq(take(&given, &own), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct second: 32 bytes"));
}
END_TEST

START_TEST(a_size_that_was_not_set_is_refused)
{
    const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(struct first) - 1, 1000000, SIZE_MAX};
    struct second given = {.a = 5}, own;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        given.size = sizes[i];
        ck_assert_int_eq(take(&given, &own), FF_EINVAL);
        ck_assert_int_eq(ff_sized_check(ctx, "second", &given, sizeof(struct first)), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "set it to sizeof(struct second)"));
    }
}
END_TEST

START_TEST(results_reach_as_far_as_there_is_room)
{
    const struct second own = {.a = 5, .b = 6};
    struct third newer = {.size = sizeof newer, .c = 9};
    struct {
        struct first first;
        uint64_t behind;
    } older = {{.size = sizeof older.first}, 9};

    ff_sized_give(&own, sizeof own, &newer);
    ck_assert(newer.size == sizeof newer && newer.a == 5 && newer.b == 6 && newer.c == 0);
    ff_sized_give(&own, sizeof own, &older.first);
    ck_assert(older.first.size == sizeof older.first && older.first.a == 5 && older.behind == 9);
}
END_TEST

/* Every public function refuses it before it does anything. */
START_TEST(public_functions_refuse_a_size_that_was_not_set)
{
    struct ff_train_opts train = {.model = "none.ff"}, set;
    struct ff_train_result result = {.size = sizeof result}, no_result = {.seconds = 1};
    struct ff_evaluate_opts evaluate = {.model = "none.ff"}, evaluate_set;
    struct ff_evaluation evaluation = {.size = sizeof evaluation}, no_evaluation = {.error = 1};
    struct ff_plan plan = {.size = sizeof plan}, no_plan = {.steps = 1};
    struct ff_plan_data no_data = {.samples = 10};
    struct ff_recipe *recipe;
    char hash[33];

    ff_train_opts_init(&set);
    ff_evaluate_opts_init(&evaluate_set);
    ck_assert_int_eq(ff_recipe_new(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_set(ctx, recipe, "hidden", "5"), FF_OK);
    ck_assert_int_eq(ff_train(ctx, recipe, &train, &result), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_train_opts: size 0"));
    ck_assert_int_eq(ff_train(ctx, recipe, &set, &no_result), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_train_result: size 0"));
    ck_assert_double_eq(no_result.seconds, 1);
    ck_assert_int_eq(ff_train_resume(ctx, &train, &result), FF_EINVAL);
    ck_assert_int_eq(ff_train_fingerprint(ctx, &train, hash), FF_EINVAL);
    ck_assert_int_eq(ff_train_check_output(ctx, &train, "log"), FF_EINVAL);
    ck_assert_int_eq(ff_plan_train(ctx, recipe, &train, NULL, &plan), FF_EINVAL);
    ck_assert_int_eq(ff_plan_train(ctx, recipe, &set, NULL, &no_plan), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_plan: size 0"));
    ck_assert_int_eq(ff_plan_train(ctx, recipe, &set, &no_data, &plan), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_plan_data: size 0"));
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &evaluation), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_evaluate_opts: size 0"));
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate_set, &no_evaluation), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "struct ff_evaluation: size 0"));
    ck_assert_int_eq(ff_plan_evaluate(ctx, &evaluate, false, &plan), FF_EINVAL);
    ff_recipe_free(recipe);
}
END_TEST

/* A plan for the first five members of struct ff_plan alone. */
START_TEST(an_older_program_gets_the_figures_that_it_knows)
{
    const struct ff_plan_data data = {
        .size = sizeof data, .samples = 1000, .features = 10, .classes = 4};
    struct ff_train_opts opts;
    struct ff_plan whole = {.size = sizeof whole}, part = {.steps = 99};
    struct ff_recipe *recipe;

    part.size = offsetof(struct ff_plan, category_bytes);
    memset(&opts, 0x55, sizeof opts);
    ff_train_opts_init_size(&opts, offsetof(struct ff_train_opts, checkpoint_interval_s));
    ck_assert_int_eq(ff_recipe_new(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_set(ctx, recipe, "hidden", "5x2"), FF_OK);
    ck_assert_msg(ff_plan_train(ctx, recipe, &opts, &data, &part) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ff_train_opts_init(&opts);
    ck_assert_int_eq(ff_plan_train(ctx, recipe, &opts, &data, &whole), FF_OK);
    ck_assert_uint_gt(whole.peak_bytes, 0);
    ck_assert_uint_eq(part.peak_bytes, whole.peak_bytes);
    ck_assert_uint_eq(part.steps, 99);
    ff_recipe_free(recipe);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: sized");
    TCase *tcase = tcase_create("sized");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_older_program_leaves_out_what_it_does_not_know);
    tcase_add_test(tcase, a_newer_program_is_understood_unless_it_asks_for_what_is_new);
    tcase_add_test(tcase, a_size_that_was_not_set_is_refused);
    tcase_add_test(tcase, results_reach_as_far_as_there_is_room);
    tcase_add_test(tcase, public_functions_refuse_a_size_that_was_not_set);
    tcase_add_test(tcase, an_older_program_gets_the_figures_that_it_knows);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
