/* Damaged and hostile LMDB files: an error, never a crash; and whatever LMDB itself writes passes.
 */
#include "store/db_check.h"

#include "store/db.h"
#include "support/store_fixture.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Stores SIZE bytes, all the low byte of I, under a key with I in it. */
static int put_item(struct ff_db *db, uint32_t i, size_t size)
{
    char name[32];
    struct ff_bytes key = {name, 0};
    void *to;
    int rc;

    key.size = (size_t)snprintf(name, sizeof name, "item %06u%.*s", i, (int)(i % 9), "xxxxxxxxx");
    rc = ff_db_reserve(db, key, size, &to);
    if (rc == FF_OK)
        memset(to, (int)i, size);
    return rc;
}

static int delete_item(struct ff_db *db, uint32_t i)
{
    char name[32];
    struct ff_bytes key = {name, 0};

    key.size = (size_t)snprintf(name, sizeof name, "item %06u%.*s", i, (int)(i % 9), "xxxxxxxxx");
    return ff_db_delete(db, key);
}

/* A file with all there is: two levels of branches, small and large values, a free list. */
static void write_rich_file(const char *path, uint32_t items)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_SCRATCH, &db));
    for (uint32_t i = 0; i < items; i++)
        must(store_ctx, put_item(db, i, i % 10 == 0 ? 9000 : i % 300));
    must(store_ctx, ff_db_commit(db));
    for (uint32_t i = 0; i < items; i += 20)
        must(store_ctx, delete_item(db, i));
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
}

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
        ff_db_dont_need(db, value);
    }
    ck_assert_int_eq(rc, FF_ENOTFOUND);
    must(store_ctx, ff_db_usage(db, &usage));
    ff_db_close(db);

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_WRITE, &db));
    rc = FF_OK;
    for (uint32_t i = 0; rc == FF_OK && i < 40; i++)
        rc = put_item(db, i * 7, i % 3 == 0 ? 20000 : 50);
    for (uint32_t i = 0; rc == FF_OK && i < 300; i++)
        rc = delete_item(db, i);
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

    write_rich_file(whole, 400);
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
    enum { ROUNDS = 100 };
    struct store_random random = {(uint64_t)_i + 1};
    char path[512];
    unsigned opened = 0;
    uint8_t *bytes, *copy;
    size_t size;

    snprintf(path, sizeof path, "%s", store_path("file"));
    write_rich_file(path, 600);
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
    write_rich_file(path, 100);
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
    write_rich_file(path, 600);
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

/* A file in memory, and its parts that a hostile hand would change. */
struct image {
    uint8_t *bytes;
    size_t size;
    uint8_t *meta;   /* the newer one, from its magic on */
    uint8_t *branch; /* root page of the main tree */
    uint8_t *leaf;   /* its first leaf */
    uint8_t *large;  /* a node there whose data is elsewhere, and where */
    uint8_t *overflow;
    uint8_t *free_leaf; /* root page of the free tree */
    uint8_t *free_node; /* its first node */
};

static uint64_t get(const uint8_t *from, size_t width)
{
    uint64_t value = 0;

    memcpy(&value, from, width);
    return value;
}

static void set(uint8_t *to, size_t width, uint64_t value)
{
    memcpy(to, &value, width);
}

static uint8_t *node_of(uint8_t *page, unsigned i)
{
    return page + get(page + 16 + 2 * i, 2);
}

/* A node's data, which follow its key. */
static uint8_t *data_of(uint8_t *node)
{
    return node + 8 + get(node + 6, 2);
}

static void load_image(const char *path, struct image *out)
{
    unsigned i = 0;

    out->bytes = store_read_file(path, &out->size);
    out->meta = out->bytes + 16;
    if (get(out->bytes + PAGE + 16 + 128, 8) > get(out->meta + 128, 8))
        out->meta += PAGE;
    out->free_leaf = out->bytes + get(out->meta + 24 + 40, 8) * PAGE;
    out->free_node = node_of(out->free_leaf, 0);
    out->branch = out->bytes + get(out->meta + 72 + 40, 8) * PAGE;
    ck_assert_uint_eq(get(out->branch + 10, 2), 1);
    out->leaf = out->bytes + get(node_of(out->branch, 0), 4) * PAGE;
    ck_assert_uint_eq(get(out->leaf + 10, 2), 2);
    while (get(node_of(out->leaf, i) + 4, 2) != 1)
        i++;
    out->large = node_of(out->leaf, i);
    out->overflow = out->bytes + get(data_of(out->large), 8) * PAGE;
}

