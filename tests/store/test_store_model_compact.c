/* Compaction of a model file: the same content in the least space, or the file as it was. */
#include "fixtures/model_file_fixture.h"
#include "support/suite.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FEW_PAGES 4 /* of the tree, which the commits of a copy leave */

static uint64_t size_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* A new model of two layers, the first saved so often. */
static struct ff_model_file *save_often(unsigned times)
{
    struct ff_model_file *file;

    unlink(store_path("m.ff"));
    file = model_open(FF_MODEL_CREATE);
    for (unsigned i = times; i-- > 0;) {
        model_checkpoint(file, 1, i, "in training");
        must(store_ctx, ff_model_file_reclaim(file, 'W', 1, i, UINT64_MAX));
        must(store_ctx, ff_model_file_reclaim(file, 'O', 1, i, UINT64_MAX));
    }
    model_checkpoint(file, 2, 0, "in training");
    return file;
}

static void must_be_whole(struct ff_model_file *file, const char *manifest)
{
    struct ff_tile_key key = {.kind = 'W'};

    model_must_say(file, manifest);
    for (key.layer = 1; key.layer <= 2; key.layer++) {
        for (key.tile = 0; key.tile < MODEL_TILES; key.tile++)
            model_must_have_tile(file, &key);
    }
}

START_TEST(a_compacted_file_holds_the_same_and_no_trace_of_how_it_came_about)
{
    size_t first_size = 0, size;
    uint8_t *first = NULL, *bytes;

    for (unsigned times = 1; times <= 9; times += 4) {
        struct ff_model_file *file = save_often(times), *reader = model_open(FF_MODEL_READ);
        struct ff_db_usage usage;

        must(store_ctx, ff_model_file_compact(file, "done", NULL, NULL));
        ck_assert(!store_is_there("m.ff.partial"));
        must_be_whole(reader, "in training"); /* what it has open stays */
        ff_model_file_close(reader);
        model_must_not_open(FF_ELOCKED, FF_MODEL_WRITE); /* the lock came along */
        ff_model_file_close(file);
        file = model_open(FF_MODEL_READ);
        must_be_whole(file, "done");
        must(store_ctx, ff_model_file_usage(file, &usage));
        ck_assert_uint_le(usage.free_pages, FEW_PAGES);
        ff_model_file_close(file);
        bytes = store_read_file(store_path("m.ff"), &size);
        if (first) {
            ck_assert_uint_eq(size, first_size);
            ck_assert_mem_eq(bytes, first, size);
            free(bytes);
        } else {
            first = bytes;
            first_size = size;
        }
    }
    free(first);
}
END_TEST

START_TEST(a_compacted_file_keeps_its_permissions)
{
    static const mode_t modes[] = {0600, 0664};
    struct ff_model_file *file = save_often(2);
    struct stat st;

    ck_assert_int_eq(chmod(store_path("m.ff"), modes[_i]), 0);
    must(store_ctx, ff_model_file_compact(file, "done", NULL, NULL));
    ck_assert_int_eq(stat(store_path("m.ff"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, modes[_i]);
    ff_model_file_close(file);
}
END_TEST

static bool stop_now(void *arg)
{
    unsigned *left = arg;

    return (*left)-- == 0;
}

static bool replace_now(void *arg)
{
    (void)arg;
    unlink(store_path("m.ff"));
    store_write_file(store_path("m.ff"), "x", 1);
    return false;
}

START_TEST(a_compaction_that_fails_leaves_the_file_as_it_was)
{
    struct ff_model_file *file = save_often(3);
    uint64_t size = size_of(store_path("m.ff"));
    unsigned left = 7;

    must_be(store_ctx, FF_EINTERRUPTED, ff_model_file_compact(file, "done", stop_now, &left));
    ck_assert(!store_is_there("m.ff.partial"));
    ck_assert_uint_eq(size_of(store_path("m.ff")), size);
    must_be_whole(file, "in training");
    must(store_ctx, ff_model_file_flip(file, "still in training"));
    model_must_say(file, "still in training");
    must_be(store_ctx, FF_EREPLACED, ff_model_file_compact(file, "done", replace_now, NULL));
    ck_assert(!store_is_there("m.ff.partial"));
    ck_assert_uint_eq(size_of(store_path("m.ff")), 1);
    ff_model_file_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: compaction of a model file");
    TCase *tc = tcase_create("model_compact");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_compacted_file_holds_the_same_and_no_trace_of_how_it_came_about);
    tcase_add_loop_test(tc, a_compacted_file_keeps_its_permissions, 0, 2);
    tcase_add_test(tc, a_compaction_that_fails_leaves_the_file_as_it_was);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
