/* What every dataset format must do, checked on each row of the table and each fixture. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define ROWS 11 /* of an ordinary dataset here */

static void check_row(const struct data_fixture *fixture, size_t row, const void *features,
                      size_t at)
{
    for (size_t j = 0; j < fixture->features; j++) {
        if (fixture->is_float)
            ck_assert(((const float *)features)[at * fixture->features + j] == data_float(row, j));
        else
            ck_assert_uint_eq(((const unsigned char *)features)[at * fixture->features + j],
                              data_byte(fixture, row, j));
    }
}

/* Opens the directory, or the file of images, and reads all, up to MAX_ROWS rows at a time. */
static void check_content(const struct data_fixture *fixture, const struct ff_dataset_spec *spec,
                          size_t rows, size_t max_rows, bool with_labels)
{
    struct ff_dataset *dataset;
    uint16_t *labels = calloc(max_rows, sizeof *labels);
    void *features = calloc(max_rows, fixture->features * sizeof(float));
    size_t done = 0, n;

    ck_assert_msg(ff_dataset_open(ctx, spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_str_eq(dataset->info.format, fixture->format);
    ck_assert_uint_eq(dataset->info.rows, rows);
    ck_assert_uint_eq(dataset->info.features, fixture->features);
    ck_assert_uint_eq(dataset->info.height, fixture->height);
    ck_assert_uint_eq(dataset->info.width, fixture->width);
    ck_assert_uint_eq(dataset->info.channels, fixture->channels);
    ck_assert_uint_eq(dataset->info.classes, spec->unlabelled ? 0 : data_classes(fixture));
    ck_assert(dataset->info.is_float == fixture->is_float);
    do {
        ck_assert_msg(
            ff_dataset_read(dataset, max_rows, features, with_labels ? labels : NULL, &n) == FF_OK,
            "%s", ff_ctx_message(ctx));
        ck_assert_uint_le(n, max_rows);
        for (size_t i = 0; i < n; i++) {
            const size_t row = data_row(fixture, rows, done + i);

            check_row(fixture, row, features, i);
            ck_assert(!with_labels || labels[i] == data_label(row));
        }
        done += n;
    } while (n > 0);
    ck_assert_uint_eq(done, rows);
    ck_assert_int_eq(ff_dataset_read(dataset, max_rows, features, labels, &n), FF_OK);
    ck_assert_uint_eq(n, 0);
    ff_dataset_close(dataset);
    free(features);
    free(labels);
}

START_TEST(every_format_has_a_fixture)
{
    size_t count;
    const struct ff_dataset_format *const *formats = ff_dataset_formats(&count);

    ck_assert_uint_gt(count, 0);
    for (size_t f = 0; f < count; f++) {
        bool found = false;

        for (size_t i = 0; i < data_fixture_count; i++)
            found = found || strcmp(data_fixtures[i].format, formats[f]->info.name) == 0;
        ck_assert_msg(found, "no fixture writes %s: add one", formats[f]->info.name);
        ck_assert(formats[f]->names[0] && formats[f]->names[1]);
    }
}
END_TEST

START_TEST(the_library_lists_every_format)
{
    size_t count;
    const struct ff_dataset_format *const *formats = ff_dataset_formats(&count);

    for (size_t f = 0; f < count; f++) {
        const struct ff_data_format *info = ff_data_format(f);

        ck_assert_ptr_eq(info, &formats[f]->info);
        ck_assert(strlen(info->name) > 0 && strlen(info->summary) > 0 && strlen(info->layout) > 0);
    }
    ck_assert_ptr_null(ff_data_format(count));
}
END_TEST

START_TEST(reads_back_what_was_written_for_any_read_size)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = directory};
    const size_t pieces[] = {1, 7, ROWS, 1000};

    fixture->write(fixture, directory, ROWS);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
        check_content(fixture, &spec, ROWS, pieces[p], true);
    check_content(fixture, &spec, ROWS, 4, false);
}
END_TEST

START_TEST(needs_no_labels_when_unlabelled)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};

    fixture->write(fixture, directory, ROWS);
    if (fixture->labels)
        ck_assert_int_eq(unlink(data_path(directory, fixture->labels)), 0);
    check_content(fixture, &spec, ROWS, 3, false);
}
END_TEST

