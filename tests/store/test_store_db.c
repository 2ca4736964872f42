/* The layer over LMDB: bounded transactions, snapshots, memory. Damaged files:
 * test_store_db_check.c; failures that stick: test_store_db_faults.c. */
#include "fixtures/db_fixture.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void must_hold(struct ff_db *db, const char *key, const char *value)
{
    struct ff_bytes found;

    must(store_ctx, ff_db_get(db, text(key), &found));
    ck_assert_uint_eq(found.size, strlen(value));
    ck_assert_mem_eq(found.data, value, found.size);
}

static void must_lack(struct ff_db *db, const char *key)
{
    struct ff_bytes found;

    must_be(store_ctx, FF_ENOTFOUND, ff_db_get(db, text(key), &found));
}

/* Key I and a value of SIZE bytes that only it has. */
static void put_numbered(struct ff_db *db, uint32_t i, size_t size)
{
    char key[16];
    void *to;

    snprintf(key, sizeof key, "%08u", i);
    must(store_ctx, ff_db_reserve(db, text(key), size, &to));
    memset(to, (int)(i % 251), size);
}

static void must_hold_numbered(struct ff_db *db, uint32_t i, size_t size)
{
    struct ff_bytes found;
    char key[16];

    snprintf(key, sizeof key, "%08u", i);
    must(store_ctx, ff_db_get(db, text(key), &found));
    ck_assert_uint_eq(found.size, size);
    for (size_t at = 0; at < size; at += 997)
        ck_assert_uint_eq(((const uint8_t *)found.data)[at], i % 251);
}

START_TEST(exactly_what_was_committed_is_there_after_reopening)
{
    const enum ff_db_mode first[] = {FF_DB_CREATE, FF_DB_SCRATCH};
    const enum ff_db_mode again[] = {FF_DB_READ, FF_DB_SCRATCH_REOPEN};

    for (int i = 0; i < 2; i++) {
        struct ff_db *db = open_db("file", first[i]);

        put_text(db, "a", "1");
        put_text(db, "b", "2");
        put_text(db, "b", "3");
        put_text(db, "c", "");
        must(store_ctx, ff_db_delete(db, text("a")));
        must(store_ctx, ff_db_delete(db, text("never")));
        must(store_ctx, ff_db_commit(db));
        put_text(db, "d", "dropped");
        ff_db_abort(db);
        put_text(db, "e", "dropped as well");
        ff_db_close(db);

        db = open_db("file", again[i]);
        must_lack(db, "a");
        must_hold(db, "b", "3");
        must_hold(db, "c", "");
        must_lack(db, "d");
        must_lack(db, "e");
        must_be(store_ctx, FF_EINVAL, ff_db_put(db, text("f"), text("read only")));
        ff_db_close(db);
        ck_assert_int_eq(unlink(store_path("file")), 0);
    }
}
END_TEST

START_TEST(keys_are_walked_in_byte_order_within_one_snapshot)
{
    struct ff_db *db = open_db("file", FF_DB_CREATE);
    const char *const sorted[] = {"a", "aa", "b", "c"};
    struct ff_bytes key, value;
    int rc;

    put_text(db, "c", "4");
    put_text(db, "aa", "2");
    put_text(db, "b", "3");
    put_text(db, "a", "1");
    for (int committed = 0; committed < 2; committed++) {
        unsigned i = 0;

        for (rc = ff_db_seek(db, text("\1"), &key, &value); rc == FF_OK;
             rc = ff_db_next(db, &key, &value), i++) {
            ck_assert_mem_eq(key.data, sorted[i], key.size);
            ck_assert_int_eq(*(const char *)value.data, '1' + (int)i);
        }
        ck_assert_int_eq(rc, FF_ENOTFOUND);
        ck_assert_uint_eq(i, 4);
        must(store_ctx, ff_db_seek(db, text("ab"), &key, &value));
        ck_assert_mem_eq(key.data, "b", 1);
        must_be(store_ctx, FF_ENOTFOUND, ff_db_seek(db, text("d"), &key, &value));
        must(store_ctx, ff_db_commit(db));
    }
    ff_db_close(db);
}
END_TEST

