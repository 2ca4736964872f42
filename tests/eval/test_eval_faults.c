/* Evaluation refuses what does not fit, uses as much of a model as there is, and leaves nothing
 * behind. */
#include "fixtures/evaluate_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS EVALUATE_ROWS
#define LAYERS EVALUATE_LAYERS

/* ---- What is refused ---- */

START_TEST(data_of_another_width_is_refused)
{
    struct ff_evaluation result = {.size = sizeof result};
    char *small = strdup(train_path(evaluate_folder, "data/small.idx"));
    char *whole = (char *)(uintptr_t)evaluate_opts.data.path;
    static const unsigned char bytes[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    FILE *out = fopen(small, "wb");
    uint64_t samples;

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, sizeof bytes, out), sizeof bytes);
    ck_assert_int_eq(fclose(out), 0);
    evaluate_opts.data.path = small;
    evaluate_ck_status(ff_predict(evaluate_ctx, &evaluate_opts, evaluate_keep, NULL, &samples),
                       FF_EMISMATCH, "3 features");
    evaluate_opts.data.labels = train_path(evaluate_folder, "data/t10k-labels-idx1-ubyte");
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &result), FF_EMISMATCH,
                       ""); /* two images, 600 labels */
    ck_assert_int_eq(unlink(small), 0);
    evaluate_opts.data.path = whole;
    free(small);
}
END_TEST

START_TEST(labels_that_training_lacked_count_as_errors)
{
    struct ff_evaluation result = {.size = sizeof result};
    char *labels = strdup(train_path(evaluate_folder, "data/more-labels"));
    char *images = strdup(train_path(evaluate_folder, "data/t10k-images-idx3-ubyte"));
    char *whole = (char *)(uintptr_t)evaluate_opts.data.path;
    FILE *out = fopen(labels, "wb");

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite("\0\0\x8\x1\0\0\x2\x58", 1, 8, out), 8); /* 600 labels */
    for (int row = 0; row < ROWS; row++)
        fputc(row == 599 ? TRAIN_CLASSES : 0, out);
    ck_assert_int_eq(fclose(out), 0);
    evaluate_opts.data.path = images;
    evaluate_opts.data.labels = labels;
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &result), FF_OK, "");
    ck_assert_uint_eq(result.unseen, 1);
    ck_assert_double_ge(result.error, 1.0 / ROWS);
    ck_assert(isfinite(result.cross_entropy));
    ff_evaluate_release(&result);
    ck_assert_int_eq(unlink(labels), 0);
    evaluate_opts.data.path = whole;
    free(labels);
    free(images);
}
END_TEST

START_TEST(a_model_without_a_head_has_no_logits)
{
    char *other = train_folder(100);
    struct ff_recipe headless;
    struct ff_evaluation result = {.size = sizeof result};

    train_recipe(evaluate_ctx, "10x2", &headless);
    headless.head_epochs = 0;
    evaluate_train_in(other, &headless);
    evaluate_use(other);
    evaluate_opts.method = FF_METHOD_HEAD;
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &result), FF_EINVAL, "no head");
    evaluate_opts.method = FF_METHOD_GOODNESS;
    evaluate_ok(&result);
    ff_evaluate_release(&result);
    ff_recipe_release(&headless);
    free(other);
}
END_TEST

/* ---- Incomplete models, interruptions, temporary files ---- */

/* Trains LAYERS layers in WHERE, interrupted after so many questions. */
static void train_partly(const char *where, long questions)
{
    struct ff_train_opts train;
    struct ff_train_result result = {.size = sizeof result};

    train_opts(where, &train);
    train.interrupted = train_countdown;
    train.arg = &questions;
    evaluate_ck_status(ff_train(evaluate_ctx, &evaluate_recipe, &train, &result), FF_EINTERRUPTED,
                       "");
    train_opts_release(&train);
}

