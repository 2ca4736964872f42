/* A model that is deleted, renamed or replaced while it is trained: the trainer misses it at the
 * next checkpoint, and leaves what is in its place alone. */
#include "support/model_life.h"
#include "support/modes.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum deed { DELETE, RENAME, REPLACE_BY_TEXT, REPLACE_BY_MODEL, DEEDS };

struct villain {
    enum deed deed;
    long left; /* reports or questions until then */
};

static void commit(enum deed deed)
{
    static const char foreign[] = "another's file";

    switch (deed) {
    case DELETE:
        ck_assert_int_eq(unlink(opts.model), 0);
        break;
    case RENAME:
        ck_assert_int_eq(rename(opts.model, elsewhere), 0);
        break;
    case REPLACE_BY_TEXT:
        write_text(train_path(directory, "new"), foreign);
        ck_assert_int_eq(rename(train_path(directory, "new"), opts.model), 0);
        break;
    default:
        ck_assert_int_eq(rename(elsewhere, opts.model), 0);
    }
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    struct villain *villain = arg;

    (void)report;
    if (villain->left-- == 0)
        commit(villain->deed);
}

/* What must be, after a training whose model met with DEED. */
static void ck_after(enum deed deed, const char *other)
{
    static const char *const reasons[] = {"model.ff: was deleted", "elsewhere.ff",
                                          "replaced by another file", "replaced by another file"};

    ck_assert_msg(strstr(ff_ctx_message(ctx), reasons[deed]) != NULL, "%s", ff_ctx_message(ctx));
    switch (deed) {
    case DELETE:
        ck_assert_ptr_null(strstr(left(), "partial"));
        ck_assert_int_ne(access(opts.model, F_OK), 0);
        break;
    case RENAME:
        ck_assert_int_ne(access(opts.model, F_OK), 0);
        break;
    case REPLACE_BY_TEXT:
        ck_text(opts.model, "another's file");
        break;
    default:
        ck_assert_str_eq(train_hash(opts.model), other);
    }
}

static void count_epoch(void *arg, const struct ff_epoch_report *report)
{
    long *epochs = arg;

    (void)report;
    ++*epochs;
}

/* Trains to the end; returns the epochs that were reported. */
static long count_epochs(void)
{
    long epochs = 0;

    opts.on_epoch = count_epoch;
    opts.arg = &epochs;
    train_ok(ctx, &recipe, &opts);
    opts.on_epoch = NULL;
    return epochs;
}

/* Commits the deed in the epoch WHEN of a new model, of which nothing is left but what must be. */
static void train_with_deed(enum deed deed, long when)
{
    struct villain villain = {deed, when};
    const char *other = deed == REPLACE_BY_MODEL ? make_other() : NULL;

    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "");
    opts.on_epoch = NULL;
    ck_after(deed, other);
    ck_assert_int_ne(access(train_path(directory, "model.ff.scratch"), F_OK), 0);
    unlink(opts.model);
    unlink(elsewhere);
}

/* In each mode: before the first checkpoint, between two, and before the last. */
START_TEST(a_model_that_lost_its_name_is_noticed_at_the_next_checkpoint)
{
    enum deed deed = (enum deed)(_i % DEEDS);
    long epochs;

    train_in(mode_name(MODE_ANY, _i / DEEDS), &recipe);
    opts.checkpoint_interval_s = 0;
    epochs = count_epochs();
    unlink(opts.model);
    train_with_deed(deed, 0);
    train_with_deed(deed, epochs / 2);
    train_with_deed(deed, epochs - 1);
}
END_TEST

START_TEST(a_renamed_model_can_be_resumed_under_its_new_name)
{
    struct villain villain = {RENAME, 3};
    const char *usual = opts.model;

    opts.checkpoint_interval_s = 0;
    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED,
              "elsewhere.ff, which `fftool resume`");
    opts.on_epoch = NULL;
    opts.model = elsewhere;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, LIFE_ROWS));
    opts.model = usual;
}
END_TEST

START_TEST(a_model_renamed_in_its_second_layer_resumes_with_its_scratch)
{
    struct villain villain = {RENAME, (long)recipe.epochs};
    const char *usual = opts.model;

    opts.checkpoint_interval_s = 0;
    opts.scratch = own;
    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED,
              "elsewhere.ff, which `fftool resume`");
    opts.on_epoch = NULL;
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    ck_assert_int_eq(access(train_path(own, "boundary-1.lmdb"), F_OK), 0);
    opts.model = elsewhere;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, LIFE_ROWS));
    ck_assert_int_eq(rmdir(own), 0);
    opts.scratch = NULL;
    opts.model = usual;
}
END_TEST

/* Commits the deed once the model is compacted. */
static bool on_compaction(void *arg)
{
    struct villain *villain = arg;
    char *copy = partial();

    if (access(copy, F_OK) == 0 && villain->left-- == 0)
        commit(villain->deed);
    free(copy);
    return false;
}

START_TEST(a_model_that_loses_its_name_while_it_is_compacted_is_noticed)
{
    struct villain villain = {.deed = (enum deed)_i};
    const char *other = villain.deed == REPLACE_BY_MODEL ? make_other() : NULL;

    opts.interrupted = on_compaction;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "");
    ck_after(villain.deed, other);
    if (villain.deed == RENAME) { /* it is complete */
        opts.interrupted = NULL;
        ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, LIFE_ROWS));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: lost name");
    TCase *tests = tcase_create("lost name");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, life_setup, life_teardown);
    tcase_add_loop_test(tests, a_model_that_lost_its_name_is_noticed_at_the_next_checkpoint, 0,
                        mode_count(MODE_ANY) * DEEDS);
    tcase_add_test(tests, a_renamed_model_can_be_resumed_under_its_new_name);
    tcase_add_test(tests, a_model_renamed_in_its_second_layer_resumes_with_its_scratch);
    tcase_add_loop_test(tests, a_model_that_loses_its_name_while_it_is_compacted_is_noticed, 0,
                        DEEDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
