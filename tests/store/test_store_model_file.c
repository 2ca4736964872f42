/* The model file: what a flip committed is what is read, whatever happens in between. */
#include "fixtures/model_file_fixture.h"
#include "support/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(what_a_flip_committed_is_read_back)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    const struct ff_tile_key key = {'W', 1, 7, 0, 3};
    float data[MODEL_ROWS * MODEL_COLUMNS];
    struct ff_db_usage usage;

    model_checkpoint(file, 1, 7, "{\"a\": 1}");
    model_must_have_tile(file, &key);
    ff_model_file_close(file);
    file = model_open(FF_MODEL_READ);
    ck_assert_str_eq(ff_model_file_path(file), store_path("m.ff"));
    model_must_say(file, "{\"a\": 1}");
    model_must_have_tile(file, &key);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, &key, MODEL_COLUMNS, MODEL_ROWS, data));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "layer 1: weights, tile 3"));
    must(store_ctx, ff_model_file_usage(file, &usage));
    ck_assert_uint_eq((usage.used_pages + usage.free_pages) * usage.page_bytes, usage.file_bytes);
    must_be(store_ctx, FF_EINVAL, model_put_tile(file, &key));
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_checkpoint_counts_only_once_flipped)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    const struct ff_tile_key old = {'W', 1, 1, 0, 0}, new = {'W', 1, 2, 0, 0};

    model_checkpoint(file, 1, 1, "one");
    must(store_ctx, model_put_tile(file, &new));
    model_must_have_tile(file, &new); /* the writer sees it */
    ff_model_file_close(file);
    file = model_open(FF_MODEL_WRITE);
    model_must_say(file, "one");
    model_must_have_tile(file, &old);
    model_must_lack_tile(file, &new);
    ff_model_file_close(file);
}
END_TEST

/* Writes generation after generation until it is killed. */
static void train_until_killed(int ready)
{
    struct ff_model_file *file = model_open(FF_MODEL_WRITE);

    for (uint64_t generation = 2;; generation++) {
        char manifest[32];

        snprintf(manifest, sizeof manifest, "%d", (int)generation);
        model_checkpoint(file, 1, generation, manifest);
        must(store_ctx, ff_model_file_reclaim(file, 'W', 1, generation, UINT64_MAX));
        must(store_ctx, ff_model_file_reclaim(file, 'O', 1, generation, UINT64_MAX));
        if (write(ready, "", 1) != 1)
            _exit(1);
    }
}

START_TEST(killed_at_any_moment_the_last_checkpoint_is_whole)
{
    struct ff_model_file *new = model_open(FF_MODEL_CREATE);

    model_checkpoint(new, 1, 1, "1");
    ff_model_file_close(new);
    for (unsigned round = 0; round < 12; round++) {
        struct ff_model_file *file = model_open(FF_MODEL_WRITE);
        int ready[2], status;
        size_t size;
        pid_t child;
        char *text, byte;

        model_checkpoint(file, 1, 1, "1");
        must(store_ctx, ff_model_file_reclaim(file, 'W', 1, 1, UINT64_MAX));
        ff_model_file_close(file);
        ck_assert_int_eq(pipe(ready), 0);
        child = fork();
        if (child == 0)
            train_until_killed(ready[1]);
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        usleep(round * 1900);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        close(ready[0]);
        close(ready[1]);

        file = model_open(FF_MODEL_READ);
        must(store_ctx, ff_model_file_manifest(file, &text, &size));
        for (uint32_t tile = 0; tile < MODEL_TILES; tile++) {
            struct ff_tile_key key = {'W', 1, (uint64_t)atoi(text), 0, tile};

            ck_assert_uint_ge(key.generation, 2);
            model_must_have_tile(file, &key);
            key.kind = 'O';
            model_must_have_tile(file, &key);
        }
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
        ff_model_file_close(file);
    }
}
END_TEST

START_TEST(a_reader_beside_a_trainer_sees_whole_checkpoints)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    unsigned last = 0, changes = 0;
    int ready[2], status;
    pid_t child;
    char byte;

    model_checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0)
        train_until_killed(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    file = model_open(FF_MODEL_READ);
    while (changes < 5) {
        struct ff_tile_key key = {.kind = 'W', .layer = 1};
        size_t size;
        char *text;

        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        ck_assert(ff_model_file_in_training(file));
        must(store_ctx, ff_model_file_manifest(file, &text, &size));
        key.generation = (uint64_t)atoi(text);
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
        changes += key.generation != last;
        last = (unsigned)key.generation;
        for (key.tile = 0; key.tile < MODEL_TILES; key.tile++)
            model_must_have_tile(file, &key); /* though the trainer reclaims it meanwhile */
        ff_model_file_unpin(file);
        usleep(500);
    }
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(!ff_model_file_in_training(file));
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_second_writer_is_refused_until_the_first_ends)
{
    struct ff_model_file *first = model_open(FF_MODEL_CREATE), *second;
    int status;
    pid_t child;

    model_checkpoint(first, 1, 1, "1");
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_WRITE, &second));
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_CREATE, &second));
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_REPLACE, &second));
    ck_assert(!ff_model_file_in_training(first)); /* not by another */
    ff_model_file_close(first);
    child = fork(); /* in a process of its own: the lock dies with it */
    if (child == 0) {
        first = model_open(FF_MODEL_WRITE);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    second = model_open(FF_MODEL_WRITE);
    model_must_say(second, "1");
    ff_model_file_close(second);
}
END_TEST

