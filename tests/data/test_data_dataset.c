/* Finding the files of a dataset, samples of it, EMNIST, and real data. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Samples ---- */

#define SORTED_CLASSES 10
#define SORTED_EACH 100 /* rows of a class */

/* Rows of one value, in the order of their classes. */
START_TEST(a_sample_of_sorted_rows_has_every_class_in_its_share)
{
    const uint32_t rows = SORTED_CLASSES * SORTED_EACH;
    const struct ff_dataset_spec spec = {.path = directory, .sample = rows / 5};
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
    data_write(directory, "train-images-idx3-ubyte", &images);
    data_write(directory, "train-labels-idx1-ubyte", &labels);
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

START_TEST(a_missing_path_is_named)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "nowhere")};
    uint64_t rows, sum;

    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_ENOTFOUND);
    ck_says("nowhere");
}
END_TEST

START_TEST(the_error_for_an_empty_directory_names_the_usual_files)
{
    struct ff_dataset_spec spec = {.path = directory};
    uint64_t rows, sum;

    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_says("training images");
    ck_says("train-images-idx3-ubyte");
    ck_says("x_train.npy");
    ck_says("data_batch_1.bin");
    spec.split = FF_SPLIT_TEST;
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_says("t10k-images-idx3-ubyte");
    ck_says("test_batch.bin");
}
END_TEST

START_TEST(the_error_for_a_foreign_file_names_the_known_formats)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "photo.gif")};
    struct data_bytes bytes = {0};
    uint64_t rows, sum;

    data_put(&bytes, "GIF89a", 6);
    data_write(directory, "photo.gif", &bytes);
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EFORMAT);
    ck_says("photo.gif");
    ck_says("IDX");
    ck_says("NumPy");
    ck_says("CIFAR-10 ");
    ck_says("CIFAR-100");
    ck_says(".jpg");
}
END_TEST

START_TEST(foreign_content_under_a_usual_name_is_refused_by_its_format)
{
    static const struct {
        const char *name, *says;
    } cases[] = {{"train-images-idx3-ubyte", "not an IDX file"},
                 {"x_train.npy", "not a .npy file"},
                 {"data_batch_1.bin", "not CIFAR-10"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_bytes bytes = {0};

        data_put(&bytes, "<!DOCTYPE html><title>404</title>", 33);
        data_write(directory, cases[i].name, &bytes);
        ck_assert_int_ne(try_folder(), FF_OK);
        ck_says(cases[i].says);
        ck_assert_int_eq(unlink(data_path(directory, cases[i].name)), 0);
    }
}
END_TEST

START_TEST(a_pipe_is_refused_and_not_waited_for)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "pipe")};
    uint64_t rows, sum;

    ck_assert_int_eq(mkfifo(spec.path, 0600), 0);
    ck_assert_int_eq(read_all(&spec, 1, &rows, &sum), FF_EINVAL);
}
END_TEST

START_TEST(the_test_split_is_read_from_its_own_files)
{
    struct ff_dataset_spec spec = {.path = directory, .split = FF_SPLIT_TEST};
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

/* ---- EMNIST ---- */

/* Writes ROWS images of dataset SET, with labels from 1 to 26 in turn. */
static void write_emnist(const char *set, uint32_t rows)
{
    struct data_bytes images = data_idx(8, 3, (const uint32_t[]){rows, 1, 2});
    struct data_bytes labels = data_idx(8, 1, (const uint32_t[]){rows});
    char name[64];

    for (uint32_t row = 0; row < rows; row++) {
        unsigned char label = (unsigned char)(row % 26 + 1);

        data_put(&images, "ab", 2);
        data_put(&labels, &label, 1);
    }
    snprintf(name, sizeof name, "emnist-%s-train-images-idx3-ubyte.gz", set);
    data_write_gz(directory, name, &images);
    snprintf(name, sizeof name, "emnist-%s-train-labels-idx1-ubyte", set);
    data_write(directory, name, &labels);
}

START_TEST(emnist_letters_are_26_classes)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_data_files files;
    struct ff_dataset *dataset;

    write_emnist("letters", 60);
    ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_str_eq(dataset->info.format, "idx");
    ck_assert_uint_eq(dataset->info.rows, 60);
    ck_assert_uint_eq(dataset->info.classes, 26);
    ck_assert_str_eq(dataset->schema.classes[25], "26");
    ff_dataset_close(dataset);
    ck_assert_int_eq(ff_dataset_find(ctx, &spec, &files), FF_OK);
    ck_assert_str_eq(files.file[0].name, "emnist-letters-train-images-idx3-ubyte.gz");
    ck_assert_str_eq(files.file[1].name, "emnist-letters-train-labels-idx1-ubyte");
}
END_TEST

START_TEST(several_datasets_of_emnist_are_listed)
{
    struct ff_dataset_spec spec = {.path = directory};
    uint64_t rows, sum;

    write_emnist("letters", 30);
    write_emnist("digits", 20);
    ck_assert_int_eq(try_folder(), FF_EINVAL);
    ck_says("emnist-digits-train-images-idx3-ubyte.gz, "
            "emnist-letters-train-images-idx3-ubyte.gz");
    ck_says("give the path of the file of images");
    spec.path = data_path(directory, "emnist-digits-train-images-idx3-ubyte.gz");
    ck_assert_int_eq(read_all(&spec, 4, &rows, &sum), FF_OK);
    ck_assert_uint_eq(rows, 20);
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

START_TEST(the_shipped_sample_is_complete)
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
        puts("SKIPPED: MNIST: set FFTOOL_MNIST to the directory with its four files");
        return;
    }
    check_real(path, FF_SPLIT_TRAIN, 60000);
    check_real(path, FF_SPLIT_TEST, 10000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: datasets");
    TCase *samples = dataset_tcase(suite, "samples");
    TCase *find = dataset_tcase(suite, "finding");
    TCase *emnist = dataset_tcase(suite, "emnist");
    TCase *real = dataset_tcase(suite, "real");

    tcase_add_test(samples, a_sample_of_sorted_rows_has_every_class_in_its_share);
    tcase_add_test(find, a_missing_path_is_named);
    tcase_add_test(find, the_error_for_an_empty_directory_names_the_usual_files);
    tcase_add_test(find, the_error_for_a_foreign_file_names_the_known_formats);
    tcase_add_test(find, foreign_content_under_a_usual_name_is_refused_by_its_format);
    tcase_add_test(find, a_pipe_is_refused_and_not_waited_for);
    tcase_add_test(find, the_test_split_is_read_from_its_own_files);
    tcase_add_test(emnist, emnist_letters_are_26_classes);
    tcase_add_test(emnist, several_datasets_of_emnist_are_listed);
    tcase_add_test(real, the_shipped_sample_is_complete);
    tcase_add_test(real, mnist_is_read_whole);
    return run_suite(suite);
}
