/* What single formats, gzip and the finding of files do beyond the conformance tests. */
#include "data/dataset.h"
#include "support/data_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG_SIDE 28
#define BIG_ROWS 400

static struct ff_ctx *ctx;
static char *folder;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    folder = data_folder();
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
    free(folder);
}

static const struct data_fixture *fixture_named(const char *name)
{
    for (size_t i = 0; i < data_fixture_count; i++) {
        if (strcmp(data_fixtures[i].name, name) == 0)
            return &data_fixtures[i];
    }
    ck_abort_msg("no fixture %s", name);
}

/* Opens and reads everything in pieces of PIECE rows; the sums tell one content from another. */
static int read_all(const struct ff_dataset_spec *spec, size_t piece, uint64_t *rows, uint64_t *sum)
{
    struct ff_dataset *dataset;
    unsigned char *features;
    uint16_t *labels;
    size_t n = 1;
    int status = ff_dataset_open(ctx, spec, &dataset);

    *rows = *sum = 0;
    if (status != FF_OK)
        return status;
    features = calloc(piece, (size_t)dataset->info.features * (dataset->info.is_float ? 4 : 1));
    labels = calloc(piece, sizeof *labels);
    while (status == FF_OK && n > 0) {
        status = ff_dataset_read(dataset, piece, features, labels, &n);
        for (size_t i = 0; i < n && !dataset->info.is_float; i++) {
            for (size_t j = 0; j < dataset->info.features; j++)
                *sum += features[i * dataset->info.features + j] * (j + 1);
            *sum += labels[i];
        }
        *rows += n;
    }
    ff_dataset_close(dataset);
    free(features);
    free(labels);
    return status;
}

static int try_folder(void)
{
    const struct ff_dataset_spec spec = {.path = folder};
    uint64_t rows, sum;

    return read_all(&spec, 4, &rows, &sum);
}

#define ck_assert_says(part) \
    ck_assert_msg(strstr(ff_ctx_message(ctx), part), "no '%s' in: %s", part, ff_ctx_message(ctx))

/* ---- Samples ---- */

#define SORTED_CLASSES 10
#define SORTED_EACH 100 /* rows of a class */

/* Rows of one value, in the order of their classes. */
START_TEST(a_sample_of_sorted_rows_has_every_class_in_its_share)
{
    const uint32_t rows = SORTED_CLASSES * SORTED_EACH;
    const struct ff_dataset_spec spec = {.path = folder, .sample = rows / 5};
    struct data_bytes images = data_idx(8, 2, (const uint32_t[]){rows, 1});
    struct data_bytes labels = data_idx(8, 1, (const uint32_t[]){rows});
    struct ff_dataset *dataset;
    unsigned char values[SORTED_CLASSES * SORTED_EACH];
    uint16_t drawn[SORTED_CLASSES * SORTED_EACH];
    size_t n, of_class[SORTED_CLASSES] = {0};

    for (uint32_t row = 0; row < rows; row++) {
        unsigned char label = (unsigned char)(row / SORTED_EACH);

        data_put(&images, &label, 1);
        data_put(&labels, &label, 1);
    }
    data_write(folder, "train-images-idx3-ubyte", &images);
    data_write(folder, "train-labels-idx1-ubyte", &labels);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    for (uint32_t done = 0; done < rows / 5; done += (uint32_t)n) {
        ck_assert_int_eq(ff_dataset_read(dataset, rows, values, drawn, &n), FF_OK);
        ck_assert_uint_gt(n, 0);
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_eq(values[i], drawn[i]);
            of_class[drawn[i]]++;
        }
    }
    ff_dataset_close(dataset);
    for (size_t c = 0; c < SORTED_CLASSES; c++) {
        /* 20 are to be expected, give or take 3.6. */
        ck_assert_uint_ge(of_class[c], 8);
        ck_assert_uint_le(of_class[c], 32);
    }
}
END_TEST

/* ---- Finding the files ---- */

