/* The place of a model file: a new one takes its name when it is published, what it replaces stays
 * until then, and a file that has lost its name is not written to. */
#include "fixtures/model_file_fixture.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_new_file_has_its_name_once_it_is_published)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);

    must(store_ctx, ff_model_file_flip(file, "1"));
    ck_assert(!store_is_there("m.ff") && store_is_there("m.ff.partial"));
    ck_assert(!ff_model_file_is_published(file));
    must(store_ctx, ff_model_file_publish(file));
    ck_assert(store_is_there("m.ff") && !store_is_there("m.ff.partial"));
    ck_assert(ff_model_file_is_published(file));
    must(store_ctx, ff_model_file_publish(file));
    model_must_not_open(FF_ELOCKED, FF_MODEL_WRITE); /* the lock came along */
    ff_model_file_close(file);
    model_must_not_open(FF_EEXIST, FF_MODEL_CREATE);
    ff_model_file_close(model_open(FF_MODEL_REPLACE)); /* given up */
    ck_assert(!store_is_there("m.ff.partial"));
    file = model_open(FF_MODEL_WRITE);
    model_must_say(file, "1");
    ff_model_file_close(file);
}
END_TEST

START_TEST(the_old_model_stays_until_the_new_one_is_published)
{
    struct ff_model_file *old = model_open(FF_MODEL_CREATE), *new, *reader;

    model_checkpoint(old, 1, 1, "old");
    ff_model_file_close(old);
    new = model_open(FF_MODEL_REPLACE);
    must(store_ctx, ff_model_file_flip(new, "new"));
    model_must_not_open(FF_ELOCKED, FF_MODEL_WRITE);
    model_must_not_open(FF_ELOCKED, FF_MODEL_REPLACE);
    reader = model_open(FF_MODEL_READ);
    model_must_say(reader, "old");
    must(store_ctx, ff_model_file_publish(new));
    model_must_say(reader, "old"); /* what it has open stays */
    ff_model_file_close(reader);
    ff_model_file_close(new);
    reader = model_open(FF_MODEL_READ);
    model_must_say(reader, "new");
    ff_model_file_close(reader);
}
END_TEST

/* Another file of this name appears while the new one is partial. */
START_TEST(a_new_file_takes_no_name_that_is_taken)
{
    static const char text[] = "another's";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    for (int replaces = 0; replaces < 2; replaces++) {
        unlink(store_path("m.ff"));
        if (replaces) {
            file = model_open(FF_MODEL_CREATE);
            model_checkpoint(file, 1, 1, "old");
            ff_model_file_close(file);
        }
        file = model_open(replaces ? FF_MODEL_REPLACE : FF_MODEL_CREATE);
        must(store_ctx, ff_model_file_flip(file, "new"));
        unlink(store_path("m.ff"));
        store_write_file(store_path("m.ff"), text, sizeof text);
        must_be(store_ctx, FF_EREPLACED, ff_model_file_publish(file));
        ff_model_file_close(file);
        bytes = store_read_file(store_path("m.ff"), &size);
        ck_assert_uint_eq(size, sizeof text);
        ck_assert_mem_eq(bytes, text, size);
        free(bytes);
        ck_assert(!store_is_there("m.ff.partial"));
    }
}
END_TEST

START_TEST(a_file_to_be_replaced_may_be_gone_by_then)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);

    model_checkpoint(file, 1, 1, "old");
    ff_model_file_close(file);
    file = model_open(FF_MODEL_REPLACE);
    ck_assert_int_eq(rename(store_path("m.ff"), store_path("kept.ff")), 0);
    model_checkpoint(file, 1, 1, "new");
    ff_model_file_close(file);
    file = model_open(FF_MODEL_READ);
    model_must_say(file, "new");
    ff_model_file_close(file);
}
END_TEST

