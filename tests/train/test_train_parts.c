/* The parts below a training: how rows and neurons are cut, how a dataset is taken in, how time is
 * told. */
#include "data/dataset.h"
#include "learn/import.h"
#include "model/geometry.h"
#include "model/layer.h"
#include "support/data_fixture.h"
#include "support/memory_scratch.h"
#include "support/suite.h"
#include "support/train_fixture.h"

#include <check.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Geometry ---- */

/* Every chunk of BATCH follows the one before, from *ROW and *CHUNK on. (No assertions in here:
 * they take longer than what they check.) */
static bool batch_is_right(const struct ff_geometry *g, uint64_t batch, uint64_t *row,
                           uint32_t *chunk)
{
    uint32_t first_chunk, chunks, rows = ff_batch_range(g, batch, &first_chunk, &chunks);
    uint64_t end = *row + rows;

    if (first_chunk != *chunk || rows < 1 || rows > g->batch || chunks < 1 ||
        chunks > g->chunks_per_batch || (rows < g->batch && batch + 1 < g->batches))
        return false;
    for (uint32_t c = 0; c < chunks; c++, (*chunk)++) {
        uint64_t first;
        uint32_t in_chunk;

        ff_chunk_range(g, *chunk, &first, &in_chunk);
        if (first != *row || in_chunk < 1 || in_chunk > g->chunk_rows ||
            (in_chunk < g->chunk_rows && c + 1 < chunks))
            return false;
        *row += in_chunk;
    }
    return *row == end;
}

static bool geometry_is_right(uint64_t rows, uint32_t batch)
{
    struct ff_geometry g = ff_geometry_make(rows, batch);
    uint64_t row = 0;
    uint32_t chunk = 0;

    if (g.rows != rows || g.batch != (batch < rows ? batch : rows) || g.chunk_rows < 1 ||
        g.chunk_rows > FF_CHUNK_ROWS || g.batches != (rows - 1) / g.batch + 1)
        return false;
    /* Chunks of a batch are about equal: none is much smaller than it need be. */
    if ((uint64_t)g.chunk_rows * g.chunks_per_batch >= (uint64_t)g.batch + g.chunks_per_batch)
        return false;
    for (uint64_t b = 0; b < g.batches; b++) {
        if (!batch_is_right(&g, b, &row, &chunk))
            return false;
    }
    return row == rows && chunk == g.chunks;
}

static void ck_geometry(uint64_t rows, uint32_t batch)
{
    if (!geometry_is_right(rows, batch))
        ck_abort_msg("%llu rows in batches of %u", (unsigned long long)rows, batch);
}

START_TEST(chunks_cover_every_row_once_in_order)
{
    static const uint32_t batches[] = {1,   2,   3,   31,  128, 255,  256,  257,     300,
                                       511, 512, 513, 700, 768, 1000, 4096, 1u << 24};

    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        for (uint64_t rows = 1; rows <= 1100; rows++)
            ck_geometry(rows, batches[b]);
        ck_geometry(60000, batches[b]);
        ck_geometry(65537, batches[b]);
    }
    for (uint32_t batch = 1; batch <= 1100; batch++)
        ck_geometry(3001, batch);
}
END_TEST

/* Rows beyond what a count of 32 bits holds. */
START_TEST(large_datasets_are_cut_too)
{
    struct ff_geometry g = ff_geometry_make(UINT64_C(1) << 36, 1 << 20);
    uint64_t first;
    uint32_t rows, first_chunk, chunks;

    ck_assert_uint_eq(g.chunks, 1u << 28);
    ff_chunk_range(&g, g.chunks - 1, &first, &rows);
    ck_assert_uint_eq(first + rows, UINT64_C(1) << 36);
    ck_assert_uint_eq(ff_batch_range(&g, g.batches - 1, &first_chunk, &chunks), 1 << 20);
    ck_assert_uint_eq((uint64_t)first_chunk + chunks, g.chunks);
}
END_TEST

START_TEST(tiles_cover_every_neuron_once)
{
    for (uint32_t units = 1; units <= 2100; units++) {
        uint32_t next = 0, wrong = 0;

        for (uint32_t tile = 0; tile < ff_tile_count(units); tile++) {
            uint32_t first, count;

            ff_tile_range(units, tile, &first, &count);
            wrong += first != next || count < 1 || count > ff_tile_units(units);
            next += count;
        }
        ck_assert(next == units && wrong == 0);
    }
}
END_TEST