START_TEST(a_path_that_is_not_there_is_named)
{
    const struct ff_dataset_spec spec = {.path = data_path(folder, "nowhere")};
    uint64_t rows, sum;

    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_ENOTFOUND);
    ck_assert_says("nowhere");
}
END_TEST

START_TEST(a_folder_without_files_tells_what_was_looked_for)
{
    struct ff_dataset_spec spec = {.path = folder};
    uint64_t rows, sum;

    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_assert_says("training images");
    ck_assert_says("train-images-idx3-ubyte");
    ck_assert_says("x_train.npy");
    ck_assert_says("data_batch_1.bin");
    spec.split = FF_SPLIT_TEST;
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_assert_says("t10k-images-idx3-ubyte");
    ck_assert_says("test_batch.bin");
}
END_TEST

START_TEST(a_foreign_file_tells_the_known_formats)
{
    const struct ff_dataset_spec spec = {.path = data_path(folder, "photo.png")};
    struct data_bytes bytes = {0};
    uint64_t rows, sum;

    data_put(&bytes, "\x89PNG\r\n\x1a\n", 8);
    data_write(folder, "photo.png", &bytes);
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_assert_says("photo.png");
    ck_assert_says("IDX");
    ck_assert_says("NumPy");
    ck_assert_says("CIFAR-10");
}
END_TEST

START_TEST(a_usual_name_with_foreign_content_gets_the_formats_own_message)
{
    static const struct {
        const char *name, *says;
    } cases[] = {{"train-images-idx3-ubyte", "not an IDX file"},
                 {"x_train.npy", "not a .npy file"},
                 {"data_batch_1.bin", "not CIFAR-10"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_bytes bytes = {0};

        data_put(&bytes, "<!DOCTYPE html><title>404</title>", 33);
        data_write(folder, cases[i].name, &bytes);
        ck_assert_int_ne(try_folder(), FF_OK);
        ck_assert_says(cases[i].says);
        ck_assert_int_eq(unlink(data_path(folder, cases[i].name)), 0);
    }
}
END_TEST

START_TEST(a_pipe_is_refused_and_not_waited_for)
{
    const struct ff_dataset_spec spec = {.path = data_path(folder, "pipe")};
    uint64_t rows, sum;

    ck_assert_int_eq(mkfifo(spec.path, 0600), 0);
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EINVAL);
}
END_TEST

START_TEST(the_test_half_is_read_from_its_own_files)
{
    struct ff_dataset_spec spec = {.path = folder, .split = FF_SPLIT_TEST};
    static const char *const renamed[][2] = {
        {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"},
        {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"},
        {"x_train.npy", "x_test.npy"},
        {"y_train.npy", "y_test.npy"},
        {"data_batch_1.bin", "test_batch.bin"},
    };
    static const char *const fixtures[] = {"idx", "npy", "cifar10"};

    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        const struct data_fixture *fixture = fixture_named(fixtures[i]);
        char *own = data_folder();
        uint64_t rows, sum;

        fixture->write(fixture, own, 3);
        for (size_t r = 0; r < sizeof renamed / sizeof *renamed; r++)
            (void)rename(data_path(own, renamed[r][0]), data_path(own, renamed[r][1]));
        spec.path = own;
        ck_assert_msg(read_all(&spec, 2, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(rows, 3);
        free(own);
    }
}
END_TEST

/* ---- Labels ---- */

static void write_labels(unsigned char type, size_t width, const int32_t *labels, uint32_t count)
{
    struct data_bytes bytes = data_idx(type, 1, &count);

    for (uint32_t i = 0; i < count; i++) {
        const unsigned char b[4] = {
            (unsigned char)((uint32_t)labels[i] >> 24), (unsigned char)((uint32_t)labels[i] >> 16),
            (unsigned char)((uint32_t)labels[i] >> 8), (unsigned char)labels[i]};

        data_put(&bytes, b + 4 - width, width);
    }
    data_write(folder, "train-labels-idx1-ubyte", &bytes);
}

START_TEST(labels_of_every_width_are_read)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const int32_t labels[] = {0, 7, 100, 3};
    const struct ff_dataset_spec spec = {.path = folder};
    static const struct {
        unsigned char type;
        size_t width;
    } types[] = {{0x08, 1}, {0x09, 1}, {0x0b, 2}, {0x0c, 4}};

    fixture->write(fixture, folder, 4);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct ff_dataset *dataset;
        unsigned char features[4 * 12];
        uint16_t got[4];
        size_t n;

        write_labels(types[t].type, types[t].width, labels, 4);
        ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
        ck_assert_uint_eq(dataset->info.classes, 101);
        ck_assert_int_eq(ff_dataset_read(dataset, 4, features, got, &n), FF_OK);
        for (size_t i = 0; i < 4; i++)
            ck_assert_int_eq(got[i], labels[i]);
        ff_dataset_close(dataset);
    }
}
END_TEST

START_TEST(a_thousand_classes_are_the_limit)
{
    const struct data_fixture *fixture = fixture_named("idx");
    struct ff_dataset *dataset;
    const struct ff_dataset_spec spec = {.path = folder};

    fixture->write(fixture, folder, 2);
    write_labels(0x0c, 4, (const int32_t[]){0, 999}, 2);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    ck_assert_uint_eq(dataset->info.classes, FF_MAX_CLASSES);
    ff_dataset_close(dataset);
    write_labels(0x0c, 4, (const int32_t[]){0, 1000}, 2);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EINVAL);
    ck_assert_says("label 1000 of row 1");
    write_labels(0x0b, 2, (const int32_t[]){-1, 0}, 2);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EINVAL);
    ck_assert_says("label -1 of row 0");
}
END_TEST