START_TEST(takes_a_file_of_images_as_well_as_a_directory)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    struct ff_dataset_spec spec = {0};
    bool parts;
    char *images, *answers;

    fixture->write(fixture, directory, ROWS);
    images = strdup(data_path(directory, fixture->images));
    answers = strdup(data_path(directory, "answers"));
    parts = access(data_path(directory, "data_batch_2.bin"), F_OK) == 0;
    spec.path = images;
    check_content(fixture, &spec, parts ? 1 : ROWS, 5, true);
    if (fixture->labels) {
        ck_assert_int_eq(rename(data_path(directory, fixture->labels), answers), 0);
        spec.labels = answers;
        check_content(fixture, &spec, ROWS, 5, true);
    }
    free(images);
    free(answers);
}
END_TEST

static bool is_row(const struct data_fixture *fixture, size_t row, const void *features, size_t at)
{
    for (size_t j = 0; j < fixture->features; j++) {
        size_t i = at * fixture->features + j;

        if (fixture->is_float ? ((const float *)features)[i] != data_float(row, j)
                              : ((const unsigned char *)features)[i] != data_byte(fixture, row, j))
            return false;
    }
    return true;
}

/* Reads a sample of N of the ROWS rows in pieces of MAX_ROWS; IN_SAMPLE gets which they are. */
static void read_sample(const struct data_fixture *fixture, size_t n, size_t max_rows,
                        bool in_sample[ROWS])
{
    const struct ff_dataset_spec spec = {.path = directory, .sample = n};
    struct ff_dataset *dataset;
    uint16_t *labels = calloc(max_rows, sizeof *labels);
    void *features = calloc(max_rows, fixture->features * sizeof(float));
    size_t row = 0, done = 0, got = 1;

    memset(in_sample, 0, ROWS * sizeof *in_sample);
    ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(dataset->info.rows, n);
    ck_assert_uint_eq(dataset->info.all_rows, ROWS);
    for (; got > 0; done += got) {
        ck_assert_msg(ff_dataset_read(dataset, max_rows, features, labels, &got) == FF_OK, "%s",
                      ff_ctx_message(ctx));
        for (size_t i = 0; i < got; i++, row++) {
            while (row < ROWS && !is_row(fixture, data_row(fixture, ROWS, row), features, i))
                row++;
            ck_assert_uint_lt(row, ROWS);
            ck_assert_uint_eq(labels[i], data_label(data_row(fixture, ROWS, row)));
            in_sample[row] = true;
        }
    }
    ck_assert_uint_eq(done, n);
    ff_dataset_close(dataset);
    free(features);
    free(labels);
}

START_TEST(a_sample_has_its_size_and_order_for_any_read_size)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const size_t pieces[] = {1, 3, ROWS, 1000};
    bool in_smaller[ROWS] = {false};

    fixture->write(fixture, directory, ROWS);
    for (size_t n = 1; n <= ROWS; n++) {
        bool in_sample[ROWS], again[ROWS];

        read_sample(fixture, n, 2, in_sample);
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            read_sample(fixture, n, pieces[p], again);
            ck_assert_mem_eq(again, in_sample, sizeof again);
        }
        for (size_t row = 0; row < ROWS; row++)
            ck_assert(in_sample[row] || !in_smaller[row]);
        memcpy(in_smaller, in_sample, sizeof in_smaller);
    }
}
END_TEST

/* Opens SPEC and reads DO_READ rows of it. */
static struct ff_dataset *open_and_read(const struct ff_dataset_spec *spec, size_t do_read)
{
    unsigned char features[4 * 3072];
    struct ff_dataset *dataset;
    uint16_t label;
    size_t n;

    ck_assert_msg(ff_dataset_open(ctx, spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_le(dataset->info.features, 3072);
    for (size_t row = 0; row < do_read; row++)
        ck_assert_int_eq(ff_dataset_read(dataset, 1, features, &label, &n), FF_OK);
    return dataset;
}

static time_t mtime; /* of set_mtime() */

static int set_mtime_of(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime, .tv_nsec = 1000}};

    (void)st;
    (void)type;
    (void)ftw;
    return utimensat(AT_FDCWD, path, times, 0);
}

/* Sets the modification time of the files of the directory's dataset. */
static void set_mtime(time_t seconds)
{
    mtime = seconds;
    ck_assert_int_eq(nftw(directory, set_mtime_of, 16, FTW_DEPTH), 0);
}