static void wrong_page_number(struct image *f)
{
    set(f->leaf, 8, 3);
}
static void wrong_kind(struct image *f)
{
    set(f->leaf + 10, 2, 0x22);
}
static void odd_lower(struct image *f)
{
    set(f->leaf + 12, 2, get(f->leaf + 12, 2) - 1);
}
static void lower_in_header(struct image *f)
{
    set(f->leaf + 12, 2, 14);
}
static void lower_over_upper(struct image *f)
{
    set(f->leaf + 12, 2, get(f->leaf + 14, 2) + 2);
}
static void upper_over_page(struct image *f)
{
    set(f->leaf + 14, 2, PAGE + 2);
}
static void upper_too_low(struct image *f)
{
    set(f->leaf + 14, 2, get(f->leaf + 14, 2) - 2);
}
static void offset_outside(struct image *f)
{
    set(f->leaf + 16, 2, PAGE - 4);
}
static void offset_in_table(struct image *f)
{
    set(f->leaf + 16, 2, 16);
}
static void two_nodes_in_one_place(struct image *f)
{
    set(f->leaf + 18, 2, get(f->leaf + 16, 2));
}
/* The totals fit and the keys are in order, but node 1 now lies in the data of another. */
static void node_inside_another(struct image *f)
{
    size_t size = (8 + get(node_of(f->leaf, 1) + 6, 2) + get(node_of(f->leaf, 1), 2) + 1) / 2 * 2;
    unsigned i = 2;

    while (node_of(f->leaf, i) == f->large || get(node_of(f->leaf, i), 2) < size + 2)
        i++;
    {
        size_t at = (size_t)(data_of(node_of(f->leaf, i)) + 1 - f->leaf) / 2 * 2;

        memcpy(f->leaf + at, node_of(f->leaf, 1), size);
        set(f->leaf + 18, 2, at);
    }
}
/* One node fills the page: LMDB puts such data elsewhere, and could not split this. */
static void node_too_large(struct image *f)
{
    const size_t at = 1000;
    uint8_t node[8 + 64];
    size_t key_size = get(node_of(f->leaf, 0) + 6, 2);

    ck_assert_uint_le(key_size, 64);
    memcpy(node, node_of(f->leaf, 0), 8 + key_size);
    set(node, 4, PAGE - at - 8 - key_size);
    set(node + 4, 2, 0);
    memcpy(f->leaf + at, node, 8 + key_size);
    set(f->leaf + 12, 2, 18);
    set(f->leaf + 14, 2, at);
    set(f->leaf + 16, 2, at);
}
static void keys_swapped(struct image *f)
{
    uint64_t first = get(f->leaf + 16, 2);

    set(f->leaf + 16, 2, get(f->leaf + 18, 2));
    set(f->leaf + 18, 2, first);
}
static void key_lower_than_before(struct image *f)
{
    node_of(f->leaf, 1)[8] = 1;
}
static void key_beyond_its_separator(struct image *f)
{
    node_of(f->leaf, (unsigned)(get(f->leaf + 12, 2) - 16) / 2 - 1)[8] = 0xff;
}
static void key_over_the_page(struct image *f)
{
    set(node_of(f->leaf, 0) + 6, 2, PAGE);
}
static void data_over_the_page(struct image *f)
{
    set(node_of(f->leaf, 1), 4, 5000);
}
static void node_with_a_table(struct image *f)
{
    set(f->large + 4, 2, 3);
}
static void duplicates(struct image *f)
{
    set(node_of(f->leaf, 0) + 4, 2, 4);
}
static void value_outside(struct image *f)
{
    set(data_of(f->large), 8, f->size / PAGE);
}
static void value_far_outside(struct image *f)
{
    set(data_of(f->large), 8, UINT64_MAX / PAGE + 3);
}
static void value_in_meta(struct image *f)
{
    set(data_of(f->large), 8, 1);
}
static void value_on_a_tree_page(struct image *f)
{
    set(data_of(f->large), 8, get(f->leaf, 8));
}
static void value_longer_than_its_pages(struct image *f)
{
    set(f->large, 4, 3 * PAGE);
}
static void value_of_no_pages(struct image *f)
{
    set(f->overflow + 12, 4, 0);
}
static void value_of_too_many_pages(struct image *f)
{
    set(f->overflow + 12, 4, UINT32_MAX);
}
static void value_over_its_neighbour(struct image *f)
{
    set(f->overflow + 12, 4, 5);
}
static void value_page_of_another_number(struct image *f)
{
    set(f->overflow, 8, get(f->overflow, 8) + 1);
}
static void one_child(struct image *f)
{
    uint8_t *node = node_of(f->branch, 0);
    size_t size = (8 + get(node + 6, 2) + 1) & ~(size_t)1;

    memmove(f->branch + PAGE - size, node, size);
    set(f->branch + 12, 2, 18);
    set(f->branch + 14, 2, PAGE - size);
    set(f->branch + 16, 2, PAGE - size);
}
static void child_outside(struct image *f)
{
    set(node_of(f->branch, 1), 4, f->size / PAGE);
}
static void child_twice(struct image *f)
{
    set(node_of(f->branch, 1), 4, get(node_of(f->branch, 0), 4));
}
static void child_is_its_parent(struct image *f)
{
    set(node_of(f->branch, 1), 4, get(f->branch, 8));
}
static void too_shallow(struct image *f)
{
    set(f->meta + 72 + 6, 2, 1);
}
static void too_deep(struct image *f)
{
    set(f->meta + 72 + 6, 2, 3);
}
static void deeper_than_lmdb(struct image *f)
{
    set(f->meta + 72 + 6, 2, 33);
}
static void depth_without_root(struct image *f)
{
    set(f->meta + 72 + 40, 8, UINT64_MAX);
}
static void root_outside(struct image *f)
{
    set(f->meta + 72 + 40, 8, UINT64_MAX - 1);
}
static void last_page_too_low(struct image *f)
{
    set(f->meta + 120, 8, 5);
}
static void last_page_far_off(struct image *f)
{
    set(f->meta + 120, 8, UINT64_MAX - 1);
}
static void free_list_over_its_end(struct image *f)
{
    set(data_of(f->free_node), 8, get(f->free_node, 4) / 8);
}
static void free_list_without_end(struct image *f)
{
    set(data_of(f->free_node), 8, UINT64_MAX);
}
static void free_page_in_use(struct image *f)
{
    uint8_t *list = data_of(f->free_node);

    set(list + 8 * get(list, 8), 8, get(f->leaf, 8)); /* the lowest, last */
}
static void free_page_outside(struct image *f)
{
    set(data_of(f->free_node) + 8, 8, f->size / PAGE + 1000000);
}
static void free_pages_ascending(struct image *f)
{
    uint8_t *list = data_of(f->free_node);
    uint64_t first = get(list + 8, 8);

    set(list + 8, 8, get(list + 16, 8));
    set(list + 16, 8, first);
}
static void free_pages_of_the_future(struct image *f)
{
    set(f->free_node + 8, 8, get(f->meta + 128, 8) + 1);
}
static void free_key_of_another_size(struct image *f)
{
    set(f->free_node + 6, 2, 6);
    set(f->free_node, 4, get(f->free_node, 4) + 2);
}
static void page_size_zero(struct image *f)
{
    set(f->meta + 24, 4, 0);
}