START_TEST(labels_that_are_not_one_integer_each_are_refused)
{
    const struct data_fixture *fixture = fixture_named("idx");
    struct data_bytes bytes;

    fixture->write(fixture, folder, 2);
    bytes = data_idx(0x08, 2, (const uint32_t[]){2, 3});
    data_put(&bytes, "abcdef", 6);
    data_write(folder, "train-labels-idx1-ubyte", &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_assert_says("3 values");
    bytes = data_idx(0x0d, 1, (const uint32_t[]){2});
    data_put(&bytes, "\0\0\0\0\0\0\0", 8);
    data_write(folder, "train-labels-idx1-ubyte", &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_assert_says("float32");
}
END_TEST

/* ---- Shapes and values ---- */

static int open_idx_of(unsigned axes, const uint32_t *lengths, struct ff_dataset_info *info)
{
    const struct ff_dataset_spec spec = {.path = folder, .unlabelled = true};
    struct data_bytes bytes = data_idx(0x08, axes, lengths);
    struct ff_dataset *dataset;
    size_t n = 1;
    int status;

    for (unsigned i = 0; i < axes; i++)
        n *= lengths[i];
    for (size_t i = 0; i < n && n < 1000; i++)
        data_put(&bytes, "", 1);
    data_write(folder, "train-images-idx3-ubyte", &bytes);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK) {
        *info = dataset->info;
        ff_dataset_close(dataset);
    }
    return status;
}

START_TEST(one_to_four_axes_are_described)
{
    static const struct {
        unsigned axes;
        uint32_t lengths[4], features, height, width, channels;
    } cases[] = {
        {1, {5}, 1, 0, 0, 0},
        {2, {5, 12}, 12, 0, 0, 0},
        {3, {5, 3, 4}, 12, 3, 4, 1},
        {4, {2, 6, 5, 3}, 90, 6, 5, 3},  /* channels last */
        {4, {2, 3, 6, 5}, 90, 6, 5, 3},  /* channels first */
        {4, {1, 6, 5, 7}, 210, 0, 0, 0}, /* neither */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ff_dataset_info info = {0};

        ck_assert_int_eq(open_idx_of(cases[i].axes, cases[i].lengths, &info), FF_OK);
        ck_assert_uint_eq(info.rows, cases[i].lengths[0]);
        ck_assert_uint_eq(info.features, cases[i].features);
        ck_assert_uint_eq(info.height, cases[i].height);
        ck_assert_uint_eq(info.width, cases[i].width);
        ck_assert_uint_eq(info.channels, cases[i].channels);
    }
}
END_TEST

START_TEST(no_rows_empty_rows_and_giant_rows_are_refused)
{
    struct ff_dataset_info info;

    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){0, 28, 28}, &info), FF_EINVAL);
    ck_assert_says("holds no images");
    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){9, 28, 0}, &info), FF_EINVAL);
    ck_assert_says("empty");
    ck_assert_int_eq(open_idx_of(3, (const uint32_t[]){9, 1u << 31, 1u << 31}, &info), FF_EINVAL);
    ck_assert_says("limit");
    ck_assert_int_eq(open_idx_of(2, (const uint32_t[]){UINT32_MAX, 1u << 24}, &info), FF_ECORRUPT);
    ck_assert_says("holds 0 of 4294967295 images");
}
END_TEST

