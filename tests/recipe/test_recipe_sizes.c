/* Batch and epochs by the number of samples. */
#include "base/context.h"
#include "recipe/sizes.h"
#include "support/suite.h"

#include <check.h>
#include <string.h>

static struct ff_ctx *ctx;
static struct ff_recipe given, complete;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ff_recipe_init(&given);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5x2", &given), FF_OK);
}

static void teardown(void)
{
    ff_recipe_release(&given);
    ff_ctx_free(ctx);
}

static void complete_for(uint64_t samples)
{
    ck_assert_msg(ff_recipe_completed(ctx, &given, samples, &complete) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ff_recipe_release(&complete);
}

static uint64_t steps_for(uint64_t samples)
{
    return complete.epochs * ((samples + complete.batch - 1) / complete.batch);
}

static const struct {
    uint64_t samples;
    uint32_t batch, epochs;
} sizes[] = {
    {0, 128, 10}, /* many */
    {1, 16, 200},   {16, 16, 200},   {120, 16, 25},    {319, 16, 10},
    {639, 16, 10},  {640, 32, 10},   {1279, 32, 10},   {1280, 64, 10},
    {2559, 64, 10}, {2560, 128, 10}, {60000, 128, 10}, {UINT64_C(1) << 40, 128, 10},
};

START_TEST(batch_and_epochs_follow_from_the_samples)
{
    complete_for(sizes[_i].samples);
    ck_assert_uint_eq(complete.batch, sizes[_i].batch);
    ck_assert_uint_eq(complete.epochs, sizes[_i].epochs);
}
END_TEST

START_TEST(a_layer_never_takes_few_steps_by_default)
{
    for (uint64_t samples = 1; samples < 6000; samples += 7) {
        complete_for(samples);
        ck_assert_uint_ge(steps_for(samples), FF_FEW_STEPS);
    }
    given.batch = 5000;
    for (uint64_t samples = 1; samples < 100000; samples += 777) {
        complete_for(samples);
        ck_assert_uint_eq(complete.batch, 5000);
        ck_assert_uint_ge(steps_for(samples), FF_FEW_STEPS);
    }
}
END_TEST

START_TEST(what_is_given_stays)
{
    given.batch = 100;
    given.epochs = 3;
    given.head_epochs = 2;
    given.recipe = "symba";
    complete_for(50);
    ck_assert_uint_eq(complete.batch, 100);
    ck_assert_uint_eq(complete.epochs, 3);
    ck_assert_uint_eq(complete.head_epochs, 2);
}
END_TEST

START_TEST(a_head_takes_as_many_steps)
{
    given.recipe = "symba";
    complete_for(120);
    ck_assert_uint_eq(complete.head_epochs, 25);
    complete_for(0);
    ck_assert_uint_eq(complete.head_epochs, 5); /* the preset's */
    given.head_epochs = 0;
    complete_for(120);
    ck_assert_uint_eq(complete.head_epochs, 0);
}
END_TEST

/* Where the whole network trains at once, its head has the network's epochs. */
START_TEST(a_head_within_the_network_takes_its_epochs)
{
    given.mode = "ff-full";
    complete_for(120);
    ck_assert_uint_eq(complete.epochs, 25);
    ck_assert_uint_eq(complete.head_epochs, 25);
}
END_TEST

/* A complete recipe keeps what it got. */
START_TEST(completing_twice_changes_nothing)
{
    ck_assert_int_eq(ff_recipe_complete(ctx, &given), FF_OK);
    complete_for(120);
    ck_assert_uint_eq(complete.batch, 128);
    ck_assert_uint_eq(complete.epochs, 10);
}
END_TEST

START_TEST(a_batch_of_none_is_refused)
{
    given.batch = 0;
    ck_assert_int_eq(ff_recipe_completed(ctx, &given, 120, &complete), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "batch"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: sizes");
    TCase *tc = tcase_create("sizes");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, batch_and_epochs_follow_from_the_samples, 0,
                        (int)(sizeof sizes / sizeof *sizes));
    tcase_add_test(tc, a_layer_never_takes_few_steps_by_default);
    tcase_add_test(tc, what_is_given_stays);
    tcase_add_test(tc, a_head_takes_as_many_steps);
    tcase_add_test(tc, a_head_within_the_network_takes_its_epochs);
    tcase_add_test(tc, completing_twice_changes_nothing);
    tcase_add_test(tc, a_batch_of_none_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
