/* Files between processes: a reader beside a writer, one without the right to write, lock files. */
#include "fixtures/db_fixture.h"
#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child commits rounds of values of one digit each until a byte arrives; the parent must
 * never see two rounds at once. */
static void keep_writing(const char *path, int ready, int stop)
{
    struct ff_db *db;
    struct ff_ctx *ctx;
    char byte = 0;

    if (ff_ctx_new(&ctx) != FF_OK || ff_db_open(ctx, path, FF_DB_WRITE, &db) != FF_OK)
        _exit(1);
    fcntl(stop, F_SETFL, O_NONBLOCK);
    for (unsigned round = 0; read(stop, &byte, 1) != 1; round++) {
        for (uint32_t i = 0; i < 8; i++) {
            char key[16];
            void *to;
            size_t size = 1000 + round % 200 * 1000; /* the file grows as it goes */

            snprintf(key, sizeof key, "%08u", i);
            if (ff_db_reserve(db, text(key), size, &to) != FF_OK)
                _exit(2);
            memset(to, (int)(round % 251), size);
        }
        if (ff_db_commit(db) != FF_OK)
            _exit(3);
        if (round == 0 && write(ready, "", 1) != 1)
            _exit(4);
    }
    ff_db_close(db);
    ff_ctx_free(ctx);
    _exit(0);
}

static unsigned check_round(struct ff_db *db)
{
    unsigned round = 0;

    for (uint32_t i = 0; i < 8; i++) {
        struct ff_bytes found;
        const uint8_t *bytes;
        char key[16];

        snprintf(key, sizeof key, "%08u", i);
        must(store_ctx, ff_db_get(db, text(key), &found));
        bytes = found.data;
        if (i == 0)
            round = bytes[0];
        for (size_t at = 0; at < found.size; at += 101)
            ck_assert_uint_eq(bytes[at], round);
    }
    return round;
}

START_TEST(a_reader_beside_a_writer_sees_whole_commits_and_follows_it)
{
    int ready[2], stop[2], status;
    unsigned last = 0, changes = 0;
    struct ff_db *db;
    char path[512], byte;
    pid_t child;

    snprintf(path, sizeof path, "%s", store_path("file"));
    ff_db_close(open_db("file", FF_DB_CREATE));
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(stop), 0);
    child = fork();
    if (child == 0)
        keep_writing(path, ready[1], stop[0]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    db = open_db("file", FF_DB_READ);
    while (changes < 20) {
        unsigned round = check_round(db);

        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        changes += round != last;
        last = round;
        ck_assert_uint_eq(check_round(db), round); /* the same snapshot */
        ff_db_unpin(db);
        usleep(500);
    }
    ff_db_close(db);
    ck_assert_int_eq(write(stop[1], "", 1), 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* Reads PATH as somebody who may not write beside it. Returns 0, or the step that failed. */
static int read_without_rights(const char *path)
{
    struct ff_bytes found;
    struct ff_ctx *ctx;
    struct ff_db *db;

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    if (ff_ctx_new(&ctx) != FF_OK)
        return 2;
    if (ff_db_open(ctx, path, FF_DB_READ, &db) != FF_OK)
        return 3;
    if (ff_db_get(db, text("a"), &found) != FF_OK || found.size != 1)
        return 5;
    ff_db_close(db);
    if (ff_db_open(ctx, path, FF_DB_WRITE, &db) == FF_OK)
        return 6;
    ff_ctx_free(ctx);
    return 0;
}

START_TEST(a_file_in_a_read_only_directory_is_read_without_a_lock_file)
{
    struct ff_db *db = open_db("file", FF_DB_CREATE);
    char path[512], lock[512];
    int status;
    pid_t child;

    put_text(db, "a", "1");
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
    snprintf(path, sizeof path, "%s", store_path("file"));
    snprintf(lock, sizeof lock, "%s", store_path("file-lock"));
    unlink(lock);
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(store_folder(), 0555), 0);
    child = fork();
    if (child == 0) /* by a relative path: the directories above may be another user's secret */
        _exit(chdir(store_folder()) == 0 ? read_without_rights("file") : 7);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(chmod(store_folder(), 0755), 0);
    ck_assert_int_ne(access(lock, F_OK), 0);
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert(WIFEXITED(status));
}
END_TEST

START_TEST(scratch_files_have_no_lock_file)
{
    struct ff_db *db = open_db("file", FF_DB_SCRATCH);

    put_text(db, "a", "1");
    must(store_ctx, ff_db_commit(db));
    ck_assert_int_ne(access(store_path("file-lock"), F_OK), 0);
    ff_db_close(db);
    ff_db_close(open_db("file", FF_DB_SCRATCH_REOPEN));
    ck_assert_int_ne(access(store_path("file-lock"), F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: db, sharing");
    TCase *tc = tcase_create("db, sharing");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_reader_beside_a_writer_sees_whole_commits_and_follows_it);
    tcase_add_test(tc, a_file_in_a_read_only_directory_is_read_without_a_lock_file);
    tcase_add_test(tc, scratch_files_have_no_lock_file);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