START_TEST(a_float_that_is_not_finite_is_found)
{
    const struct data_fixture *fixture = fixture_named("idx, floats");
    static const struct {
        uint32_t bits;
        const char *says;
    } cases[] = {{0x7fc00000u, "not a number"}, {0x7f800000u, "infinite"}, {0xff800000u, "infin"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_bytes bytes, bad = {0};
        const size_t at = 12 + 4 * (6 * 5 + 2); /* row 6, column 2 */

        fixture->write(fixture, folder, 9);
        bytes = data_read(folder, fixture->images);
        data_put(&bad, bytes.at, at);
        data_put_be32(&bad, cases[i].bits);
        data_put(&bad, bytes.at + at + 4, bytes.n - at - 4);
        free(bytes.at);
        data_write(folder, fixture->images, &bad);
        ck_assert_int_eq(try_folder(), FF_ENUMERIC);
        ck_assert_says("row 6, column 2");
        ck_assert_says(cases[i].says);
    }
}
END_TEST

/* ---- Compressed files ---- */

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
    data_write_gz(folder, "train-images-idx3-ubyte.gz", &bytes);
}

START_TEST(a_cut_gzip_tail_is_found_even_when_all_rows_came)
{
    const struct ff_dataset_spec spec = {.path = folder, .unlabelled = true};
    const char *path = data_path(folder, "train-images-idx3-ubyte.gz");
    static const size_t pieces[] = {1, 64, BIG_ROWS, 1000};
    struct data_bytes whole;
    uint64_t rows, sum;

    write_big();
    whole = data_read(folder, "train-images-idx3-ubyte.gz");
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_OK);
    for (size_t cut = 1; cut <= 24; cut++) {
        ck_assert_int_eq(truncate(path, (off_t)(whole.n - cut)), 0);
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            ck_assert_int_eq(read_all(&spec, pieces[p], &rows, &sum), FF_ECORRUPT);
            ck_assert_says("cut short");
        }
    }
    ck_assert_int_eq(truncate(path, (off_t)whole.n / 2), 0);
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_ECORRUPT);
    ck_assert_says("of 400 images");
    ck_assert_int_eq(truncate(path, 500), 0);
    ck_assert_int_eq(read_all(&spec, 64, &rows, &sum), FF_ECORRUPT);
    free(whole.at);
}
END_TEST

START_TEST(a_flipped_bit_is_an_error_or_without_effect)
{
    const struct data_fixture *fixture = fixture_named("idx, compressed");
    const struct ff_dataset_spec spec = {.path = folder};
    uint64_t rows, sum, right;
    int harmless = 0;

    fixture->write(fixture, folder, 40);
    ck_assert_int_eq(read_all(&spec, 7, &rows, &right), FF_OK);
    for (int which = 0; which < 2; which++) {
        const char *name = which ? fixture->labels : fixture->images;
        struct data_bytes whole = data_read(folder, name);

        for (size_t bit = 0; bit < 8 * whole.n; bit++) {
            struct data_bytes damaged = {0};
            int status;

            data_put(&damaged, whole.at, whole.n);
            damaged.at[bit / 8] ^= (unsigned char)(1u << bit % 8);
            data_write(folder, name, &damaged);
            status = read_all(&spec, 7, &rows, &sum);
            /* The time in a gzip header and the bits that fill up the last byte do not matter. */
            ck_assert(status != FF_OK || (rows == 40 && sum == right));
            harmless += status == FF_OK;
        }
        data_write(folder, name, &whole);
    }
    ck_assert_int_lt(harmless, 2 * 64);
}
END_TEST