static void (*const damages[])(struct image *) = {wrong_page_number,
                                                  wrong_kind,
                                                  odd_lower,
                                                  lower_in_header,
                                                  lower_over_upper,
                                                  upper_over_page,
                                                  upper_too_low,
                                                  offset_outside,
                                                  offset_in_table,
                                                  two_nodes_in_one_place,
                                                  node_inside_another,
                                                  node_too_large,
                                                  keys_swapped,
                                                  key_lower_than_before,
                                                  key_beyond_its_separator,
                                                  key_over_the_page,
                                                  data_over_the_page,
                                                  node_with_a_table,
                                                  duplicates,
                                                  value_outside,
                                                  value_far_outside,
                                                  value_in_meta,
                                                  value_on_a_tree_page,
                                                  value_longer_than_its_pages,
                                                  value_of_no_pages,
                                                  value_of_too_many_pages,
                                                  value_over_its_neighbour,
                                                  value_page_of_another_number,
                                                  one_child,
                                                  child_outside,
                                                  child_twice,
                                                  child_is_its_parent,
                                                  too_shallow,
                                                  too_deep,
                                                  deeper_than_lmdb,
                                                  depth_without_root,
                                                  root_outside,
                                                  last_page_too_low,
                                                  last_page_far_off,
                                                  free_list_over_its_end,
                                                  free_list_without_end,
                                                  free_page_in_use,
                                                  free_page_outside,
                                                  free_pages_ascending,
                                                  free_pages_of_the_future,
                                                  free_key_of_another_size,
                                                  page_size_zero};