START_TEST(partial_files_of_a_killed_process_are_taken_over_or_removed)
{
    static const char text[] = "the user's own";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    store_write_rich_file(store_path("m.ff.partial"), 10);
    file = model_open(FF_MODEL_CREATE);
    model_checkpoint(file, 1, 1, "1");
    model_must_have_tile(file, &(struct ff_tile_key){'W', 1, 1, 0, 0});
    ff_model_file_close(file);
    store_write_rich_file(store_path("m.ff.partial"), 10);
    ff_model_file_close(model_open(FF_MODEL_READ));
    ck_assert(store_is_there("m.ff.partial"));
    ff_model_file_close(model_open(FF_MODEL_WRITE));
    ck_assert(!store_is_there("m.ff.partial"));
    store_write_file(store_path("m.ff.partial"), text, sizeof text);
    ff_model_file_close(model_open(FF_MODEL_WRITE));
    model_must_not_open(FF_EEXIST, FF_MODEL_REPLACE);
    bytes = store_read_file(store_path("m.ff.partial"), &size);
    ck_assert_uint_eq(size, sizeof text);
    ck_assert_mem_eq(bytes, text, size);
    free(bytes);
    unlink(store_path("m.ff.partial"));
    ck_assert_int_eq(symlink(store_path("victim"), store_path("m.ff.partial")), 0);
    model_must_not_open(FF_EIO, FF_MODEL_REPLACE);
    ck_assert(!store_is_there("victim"));
}
END_TEST

START_TEST(a_symbolic_link_stays_and_its_target_is_replaced)
{
    struct stat st;
    struct ff_model_file *file;

    ck_assert_int_eq(mkdir(store_path("real"), 0700), 0);
    ck_assert_int_eq(symlink("real/model", store_path("m.ff")), 0); /* to nothing yet */
    for (int round = 0; round < 2; round++) {
        file = model_open(FF_MODEL_REPLACE);
        must(store_ctx, ff_model_file_flip(file, round ? "2" : "1"));
        ck_assert(store_is_there("real/model.partial"));
        must(store_ctx, ff_model_file_publish(file));
        ff_model_file_close(file);
        ck_assert_int_eq(lstat(store_path("m.ff"), &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
        file = model_open(FF_MODEL_READ);
        model_must_say(file, round ? "2" : "1");
        ff_model_file_close(file);
    }
    unlink(store_path("m.ff"));
    ck_assert_int_eq(symlink("m.ff", store_path("m.ff")), 0);
    model_must_not_open(FF_EIO, FF_MODEL_REPLACE);
}
END_TEST

/* Deleted, renamed, or replaced by another: nothing more is committed, and what happened is said.
 */
START_TEST(a_file_that_has_lost_its_name_is_not_flipped)
{
    static const char *const reasons[] = {"m.ff: was deleted", "renamed during training; ",
                                          "replaced by another file",
                                          "renamed during training, and another"};
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);

    must(store_ctx, ff_model_file_flip(file, "1"));
    must(store_ctx, ff_model_file_publish(file));
    must(store_ctx, ff_model_file_check_place(file));
    if (_i % 2 == 1)
        ck_assert_int_eq(rename(store_path("m.ff"), store_path("away.ff")), 0);
    else
        ck_assert_int_eq(unlink(store_path("m.ff")), 0);
    if (_i >= 2)
        store_write_file(store_path("m.ff"), "x", 1);
    must_be(store_ctx, FF_EREPLACED, ff_model_file_flip(file, "2"));
    ck_assert_msg(strstr(ff_ctx_message(store_ctx), reasons[_i]) != NULL, "%s",
                  ff_ctx_message(store_ctx));
    must_be(store_ctx, FF_EREPLACED, ff_model_file_check_place(file));
    if (_i % 2 == 1) {
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "away.ff"));
        model_must_say(file, "1");
    }
    ff_model_file_close(file);
    ck_assert_int_eq(store_is_there("m.ff"), _i >= 2);
    ck_assert_int_eq(store_is_there("away.ff"), _i % 2 == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: place of a model file");
    TCase *tc = tcase_create("model_place");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_new_file_has_its_name_once_it_is_published);
    tcase_add_test(tc, the_old_model_stays_until_the_new_one_is_published);
    tcase_add_test(tc, a_new_file_takes_no_name_that_is_taken);
    tcase_add_test(tc, a_file_to_be_replaced_may_be_gone_by_then);
    tcase_add_test(tc, partial_files_of_a_killed_process_are_taken_over_or_removed);
    tcase_add_test(tc, a_symbolic_link_stays_and_its_target_is_replaced);
    tcase_add_loop_test(tc, a_file_that_has_lost_its_name_is_not_flipped, 0, 4);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
