/* What every dataset format must do with files that are damaged, missing or do not belong together,
 * and without memory, checked on each fixture. */
#include "fixtures/dataset_fixture.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 11         /* of an ordinary dataset here */
#define ROWS_CUT 3      /* of one that is cut at every byte */
#define LONG_BYTES 2000 /* a longer file is cut at every seventh byte only: it is all pixels */
#define HEADER_BYTES 96 /* that are damaged one by one */

/* Opens and reads the whole; *ROWS are those that came. Reads nothing of unreasonable width. */
static int read_rows(size_t *rows)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_dataset *dataset;
    unsigned char features[4 * 3072 * 4];
    uint16_t labels[4];
    size_t n = 1;
    int status = ff_dataset_open(ctx, &spec, &dataset);

    *rows = 0;
    if (status != FF_OK)
        return status;
    if (dataset->info.features > 3072)
        n = 0;
    while (status == FF_OK && n > 0) {
        status = ff_dataset_read(dataset, 4, features, labels, &n);
        *rows += n;
    }
    ff_dataset_close(dataset);
    return status;
}

static void check_cut_at_every_byte(const struct data_fixture *fixture, const char *name)
{
    struct data_bytes whole = data_read(directory, name);
    const char *path = data_path(directory, name);
    const size_t step = whole.n > LONG_BYTES ? 7 : 1;
    size_t rows;

    ck_assert_int_eq(read_rows(&rows), FF_OK);
    ck_assert_uint_eq(rows, ROWS_CUT);
    for (size_t cut = 1; cut <= whole.n; cut += step) {
        const size_t length = whole.n - cut;

        ck_assert_int_eq(truncate(path, (off_t)length), 0);
        if (read_rows(&rows) == FF_OK) {
            ck_assert_msg(fixture->any_count, "%s cut to %zu bytes was read", name, length);
            /* The last line of a text needs no newline. */
            ck_assert(rows < ROWS_CUT || (cut == 1 && whole.at[length] == '\n'));
        } else {
            ck_assert_uint_gt(strlen(ff_ctx_message(ctx)), 0);
        }
    }
    free(whole.at);
}

START_TEST(a_file_cut_anywhere_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];

    fixture->write(fixture, directory, ROWS_CUT);
    check_cut_at_every_byte(fixture, data_images(fixture));
    fixture->write(fixture, directory, ROWS_CUT);
    if (fixture->labels)
        check_cut_at_every_byte(fixture, fixture->labels);
}
END_TEST

static void check_damage_to_every_byte(const char *name)
{
    struct data_bytes whole = data_read(directory, name);
    uint32_t noise = 1;

    for (size_t at = 0; at < whole.n && at < HEADER_BYTES; at++) {
        for (int kind = 0; kind < 8; kind++) {
            struct data_bytes damaged = {0};
            size_t rows;

            noise = noise * 1664525u + 1013904223u;
            data_put(&damaged, whole.at, whole.n);
            damaged.at[at] = kind == 0   ? 0x00
                             : kind == 1 ? 0xff
                             : kind == 2 ? damaged.at[at] ^ 1
                                         : (unsigned char)(noise >> 24);
            data_write(directory, name, &damaged);
            (void)read_rows(&rows); /* dataset_teardown() checks the memory it took */
        }
    }
    data_write(directory, name, &whole);
}

START_TEST(a_damaged_header_neither_crashes_nor_takes_memory)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, directory, ROWS_CUT);
    check_damage_to_every_byte(data_images(fixture));
    if (fixture->labels)
        check_damage_to_every_byte(fixture->labels);
    ck_assert_int_eq(read_rows(&rows), FF_OK);
}
END_TEST

START_TEST(more_bytes_than_the_header_declares_are_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const char *names[] = {data_images(fixture), fixture->labels};

    for (size_t i = 0; i < 2 && names[i]; i++) {
        struct data_bytes bytes;
        size_t rows;

        fixture->write(fixture, directory, ROWS_CUT);
        bytes = data_read(directory, names[i]);
        data_put(&bytes, "x", 1);
        data_write(directory, names[i], &bytes);
        ck_assert_int_eq(read_rows(&rows), FF_ECORRUPT);
    }
}
END_TEST

START_TEST(an_empty_file_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, directory, ROWS_CUT);
    ck_assert_int_eq(truncate(data_path(directory, data_images(fixture)), 0), 0);
    ck_assert_int_ne(read_rows(&rows), FF_OK);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), fixture->images));
}
END_TEST

START_TEST(counts_that_do_not_match_are_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    struct data_bytes images;
    size_t rows;

    if (!fixture->labels)
        return;
    fixture->write(fixture, directory, ROWS);
    images = data_read(directory, fixture->images);
    fixture->write(fixture, directory, ROWS - 1);
    data_write(directory, fixture->images, &images);
    ck_assert_int_eq(read_rows(&rows), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "10 labels for the 11 images"));
}
END_TEST

START_TEST(missing_labels_are_an_error_that_names_them)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    if (!fixture->labels)
        return;
    fixture->write(fixture, directory, ROWS);
    ck_assert_int_eq(unlink(data_path(directory, fixture->labels)), 0);
    ck_assert_int_eq(read_rows(&rows), FF_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "labels"));
}
END_TEST

static int read_and_forget(void *arg)
{
    size_t rows;

    (void)arg;
    return read_rows(&rows);
}

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    const struct data_fixture *fixture = &data_fixtures[_i];

    fixture->write(fixture, directory, ROWS_CUT);
    ck_assert_int_gt(fail_each_allocation(ctx, read_and_forget, NULL, 1000), 3);
}
END_TEST

START_TEST(a_memory_limit_is_reported_as_such)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, directory, ROWS_CUT);
    ff_memory_limit(ctx, 50000);
    ck_assert_int_eq(read_rows(&rows), FF_EBUDGET);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: damaged datasets");
    TCase *tc = dataset_tcase(suite, "formats");
    int count = (int)data_fixture_count;

    tcase_add_loop_test(tc, a_file_cut_anywhere_is_an_error, 0, count);
    tcase_add_loop_test(tc, a_damaged_header_neither_crashes_nor_takes_memory, 0, count);
    tcase_add_loop_test(tc, more_bytes_than_the_header_declares_are_an_error, 0, count);
    tcase_add_loop_test(tc, an_empty_file_is_an_error, 0, count);
    tcase_add_loop_test(tc, counts_that_do_not_match_are_an_error, 0, count);
    tcase_add_loop_test(tc, missing_labels_are_an_error_that_names_them, 0, count);
    tcase_add_loop_test(tc, every_failing_allocation_is_reported_and_leaks_nothing, 0, count);
    tcase_add_loop_test(tc, a_memory_limit_is_reported_as_such, 0, count);
    return run_suite(suite);
}
