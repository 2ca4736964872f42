/* The import of a dataset: rows in their keyed order, no file left behind, and the fingerprint. */
#include "data/dataset.h"
#include "fixtures/data_fixture.h"
#include "fixtures/train_fixture.h"
#include "learn/import.h"
#include "learn/streams.h"
#include "model/geometry.h"
#include "model/layer.h"
#include "support/at_hand.h"
#include "support/memory_scratch.h"
#include "support/suite.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES 64

#define SEVERAL_BUCKETS \
    70000 /* rows of 64 bytes and a little more: 5 MB, of which a bucket has 2 */

#define SEED 9

static void setup(void)
{
    ctx = train_ctx();
    directory = data_folder();
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
    free(directory);
}

/* A row no other is like: its number, then bytes that follow from it. */
static void make_row(uint64_t row, unsigned char out[FEATURES])
{
    for (size_t j = 0; j < FEATURES; j++)
        out[j] = (unsigned char)(j < 4 ? row >> 8 * j : row * 31 + j * 7);
}

static uint16_t make_label(uint64_t row)
{
    return (uint16_t)(row % 10);
}

static void put_content(struct data_bytes *images, struct data_bytes *labels, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        unsigned char features[FEATURES], label = (unsigned char)make_label(row);

        make_row(row, features);
        data_put(images, features, sizeof features);
        data_put(labels, &label, 1);
    }
}

static void write_idx(size_t rows, bool gz)
{
    struct data_bytes images = data_idx(8, 3, (const uint32_t[]){(uint32_t)rows, 8, 8});
    struct data_bytes labels = data_idx(8, 1, (const uint32_t[]){(uint32_t)rows});

    put_content(&images, &labels, rows);
    if (gz) {
        data_write_gz(directory, "train-images-idx3-ubyte.gz", &images);
        data_write_gz(directory, "train-labels-idx1-ubyte.gz", &labels);
    } else {
        data_write(directory, "train-images-idx3-ubyte", &images);
        data_write(directory, "train-labels-idx1-ubyte", &labels);
    }
}

static void write_npy(size_t rows)
{
    char shape[128];
    struct data_bytes images, labels;

    snprintf(shape, sizeof shape, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, 64), }",
             rows);
    images = data_npy(1, shape);
    snprintf(shape, sizeof shape, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu,), }",
             rows);
    labels = data_npy(1, shape);
    put_content(&images, &labels, rows);
    data_write(directory, "x_train.npy", &images);
    data_write(directory, "y_train.npy", &labels);
}

/* The schema with which the data is read; NULL: what it has. */
static const struct ff_schema *known;

