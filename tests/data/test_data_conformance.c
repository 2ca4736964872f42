/* What every dataset format must do, checked on each row of the table and each fixture. */
#include "data/dataset.h"
#include "support/data_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define ROWS 11         /* of an ordinary dataset here */
#define ROWS_CUT 3      /* of one that is cut at every byte */
#define LONG_BYTES 2000 /* a longer file is cut at every seventh byte only: it is all pixels */
#define HEADER_BYTES 96 /* that are damaged one by one */
#define ACCOUNTED_MAX (512 * 1024)

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
    ck_assert_uint_lt(memory.accounted_peak_bytes, ACCOUNTED_MAX);
    ff_ctx_free(ctx);
    free(folder);
}

static void check_row(const struct data_fixture *fixture, size_t row, const void *features,
                      size_t at)
{
    for (size_t j = 0; j < fixture->features; j++) {
        if (fixture->is_float)
            ck_assert(((const float *)features)[at * fixture->features + j] == data_float(row, j));
        else
            ck_assert_uint_eq(((const unsigned char *)features)[at * fixture->features + j],
                              data_pixel(row, j));
    }
}

/* Opens the folder, or the file of images, and reads all in pieces of MAX_ROWS. */
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
    ck_assert_uint_eq(dataset->info.classes, spec->unlabelled ? 0 : 10);
    ck_assert(dataset->info.is_float == fixture->is_float);
    do {
        ck_assert_msg(
            ff_dataset_read(dataset, max_rows, features, with_labels ? labels : NULL, &n) == FF_OK,
            "%s", ff_ctx_message(ctx));
        ck_assert_uint_le(n, max_rows);
        for (size_t i = 0; i < n; i++) {
            check_row(fixture, done + i, features, i);
            ck_assert(!with_labels || labels[i] == data_label(done + i));
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
            found = found || strcmp(data_fixtures[i].format, formats[f]->name) == 0;
        ck_assert_msg(found, "no fixture writes %s: add one", formats[f]->name);
        ck_assert(formats[f]->summary && formats[f]->names[0] && formats[f]->names[1]);
    }
}
END_TEST

START_TEST(reads_back_what_was_written_whatever_the_pieces)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = folder};
    const size_t pieces[] = {1, 7, ROWS, 1000};

    fixture->write(fixture, folder, ROWS);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
        check_content(fixture, &spec, ROWS, pieces[p], true);
    check_content(fixture, &spec, ROWS, 4, false);
}
END_TEST

START_TEST(needs_no_labels_when_unlabelled)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = folder, .unlabelled = true};

    fixture->write(fixture, folder, ROWS);
    if (fixture->labels)
        ck_assert_int_eq(unlink(data_path(folder, fixture->labels)), 0);
    check_content(fixture, &spec, ROWS, 3, false);
}
END_TEST

START_TEST(takes_a_file_of_images_as_well_as_a_folder)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    struct ff_dataset_spec spec = {0};
    bool parts;
    char *images, *answers;

    fixture->write(fixture, folder, ROWS);
    images = strdup(data_path(folder, fixture->images));
    answers = strdup(data_path(folder, "answers"));
    parts = access(data_path(folder, "data_batch_2.bin"), F_OK) == 0;
    spec.path = images;
    check_content(fixture, &spec, parts ? 1 : ROWS, 5, true);
    if (fixture->labels) {
        ck_assert_int_eq(rename(data_path(folder, fixture->labels), answers), 0);
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
                              : ((const unsigned char *)features)[i] != data_pixel(row, j))
            return false;
    }
    return true;
}

/* Reads a sample of N of the ROWS rows in pieces of MAX_ROWS; IN_SAMPLE gets which they are. */
static void read_sample(const struct data_fixture *fixture, size_t n, size_t max_rows,
                        bool in_sample[ROWS])
{
    const struct ff_dataset_spec spec = {.path = folder, .sample = n};
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
            while (row < ROWS && !is_row(fixture, row, features, i))
                row++;
            ck_assert_uint_lt(row, ROWS);
            ck_assert_uint_eq(labels[i], data_label(row));
            in_sample[row] = true;
        }
    }
    ck_assert_uint_eq(done, n);
    ff_dataset_close(dataset);
    free(features);
    free(labels);
}

START_TEST(a_sample_is_so_many_rows_in_their_order_whatever_the_pieces)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const size_t pieces[] = {1, 3, ROWS, 1000};
    bool in_smaller[ROWS] = {false};

    fixture->write(fixture, folder, ROWS);
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