/* ---- Import ---- */

#define FEATURES 64
#define SEVERAL_BUCKETS \
    70000 /* rows of 64 bytes and a little more: 5 MB, of which a bucket has 2 */
#define SEED 9

static struct ff_ctx *ctx;
static char *folder;

static void setup(void)
{
    ctx = train_ctx();
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

/* A row no other is like: its number, then bytes that follow from it. */
static void make_row(uint64_t row, unsigned char out[FEATURES])
{
    for (size_t j = 0; j < FEATURES; j++)
        out[j] = (unsigned char)(j < 4 ? row >> 8 * j : row * 31 + j * 7);
}

static uint16_t make_label(uint64_t row)
{
    return (uint16_t)(row * 5 / 3 % 10);
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
        data_write_gz(folder, "train-images-idx3-ubyte.gz", &images);
        data_write_gz(folder, "train-labels-idx1-ubyte.gz", &labels);
    } else {
        data_write(folder, "train-images-idx3-ubyte", &images);
        data_write(folder, "train-labels-idx1-ubyte", &labels);
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
    data_write(folder, "x_train.npy", &images);
    data_write(folder, "y_train.npy", &labels);
}

/* Imports the folder's data into SET, in the order of SEED; NULL: only hashes. */
static int import(struct ff_set *set, const struct ff_geometry *geometry,
                  const struct ff_permutation *order, const char *compress, char fingerprint[33])
{
    struct ff_dataset_spec spec = {.path = folder};
    struct ff_import_opts opts = {.geometry = geometry, .order = order, .set = set};
    struct ff_import_facts facts;
    struct ff_scratch scratch;
    int status;

    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    opts.scratch = &scratch;
    if (compress)
        opts.compression = (struct ff_compression){FF_CODEC_ZSTD, 1};
    ck_assert_msg(ff_dataset_open(ctx, &spec, &opts.dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    status = ff_import(ctx, &opts, fingerprint ? &facts : NULL);
    if (fingerprint)
        strcpy(fingerprint, facts.fingerprint);
    ff_dataset_close(opts.dataset);
    ff_scratch_close(&scratch);
    return status;
}

static struct ff_permutation make_order(uint64_t seed, uint64_t rows)
{
    return ff_permutation_make(ff_rng_make(seed, FF_RNG_IMPORT_ORDER, 0, 0), rows);
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
static uint64_t *row_at_each_place(const struct ff_permutation *order, uint64_t rows)
{
    uint64_t *row_at = malloc(rows * sizeof *row_at);

    for (uint64_t place = 0; place < rows; place++)
        row_at[place] = UINT64_MAX;
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t place = order ? ff_permutation_at(order, row) : row;

        if (row_at[place] != UINT64_MAX)
            ck_abort_msg("two rows at place %llu", (unsigned long long)place);
        row_at[place] = row;
    }
    return row_at;
}

/* SET holds each row, with its label, at the place that ORDER gives it. */
static void ck_set(struct ff_set *set, const struct ff_geometry *g,
                   const struct ff_permutation *order)
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
    struct ff_permutation order = make_order(SEED, rows);
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
    nftw(folder, count_file, 8, FTW_PHYS);
    ck_assert_int_eq(files_found, 2); /* images and labels */
}
END_TEST

static void fingerprint_of(uint64_t seed, uint64_t rows, uint32_t batch, char out[33])
{
    struct ff_geometry geometry = ff_geometry_make(rows, batch);
    struct ff_permutation order = make_order(seed, rows);
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
    char first[33], other[33], *plain = folder;

    write_idx(500, false);
    fingerprint_of(1, 500, 128, first);
    fingerprint_of(2, 500, 31, other);
    ck_assert_str_eq(first, other); /* of another seed and batch */
    ck_assert_int_eq(import(NULL, &geometry, NULL, NULL, other), FF_OK);
    ck_assert_str_eq(first, other); /* only hashed, in order */
    folder = data_folder();
    write_idx(500, true);
    fingerprint_of(1, 500, 128, other);
    ck_assert_str_eq(first, other); /* compressed */
    free(folder);
    folder = data_folder();
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
            struct data_bytes bytes = data_read(folder, names[i]), damaged = {0};

            data_put(&damaged, bytes.at, bytes.n);
            damaged.at[at] ^= 1;
            data_write(folder, names[i], &damaged);
            fingerprint_of(1, 100, 128, other);
            ck_assert_str_ne(first, other);
            data_write(folder, names[i], &bytes);
        }
    }
    fingerprint_of(1, 100, 128, other);
    ck_assert_str_eq(first, other);
}
END_TEST