/* Imports the directory's data into SET, in the order of SEED; NULL: only hashes. */
static int import(struct ff_set *set, const struct ff_geometry *geometry,
                  const struct ff_order *order, const char *compress, char fingerprint[33])
{
    struct ff_dataset_spec spec = {.path = directory, .schema = known};
    struct ff_import_data_opts opts = {.geometry = geometry, .order = order, .set = set};
    struct ff_import_facts facts;
    struct ff_scratch scratch;
    int status;

    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    opts.scratch = &scratch;
    if (compress)
        opts.compression = (struct ff_compression){FF_CODEC_ZSTD, 1};
    ck_assert_msg(ff_dataset_open(ctx, &spec, &opts.dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    status = ff_import_data(ctx, &opts, fingerprint ? &facts : NULL);
    if (fingerprint)
        strcpy(fingerprint, facts.fingerprint);
    ff_dataset_close(opts.dataset);
    ff_scratch_close(&scratch);
    return status;
}

static struct ff_order make_order(uint64_t seed, uint64_t rows)
{
    return ff_order_make(seed, rows, rows, false);
}

/* Reads a chunk whole; free() it. */
static void *read_chunk(struct ff_set *set, struct ff_coder *coder, uint32_t chunk, uint32_t stream,
                        enum ff_dtype dtype, uint32_t rows, uint32_t columns)
{
    size_t bytes = (size_t)rows * columns * ff_dtype_size(dtype);
    void *buffer = malloc(bytes);
    struct ff_chunk found;
    const void *data;

    ck_assert_int_eq(ff_set_find(set, chunk, stream, &found), FF_OK);
    ck_assert_msg(ff_chunk_read(set, &found, coder, dtype, rows, columns, buffer, &data) == FF_OK,
                  "%s", ff_ctx_message(ctx));
    if (data != buffer)
        memcpy(buffer, data, bytes);
    return buffer;
}

/* The row at each place of the stored order. */
static uint64_t *row_at_each_place(const struct ff_order *order, uint64_t rows)
{
    uint64_t *row_at = malloc(rows * sizeof *row_at);

    for (uint64_t place = 0; place < rows; place++)
        row_at[place] = UINT64_MAX;
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t place = order ? ff_order_at(order, row) : row;

        if (row_at[place] != UINT64_MAX)
            ck_abort_msg("two rows at place %llu", (unsigned long long)place);
        row_at[place] = row;
    }
    return row_at;
}

/* SET holds each row, with its label, at the place that ORDER gives it. */
static void ck_set(struct ff_set *set, const struct ff_geometry *g, const struct ff_order *order)
{
    uint64_t *row_at = row_at_each_place(order, g->rows);
    struct ff_coder *coder;

    ck_assert_int_eq(ff_coder_new(ctx, &coder), FF_OK);
    for (uint32_t chunk = 0; chunk < g->chunks; chunk++) {
        uint64_t first;
        uint32_t rows;
        unsigned char *features, expected[FEATURES];
        uint16_t *labels;

        ff_chunk_range(g, chunk, &first, &rows);
        features = read_chunk(set, coder, chunk, FF_STREAM_INPUT, FF_U8, rows, FEATURES);
        labels = read_chunk(set, coder, chunk, FF_STREAM_LABELS, FF_U16, rows, 1);
        for (uint32_t i = 0; i < rows; i++) {
            make_row(row_at[first + i], expected);
            if (memcmp(features + (size_t)i * FEATURES, expected, FEATURES) != 0 ||
                labels[i] != make_label(row_at[first + i]))
                ck_abort_msg("place %llu: another row", (unsigned long long)(first + i));
        }
        free(features);
        free(labels);
    }
    ff_coder_free(coder);
    free(row_at);
}

/* Imports ROWS rows in batches of BATCH and checks where they are. */
static void ck_import(uint64_t rows, uint32_t batch, bool permuted, const char *compress)
{
    struct ff_geometry geometry = ff_geometry_make(rows, batch);
    struct ff_order order = make_order(SEED, rows);
    struct ff_scratch scratch;
    struct ff_set *set;

    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 0, &set), FF_OK);
    ck_assert_msg(import(set, &geometry, permuted ? &order : NULL, compress, NULL) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ck_set(set, &geometry, permuted ? &order : NULL);
    ff_set_close(set);
    ff_scratch_close(&scratch);
}

START_TEST(rows_are_stored_in_the_keyed_order)
{
    write_idx(1000, false);
    for (uint64_t rows = 1; rows <= 1000; rows += rows < 20 ? 1 : 163) {
        ck_import(rows, 300, true, NULL);
        ck_import(rows, 7, true, NULL);
    }
    ck_import(1000, 300, true, "zstd");
}
END_TEST

START_TEST(rows_are_stored_as_they_come_without_an_order)
{
    write_npy(1000);
    ck_import(1000, 300, false, NULL);
    ck_import(333, 10, false, "zstd");
}
END_TEST

START_TEST(several_buckets_lose_no_row)
{
    write_idx(SEVERAL_BUCKETS, false);
    ck_import(SEVERAL_BUCKETS, 128, true, NULL);
    ck_import(SEVERAL_BUCKETS - 1, 700, true, NULL);
}
END_TEST

