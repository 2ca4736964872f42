/* Damaged and hostile LMDB files: an error, never a crash; and whatever LMDB itself writes passes.
 */
#include "store/db_check.h"

#include "fixtures/store_fixture.h"
#include "store/db.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Opens the file, reads all of it, then writes to it: whatever it holds, none of that may crash.
 * Returns the status of opening. */
static int use_file(const char *path)
{
    struct ff_bytes key = {"\0", 1}, value;
    struct ff_db_usage usage;
    struct ff_db *db;
    volatile unsigned sum = 0;
    int rc;

    rc = ff_db_open(store_ctx, path, FF_DB_SCRATCH_REOPEN, &db);
    if (rc != FF_OK)
        return rc;
    for (rc = ff_db_seek(db, key, &key, &value); rc == FF_OK; rc = ff_db_next(db, &key, &value)) {
        for (size_t i = 0; i < value.size; i += 64)
            sum = sum + ((const uint8_t *)value.data)[i];
        ff_db_dont_need(db);
    }
    ck_assert_int_eq(rc, FF_ENOTFOUND);
    must(store_ctx, ff_db_usage(db, &usage));
    ff_db_close(db);

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_WRITE, &db));
    rc = FF_OK;
    for (uint32_t i = 0; rc == FF_OK && i < 40; i++)
        rc = store_put_item(db, i * 7, i % 3 == 0 ? 20000 : 50);
    for (uint32_t i = 0; rc == FF_OK && i < 300; i++)
        rc = store_delete_item(db, i);
    if (rc == FF_OK)
        rc = ff_db_commit(db);
    ff_db_close(db);
    return FF_OK;
}

START_TEST(a_file_cut_at_any_length_is_an_error)
{
    const char *whole = store_path("whole");
    size_t size;
    uint8_t *bytes;

    store_write_rich_file(whole, 400);
    bytes = store_read_file(whole, &size);
    for (size_t cut = 0; cut < size; cut += cut < 3 * PAGE ? 97 : 1777) {
        int rc;

        store_write_file(store_path("cut"), bytes, cut);
        rc = use_file(store_path("cut"));
        /* At the end there may be pages that are free, and so not missed. */
        ck_assert(rc == FF_ECORRUPT || rc == FF_EFORMAT || (rc == FF_OK && cut > size / 2));
        ck_assert(rc == FF_OK || strstr(ff_ctx_message(store_ctx), "/cut: "));
    }
    free(bytes);
}
END_TEST

/* Offsets that steer LMDB are few in a file of values: half of the hits go into page headers, the
 * tables behind them, and the meta pages. */
static size_t choose_place(struct store_random *random, size_t size)
{
    size_t page = store_random_next(random) % (size / PAGE);

    switch (store_random_next(random) % 4) {
    case 0:
        return store_random_next(random) % size;
    case 1:
        return page * PAGE + store_random_next(random) % 64;
    case 2:
        return store_random_next(random) % 2 * PAGE + store_random_next(random) % 152;
    default:
        return page * PAGE + PAGE - 1 - store_random_next(random) % 256;
    }
}

/* One run of the damage: a different seed each. */
START_TEST(random_damage_never_crashes_reading_or_writing)
{
    enum { ROUNDS = 50 };
    struct store_random random = {(uint64_t)_i + 1};
    char path[512];
    unsigned opened = 0;
    uint8_t *bytes, *copy;
    size_t size;

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(path, 600);
    bytes = store_read_file(path, &size);
    copy = malloc(size);
    for (unsigned round = 0; round < ROUNDS; round++) {
        memcpy(copy, bytes, size);
        for (uint64_t n = store_random_next(&random) % 4 + 1; n > 0; n--) {
            uint64_t value = store_random_next(&random);
            size_t at = choose_place(&random, size);
            size_t width = (size_t)1 << store_random_next(&random) % 4;

            if (value % 4 == 0)
                value = value >> 8 & 0xff; /* small numbers hit what is plausible */
            else if (value % 4 == 1)
                value = ~(value >> 8 & 0xff);
            if (width == 1)
                copy[at] ^= (uint8_t)(1u << value % 8);
            else if (at + width <= size)
                memcpy(copy + at, &value, width);
        }
        store_write_file(path, copy, size);
        opened += use_file(path) == FF_OK;
    }
    ck_assert_uint_gt(opened, 0);
    ck_assert_uint_lt(opened, ROUNDS);
    free(copy);
    free(bytes);
}
END_TEST

