/* Evaluation of a model of several sweeps that is not complete, and while a trainer continues. */
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 300
#define HIDDEN "20x3"
#define LAYERS 3
#define BLOCK_SCRATCH 20000 /* bytes: two blocks */

static struct ff_evaluate_opts evaluate;

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.epochs = 4;
    recipe.sweeps = 2;
    recipe.head_epochs = 0;
    recipe.label_embedding = "append";
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.threads = 1;
    keep_warnings();
}

static void ck_message(int status, int wanted, const char *in_message)
{
    ck_assert_msg(status == wanted && strstr(ff_ctx_message(ctx), in_message), "%d: %s", status,
                  ff_ctx_message(ctx));
}

/* Starts over, trains for so many questions; returns where that ends. */
static struct ff_progress_mark train_partly(long questions)
{
    struct ff_train_result result = {.size = sizeof result};
    struct ff_progress_mark mark;
    struct ff_manifest manifest;
    struct ff_model_file *file;
    int status;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.force = true;
    opts.interrupted = train_countdown;
    opts.arg = &questions;
    status = ff_train(ctx, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
    opts.force = false;
    opts.interrupted = NULL;
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    mark = manifest.mark;
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    return mark;
}

/* Trains until LAYER of the second sweep learns. */
static void train_to_second_sweep(uint32_t layer)
{
    struct ff_progress_mark mark = {.sweep = 0};

    for (long questions = 20; mark.sweep == 0 || mark.layer < layer; questions += 10)
        mark = train_partly(questions);
    ck_assert_uint_eq(mark.sweep, 1);
    ck_assert_uint_eq(mark.layer, layer);
    warnings[0] = '\0';
}

/* From the second sweep on, every layer is there, whatever the trainer was at. */
START_TEST(every_state_is_measured)
{
    struct ff_progress_mark mark = {.sweep = 0};
    int second = 0, learning = 0;

    for (long questions = 4; mark.stage != FF_STAGE_DONE; questions += 9) {
        struct ff_evaluation result = {.size = sizeof result};
        int status;

        mark = train_partly(questions);
        warnings[0] = '\0';
        status = ff_evaluate(ctx, &evaluate, &result);
        if (mark.sweep == 0 && status == FF_EINVAL) {
            ck_message(status, FF_EINVAL, "no trained layer");
            continue;
        }
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_int_eq(strstr(warnings, "is not complete") != NULL, mark.stage != FF_STAGE_DONE);
        if (mark.sweep == 1)
            ck_assert_uint_eq(result.layers, LAYERS);
        second += mark.sweep == 1;
        learning += mark.sweep == 1 && mark.generation > 0;
        ff_evaluate_release(&result);
    }
    ck_assert_int_gt(second, 3);
    ck_assert_int_gt(learning, 0);
}
END_TEST

/* Heads are trained in the last sweep only. */
START_TEST(there_is_no_head_in_the_first_sweep)
{
    struct ff_progress_mark mark = {.sweep = 0};
    struct ff_evaluation result = {.size = sizeof result};

    recipe.head_epochs = 1;
    for (long questions = 20; mark.layer < LAYERS; questions += 4)
        mark = train_partly(questions);
    ck_assert_uint_eq(mark.sweep, 0);
    evaluate.method = FF_METHOD_HEAD;
    ck_message(ff_evaluate(ctx, &evaluate, &result), FF_EINVAL, "no trained head");
}
END_TEST

/* A trainer that continues to the end when a byte arrives. */
static struct trainer {
    pid_t pid;
    int pipe[2];
} trainer;

static _Noreturn void train_on(void)
{
    struct ff_train_result result = {.size = sizeof result};
    char byte;

    if (read(trainer.pipe[0], &byte, 1) != 1)
        _exit(2);
    _exit(ff_train_resume(ctx, &opts, &result) != FF_OK);
}

static void hire(void)
{
    ck_assert_int_eq(pipe(trainer.pipe), 0);
    trainer.pid = fork(); /* no file of LMDB's is open */
    ck_assert_int_ge(trainer.pid, 0);
    if (trainer.pid == 0)
        train_on();
}

static bool let_train(void *arg)
{
    uint64_t *left = arg;
    int status;

    if (trainer.pid == 0 || (*left)-- > 0)
        return false;
    ck_assert_int_eq(write(trainer.pipe[1], "", 1), 1);
    ck_assert_int_eq(waitpid(trainer.pid, &status, 0), trainer.pid);
    ck_assert_int_eq(status, 0);
    trainer.pid = 0;
    close(trainer.pipe[0]);
    close(trainer.pipe[1]);
    return false;
}

/* What was measured till then does not count. */
START_TEST(weights_replaced_meanwhile_start_the_evaluation_over)
{
    static const uint64_t afters[] = {0, 4}; /* in the first block, and behind it */
    struct ff_evaluation meanwhile = {.size = sizeof meanwhile},
                         complete = {.size = sizeof complete};
    uint64_t left = afters[_i];

    train_to_second_sweep(1);
    hire();
    evaluate.scratch_bytes = BLOCK_SCRATCH;
    evaluate.interrupted = let_train;
    evaluate.arg = &left;
    ck_assert_msg(ff_evaluate(ctx, &evaluate, &meanwhile) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(trainer.pid, 0);
    ck_assert_msg(strstr(warnings, "starting over") != NULL, "%s", warnings);
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &complete), FF_OK);
    ck_assert_double_eq(meanwhile.error, complete.error);
    ck_assert_double_eq(meanwhile.cross_entropy, complete.cross_entropy);
    ck_assert_mem_eq(meanwhile.layer_error, complete.layer_error, LAYERS * sizeof(double));
    ff_evaluate_release(&meanwhile);
    ff_evaluate_release(&complete);
}
END_TEST

static int count(void *arg, const struct ff_prediction *prediction)
{
    uint64_t *n = arg;

    ck_assert_uint_eq(prediction->index, *n);
    ++*n;
    return 0;
}

/* Predictions that were given out cannot be taken back. */
START_TEST(predictions_do_not_mix_two_states)
{
    uint64_t left = _i ? 4 : 0, n = 0, samples;
    int status;

    train_to_second_sweep(1);
    hire();
    evaluate.scratch_bytes = BLOCK_SCRATCH;
    evaluate.interrupted = let_train;
    evaluate.arg = &left;
    status = ff_predict(ctx, &evaluate, count, &n, &samples);
    if (_i == 0) {
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(n, ROWS);
        return;
    }
    ck_message(status, FF_ELOCKED, "is in training");
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_lt(n, ROWS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: evaluate, sweeps");
    TCase *tcase = tcase_create("evaluate, sweeps");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, every_state_is_measured);
    tcase_add_test(tcase, there_is_no_head_in_the_first_sweep);
    tcase_add_loop_test(tcase, weights_replaced_meanwhile_start_the_evaluation_over, 0, 2);
    tcase_add_loop_test(tcase, predictions_do_not_mix_two_states, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