/* A tree of images is described as one file, by a hash that tests/image checks. */
static void ck_file(const struct data_fixture *fixture, const struct ff_data_file *file,
                    time_t seconds)
{
    ck_assert_int_eq(file->mtime_ns, seconds ? seconds * INT64_C(1000000000) + 1000 : 0);
    ck_assert_uint_eq(strlen(file->hash), FF_HASH_BYTES - 1);
    if (!data_is_tree(fixture)) {
        struct data_bytes bytes = data_read(directory, file->name);
        XXH128_hash_t hash = XXH3_128bits(bytes.at, bytes.n);
        char hex[FF_HASH_BYTES];

        ff_hex128(hash.high64, hash.low64, hex);
        ck_assert_str_eq(file->hash, hex);
        ck_assert_uint_eq(file->bytes, bytes.n);
        free(bytes.at);
    }
}

START_TEST(files_are_described_as_they_were_read)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = directory},
                                 sample = {.path = directory, .sample = 2};
    const struct ff_dataset_spec *specs[] = {&spec, &sample};
    const time_t old = 1000000000;

    fixture->write(fixture, directory, ROWS);
    set_mtime(old);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct ff_dataset *dataset = open_and_read(specs[i], i == 0 ? ROWS : 2);
        struct ff_data_files read, now;

        ck_assert_msg(ff_dataset_describe(dataset, &read) == FF_OK, "%s", ff_ctx_message(ctx));
        ff_dataset_close(dataset);
        ck_assert_uint_ge(read.count, fixture->labels ? 2 : 1);
        ck_assert_str_eq(read.file[0].name, fixture->images);
        ck_assert(!fixture->labels || strcmp(read.file[1].name, fixture->labels) == 0);
        for (uint32_t f = 0; f < read.count; f++)
            ck_file(fixture, &read.file[f], old);
        ck_assert_int_eq(ff_dataset_find(ctx, specs[i], &now), FF_OK);
        ck_assert(ff_data_files_untouched(&read, &now));
        now.file[read.count - 1].mtime_ns++;
        ck_assert(!ff_data_files_untouched(&read, &now));
    }
}
END_TEST

/* Another change within the resolution of the file system's clock would not be seen. */
START_TEST(a_time_that_is_too_new_is_not_trusted)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_data_files read, now;
    struct ff_dataset *dataset;

    fixture->write(fixture, directory, ROWS);
    set_mtime(time(NULL) + 1000);
    dataset = open_and_read(&spec, ROWS);
    ck_assert_int_eq(ff_dataset_describe(dataset, &read), FF_OK);
    ff_dataset_close(dataset);
    ck_assert_int_eq(ff_dataset_find(ctx, &spec, &now), FF_OK);
    for (uint32_t f = 0; f < read.count; f++)
        ck_file(fixture, &read.file[f], 0);
    ck_assert(!ff_data_files_untouched(&read, &now));
}
END_TEST

START_TEST(a_file_that_changes_while_it_is_read_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_data_files read;
    struct ff_dataset *dataset;

    fixture->write(fixture, directory, ROWS);
    set_mtime(1000000000);
    dataset = open_and_read(&spec, 1);
    set_mtime(1000000001);
    ck_assert_int_eq(ff_dataset_describe(dataset, &read), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "changed while it was read"));
    ff_dataset_close(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: conformance of formats");
    TCase *tc = dataset_tcase(suite, "formats");
    int count = (int)data_fixture_count;

    tcase_add_test(tc, every_format_has_a_fixture);
    tcase_add_test(tc, the_library_lists_every_format);
    tcase_add_loop_test(tc, reads_back_what_was_written_for_any_read_size, 0, count);
    tcase_add_loop_test(tc, needs_no_labels_when_unlabelled, 0, count);
    tcase_add_loop_test(tc, takes_a_file_of_images_as_well_as_a_directory, 0, count);
    tcase_add_loop_test(tc, a_sample_has_its_size_and_order_for_any_read_size, 0, count);
    tcase_add_loop_test(tc, files_are_described_as_they_were_read, 0, count);
    tcase_add_loop_test(tc, a_time_that_is_too_new_is_not_trusted, 0, count);
    tcase_add_loop_test(tc, a_file_that_changes_while_it_is_read_is_an_error, 0, count);
    return run_suite(suite);
}