START_TEST(random_bytes_behind_a_valid_start_never_crash)
{
    struct store_random random = {11};
    char path[512];
    uint8_t *bytes;
    size_t size;

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(path, 100);
    bytes = store_read_file(path, &size);
    for (unsigned round = 0; round < 60; round++) {
        size_t first = round % 2 ? 2 * PAGE : 0;

        for (size_t i = first; i < size; i++)
            bytes[i] = (uint8_t)store_random_next(&random);
        store_write_file(path, bytes, size);
        ck_assert_int_ne(use_file(path), FF_OK);
    }
    free(bytes);
}
END_TEST

START_TEST(pages_that_point_at_each_other_end)
{
    char path[512];
    uint8_t *bytes;
    size_t size;

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(path, 600);
    bytes = store_read_file(path, &size);
    /* Make every child of every branch of the main tree its own page. */
    for (size_t page = 2; page < size / PAGE; page++) {
        uint16_t flags, lower, offset;

        memcpy(&flags, bytes + page * PAGE + 10, 2);
        memcpy(&lower, bytes + page * PAGE + 12, 2);
        if (flags != 1)
            continue;
        for (size_t at = 16; at < lower; at += 2) {
            uint32_t number = (uint32_t)page;

            memcpy(&offset, bytes + page * PAGE + at, 2);
            memcpy(bytes + page * PAGE + offset, &number, 4);
        }
    }
    store_write_file(path, bytes, size);
    ck_assert_int_eq(use_file(path), FF_ECORRUPT);
    free(bytes);
}
END_TEST

/* LMDB picks the newer meta page by comparing without a lock file, by parity with one: only when
 * both say the same have we checked the trees that it will use. */
START_TEST(a_transaction_on_the_wrong_meta_page_is_an_error)
{
    char path[512];
    uint8_t *bytes;
    size_t size;

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(path, 100);
    bytes = store_read_file(path, &size);
    for (size_t meta = 0; meta < 2; meta++) {
        const size_t at = meta * PAGE + 16 + 128;
        uint64_t before, high = 1000 + 1 - meta;

        memcpy(&before, bytes + at, sizeof before);
        memcpy(bytes + at, &high, sizeof high);
        store_write_file(path, bytes, size);
        ck_assert_int_eq(use_file(path), FF_ECORRUPT);
        memcpy(bytes + at, &before, sizeof before);
    }
    store_write_file(path, bytes, size);
    ck_assert_int_eq(use_file(path), FF_OK);
    free(bytes);
}
END_TEST

START_TEST(empty_foreign_and_damaged_files_are_distinguished)
{
    const char *const foreign = "/* not a database, but long enough to be looked into: at least as "
                                "long as the start of a page, and then some; and some more, and "
                                "again some more, so that nothing is missing from it. */";
    struct ff_db *db;

    store_write_file(store_path("empty"), "", 0);
    must_be(store_ctx, FF_EFORMAT, ff_db_open(store_ctx, store_path("empty"), FF_DB_READ, &db));
    store_write_file(store_path("short"), "x", 1);
    must_be(store_ctx, FF_EFORMAT, ff_db_open(store_ctx, store_path("short"), FF_DB_READ, &db));
    store_write_file(store_path("foreign"), foreign, strlen(foreign));
    must_be(store_ctx, FF_EFORMAT, ff_db_open(store_ctx, store_path("foreign"), FF_DB_WRITE, &db));
    must_be(store_ctx, FF_EFORMAT, ff_db_open(store_ctx, store_folder(), FF_DB_READ, &db));
    ck_assert_int_eq(mkfifo(store_path("pipe"), 0666), 0);
    must_be(store_ctx, FF_EFORMAT, ff_db_open(store_ctx, store_path("pipe"), FF_DB_READ, &db));
    must_be(store_ctx, FF_EEXIST, ff_db_open(store_ctx, store_path("pipe"), FF_DB_CREATE, &db));
}
END_TEST