/* An unfinished model is measured with the layers it has, with a warning. */
START_TEST(an_incomplete_model_uses_its_first_layers)
{
    char *other = train_folder(ROWS);
    struct ff_evaluation whole = {.size = sizeof whole}, part = {.size = sizeof part};
    uint32_t seen[LAYERS + 1] = {0};

    evaluate_ok(&whole);
    evaluate_use(other);
    for (long questions = 10; questions < 320; questions += 40) {
        int status;

        unlink(evaluate_opts.model);
        train_partly(other, questions);
        evaluate_warnings = 0;
        status = ff_evaluate(evaluate_ctx, &evaluate_opts, &part);
        if (status == FF_EINVAL) {
            evaluate_ck_status(status, FF_EINVAL, "no trained layer");
            seen[0]++;
            continue;
        }
        ck_assert_int_eq(status, FF_OK);
        ck_assert_int_eq(evaluate_warnings, part.layers < LAYERS);
        seen[part.layers]++;
        for (uint32_t k = 0; k < part.layers; k++) {
            ck_assert_double_eq(part.layer_error[k], whole.layer_error[k]);
            if (k + 1 >= whole.first_layer)
                ck_assert_double_eq(part.upto_error[k], whole.upto_error[k]);
        }
        ck_assert_double_eq(part.error, part.layers < whole.first_layer
                                            ? whole.layer_error[part.layers - 1]
                                            : whole.upto_error[part.layers - 1]);
        ff_evaluate_release(&part);
    }
    ck_assert_uint_gt(seen[0], 0);
    ck_assert_uint_gt(seen[1], 0);
    ck_assert_uint_gt(seen[2], 0);
    ff_evaluate_release(&whole);
    free(other);
}
END_TEST

START_TEST(a_model_in_training_may_lack_its_head)
{
    char *other = train_folder(ROWS);
    struct ff_evaluation result = {.size = sizeof result};

    evaluate_use(other);
    train_partly(other, 100); /* in layer 2 */
    evaluate_opts.method = FF_METHOD_HEAD;
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &result), FF_EINVAL,
                       "no trained head");
    free(other);
}
END_TEST

START_TEST(an_interruption_leaves_nothing)
{
    struct ff_evaluation result = {.size = sizeof result};
    uint64_t samples;
    int status = FF_EINTERRUPTED, interruptions = 0;

    evaluate_opts.interrupted = train_countdown;
    evaluate_opts.scratch_bytes = 100 * 1600;
    for (long after = 0; status == FF_EINTERRUPTED; after++) {
        long left = after;
        static struct evaluate_predictions kept;

        evaluate_opts.arg = &left;
        status = ff_evaluate(evaluate_ctx, &evaluate_opts, &result);
        if (status != FF_OK)
            evaluate_ck_status(status, FF_EINTERRUPTED, "interrupted");
        else
            ff_evaluate_release(&result);
        interruptions += status == FF_EINTERRUPTED;
        ck_assert_int_eq(evaluate_strangers(evaluate_folder), 0);
        left = after;
        kept.next = 0;
        ck_assert_int_eq(ff_predict(evaluate_ctx, &evaluate_opts, evaluate_keep, &kept, &samples),
                         status);
        ck_assert_int_eq(evaluate_strangers(evaluate_folder), 0);
    }
    ck_assert_int_ge(interruptions, 2 * LAYERS);
}
END_TEST

struct peek {
    const char *where;
    int most;
};

static bool peek(void *arg)
{
    struct peek *p = arg;
    int strangers = evaluate_strangers(p->where);

    p->most = strangers > p->most ? strangers : p->most;
    return false;
}

/* They lie beside the model, or where they were asked to. */
START_TEST(temporary_files_lie_where_they_were_asked_to)
{
    char *elsewhere = train_folder(10);
    struct peek beside = {evaluate_folder, 0}, there = {elsewhere, 0};
    struct ff_evaluation result = {.size = sizeof result};

    evaluate_opts.interrupted = peek;
    evaluate_opts.arg = &beside;
    evaluate_ok(&result);
    ff_evaluate_release(&result);
    ck_assert_int_eq(beside.most, 1);
    evaluate_opts.scratch = elsewhere;
    evaluate_opts.arg = &there;
    evaluate_ok(&result);
    ff_evaluate_release(&result);
    ck_assert_int_eq(there.most, 1);
    ck_assert_int_eq(evaluate_strangers(elsewhere), 0);
    evaluate_opts.scratch = train_path(evaluate_folder, "nowhere");
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &result), FF_ENOTFOUND, "nowhere");
    free(elsewhere);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: evaluate, faults");
    TCase *tcase = tcase_create("evaluate, faults");

    tcase_add_unchecked_fixture(tcase, evaluate_model_setup, evaluate_model_teardown);
    tcase_add_checked_fixture(tcase, evaluate_setup, evaluate_teardown);
    tcase_add_test(tcase, data_of_another_width_is_refused);
    tcase_add_test(tcase, labels_that_training_lacked_count_as_errors);
    tcase_add_test(tcase, a_model_without_a_head_has_no_logits);
    tcase_add_test(tcase, an_incomplete_model_uses_its_first_layers);
    tcase_add_test(tcase, a_model_in_training_may_lack_its_head);
    tcase_add_test(tcase, an_interruption_leaves_nothing);
    tcase_add_test(tcase, temporary_files_lie_where_they_were_asked_to);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
