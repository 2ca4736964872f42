/* A complete model is compacted: its size does not depend on its checkpoints, kills or
 * interruptions. */
#include "model/manifest.h"
#include "store/model_file.h"
#include "support/model_life.h"
#include "support/modes.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(a_model_cannot_have_the_name_of_a_partial_file)
{
    const char *usual = opts.model;

    opts.model = train_path(directory, "model.ff.partial");
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL, "incomplete models");
    opts.model = usual;
}
END_TEST

/* Of every kind of recipe, then of the modes in which the whole network trains. */
START_TEST(the_size_of_a_complete_model_does_not_depend_on_its_checkpoints)
{
    off_t seldom, often;

    if (_i < train_kinds())
        train_kind(_i, &recipe);
    else
        train_in(mode_name(MODE_WHOLE, _i - train_kinds()), &recipe);
    train_ok(ctx, &recipe, &opts);
    seldom = train_size_of(opts.model);
    unlink(opts.model);
    opts.checkpoint_interval_s = 0;
    train_ok(ctx, &recipe, &opts);
    often = train_size_of(opts.model);
    ck_assert_int_eq(often, seldom);
    ck_assert_str_eq(left(), "model.ff");
}
END_TEST

/* Makes the model in training one of manifest VERSION. */
static void change_version(int version)
{
    struct ff_model_file *file;
    struct ff_manifest manifest;
    char *text;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_WRITE, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ck_assert_int_eq(manifest.version, FF_MANIFEST_VERSION);
    manifest.version = version;
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(ff_model_file_flip(file, text), FF_OK);
    ff_model_file_close(file);
    ff_manifest_release(&manifest);
    free(text);
}

/* Its arithmetic was another (model/manifest.h). */
START_TEST(resuming_a_model_of_an_earlier_version_warns)
{
    long questions = 4;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &questions;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
    keep_warnings();
    change_version(FF_OLDEST_MANIFEST_VERSION);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert_ptr_nonnull(strstr(warnings, "training began with version "));
}
END_TEST

static bool count_question(void *arg)
{
    long *questions = arg;

    ++*questions;
    return false;
}

/* The last questions are asked while the model is compacted. */
START_TEST(kills_and_interruptions_do_not_change_the_size_of_a_complete_model)
{
    long questions = 0, left_of_them;
    const char *hash;
    off_t size;

    opts.interrupted = count_question;
    opts.arg = &questions;
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    size = train_size_of(opts.model);
    opts.checkpoint_interval_s = 0;
    for (long back = 1; back <= questions; back += back > 4 ? questions / 5 : 1) {
        unlink(opts.model);
        train_and_die(questions - back);
        opts.interrupted = NULL;
        ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
        ck_assert(result.was_complete || back > 1);
        ck_assert_str_eq(train_hash(opts.model), hash);
        ck_assert_int_eq(train_size_of(opts.model), size);
        ck_assert_str_eq(left(), "model.ff");
    }
    unlink(opts.model);
    left_of_them = questions - 1;
    opts.interrupted = train_countdown;
    opts.arg = &left_of_them;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, ""); /* all is trained */
    ck_assert_str_eq(train_hash(opts.model), hash);
    ck_assert_int_gt(train_size_of(opts.model), size);
    opts.interrupted = NULL;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert(result.was_complete);
    ck_assert_int_eq(train_size_of(opts.model), size);
}
END_TEST

static bool delete_copy(void *arg)
{
    char *copy = partial();

    *(int *)arg += unlink(copy) == 0;
    free(copy);
    return false;
}

START_TEST(deleting_the_compacted_copy_leaves_a_complete_model)
{
    int deleted = 0;

    opts.interrupted = delete_copy;
    opts.arg = &deleted;
    train_ok(ctx, &recipe, &opts);
    ck_assert_int_gt(deleted, 0);
    ck_assert_str_eq(left(), "model.ff");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, LIFE_ROWS));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: complete models");
    TCase *tests = tcase_create("complete models");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, life_setup, life_teardown);
    tcase_add_test(tests, a_model_cannot_have_the_name_of_a_partial_file);
    tcase_add_loop_test(tests, the_size_of_a_complete_model_does_not_depend_on_its_checkpoints, 0,
                        train_kinds() + mode_count(MODE_WHOLE));
    tcase_add_test(tests, kills_and_interruptions_do_not_change_the_size_of_a_complete_model);
    tcase_add_test(tests, resuming_a_model_of_an_earlier_version_warns);
    tcase_add_test(tests, deleting_the_compacted_copy_leaves_a_complete_model);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