START_TEST(reads_see_pending_writes_and_abort_discards_them)
{
    struct ff_db *db = open_db("file", FF_DB_CREATE);

    put_text(db, "a", "old");
    must(store_ctx, ff_db_commit(db));
    must_hold(db, "a", "old");
    put_text(db, "a", "new");
    must_hold(db, "a", "new");
    ff_db_abort(db);
    must_hold(db, "a", "old");
    ff_db_close(db);
}
END_TEST

START_TEST(pending_bytes_and_the_heap_stay_bounded)
{
    enum { VALUES = 300, SIZE = 300000 }; /* 90 MB: grows the map too */
    struct ff_db *db = open_db("file", FF_DB_SCRATCH);
    struct ff_memory memory;
    struct ff_db_usage usage;

    for (uint32_t i = 0; i < VALUES; i++)
        put_numbered(db, i, SIZE);
    must(store_ctx, ff_db_commit(db));
    ff_memory_read(store_ctx, &memory);
    ck_assert_uint_le(memory.category_peak_bytes[FF_MEM_IO], FF_DB_DIRTY_BYTES);
    if (!STORE_SANITIZED)
        ck_assert_uint_le(memory.peak_anon_bytes, (uint64_t)24 << 20);
    for (uint32_t i = 0; i < VALUES; i++)
        must_hold_numbered(db, i, SIZE);
    must(store_ctx, ff_db_usage(db, &usage));
    ck_assert_uint_eq((usage.used_pages + usage.free_pages) * usage.page_bytes, usage.file_bytes);
    ck_assert_uint_ge(usage.used_pages * usage.page_bytes, (uint64_t)VALUES * SIZE);
    ff_db_close(db);
}
END_TEST

START_TEST(one_value_may_be_larger_than_a_transaction)
{
    const size_t sizes[] = {FF_DB_DIRTY_BYTES - 1, FF_DB_DIRTY_BYTES, 3 * FF_DB_DIRTY_BYTES,
                            20 * FF_DB_DIRTY_BYTES};
    struct ff_db *db = open_db("file", FF_DB_SCRATCH);

    for (uint32_t i = 0; i < 4; i++) {
        put_numbered(db, 10 + i, 100);
        put_numbered(db, i, sizes[i]);
    }
    must(store_ctx, ff_db_commit(db));
    for (uint32_t i = 0; i < 4; i++) {
        must_hold_numbered(db, i, sizes[i]);
        must_hold_numbered(db, 10 + i, 100);
    }
    ff_db_close(db);
}
END_TEST

START_TEST(deleted_space_is_used_again)
{
    enum { VALUES = 40, SIZE = 100000, ROUNDS = 20 };
    struct ff_db *db = open_db("file", FF_DB_CREATE);
    struct ff_db_usage usage;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < VALUES; i++)
            put_numbered(db, round * VALUES + i, SIZE);
        must(store_ctx, ff_db_commit(db));
        for (uint32_t i = 0; i < VALUES; i++) {
            char key[16];

            snprintf(key, sizeof key, "%08u", round * VALUES + i);
            must(store_ctx, ff_db_delete(db, text(key)));
        }
        must(store_ctx, ff_db_commit(db));
    }
    must(store_ctx, ff_db_usage(db, &usage));
    ck_assert_uint_le(usage.file_bytes, (uint64_t)5 * VALUES * SIZE);
    ff_db_close(db);
}
END_TEST

START_TEST(keys_and_values_out_of_range_are_refused)
{
    static const char long_key[FF_KEY_MAX + 1];
    struct ff_db *db = open_db("file", FF_DB_CREATE);
    void *to;

    must_be(store_ctx, FF_EINVAL, ff_db_put(db, (struct ff_bytes){long_key, 0}, text("x")));
    must_be(store_ctx, FF_EINVAL,
            ff_db_put(db, (struct ff_bytes){long_key, sizeof long_key}, text("x")));
    must_be(store_ctx, FF_EINVAL, ff_db_reserve(db, text("a"), SIZE_MAX, &to));
    put_text(db, "a", "still fine");
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
}
END_TEST