START_TEST(concatenated_gzip_members_are_one_file)
{
    const struct data_fixture *fixture = fixture_named("idx, compressed");
    const struct ff_dataset_spec spec = {.path = folder};
    struct data_bytes plain, part = {0}, joined, tail;
    uint64_t rows, sum, right;

    fixture_named("idx")->write(fixture_named("idx"), folder, 9);
    ck_assert_int_eq(read_all(&spec, 4, &rows, &right), FF_OK);
    plain = data_read(folder, "train-images-idx3-ubyte");
    ck_assert_int_eq(unlink(data_path(folder, "train-images-idx3-ubyte")), 0);
    data_put(&part, plain.at, 50);
    data_write_gz(folder, fixture->images, &part);
    joined = data_read(folder, fixture->images);
    data_put(&part, plain.at + 50, plain.n - 50);
    data_write_gz(folder, fixture->images, &part);
    tail = data_read(folder, fixture->images);
    data_put(&joined, tail.at, tail.n);
    data_write(folder, fixture->images, &joined);
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

    data_write_gz(folder, "train-images-idx3-ubyte.gz", &bytes);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_assert_says("cannot hold");
}
END_TEST

/* Rewrites the file of images with one pixel too few (or many), compressed or not, and opens it. */
static int open_resized(int by, bool compressed)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const struct ff_dataset_spec spec = {.path = folder};
    struct ff_dataset *dataset;
    struct data_bytes bytes;
    int status;

    fixture->write(fixture, folder, 9);
    bytes = data_read(folder, fixture->images);
    data_put(&bytes, "", 1);
    bytes.n = (size_t)((long)bytes.n - 1 + by);
    ck_assert_int_eq(unlink(data_path(folder, fixture->images)), 0);
    if (compressed)
        data_write_gz(folder, "train-images-idx3-ubyte.gz", &bytes);
    else
        data_write(folder, fixture->images, &bytes);
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status == FF_OK)
        ff_dataset_close(dataset);
    return status;
}

START_TEST(a_wrong_size_is_found_at_open_or_if_compressed_at_the_end)
{
    ck_assert_int_eq(open_resized(-1, false), FF_ECORRUPT);
    ck_assert_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, false), FF_ECORRUPT);
    ck_assert_says("has 1 bytes after the 9 images");
    ck_assert_int_eq(unlink(data_path(folder, "train-images-idx3-ubyte")), 0);
    ck_assert_int_eq(open_resized(-1, true), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_assert_says("holds 8 of 9 images");
    ck_assert_int_eq(open_resized(1, true), FF_OK);
    ck_assert_int_eq(try_folder(), FF_ECORRUPT);
    ck_assert_says("does not end after its 9 images");
}
END_TEST

/* ---- CIFAR-10 ---- */

START_TEST(a_gap_between_cifar10_batches_is_an_error)
{
    const struct data_fixture *fixture = fixture_named("cifar10, batches");

    fixture->write(fixture, folder, 5);
    ck_assert_int_eq(unlink(data_path(folder, "data_batch_2.bin")), 0);
    ck_assert_int_eq(try_folder(), FF_ENOTFOUND);
    ck_assert_says("data_batch_2.bin");
}
END_TEST

START_TEST(cifar10_has_ten_labels)
{
    const struct data_fixture *fixture = fixture_named("cifar10");
    struct data_bytes bytes;

    fixture->write(fixture, folder, 3);
    bytes = data_read(folder, fixture->images);
    bytes.at[2 * 3073] = 10;
    data_write(folder, fixture->images, &bytes);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_assert_says("label 10 of row 2");
}
END_TEST

/* ---- Real data ---- */

