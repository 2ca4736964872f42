/* Compressed datasets: cut, damaged, in several members, and of a size that the header denies. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#define BIG_SIDE 28
#define BIG_ROWS 400

/* Images that do not compress well, so that the file is longer than a buffer. */
static void write_big(void)
{
    const uint32_t lengths[] = {BIG_ROWS, BIG_SIDE, BIG_SIDE};
    struct data_bytes bytes = data_idx(0x08, 3, lengths);
    uint32_t noise = 1;

    for (size_t i = 0; i < (size_t)BIG_ROWS * BIG_SIDE * BIG_SIDE; i++) {
        unsigned char pixel;

        noise = noise * 1664525u + 1013904223u;
        pixel = (unsigned char)(noise >> 28);
        data_put(&bytes, &pixel, 1);
    }
    data_write_gz(directory, "train-images-idx3-ubyte.gz", &bytes);
}

START_TEST(a_cut_gzip_tail_is_found_even_when_all_rows_came)
{
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};
    const char *path = data_path(directory, "train-images-idx3-ubyte.gz");
    static const size_t pieces[] = {1, 64, BIG_ROWS, 1000};
    struct data_bytes whole;
    uint64_t rows, sum;

    write_big();
    whole = data_read(directory, "train-images-idx3-ubyte.gz");
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_OK);
    for (size_t cut = 1; cut <= 24; cut++) {
        ck_assert_int_eq(truncate(path, (off_t)(whole.n - cut)), 0);
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            ck_assert_int_eq(read_all(&spec, pieces[p], &rows, &sum), FF_ECORRUPT);
            ck_says("truncated");
        }
    }
    ck_assert_int_eq(truncate(path, (off_t)whole.n / 2), 0);
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_ECORRUPT);
    ck_says("of 400 images");
    ck_assert_int_eq(truncate(path, 500), 0);
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_ECORRUPT);
    free(whole.at);
}
END_TEST

START_TEST(a_flipped_bit_is_an_error_or_without_effect)
{
    const struct data_fixture *fixture = fixture_named("idx, compressed");
    const struct ff_dataset_spec spec = {.path = directory};
    uint64_t rows, sum, right;
    int harmless = 0;

    fixture->write(fixture, directory, 40);
    ck_assert_int_eq(read_all(&spec, 7, &rows, &right), FF_OK);
    for (int which = 0; which < 2; which++) {
        const char *name = which ? fixture->labels : fixture->images;
        struct data_bytes whole = data_read(directory, name);

        for (size_t bit = 0; bit < 8 * whole.n; bit++) {
            struct data_bytes damaged = {0};
            int status;

            data_put(&damaged, whole.at, whole.n);
            damaged.at[bit / 8] ^= (unsigned char)(1u << bit % 8);
            data_write(directory, name, &damaged);
            status = read_all(&spec, 7, &rows, &sum);
            /* The time in a gzip header and the bits that fill up the last byte do not matter. */
            ck_assert(status != FF_OK || (rows == 40 && sum == right));
            harmless += status == FF_OK;
        }
        data_write(directory, name, &whole);
    }
    ck_assert_int_lt(harmless, 2 * 64);
}
END_TEST

START_TEST(concatenated_gzip_members_are_one_file)
{
    const struct data_fixture *fixture = fixture_named("idx, compressed");
    const struct ff_dataset_spec spec = {.path = directory};
    struct data_bytes plain, part = {0}, joined, tail;
    uint64_t rows, sum, right;

    fixture_named("idx")->write(fixture_named("idx"), directory, 9);
    ck_assert_int_eq(read_all(&spec, 4, &rows, &right), FF_OK);
    plain = data_read(directory, "train-images-idx3-ubyte");
    ck_assert_int_eq(unlink(data_path(directory, "train-images-idx3-ubyte")), 0);
    data_put(&part, plain.at, 50);
    data_write_gz(directory, fixture->images, &part);
    joined = data_read(directory, fixture->images);
    data_put(&part, plain.at + 50, plain.n - 50);
    data_write_gz(directory, fixture->images, &part);
    tail = data_read(directory, fixture->images);
    data_put(&joined, tail.at, tail.n);
    data_write(directory, fixture->images, &joined);
    ck_assert_msg(read_all(&spec, 4, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(rows, 9);
    ck_assert_uint_eq(sum, right);
    free(plain.at);
    free(tail.at);
}
END_TEST

START_TEST(a_small_gzip_file_cannot_claim_a_giant_dataset)
{
    struct data_bytes bytes = data_idx(0x08, 2, (const uint32_t[]){1u << 31, 784});

    data_write_gz(directory, "train-images-idx3-ubyte.gz", &bytes);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("cannot hold");
}
END_TEST

/* Rewrites the file of images with one pixel too few (or many), compressed or not, and opens it. */
static int open_resized(int by, bool compressed)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_dataset *dataset;
    struct data_bytes bytes;
    int status;

    fixture->write(fixture, directory, 9);
    bytes = data_read(directory, fixture->images);
    data_put(&bytes, "", 1);
    bytes.n = (size_t)((long)bytes.n - 1 + by);
    ck_assert_int_eq(unlink(data_path(directory, fixture->images)), 0);
    if (compressed)
        data_write_gz(directory, "train-images-idx3-ubyte.gz", &bytes);
    else
        data_write(directory, fixture->images, &bytes);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK)
        ff_dataset_close(dataset);
    return status;
}

START_TEST(a_wrong_size_is_found_at_open_or_if_compressed_at_the_end)
{
    ck_assert_int_eq(open_resized(-1, false), FF_ECORRUPT);
    ck_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, false), FF_ECORRUPT);
    ck_says("has 1 bytes after the 9 images");
    ck_assert_int_eq(unlink(data_path(directory, "train-images-idx3-ubyte")), 0);
    ck_assert_int_eq(open_resized(-1, true), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, true), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("does not end after its 9 images");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: compressed datasets");
    TCase *gzip = dataset_tcase(suite, "gzip");

    tcase_add_test(gzip, a_cut_gzip_tail_is_found_even_when_all_rows_came);
    tcase_add_test(gzip, a_flipped_bit_is_an_error_or_without_effect);
    tcase_add_test(gzip, concatenated_gzip_members_are_one_file);
    tcase_add_test(gzip, a_small_gzip_file_cannot_claim_a_giant_dataset);
    tcase_add_test(gzip, a_wrong_size_is_found_at_open_or_if_compressed_at_the_end);
    return run_suite(suite);
}
