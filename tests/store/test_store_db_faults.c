/* The check of LMDB files, one fault at a time: each file here is refused by one check alone. */
#include "store/db_check.h"

#include "fixtures/store_fixture.h"
#include "store/model_file.h"
#include "store/writer_lock.h"
#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PAGE = 4096 };

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
    struct ff_db_head head;
    struct image image;
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(path, 200);
    load_image(path, &image);
    damages[_i](&image);
    store_write_file(path, image.bytes, image.size);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    must_be(store_ctx, FF_ECORRUPT, ff_db_check(store_ctx, fd, path, &head));
    close(fd);
    free(image.bytes);
}
END_TEST

/* Whatever others hold: a trainer, or someone who may only read the file. */
START_TEST(damage_is_found_whoever_has_locked_the_file)
{
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct ff_model_file *file;
    struct image image;
    int reader, trainer;

    store_write_rich_file(store_path("m.ff"), 200);
    load_image(store_path("m.ff"), &image);
    damages[_i](&image);
    store_write_file(store_path("m.ff"), image.bytes, image.size);
    reader = open(store_path("m.ff"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(reader, LOCK_EX), 0);
    must_be(store_ctx, FF_ECORRUPT,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_READ, &file));
    ck_assert_int_eq(fcntl(reader, F_OFD_SETLK, &all), 0);
    must_be(store_ctx, FF_ECORRUPT,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_READ, &file));
    close(reader);
    must(store_ctx, ff_writer_lock_open(store_ctx, store_path("m.ff"), FF_LOCK_TAKE, &trainer));
    must_be(store_ctx, FF_ECORRUPT,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_READ, &file));
    close(trainer);
    free(image.bytes);
}
END_TEST

START_TEST(tables_of_another_kind_are_foreign)
{
    struct ff_db_head head;
    const size_t records[] = {24, 72};
    struct image image;
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s", store_path("file"));
    for (int i = 0; i < 2; i++) {
        store_write_rich_file(path, 200);
        load_image(path, &image);
        image.meta[records[i] + 4] ^= 0x04; /* MDB_DUPSORT */
        store_write_file(path, image.bytes, image.size);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        must_be(store_ctx, FF_EFORMAT, ff_db_check(store_ctx, fd, path, &head));
        close(fd);
        free(image.bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: faults in LMDB files");
    TCase *tc = tcase_create("db_faults");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, each_kind_of_damage_is_an_error, 0, sizeof damages / sizeof *damages);
    tcase_add_loop_test(tc, damage_is_found_whoever_has_locked_the_file, 0,
                        sizeof damages / sizeof *damages);
    tcase_add_test(tc, tables_of_another_kind_are_foreign);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