static void check_real(const char *path, enum ff_split split, uint64_t rows)
{
    const struct ff_dataset_spec spec = {.path = path, .split = split};
    struct ff_dataset *dataset;
    unsigned char *features = malloc(256 * 784);
    uint16_t labels[256];
    uint64_t done = 0, counts[10] = {0};
    size_t n;

    ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(dataset->info.rows, rows);
    ck_assert_uint_eq(dataset->info.height, 28);
    ck_assert_uint_eq(dataset->info.width, 28);
    ck_assert_uint_eq(dataset->info.classes, 10);
    do {
        ck_assert_int_eq(ff_dataset_read(dataset, 256, features, labels, &n), FF_OK);
        for (size_t i = 0; i < n; i++)
            counts[labels[i]]++;
        done += n;
    } while (n > 0);
    ck_assert_uint_eq(done, rows);
    for (int c = 0; c < 10; c++)
        ck_assert_uint_gt(counts[c], rows / 15);
    ff_dataset_close(dataset);
    free(features);
}

START_TEST(the_sample_that_ships_is_whole)
{
    if (access("data/train-images-idx3-ubyte.gz", R_OK) != 0) {
        puts("SKIPPED: the sample: no data/ here; run the tests from the top of the source");
        return;
    }
    check_real("data", FF_SPLIT_TRAIN, 2000);
    check_real("data", FF_SPLIT_TEST, 500);
}
END_TEST

START_TEST(mnist_is_read_whole)
{
    const char *path = getenv("FFTOOL_MNIST");

    if (!path) {
        puts("SKIPPED: MNIST: set FFTOOL_MNIST to the folder with its four files");
        return;
    }
    check_real(path, FF_SPLIT_TRAIN, 60000);
    check_real(path, FF_SPLIT_TEST, 10000);
}
END_TEST

static TCase *new_tcase(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(suite, tc);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("data: datasets");
    TCase *find = new_tcase(suite, "finding"), *labels = new_tcase(suite, "labels");
    TCase *values = new_tcase(suite, "values"), *gzip = new_tcase(suite, "gzip");
    TCase *cifar = new_tcase(suite, "cifar10"), *real = new_tcase(suite, "real");
    TCase *samples = new_tcase(suite, "samples");

    tcase_add_test(samples, a_sample_of_sorted_rows_has_every_class_in_its_share);
    tcase_add_test(find, a_path_that_is_not_there_is_named);
    tcase_add_test(find, a_folder_without_files_tells_what_was_looked_for);
    tcase_add_test(find, a_foreign_file_tells_the_known_formats);
    tcase_add_test(find, a_usual_name_with_foreign_content_gets_the_formats_own_message);
    tcase_add_test(find, a_pipe_is_refused_and_not_waited_for);
    tcase_add_test(find, the_test_half_is_read_from_its_own_files);
    tcase_add_test(labels, labels_of_every_width_are_read);
    tcase_add_test(labels, a_thousand_classes_are_the_limit);
    tcase_add_test(labels, labels_that_are_not_one_integer_each_are_refused);
    tcase_add_test(values, one_to_four_axes_are_described);
    tcase_add_test(values, no_rows_empty_rows_and_giant_rows_are_refused);
    tcase_add_test(values, a_float_that_is_not_finite_is_found);
    tcase_add_test(gzip, a_cut_gzip_tail_is_found_even_when_all_rows_came);
    tcase_add_test(gzip, a_flipped_bit_is_an_error_or_without_effect);
    tcase_add_test(gzip, concatenated_gzip_members_are_one_file);
    tcase_add_test(gzip, a_small_gzip_file_cannot_claim_a_giant_dataset);
    tcase_add_test(gzip, a_wrong_size_is_found_at_open_or_if_compressed_at_the_end);
    tcase_add_test(cifar, a_gap_between_cifar10_batches_is_an_error);
    tcase_add_test(cifar, cifar10_has_ten_labels);
    tcase_add_test(real, the_sample_that_ships_is_whole);
    tcase_add_test(real, mnist_is_read_whole);
    return run_suite(suite);
}
