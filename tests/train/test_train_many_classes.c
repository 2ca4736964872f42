/* Many classes: a row meets a few labels in a step, and the network learns them all. */
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define CLASSES 60
#define ROWS 2400
#define HIDDEN "150x2" /* two tiles, the last one smaller */

static void setup(void)
{
    training_begin_in(train_folder_of(CLASSES, ROWS), HIDDEN);
    train_named("conditioned", &recipe);
    recipe.head_epochs = 0;
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* no time for syncing disks */
    opts.force = true;
}

/* The test error of the model. */
static double test_error(void)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation result = {.size = sizeof result};
    double error;

    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.threads = 2;
    ck_assert_msg(ff_evaluate(ctx, &evaluate, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(result.classes, CLASSES);
    error = result.error;
    ff_evaluate_release(&result);
    return error;
}

/* Chance is wrong 98 % of the time. With all labels, and with fewer and fewer wrong ones. */
START_TEST(a_few_labels_a_step_suffice)
{
    static const struct {
        uint32_t samples;
        double most;
    } ways[] = {{CLASSES - 1, 0.02}, {0, 0.02}, {5, 0.02}, {1, 0.60}};

    double error;

    recipe.epochs = 6;
    recipe.learning_rate = 3e-3;
    recipe.label_samples = ways[_i].samples;
    train_ok(ctx, &recipe, &opts);
    error = test_error();
    printf("%u wrong labels a step: %.2f %% of errors\n", ways[_i].samples, 100 * error);
    ck_assert_double_le(error, ways[_i].most);
}
END_TEST

/* Which rows are in a micro-batch, and who draws their labels, does not matter. */
START_TEST(threads_and_micro_batches_do_not_change_a_bit)
{
    const char *whole;

    recipe.batch = 900; /* four chunks of 225 */
    recipe.epochs = 2;
    recipe.label_samples = _i ? 7 : 0;
    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    for (unsigned i = 1; i <= 4; i++) {
        opts.threads = i;
        opts.micro_batch_rows = 225 * (4 - i);
        train_ok(ctx, &recipe, &opts);
        ck_assert_str_eq(train_hash(opts.model), whole);
    }
}
END_TEST

START_TEST(nineteen_wrong_labels_are_met_by_default)
{
    const char *usual, *nineteen;

    recipe.epochs = 1;
    train_ok(ctx, &recipe, &opts);
    usual = train_hash(opts.model);
    recipe.label_samples = 19;
    train_ok(ctx, &recipe, &opts);
    nineteen = train_hash(opts.model);
    ck_assert_str_eq(nineteen, usual);
    recipe.label_samples = 18;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_ne(train_hash(opts.model), usual);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: many classes");
    TCase *tcase = tcase_create("many classes");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, a_few_labels_a_step_suffice, 0, 4);
    tcase_add_loop_test(tcase, threads_and_micro_batches_do_not_change_a_bit, 0, 2);
    tcase_add_test(tcase, nineteen_wrong_labels_are_met_by_default);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