START_TEST(create_takes_an_empty_file_but_no_other)
{
    struct ff_db *db;

    store_write_file(store_path("file"), "", 0);
    db = open_db("file", FF_DB_CREATE);
    put_text(db, "a", "1");
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
    must_be(store_ctx, FF_EEXIST, ff_db_open(store_ctx, store_path("file"), FF_DB_CREATE, &db));
    db = open_db("file", FF_DB_SCRATCH); /* replaces */
    must_lack(db, "a");
    ff_db_close(db);
    must_be(store_ctx, FF_ENOTFOUND, ff_db_open(store_ctx, store_path("none"), FF_DB_READ, &db));
    must_be(store_ctx, FF_ENOTFOUND, ff_db_open(store_ctx, store_path("none"), FF_DB_WRITE, &db));
    must_be(store_ctx, FF_ENOTFOUND,
            ff_db_open(store_ctx, store_path("no/directory"), FF_DB_CREATE, &db));
}
END_TEST

/* The resident pages of files, in bytes. */
static size_t resident_file_bytes(void)
{
    unsigned long shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*u %*u %lu", &shared), 1);
    fclose(file);
    return shared * (size_t)sysconf(_SC_PAGESIZE);
}

START_TEST(resident_memory_stays_flat_when_values_are_not_needed_any_more)
{
    enum { VALUES = 400, SIZE = 150000 }; /* 60 MB */
    struct ff_db *db = open_db("file", FF_DB_SCRATCH);
    const struct ff_bytes first = text("00000000");
    struct ff_bytes key, value;
    size_t before, most = 0;
    unsigned sum = 0;
    int rc;

    if (access("/proc/self/statm", R_OK) != 0) {
        printf("SKIPPED: resident memory: no /proc is mounted here\n");
        ff_db_close(db);
        return;
    }
    for (uint32_t i = 0; i < VALUES; i++)
        put_numbered(db, i, SIZE);
    must(store_ctx, ff_db_commit(db));
    before = resident_file_bytes();
    for (rc = ff_db_seek(db, first, &key, &value); rc == FF_OK; rc = ff_db_next(db, &key, &value)) {
        size_t now;

        ff_db_will_need(db, value);
        for (size_t i = 0; i < value.size; i += 512)
            sum += ((const uint8_t *)value.data)[i];
        ff_db_dont_need(db);
        now = resident_file_bytes();
        most = now > most ? now : most;
    }
    ck_assert_uint_gt(sum, 0);
    ck_assert_uint_le(most, before + ((size_t)2 << 20));
    for (uint32_t i = 0; i < VALUES; i += 37)
        must_hold_numbered(db, i, SIZE);
    ff_db_close(db);
}
END_TEST

START_TEST(hints_while_something_is_pending_do_not_touch_it)
{
    struct ff_db *db = open_db("file", FF_DB_SCRATCH);
    struct ff_bytes found;

    put_numbered(db, 1, 300000);
    must(store_ctx, ff_db_get(db, text("00000001"), &found)); /* on the heap */
    ff_db_dont_need(db);
    must_hold_numbered(db, 1, 300000);
    ff_db_close(db);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    struct ff_db *db = open_db("file", FF_DB_CREATE);
    struct ff_bytes found;
    int rc = FF_ENOMEM;

    put_text(db, "a", "1");
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
    for (int64_t n = 0; rc != FF_OK; n++) {
        fail_allocation(n);
        rc = ff_db_open(store_ctx, store_path("file"), FF_DB_WRITE, &db);
        fail_allocation(-1);
        ck_assert(rc == FF_OK || (rc == FF_ENOMEM && db == NULL));
        ck_assert_int_lt(n, 20);
    }
    must(store_ctx, ff_db_get(db, text("a"), &found));
    ff_db_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: db");
    TCase *tc = tcase_create("db");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, exactly_what_was_committed_is_there_after_reopening);
    tcase_add_test(tc, keys_are_walked_in_byte_order_within_one_snapshot);
    tcase_add_test(tc, reads_see_pending_writes_and_abort_discards_them);
    tcase_add_test(tc, pending_bytes_and_the_heap_stay_bounded);
    tcase_add_test(tc, one_value_may_be_larger_than_a_transaction);
    tcase_add_test(tc, deleted_space_is_used_again);
    tcase_add_test(tc, keys_and_values_out_of_range_are_refused);
    tcase_add_test(tc, create_takes_an_empty_file_but_no_other);
    tcase_add_test(tc, resident_memory_stays_flat_when_values_are_not_needed_any_more);
    tcase_add_test(tc, hints_while_something_is_pending_do_not_touch_it);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