/* What cannot be read is not said to be foreign. */
START_TEST(a_file_that_cannot_be_read_is_of_no_known_kind)
{
    const char *path = store_path("file");
    enum ff_db_kind kind;
    int fd;

    store_write_rich_file(path, 100);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    must(store_ctx, ff_db_look(store_ctx, fd, path, &kind));
    ck_assert_int_eq(kind, FF_DB_IS_LMDB);
    close(fd);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    must_be(store_ctx, FF_EIO, ff_db_look(store_ctx, fd, path, &kind));
    close(fd);
}
END_TEST

START_TEST(everything_that_lmdb_writes_passes_the_check)
{
    enum { ROUNDS = 60, KEYS = 3000 };
    struct store_random random = {(uint64_t)_i * 77 + 5};
    const char *path = store_path("file");
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_SCRATCH, &db));
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool shrink = round % 10 >= 6;

        for (unsigned n = 0; n < 150; n++) {
            uint32_t i = (uint32_t)(store_random_next(&random) % KEYS);
            size_t size = store_random_next(&random) % 4 == 0 ? store_random_next(&random) % 40000
                                                              : store_random_next(&random) % 200;

            if (shrink && n % 5 != 0) {
                for (uint32_t j = i; j < i + 20; j++) /* whole pages empty */
                    must(store_ctx, store_delete_item(db, j));
            } else {
                must(store_ctx, store_put_item(db, i, size));
            }
            if (store_random_next(&random) % 40 == 0)
                must(store_ctx, ff_db_commit(db));
        }
        must(store_ctx, ff_db_commit(db));
        {
            struct ff_db_head head;
            int fd = open(path, O_RDONLY | O_CLOEXEC);

            must(store_ctx, ff_db_check(store_ctx, fd, path, &head));
            ck_assert_uint_eq(head.page_bytes, PAGE);
            close(fd);
        }
    }
    ff_db_close(db);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    struct ff_db_head head;
    int rc = FF_ENOMEM, fd;

    store_write_rich_file(store_path("file"), 100);
    fd = open(store_path("file"), O_RDONLY | O_CLOEXEC);
    for (int64_t n = 0; rc != FF_OK; n++) {
        fail_allocation(n);
        rc = ff_db_check(store_ctx, fd, "file", &head);
        fail_allocation(-1);
        ck_assert(rc == FF_OK || rc == FF_ENOMEM);
        ck_assert_int_lt(n, 10);
    }
    close(fd);
}
END_TEST

int main(void)
{
    /* Each seed takes a second or two where syncing is slow. */
    const int seeds = getenv("FFTOOL_LONG") ? 200 : 3;
    Suite *suite = suite_create("store: check of LMDB files");
    TCase *tc = tcase_create("db_check");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_file_cut_at_any_length_is_an_error);
    tcase_add_loop_test(tc, random_damage_never_crashes_reading_or_writing, 0, seeds);
    tcase_add_test(tc, random_bytes_behind_a_valid_start_never_crash);
    tcase_add_test(tc, pages_that_point_at_each_other_end);
    tcase_add_test(tc, a_transaction_on_the_wrong_meta_page_is_an_error);
    tcase_add_test(tc, empty_foreign_and_damaged_files_are_distinguished);
    tcase_add_test(tc, a_file_that_cannot_be_read_is_of_no_known_kind);
    tcase_add_loop_test(tc, everything_that_lmdb_writes_passes_the_check, 0, 3);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