/* Whatever someone locks who may only read the file. */
START_TEST(a_reader_is_not_taken_for_the_trainer)
{
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    int fd;

    model_checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    fd = open(store_path("m.ff"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    file = model_open(FF_MODEL_WRITE);
    ff_model_file_close(file);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &all), 0);
    file = model_open(FF_MODEL_READ);
    ck_assert(!ff_model_file_in_training(file));
    model_must_say(file, "1");
    ff_model_file_close(file);
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_WRITE, &file));
    ck_assert_ptr_null(strstr(ff_ctx_message(store_ctx), "training"));
    close(fd);
}
END_TEST

START_TEST(a_file_that_is_not_a_model_is_neither_opened_nor_overwritten)
{
    static const char text[] = "some text that is no model";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    model_must_not_open(FF_ENOTFOUND, FF_MODEL_READ);
    model_must_not_open(FF_ENOTFOUND, FF_MODEL_WRITE);
    store_write_file(store_path("m.ff"), text, sizeof text);
    model_must_not_open(FF_EFORMAT, FF_MODEL_READ);
    model_must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
    model_must_not_open(FF_EEXIST, FF_MODEL_CREATE);
    model_must_not_open(FF_EFORMAT, FF_MODEL_REPLACE);
    ck_assert(!ff_model_file_is_stub(store_ctx, store_path("m.ff")));
    bytes = store_read_file(store_path("m.ff"), &size);
    ck_assert_uint_eq(size, sizeof text);
    ck_assert_mem_eq(bytes, text, size);
    free(bytes);
    must_be(store_ctx, FF_EFORMAT,
            ff_model_file_open(store_ctx, store_folder(), FF_MODEL_READ, &file));
    must_be(store_ctx, FF_EFORMAT,
            ff_model_file_open(store_ctx, store_folder(), FF_MODEL_WRITE, &file));
}
END_TEST

/* Leaves SIZE bytes of a file whose creation was interrupted. */
static void leave_stub(const char *path, off_t size)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_CREATE, &db));
    ff_db_close(db);
    ck_assert_int_eq(truncate(path, size), 0);
}

START_TEST(an_interrupted_creation_leaves_no_model_and_may_be_replaced)
{
    static const off_t sizes[] = {0, 4096, 6000, 8192, 20000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ff_model_file *file;

        leave_stub(store_path("m.ff"), sizes[i]);
        ck_assert(ff_model_file_is_stub(store_ctx, store_path("m.ff")));
        model_must_not_open(FF_EFORMAT, FF_MODEL_READ);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: holds no model"));
        model_must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
        file = model_open(FF_MODEL_CREATE);
        model_checkpoint(file, 1, 1, "1");
        ff_model_file_close(file);
        file = model_open(FF_MODEL_WRITE);
        model_must_say(file, "1");
        ff_model_file_close(file);
        ck_assert(!ff_model_file_is_stub(store_ctx, store_path("m.ff")));
        ck_assert_int_eq(unlink(store_path("m.ff")), 0);
    }
}
END_TEST

START_TEST(a_damaged_manifest_is_reported)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    size_t size;
    uint8_t *bytes;
    char *text, *at;

    model_checkpoint(file, 1, 1, "the only manifest in here");
    ff_model_file_close(file);
    bytes = store_read_file(store_path("m.ff"), &size);
    at = memmem(bytes, size, "the only manifest", 17);
    ck_assert_ptr_nonnull(at);
    at[5] ^= 1;
    store_write_file(store_path("m.ff"), bytes, size);
    free(bytes);
    file = model_open(FF_MODEL_READ);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_manifest(file, &text, &size));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: manifest: damaged"));
    ff_model_file_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: model file");
    TCase *tc = tcase_create("model file");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, what_a_flip_committed_is_read_back);
    tcase_add_test(tc, a_checkpoint_counts_only_once_flipped);
    tcase_add_test(tc, killed_at_any_moment_the_last_checkpoint_is_whole);
    tcase_add_test(tc, a_reader_beside_a_trainer_sees_whole_checkpoints);
    tcase_add_test(tc, a_second_writer_is_refused_until_the_first_ends);
    tcase_add_test(tc, a_reader_is_not_taken_for_the_trainer);
    tcase_add_test(tc, a_file_that_is_not_a_model_is_neither_opened_nor_overwritten);
    tcase_add_test(tc, an_interrupted_creation_leaves_no_model_and_may_be_replaced);
    tcase_add_test(tc, a_damaged_manifest_is_reported);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
