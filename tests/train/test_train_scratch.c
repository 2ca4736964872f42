/* Scratch is a cache: it may be deleted at any moment, and the bits stay the same. */
#include "store/activations.h"
#include "support/modes.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 200
#define HIDDEN "24x3"
#define PAGED "300x2" /* of three tiles each */

static char *beside, *own; /* the usual directory for scratch, and one of the user's */

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* each is synced, which takes its time */
    opts.threads = 1;
    beside = strdup(train_path(directory, "model.ff.scratch"));
    own = strdup(train_path(directory, "own"));
}

static void teardown(void)
{
    free(beside);
    free(own);
    training_end();
}

/* Deletes a directory at every EVERY-th question whether to stop. */
struct deleter {
    const char *scratch;
    unsigned every, asked, deleted;
};

static void delete_scratch(struct deleter *deleter)
{
    deleter->deleted += access(deleter->scratch, F_OK) == 0;
    train_remove(deleter->scratch);
}

static bool on_question(void *arg)
{
    struct deleter *deleter = arg;

    if (++deleter->asked % deleter->every == 0)
        delete_scratch(deleter);
    return false;
}

static void on_progress(void *arg, const struct ff_progress *progress)
{
    (void)progress;
    delete_scratch(arg);
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    (void)report;
    delete_scratch(arg);
}

static void on_trained(void *arg, const struct ff_trained_report *report)
{
    (void)report;
    delete_scratch(arg);
}

/* Trains while SCRATCH is deleted at every EVERY-th batch and chunk, and at every report. */
static void train_deleting(const char *scratch, unsigned every, const char *hash)
{
    struct deleter deleter = {.scratch = scratch, .every = every};

    opts.interrupted = on_question;
    opts.on_progress = on_progress;
    opts.on_epoch = on_epoch;
    opts.on_trained = on_trained;
    opts.arg = &deleter;
    unlink(opts.model);
    train_ok(ctx, &recipe, &opts);
    ck_assert_uint_gt(deleter.deleted, 3);
    ck_assert_str_eq(train_hash(opts.model), hash);
}

START_TEST(deleted_at_any_moment_it_changes_no_bit)
{
    static const unsigned spacings[] = {1, 10};
    const char *hash;

    train_kind(_i, &recipe);
    hash = train_reference(&recipe, ROWS);
    for (size_t i = 0; i < sizeof spacings / sizeof *spacings; i++)
        train_deleting(beside, spacings[i], hash);
}
END_TEST

START_TEST(deleted_where_the_whole_network_trains_it_changes_no_bit)
{
    train_in(mode_name(MODE_WHOLE, _i), &recipe);
    train_deleting(beside, 2, train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(deleted_with_the_tiles_of_a_paged_layer_it_changes_no_bit)
{
    ff_recipe_release(&recipe);
    train_recipe(ctx, PAGED, &recipe);
    recipe.epochs = 2;
    opts.tile_slots = 1;
    train_deleting(beside, 2, train_reference(&recipe, ROWS));
}
END_TEST

/* A directory that was there before stays, even if it has been deleted meanwhile; packed values
 * have buffers of their own. */
START_TEST(a_directory_of_the_user_may_be_deleted)
{
    ck_assert_int_eq(mkdir(own, 0700), 0);
    opts.scratch = own;
    opts.compress = "zstd";
    train_deleting(own, 4, train_reference(&recipe, ROWS));
}
END_TEST

static bool at_the_tenth(void *arg)
{
    return ++*(unsigned *)arg >= 10;
}

/* As the hint on a full disk has it. */
START_TEST(scratch_beside_the_model_is_removed_when_put_elsewhere)
{
    struct ff_train_result result = {.size = sizeof result};
    unsigned asked = 0;

    opts.interrupted = at_the_tenth;
    opts.arg = &asked;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    ck_assert_int_eq(access(beside, F_OK), 0);
    opts.interrupted = NULL;
    opts.scratch = own;
    train_ok(ctx, &recipe, &opts);
    ck_assert_int_ne(access(beside, F_OK), 0);
    ck_assert_int_ne(access(own, F_OK), 0);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

struct another {
    unsigned asked;
    struct ff_scratch scratch;
    struct ff_set *set;
};

/* At the third question another training deletes the directory, and works in a new one. */
static bool take_over(void *arg)
{
    struct another *another = arg;

    if (++another->asked != 3)
        return false;
    train_remove(own);
    ck_assert_int_eq(ff_scratch_open(ctx, own, &another->scratch), FF_OK);
    ck_assert_int_eq(another->scratch.ops->create(another->scratch.self, 1, &another->set), FF_OK);
    return false;
}

START_TEST(a_directory_taken_by_another_training_is_left_alone)
{
    struct another another = {0};
    struct ff_train_result result = {.size = sizeof result};

    opts.scratch = own;
    opts.interrupted = take_over;
    opts.arg = &another;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED);
    ck_assert_uint_gt(another.scratch.ops->bytes(another.scratch.self), 0);
    ff_set_close(another.set);
    ff_scratch_remove(&another.scratch);
    opts.interrupted = NULL;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Deletes what evaluation keeps beside the model. */
static bool delete_evaluation(void *arg)
{
    static const char prefix[] = "model.ff.eval-";
    unsigned *deleted = arg;
    const struct dirent *entry;
    DIR *dir = opendir(directory);

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        train_remove(train_path(directory, entry->d_name));
        ++*deleted;
    }
    closedir(dir);
    return false;
}

START_TEST(evaluation_does_without_its_scratch_too)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation whole = {.size = sizeof whole}, bereft = {.size = sizeof bereft};
    unsigned deleted = 0;

    train_ok(ctx, &recipe, &opts);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.threads = 2;
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &whole), FF_OK);
    evaluate.interrupted = delete_evaluation;
    evaluate.arg = &deleted;
    ck_assert_msg(ff_evaluate(ctx, &evaluate, &bereft) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_gt(deleted, 0);
    ck_assert_double_eq(bereft.cross_entropy, whole.cross_entropy);
    ck_assert_double_eq(bereft.error, whole.error);
    ff_evaluate_release(&whole);
    ff_evaluate_release(&bereft);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: scratch");
    TCase *tests = tcase_create("scratch");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, deleted_at_any_moment_it_changes_no_bit, 0, train_kinds());
    tcase_add_loop_test(tests, deleted_where_the_whole_network_trains_it_changes_no_bit, 0,
                        mode_count(MODE_WHOLE));
    tcase_add_test(tests, deleted_with_the_tiles_of_a_paged_layer_it_changes_no_bit);
    tcase_add_test(tests, a_directory_of_the_user_may_be_deleted);
    tcase_add_test(tests, scratch_beside_the_model_is_removed_when_put_elsewhere);
    tcase_add_test(tests, a_directory_taken_by_another_training_is_left_alone);
    tcase_add_test(tests, evaluation_does_without_its_scratch_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