/* Sets the modification time of the files of the folder's dataset. */
static void set_mtime(time_t seconds)
{
    const struct ff_dataset_spec spec = {.path = folder};
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds, .tv_nsec = 1000}};
    struct ff_data_files files;

    ck_assert_int_eq(ff_dataset_find(ctx, &spec, &files), FF_OK);
    for (uint32_t i = 0; i < files.count; i++)
        ck_assert_int_eq(utimensat(AT_FDCWD, data_path(folder, files.file[i].name), times, 0), 0);
}

static void ck_file(const struct ff_data_file *file, time_t seconds)
{
    struct data_bytes bytes = data_read(folder, file->name);
    XXH128_hash_t hash = XXH3_128bits(bytes.at, bytes.n);
    char hex[FF_HASH_BYTES];

    ff_hex128(hash.high64, hash.low64, hex);
    ck_assert_str_eq(file->hash, hex);
    ck_assert_uint_eq(file->bytes, bytes.n);
    ck_assert_int_eq(file->mtime_ns, seconds ? seconds * INT64_C(1000000000) + 1000 : 0);
    free(bytes.at);
}

START_TEST(files_are_described_as_they_were_read)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = folder}, sample = {.path = folder, .sample = 2};
    const struct ff_dataset_spec *specs[] = {&spec, &sample};
    const time_t old = 1000000000;

    fixture->write(fixture, folder, ROWS);
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
            ck_file(&read.file[f], old);
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
    const struct ff_dataset_spec spec = {.path = folder};
    struct ff_data_files read, now;
    struct ff_dataset *dataset;

    fixture->write(fixture, folder, ROWS);
    set_mtime(time(NULL) + 1000);
    dataset = open_and_read(&spec, ROWS);
    ck_assert_int_eq(ff_dataset_describe(dataset, &read), FF_OK);
    ff_dataset_close(dataset);
    ck_assert_int_eq(ff_dataset_find(ctx, &spec, &now), FF_OK);
    for (uint32_t f = 0; f < read.count; f++)
        ck_file(&read.file[f], 0);
    ck_assert(!ff_data_files_untouched(&read, &now));
}
END_TEST

START_TEST(a_file_that_changes_while_it_is_read_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const struct ff_dataset_spec spec = {.path = folder};
    struct ff_data_files read;
    struct ff_dataset *dataset;

    fixture->write(fixture, folder, ROWS);
    set_mtime(1000000000);
    dataset = open_and_read(&spec, 1);
    set_mtime(1000000001);
    ck_assert_int_eq(ff_dataset_describe(dataset, &read), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "changed while it was read"));
    ff_dataset_close(dataset);
}
END_TEST

/* Opens and reads the whole; *ROWS are those that came. Reads nothing of unreasonable width. */
static int read_all(size_t *rows)
{
    const struct ff_dataset_spec spec = {.path = folder};
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
    struct data_bytes whole = data_read(folder, name);
    const char *path = data_path(folder, name);
    const size_t step = whole.n > LONG_BYTES ? 7 : 1;
    size_t rows;

    ck_assert_int_eq(read_all(&rows), FF_OK);
    ck_assert_uint_eq(rows, ROWS_CUT);
    for (size_t cut = 1; cut <= whole.n; cut += step) {
        const size_t length = whole.n - cut;

        ck_assert_int_eq(truncate(path, (off_t)length), 0);
        if (read_all(&rows) == FF_OK) {
            ck_assert_msg(fixture->any_count, "%s cut to %zu bytes was read", name, length);
            ck_assert_uint_lt(rows, ROWS_CUT);
        }
        ck_assert_uint_gt(strlen(ff_ctx_message(ctx)), 0);
    }
    free(whole.at);
}

START_TEST(a_file_cut_anywhere_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];

    fixture->write(fixture, folder, ROWS_CUT);
    check_cut_at_every_byte(fixture, fixture->images);
    fixture->write(fixture, folder, ROWS_CUT);
    if (fixture->labels)
        check_cut_at_every_byte(fixture, fixture->labels);
}
END_TEST

static void check_damage_to_every_byte(const char *name)
{
    struct data_bytes whole = data_read(folder, name);
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
            data_write(folder, name, &damaged);
            (void)read_all(&rows); /* teardown() checks the memory it took */
        }
    }
    data_write(folder, name, &whole);
}

