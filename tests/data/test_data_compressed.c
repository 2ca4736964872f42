/* Compressed datasets: cut, damaged, in several members, and of a size that the header denies. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#define BIG_SIDE 28
#define BIG_ROWS 400

static const struct {
    const char *fixture, *images;
} formats[] = {
    {"idx, compressed", "train-images-idx3-ubyte.gz"},
    {"idx, zstd", "train-images-idx3-ubyte.zst"},
};
#define FORMATS ((int)(sizeof formats / sizeof *formats))

/* Images that do not compress well, so that the file is longer than a buffer. */
static void write_big(const char *name)
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
    data_write_as_named(directory, name, &bytes);
}

START_TEST(a_cut_tail_is_found_even_when_all_rows_came)
{
    const char *name = formats[_i].images;
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};
    const char *path = data_path(directory, name);
    static const size_t pieces[] = {1, 64, BIG_ROWS, 1000};
    struct data_bytes whole;
    uint64_t rows, sum;

    write_big(name);
    whole = data_read(directory, name);
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
    const struct data_fixture *fixture = fixture_named(formats[_i].fixture);
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

START_TEST(concatenated_parts_are_one_file)
{
    const struct data_fixture *fixture = fixture_named(formats[_i].fixture);
    const struct ff_dataset_spec spec = {.path = directory};
    struct data_bytes plain, part = {0}, joined, tail;
    uint64_t rows, sum, right;

    fixture_named("idx")->write(fixture_named("idx"), directory, 9);
    ck_assert_int_eq(read_all(&spec, 4, &rows, &right), FF_OK);
    plain = data_read(directory, "train-images-idx3-ubyte");
    ck_assert_int_eq(unlink(data_path(directory, "train-images-idx3-ubyte")), 0);
    data_put(&part, plain.at, 50);
    data_write_as_named(directory, fixture->images, &part);
    joined = data_read(directory, fixture->images);
    data_put(&part, plain.at + 50, plain.n - 50);
    data_write_as_named(directory, fixture->images, &part);
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

START_TEST(a_small_file_cannot_claim_a_giant_dataset)
{
    struct data_bytes bytes = data_idx(0x08, 2, (const uint32_t[]){1u << 31, 784});

    data_write_as_named(directory, formats[_i].images, &bytes);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("cannot hold");
}
END_TEST

/* Writes the images to NAME with one pixel too few (or many) and opens them. */
static int open_resized(int by, const char *name)
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
    data_write_as_named(directory, name, &bytes);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK)
        ff_dataset_close(dataset);
    return status;
}

START_TEST(a_wrong_size_is_found_at_open_or_if_compressed_at_the_end)
{
    ck_assert_int_eq(open_resized(-1, "train-images-idx3-ubyte"), FF_ECORRUPT);
    ck_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, "train-images-idx3-ubyte"), FF_ECORRUPT);
    ck_says("has 1 bytes after the 9 images");
    ck_assert_int_eq(unlink(data_path(directory, "train-images-idx3-ubyte")), 0);
    ck_assert_int_eq(open_resized(-1, formats[_i].images), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, formats[_i].images), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_says("does not end after its 9 images");
}
END_TEST

START_TEST(a_window_takes_the_memory_that_is_planned_for_it)
{
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};
    static const int window_logs[] = {10, 17, 20, 23};
    struct ff_needs needs = {.mapped = 0};
    struct ff_memory memory;
    struct data_bytes bytes;
    uint64_t extra, rows, sum;

    write_big("images");
    bytes = data_read(directory, "images");
    data_write_zst(directory, "train-images-idx3-ubyte.zst", &bytes, window_logs[_i]);
    ff_dataset_needs(&(struct ff_schema){.n_classes = 0}, &needs);
    ck_assert_int_eq(ff_dataset_extra_bytes(ctx, &spec, &extra), FF_OK);
    ck_assert_uint_gt(extra, (uint64_t)1 << window_logs[_i]);
    ff_memory_read(ctx, &memory);
    ff_memory_limit(ctx, memory.accounted_bytes + ff_needs_total(&needs) + extra);
    ck_assert_msg(read_all(&spec, 64, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(rows, BIG_ROWS);
    ff_memory_limit(ctx, memory.accounted_bytes + ((uint64_t)1 << window_logs[_i]));
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_EBUDGET);
}
END_TEST

START_TEST(a_larger_window_than_8_MiB_is_refused)
{
    struct data_bytes bytes = {0};

    data_put(&bytes, "1,2\n3,4\n", 8);
    data_write_zst(directory, "train.csv.zst", &bytes, 24);
    ck_assert_int_eq(try_folder(), FF_EFORMAT);
    ck_says("window of more than 8 MiB; compress it again");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: compressed datasets");
    TCase *each = dataset_tcase(suite, "each format");
    TCase *zstd = dataset_tcase(suite, "zstd");

    tcase_add_loop_test(each, a_cut_tail_is_found_even_when_all_rows_came, 0, FORMATS);
    tcase_add_loop_test(each, a_flipped_bit_is_an_error_or_without_effect, 0, FORMATS);
    tcase_add_loop_test(each, concatenated_parts_are_one_file, 0, FORMATS);
    tcase_add_loop_test(each, a_small_file_cannot_claim_a_giant_dataset, 0, FORMATS);
    tcase_add_loop_test(each, a_wrong_size_is_found_at_open_or_if_compressed_at_the_end, 0,
                        FORMATS);
    tcase_add_loop_test(zstd, a_window_takes_the_memory_that_is_planned_for_it, 0, 4);
    tcase_add_test(zstd, a_larger_window_than_8_MiB_is_refused);
    return run_suite(suite);
}
