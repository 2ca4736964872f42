/* A file that cannot grow: the reason is given, and nothing is built on what was lost. */
#include "fixtures/db_fixture.h"
#include "support/suite.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Writes until STATUS says that there is no room; then nothing may be committed that builds on what
 * was lost. */
static void fill_disk(const char *path, int status)
{
    struct ff_bytes found;
    struct ff_db *db;
    void *to;
    int rc = FF_OK;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_CREATE, &db));
    put_text(db, "first", "kept");
    must(store_ctx, ff_db_commit(db));
    for (uint32_t i = 0; rc == FF_OK; i++) {
        char key[16];

        ck_assert_uint_lt(i, 1000);
        snprintf(key, sizeof key, "%08u", i);
        rc = ff_db_reserve(db, text(key), 100000, &to);
        if (rc == FF_OK)
            memset(to, 1, 100000);
    }
    ck_assert_msg(rc == status, "%d: %s", rc, ff_ctx_message(store_ctx));
    must_be(store_ctx, status, ff_db_put(db, text("more"), text("x")));
    must_be(store_ctx, status, ff_db_delete(db, text("first")));
    must_be(store_ctx, status, ff_db_commit(db));
    must(store_ctx, ff_db_get(db, text("first"), &found));
    ff_db_abort(db);
    for (uint32_t i = 0; i < 20; i++) { /* room for a small one */
        char key[16];

        snprintf(key, sizeof key, "%08u", i);
        must(store_ctx, ff_db_delete(db, text(key)));
    }
    ff_db_close(db);
    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_READ, &db)); /* and the file is whole */
    must(store_ctx, ff_db_get(db, text("first"), &found));
    ff_db_close(db);
}

START_TEST(a_full_disk_is_reported_and_nothing_is_committed_after_it)
{
    char directory[512];

    snprintf(directory, sizeof directory, "%s", store_path("small"));
    ck_assert_int_eq(mkdir(directory, 0777), 0);
    /* In a mount namespace of this process's own: gone with it, even if the test fails. */
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", directory, "tmpfs", 0, "size=10m") != 0) {
        store_skipped("full disk", "cannot mount a small file system here");
        return;
    }
    fill_disk(store_path("small/file"), FF_EFULL);
    ck_assert_int_eq(umount(directory), 0);
}
END_TEST

/* Works for everybody, where mounting does not. */
START_TEST(a_limit_on_file_sizes_is_reported_as_such)
{
    struct rlimit before, limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){10 << 20, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill_disk(store_path("file"), FF_EFBIG);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: db, full disk");
    TCase *tc = tcase_create("db, full disk");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_full_disk_is_reported_and_nothing_is_committed_after_it);
    tcase_add_test(tc, a_limit_on_file_sizes_is_reported_as_such);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