START_TEST(a_damaged_header_neither_crashes_nor_takes_memory)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, folder, ROWS_CUT);
    check_damage_to_every_byte(fixture->images);
    if (fixture->labels)
        check_damage_to_every_byte(fixture->labels);
    ck_assert_int_eq(read_all(&rows), FF_OK);
}
END_TEST

START_TEST(more_bytes_than_the_header_tells_are_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    const char *names[] = {fixture->images, fixture->labels};

    for (size_t i = 0; i < 2 && names[i]; i++) {
        struct data_bytes bytes;
        size_t rows;

        fixture->write(fixture, folder, ROWS_CUT);
        bytes = data_read(folder, names[i]);
        data_put(&bytes, "x", 1);
        data_write(folder, names[i], &bytes);
        ck_assert_int_eq(read_all(&rows), FF_ECORRUPT);
    }
}
END_TEST

START_TEST(an_empty_file_is_an_error)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, folder, ROWS_CUT);
    ck_assert_int_eq(truncate(data_path(folder, fixture->images), 0), 0);
    ck_assert_int_ne(read_all(&rows), FF_OK);
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
    fixture->write(fixture, folder, ROWS);
    images = data_read(folder, fixture->images);
    fixture->write(fixture, folder, ROWS - 1);
    data_write(folder, fixture->images, &images);
    ck_assert_int_eq(read_all(&rows), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "10 labels for the 11 images"));
}
END_TEST

START_TEST(missing_labels_are_an_error_that_names_them)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    if (!fixture->labels)
        return;
    fixture->write(fixture, folder, ROWS);
    ck_assert_int_eq(unlink(data_path(folder, fixture->labels)), 0);
    ck_assert_int_eq(read_all(&rows), FF_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "labels"));
}
END_TEST

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    int status = FF_ENOMEM;
    int64_t count = 0;

    fixture->write(fixture, folder, ROWS_CUT);
    for (; status != FF_OK; count++) {
        struct ff_memory memory;
        size_t rows;

        ck_assert_int_lt(count, 1000);
        ff_meter_fail_after(ctx, count);
        status = read_all(&rows);
        ck_assert(status == FF_OK || status == FF_ENOMEM);
        ff_memory_read(ctx, &memory);
        ck_assert_uint_eq(memory.accounted_bytes, 0);
    }
    ck_assert_int_gt(count, 3);
    ff_meter_fail_after(ctx, -1);
}
END_TEST

START_TEST(a_memory_limit_is_reported_as_such)
{
    const struct data_fixture *fixture = &data_fixtures[_i];
    size_t rows;

    fixture->write(fixture, folder, ROWS_CUT);
    ff_memory_limit(ctx, 50000);
    ck_assert_int_eq(read_all(&rows), FF_EBUDGET);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: conformance of formats");
    TCase *tc = tcase_create("formats");
    int count = (int)data_fixture_count;

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_format_has_a_fixture);
    tcase_add_loop_test(tc, reads_back_what_was_written_whatever_the_pieces, 0, count);
    tcase_add_loop_test(tc, a_sample_is_so_many_rows_in_their_order_whatever_the_pieces, 0, count);
    tcase_add_loop_test(tc, files_are_described_as_they_were_read, 0, count);
    tcase_add_loop_test(tc, a_time_that_is_too_new_is_not_trusted, 0, count);
    tcase_add_loop_test(tc, a_file_that_changes_while_it_is_read_is_an_error, 0, count);
    tcase_add_loop_test(tc, needs_no_labels_when_unlabelled, 0, count);
    tcase_add_loop_test(tc, takes_a_file_of_images_as_well_as_a_folder, 0, count);
    tcase_add_loop_test(tc, a_file_cut_anywhere_is_an_error, 0, count);
    tcase_add_loop_test(tc, a_damaged_header_neither_crashes_nor_takes_memory, 0, count);
    tcase_add_loop_test(tc, more_bytes_than_the_header_tells_are_an_error, 0, count);
    tcase_add_loop_test(tc, an_empty_file_is_an_error, 0, count);
    tcase_add_loop_test(tc, counts_that_do_not_match_are_an_error, 0, count);
    tcase_add_loop_test(tc, missing_labels_are_an_error_that_names_them, 0, count);
    tcase_add_loop_test(tc, every_failing_allocation_is_reported_and_leaks_nothing, 0, count);
    tcase_add_loop_test(tc, a_memory_limit_is_reported_as_such, 0, count);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