/* ---- Clock ---- */

struct watch {
    size_t reports;
    double least_left, last_left, last_share;
    long left; /* questions until it interrupts; negative: never */
};

static void watch_progress(void *arg, const struct ff_progress *p)
{
    struct watch *watch = arg;

    watch->reports++;
    ck_assert(p->rows <= p->rows_total || p->rows_total == 0);
    ck_assert(isfinite(p->rows_per_second) && p->rows_per_second >= 0);
    ck_assert(isfinite(p->seconds_left) && p->seconds_left < 1e6);
    ck_assert_uint_eq(p->layers, 3);
    ck_assert_uint_le(p->layer, 3);
    if (p->seconds_left != -1)
        watch->least_left = fmin(watch->least_left, p->seconds_left);
    watch->last_left = p->seconds_left;
    watch->last_share = (double)p->rows / (double)p->rows_total;
}

static bool watch_interrupt(void *arg)
{
    struct watch *watch = arg;

    return watch->left >= 0 && watch->left-- == 0;
}

/* The work of all phases adds up to what was announced: at the end no time is left, and never less
 * than none. (Batches are all full: a shorter one makes an estimate of what is left.) */
START_TEST(time_left_ends_at_nothing)
{
    char *here = train_folder(13 * 32);
    struct watch watch = {.left = -1};
    struct ff_train_opts opts;
    struct ff_train_result result;
    struct ff_recipe recipe;

    train_recipe(ctx, "20,30,10", &recipe);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    train_opts(here, &opts);
    opts.on_progress = watch_progress;
    opts.interrupted = watch_interrupt;
    opts.arg = &watch;
    for (long left = -1; left < 150; left += 37) { /* also after being interrupted once */
        int status;

        watch = (struct watch){.left = left};
        opts.force = true;
        status = ff_train(ctx, &recipe, &opts, &result);
        if (status == FF_EINTERRUPTED) {
            opts.force = false;
            watch = (struct watch){.left = -1};
            status = ff_train(ctx, &recipe, &opts, &result);
        }
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_ge(watch.reports, 3);
        ck_assert_double_ge(watch.least_left, -1e-3);
        ck_assert_double_le(fabs(watch.last_left), 1e-2);
        ck_assert_double_eq(watch.last_share, 1);
    }
    train_opts_release(&opts);
    ff_recipe_release(&recipe);
    free(here);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: parts");
    TCase *cuts = tcase_create("cuts"), *imports = tcase_create("import");
    TCase *clock = tcase_create("clock");

    tcase_add_test(cuts, chunks_cover_every_row_once_in_order);
    tcase_add_test(cuts, large_datasets_are_cut_too);
    tcase_add_test(cuts, tiles_cover_every_neuron_once);
    suite_add_tcase(suite, cuts);
    tcase_add_unchecked_fixture(imports, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(imports, setup, teardown);
    tcase_add_test(imports, rows_are_stored_in_the_keyed_order);
    tcase_add_test(imports, rows_are_stored_as_they_come_without_an_order);
    tcase_add_test(imports, several_buckets_lose_no_row);
    tcase_add_test(imports, no_temporary_file_stays);
    tcase_add_test(imports, the_fingerprint_is_that_of_the_data_alone);
    tcase_add_test(imports, the_fingerprint_sees_every_change);
    suite_add_tcase(suite, imports);
    tcase_add_unchecked_fixture(clock, train_root_setup, train_root_teardown);
    tcase_add_unchecked_fixture(clock, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(clock, setup, teardown);
    tcase_add_test(clock, time_left_ends_at_nothing);
    suite_add_tcase(suite, clock);
    return run_suite(suite);
}