/* The data was changed after its classes were found. */
START_TEST(labels_without_a_class_are_refused)
{
    const struct ff_schema fewer = {.n_classes = 9};
    struct ff_geometry geometry = ff_geometry_make(100, 10);
    struct ff_order order = make_order(SEED, 100);
    struct ff_scratch scratch;
    struct ff_set *set;
    char fingerprint[33];

    write_idx(100, false);
    known = &fewer;
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 0, &set), FF_OK);
    ck_assert_int_eq(import(set, &geometry, &order, NULL, fingerprint), FF_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "the label of sample 9 (from 0)"));
    /* Data to be evaluated may have them. */
    ck_assert_int_eq(import(set, &geometry, NULL, NULL, NULL), FF_OK);
    known = NULL;
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

static int files_found;

static int count_file(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)path;
    (void)status;
    (void)ftw;
    files_found += type == FTW_F;
    return 0;
}

START_TEST(no_temporary_file_stays)
{
    write_idx(500, false);
    ck_import(500, 128, true, NULL);
    nftw(directory, count_file, 8, FTW_PHYS);
    ck_assert_int_eq(files_found, 2); /* images and labels */
}
END_TEST

static void fingerprint_of(uint64_t seed, uint64_t rows, uint32_t batch, char out[33])
{
    struct ff_geometry geometry = ff_geometry_make(rows, batch);
    struct ff_order order = make_order(seed, rows);
    struct ff_scratch scratch;
    struct ff_set *set;

    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 0, &set), FF_OK);
    ck_assert_int_eq(import(set, &geometry, &order, NULL, out), FF_OK);
    ck_assert_uint_eq(strlen(out), 32);
    ff_set_close(set);
    ff_scratch_close(&scratch);
}

START_TEST(the_fingerprint_is_that_of_the_data_alone)
{
    struct ff_geometry geometry = ff_geometry_make(500, 128);
    char first[33], other[33], *plain = directory;

    write_idx(500, false);
    fingerprint_of(1, 500, 128, first);
    fingerprint_of(2, 500, 31, other);
    ck_assert_str_eq(first, other); /* of another seed and batch */
    ck_assert_int_eq(import(NULL, &geometry, NULL, NULL, other), FF_OK);
    ck_assert_str_eq(first, other); /* only hashed, in order */
    directory = data_folder();
    write_idx(500, true);
    fingerprint_of(1, 500, 128, other);
    ck_assert_str_eq(first, other); /* compressed */
    free(directory);
    directory = data_folder();
    write_npy(500);
    fingerprint_of(1, 500, 128, other);
    ck_assert_str_eq(first, other); /* of another format */
    free(plain);
}
END_TEST

/* Any bit of the data, of a label too, and the number of rows. */
START_TEST(the_fingerprint_sees_every_change)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"};
    char first[33], other[33];

    write_idx(100, false);
    fingerprint_of(1, 100, 128, first);
    fingerprint_of(1, 99, 128, other);
    ck_assert_str_ne(first, other);
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = i ? 8 : 16; at < (i ? 108 : 16 + 100 * FEATURES); at += i ? 9 : 401) {
            struct data_bytes bytes = data_read(directory, names[i]), damaged = {0};

            data_put(&damaged, bytes.at, bytes.n);
            damaged.at[at] ^= 1;
            data_write(directory, names[i], &damaged);
            fingerprint_of(1, 100, 128, other);
            ck_assert_str_ne(first, other);
            data_write(directory, names[i], &bytes);
        }
    }
    fingerprint_of(1, 100, 128, other);
    ck_assert_str_eq(first, other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn: import");
    TCase *tcase = tcase_create("import");

    tcase_add_unchecked_fixture(tcase, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rows_are_stored_in_the_keyed_order);
    tcase_add_test(tcase, rows_are_stored_as_they_come_without_an_order);
    tcase_add_test(tcase, several_buckets_lose_no_row);
    tcase_add_test(tcase, labels_without_a_class_are_refused);
    tcase_add_test(tcase, no_temporary_file_stays);
    tcase_add_test(tcase, the_fingerprint_is_that_of_the_data_alone);
    tcase_add_test(tcase, the_fingerprint_sees_every_change);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
