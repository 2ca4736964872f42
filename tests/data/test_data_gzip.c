/* What may come after the last member of a gzip file, and what may not. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 9
#define MOST_ROW_BYTES 4096

static const struct data_fixture *fixture; /* compressed images */

static void setup(void)
{
    dataset_setup();
    fixture = fixture_named("idx, compressed");
}

/* Reads all rows; *SUM differs with the content. */
static int read_rows(uint64_t *sum)
{
    const struct ff_dataset_spec spec = {.path = directory};
    unsigned char row[MOST_ROW_BYTES];
    struct ff_dataset *dataset;
    uint16_t label;
    size_t n = 1;
    int status = ff_dataset_open(ctx, &spec, &dataset);

    *sum = 0;
    if (status != FF_OK)
        return status;
    ck_assert_uint_eq(dataset->info.rows, ROWS);
    ck_assert_uint_le(dataset->info.features, sizeof row);
    while (status == FF_OK && n > 0) {
        status = ff_dataset_read(dataset, 1, row, &label, &n);
        for (size_t j = 0; n > 0 && j < dataset->info.features; j++)
            *sum = *sum * 31 + row[j];
    }
    ff_dataset_close(dataset);
    return status;
}

/* A gzip file of images, N zero bytes and MORE, in the directory. */
static void write_padded(size_t n, const struct data_bytes *more)
{
    struct data_bytes bytes;

    fixture->write(fixture, directory, ROWS);
    bytes = data_read(directory, fixture->images);
    for (size_t i = 0; i < n; i++)
        data_put(&bytes, "", 1);
    if (more)
        data_put(&bytes, more->at, more->n);
    data_write(directory, fixture->images, &bytes);
}

START_TEST(zero_bytes_after_the_last_gzip_member_are_ignored)
{
    static const size_t counts[] = {1, 511, 512, 70000};
    uint64_t sum, right;

    write_padded(0, NULL);
    ck_assert_int_eq(read_rows(&right), FF_OK);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        write_padded(counts[i], NULL);
        ck_assert_msg(read_rows(&sum) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(sum, right);
    }
}
END_TEST

START_TEST(zero_bytes_between_gzip_members_are_damage)
{
    static const size_t counts[] = {1, 512, 70000};
    struct data_bytes empty = {0}, garbage = {0};
    uint64_t sum;

    data_write_gz(directory, fixture->images, &empty);
    empty = data_read(directory, fixture->images);
    data_put(&garbage, "garbage", 7);
    write_padded(0, &empty);
    ck_assert_msg(read_rows(&sum) == FF_OK, "%s", ff_ctx_message(ctx));
    write_padded(0, &garbage);
    ck_assert_int_eq(read_rows(&sum), FF_ECORRUPT);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        write_padded(counts[i], &empty);
        ck_assert_int_eq(read_rows(&sum), FF_ECORRUPT);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "zero bytes, and then others"));
        write_padded(counts[i], &garbage);
        ck_assert_int_eq(read_rows(&sum), FF_ECORRUPT);
    }
    free(empty.at);
    free(garbage.at);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: gzip");
    TCase *tc = tcase_create("tail");

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, setup, dataset_teardown);
    tcase_add_test(tc, zero_bytes_after_the_last_gzip_member_are_ignored);
    tcase_add_test(tc, zero_bytes_between_gzip_members_are_damage);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