START_TEST(each_kind_of_damage_is_an_error)
{
    struct ff_db_geometry geometry;
    struct image image;
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s", store_path("file"));
    write_rich_file(path, 200);
    load_image(path, &image);
    damages[_i](&image);
    store_write_file(path, image.bytes, image.size);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    must_be(store_ctx, FF_ECORRUPT, ff_db_check(store_ctx, fd, path, true, &geometry));
    close(fd);
    free(image.bytes);
}
END_TEST

START_TEST(tables_of_another_kind_are_foreign)
{
    struct ff_db_geometry geometry;
    const size_t records[] = {24, 72};
    struct image image;
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s", store_path("file"));
    for (int i = 0; i < 2; i++) {
        write_rich_file(path, 200);
        load_image(path, &image);
        image.meta[records[i] + 4] ^= 0x04; /* MDB_DUPSORT */
        store_write_file(path, image.bytes, image.size);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        must_be(store_ctx, FF_EFORMAT, ff_db_check(store_ctx, fd, path, true, &geometry));
        close(fd);
        free(image.bytes);
    }
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
    write_rich_file(path, 100);
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

START_TEST(empty_and_foreign_files_are_told_apart_from_damaged_ones)
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
                    must(store_ctx, delete_item(db, j));
            } else {
                must(store_ctx, put_item(db, i, size));
            }
            if (store_random_next(&random) % 40 == 0)
                must(store_ctx, ff_db_commit(db));
        }
        must(store_ctx, ff_db_commit(db));
        {
            struct ff_db_geometry geometry;
            int fd = open(path, O_RDONLY | O_CLOEXEC);

            must(store_ctx, ff_db_check(store_ctx, fd, path, true, &geometry));
            ck_assert_uint_eq(geometry.page_bytes, PAGE);
            close(fd);
        }
    }
    ff_db_close(db);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    struct ff_db_geometry geometry;
    int rc = FF_ENOMEM, fd;

    write_rich_file(store_path("file"), 100);
    fd = open(store_path("file"), O_RDONLY | O_CLOEXEC);
    for (int64_t n = 0; rc != FF_OK; n++) {
        ff_meter_fail_after(store_ctx, n);
        rc = ff_db_check(store_ctx, fd, "file", true, &geometry);
        ff_meter_fail_after(store_ctx, -1);
        ck_assert(rc == FF_OK || rc == FF_ENOMEM);
        ck_assert_int_lt(n, 10);
    }
    close(fd);
}
END_TEST

int main(void)
{
    /* Each seed takes a second or two where syncing is slow. */
    const int seeds = getenv("FFTOOL_LONG") ? 200 : 4;
    Suite *suite = suite_create("store: check of LMDB files");
    TCase *tc = tcase_create("db_check");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, a_file_cut_at_any_length_is_an_error);
    tcase_add_loop_test(tc, random_damage_never_crashes_reading_or_writing, 0, seeds);
    tcase_add_test(tc, random_bytes_behind_a_valid_start_never_crash);
    tcase_add_test(tc, pages_that_point_at_each_other_end);
    tcase_add_loop_test(tc, each_kind_of_damage_is_an_error, 0, sizeof damages / sizeof *damages);
    tcase_add_test(tc, tables_of_another_kind_are_foreign);
    tcase_add_test(tc, a_transaction_on_the_wrong_meta_page_is_an_error);
    tcase_add_test(tc, empty_and_foreign_files_are_told_apart_from_damaged_ones);
    tcase_add_loop_test(tc, everything_that_lmdb_writes_passes_the_check, 0, 3);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return store_main(suite);
}
