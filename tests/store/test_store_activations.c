/* Sets of activations, on disk and in memory behind one interface. */
#include "base/pool.h"
#include "fixtures/store_fixture.h"
#include "store/activations.h"
#include "support/each_allocation.h"
#include "support/memory_scratch.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNKS = 6, STREAMS = 3, ROWS = 120, COLUMNS = 40, LAST_ROWS = 13 };

static const struct ff_compression none = {FF_CODEC_NONE, 0};
static const struct ff_compression zstd = {FF_CODEC_ZSTD, 1};

/* Every test of the interface runs for both kinds of store. */
enum { ON_DISK, IN_MEMORY, KINDS };

static void open_scratch(int kind, struct ff_scratch *out)
{
    if (kind == ON_DISK)
        must(store_ctx, ff_scratch_open(store_ctx, store_path("scratch"), out));
    else
        must(store_ctx, ff_memory_scratch_new(store_ctx, out));
}

static uint32_t rows_of(uint32_t chunk)
{
    return chunk + 1 == CHUNKS ? LAST_ROWS : ROWS;
}

/* Elements of (CHUNK, STREAM), exact in bf16 and, in steps of 1/8 up to 255/8, in scaled u8. */
static void fill(uint32_t chunk, uint32_t stream, float out[ROWS * COLUMNS])
{
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        out[i] = i % 5 < 3 ? 0 : (float)(chunk * 4 + stream) + (float)(i % 7) / 8;
        if (i % COLUMNS == 0)
            out[i] = 255.f / 8;
    }
}

static struct ff_seal seal_of(uint32_t boundary)
{
    struct ff_seal seal = {.boundary = boundary, .chunks = CHUNKS, .streams = STREAMS};

    memset(seal.run, 0x5a, sizeof seal.run);
    return seal;
}

static void write_set(struct ff_scratch *scratch, uint32_t boundary, enum ff_dtype stored,
                      const struct ff_compression *compression, bool sealed)
{
    const struct ff_seal seal = seal_of(boundary);
    float data[ROWS * COLUMNS];
    struct ff_set *set;

    must(store_ctx, scratch->ops->create(scratch->self, boundary, &set));
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        for (uint32_t stream = 0; stream < STREAMS; stream++) {
            const struct ff_matrix matrix = {FF_F32, rows_of(chunk), COLUMNS, data};

            fill(chunk, stream, data);
            must(store_ctx, ff_set_put(set, chunk, stream, &matrix, stored, compression));
        }
    }
    if (sealed)
        must(store_ctx, ff_set_seal(set, &seal));
    ff_set_close(set);
}

static void check_chunk(struct ff_set *set, struct ff_coder *coder, uint32_t chunk, uint32_t stream,
                        bool in_place)
{
    float wanted[ROWS * COLUMNS], buffer[ROWS * COLUMNS];
    struct ff_chunk found;
    const void *data;

    fill(chunk, stream, wanted);
    must(store_ctx, ff_set_find(set, chunk, stream, &found));
    ff_chunk_will_need(set, &found);
    must(store_ctx, ff_chunk_read(set, &found, coder, FF_F32, rows_of(chunk), COLUMNS,
                                  in_place ? NULL : buffer, &data));
    ck_assert_mem_eq(data, wanted, rows_of(chunk) * COLUMNS * sizeof(float));
    if (in_place)
        ck_assert_uint_eq((uintptr_t)data % 64, 0);
    else
        ck_assert_ptr_eq(data, buffer);
    ff_set_dont_need(set);
}

START_TEST(chunks_are_read_back_in_any_order_and_form)
{
    const struct {
        enum ff_dtype stored;
        const struct ff_compression *compression;
        bool in_place;
    } forms[] = {{FF_F32, &none, true},        {FF_F32, &zstd, false},
                 {FF_BF16, &none, false},      {FF_BF16, &zstd, false},
                 {FF_SCALED_U8, &none, false}, {FF_SCALED_U8, &zstd, false}};
    struct ff_scratch scratch;
    struct ff_coder *coder;

    open_scratch(_i, &scratch);
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (uint32_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        const struct ff_seal seal = seal_of(form);
        struct ff_set *set;

        write_set(&scratch, form, forms[form].stored, forms[form].compression, true);
        must(store_ctx, scratch.ops->open(scratch.self, form, &set));
        must(store_ctx, ff_set_check(set, &seal));
        for (uint32_t i = CHUNKS * STREAMS; i-- > 0;)
            check_chunk(set, coder, i / STREAMS, i % STREAMS, forms[form].in_place);
        ff_set_close(set);
    }
    ff_coder_free(coder);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(a_set_is_read_through_the_handle_that_wrote_it)
{
    const struct ff_seal seal = seal_of(1);
    const uint16_t labels[5] = {1, 2, 300, 4, 5};
    const struct ff_matrix matrix = {FF_U16, 5, 1, labels};
    struct ff_scratch scratch;
    struct ff_chunk found;
    struct ff_set *set;
    uint16_t buffer[5];
    const void *data;

    open_scratch(_i, &scratch);
    must(store_ctx, scratch.ops->create(scratch.self, 1, &set));
    must(store_ctx, ff_set_put(set, 0, 0, &matrix, FF_U16, &none));
    must(store_ctx, ff_set_seal(set, &seal));
    must(store_ctx, ff_set_check(set, &seal));
    must(store_ctx, ff_set_find(set, 0, 0, &found));
    must(store_ctx, ff_chunk_read(set, &found, NULL, FF_U16, 5, 1, buffer, &data));
    ck_assert_mem_eq(data, labels, sizeof labels);
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(only_a_complete_set_of_the_same_run_counts)
{
    struct ff_seal seal = seal_of(1);
    struct ff_scratch scratch;
    struct ff_set *set;

    open_scratch(_i, &scratch);
    must_be(store_ctx, FF_ENOTFOUND, scratch.ops->open(scratch.self, 1, &set));
    write_set(&scratch, 1, FF_F32, &none, false);
    must(store_ctx, scratch.ops->open(scratch.self, 1, &set));
    must_be(store_ctx, FF_ENOTFOUND, ff_set_check(set, &seal));
    ff_set_close(set);
    write_set(&scratch, 1, FF_F32, &none, true); /* replaces */
    must(store_ctx, scratch.ops->open(scratch.self, 1, &set));
    must(store_ctx, ff_set_check(set, &seal));
    seal.run[15] ^= 1;
    must_be(store_ctx, FF_EMISMATCH, ff_set_check(set, &seal));
    seal = seal_of(1);
    seal.chunks++;
    must_be(store_ctx, FF_EMISMATCH, ff_set_check(set, &seal));
    seal = seal_of(2);
    must_be(store_ctx, FF_EMISMATCH, ff_set_check(set, &seal));
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(missing_or_misshapen_chunks_are_damage)
{
    float buffer[ROWS * COLUMNS];
    struct ff_scratch scratch;
    struct ff_coder *coder;
    struct ff_chunk found;
    struct ff_set *set;
    const void *data;

    open_scratch(_i, &scratch);
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    write_set(&scratch, 0, FF_BF16, &none, true);
    must(store_ctx, scratch.ops->open(scratch.self, 0, &set));
    must_be(store_ctx, FF_ECORRUPT, ff_set_find(set, CHUNKS, 0, &found));
    must_be(store_ctx, FF_ECORRUPT, ff_set_find(set, 0, STREAMS, &found));
    must(store_ctx, ff_set_find(set, 0, 0, &found));
    must_be(store_ctx, FF_ECORRUPT,
            ff_chunk_read(set, &found, coder, FF_F32, ROWS - 1, COLUMNS, buffer, &data));
    must_be(store_ctx, FF_ECORRUPT,
            ff_chunk_read(set, &found, coder, FF_F32, COLUMNS, ROWS, buffer, &data));
    must_be(store_ctx, FF_ECORRUPT,
            ff_chunk_read(set, &found, coder, FF_F32, ROWS, COLUMNS, NULL, &data));
    must_be(store_ctx, FF_ECORRUPT,
            ff_chunk_read(set, &found, coder, FF_U8, ROWS, COLUMNS, buffer, &data));
    must(store_ctx, ff_chunk_read(set, &found, coder, FF_F32, ROWS, COLUMNS, buffer, &data));
    ff_set_close(set);
    ff_coder_free(coder);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(dropping_a_set_frees_its_space)
{
    struct ff_scratch scratch;
    struct ff_set *set;
    uint64_t one;

    open_scratch(_i, &scratch);
    ck_assert_uint_eq(scratch.ops->bytes(scratch.self), 0);
    write_set(&scratch, 4, FF_F32, &none, true);
    one = scratch.ops->bytes(scratch.self);
    ck_assert_uint_ge(one, (CHUNKS - 1) * STREAMS * ROWS * COLUMNS * sizeof(float));
    write_set(&scratch, 12, FF_F32, &none, true);
    ck_assert_uint_eq(scratch.ops->bytes(scratch.self), 2 * one);
    if (_i == ON_DISK)
        store_write_file(store_path("scratch/boundary-12.lmdb.bak"), "x", 1); /* none of ours */
    scratch.ops->drop(scratch.self, 4);
    scratch.ops->drop(scratch.self, 2); /* never was */
    ck_assert_uint_eq(scratch.ops->bytes(scratch.self), one);
    must_be(store_ctx, FF_ENOTFOUND, scratch.ops->open(scratch.self, 4, &set));
    must(store_ctx, scratch.ops->open(scratch.self, 12, &set));
    ff_set_close(set);
    scratch.ops->drop(scratch.self, 12);
    ck_assert_uint_eq(scratch.ops->bytes(scratch.self), 0);
    ff_scratch_close(&scratch);
}
END_TEST

struct reading {
    struct ff_set *set;
    struct ff_coder *coders[4];
    struct ff_chunk chunks[CHUNKS * STREAMS];
    int status[CHUNKS * STREAMS];
};

static void read_one(void *arg, size_t task, unsigned worker)
{
    struct reading *reading = arg;
    float wanted[ROWS * COLUMNS], buffer[ROWS * COLUMNS];
    uint32_t chunk = (uint32_t)task / STREAMS;
    const void *data;

    fill(chunk, (uint32_t)task % STREAMS, wanted);
    ff_chunk_will_need(reading->set, &reading->chunks[task]);
    reading->status[task] =
        ff_chunk_read(reading->set, &reading->chunks[task], reading->coders[worker], FF_F32,
                      rows_of(chunk), COLUMNS, buffer, &data);
    if (reading->status[task] == FF_OK &&
        memcmp(data, wanted, rows_of(chunk) * COLUMNS * sizeof(float)) != 0)
        reading->status[task] = FF_ECORRUPT;
    ff_set_dont_need(reading->set);
}

START_TEST(chunks_are_read_from_many_threads_at_once)
{
    struct reading reading;
    struct ff_scratch scratch;
    struct ff_pool *pool;

    open_scratch(_i % KINDS, &scratch);
    if (_i < KINDS)
        write_set(&scratch, 0, FF_BF16, &zstd, true);
    else
        write_set(&scratch, 0, FF_F32, &none, true);
    /* A small file would stay mapped. */
    ck_assert(_i < KINDS || scratch.ops->bytes(scratch.self) > 256 << 10);
    must(store_ctx, scratch.ops->open(scratch.self, 0, &reading.set));
    must(store_ctx, ff_pool_new(store_ctx, 4, &pool));
    for (int i = 0; i < 4; i++)
        must(store_ctx, ff_coder_new(store_ctx, &reading.coders[i]));
    for (uint32_t i = 0; i < CHUNKS * STREAMS; i++)
        must(store_ctx, ff_set_find(reading.set, i / STREAMS, i % STREAMS, &reading.chunks[i]));
    for (int round = 0; round < 50; round++) {
        ff_pool_run(pool, CHUNKS * STREAMS, read_one, &reading);
        for (int i = 0; i < CHUNKS * STREAMS; i++)
            ck_assert_int_eq(reading.status[i], FF_OK);
    }
    for (int i = 0; i < 4; i++)
        ff_coder_free(reading.coders[i]);
    ff_pool_free(pool);
    ff_set_close(reading.set);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(keys_sort_in_the_order_of_reading)
{
    const struct {
        uint32_t chunk, stream;
    } order[] = {{0, 0}, {0, 1}, {0, 256}, {1, 0}, {255, 3}, {256, 0}, {1 << 24, 0}};
    const uint16_t label = 1;
    const struct ff_matrix matrix = {FF_U16, 1, 1, &label};
    struct ff_scratch scratch;
    struct ff_chunk before = {0}, found;
    struct ff_set *set;

    open_scratch(_i, &scratch);
    must(store_ctx, scratch.ops->create(scratch.self, 1, &set));
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        must(store_ctx, ff_set_put(set, order[i].chunk, order[i].stream, &matrix, FF_U16, &none));
        must(store_ctx, ff_set_find(set, order[i].chunk, order[i].stream, &found));
        ck_assert(i == 0 || memcmp(before.key, found.key, sizeof found.key) < 0);
        before = found;
    }
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(a_flipped_bit_in_a_stored_chunk_is_found_and_named)
{
    float buffer[ROWS * COLUMNS];
    struct ff_scratch scratch;
    struct ff_chunk found;
    struct ff_set *set;
    const void *data;
    uint8_t *bytes;
    size_t size, at;

    open_scratch(ON_DISK, &scratch);
    write_set(&scratch, 7, FF_F32, &none, true);
    bytes = store_read_file(store_path("scratch/boundary-7.lmdb"), &size);
    fill(2, 1, buffer);
    for (at = 0; at + sizeof buffer <= size; at++) {
        if (memcmp(bytes + at, buffer, sizeof buffer) == 0)
            break;
    }
    ck_assert_uint_le(at + sizeof buffer, size);
    bytes[at + 5000] ^= 4;
    store_write_file(store_path("scratch/boundary-7.lmdb"), bytes, size);
    must(store_ctx, scratch.ops->open(scratch.self, 7, &set));
    for (uint32_t i = 0; i < CHUNKS * STREAMS; i++) {
        int rc;

        must(store_ctx, ff_set_find(set, i / STREAMS, i % STREAMS, &found));
        rc = ff_chunk_read(set, &found, NULL, FF_F32, rows_of(i / STREAMS), COLUMNS, NULL, &data);
        ck_assert_int_eq(rc, i / STREAMS == 2 && i % STREAMS == 1 ? FF_ECORRUPT : FF_OK);
        if (rc != FF_OK)
            ck_assert_ptr_nonnull(
                strstr(ff_ctx_message(store_ctx), "boundary-7.lmdb: chunk 2 of stream 1: damaged"));
    }
    ff_set_close(set);
    free(bytes);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(anything_else_in_place_of_a_set_is_damage)
{
    struct ff_scratch scratch;
    struct ff_set *set;

    open_scratch(ON_DISK, &scratch);
    store_write_file(store_path("scratch/boundary-1.lmdb"), "", 0);
    must_be(store_ctx, FF_ECORRUPT, scratch.ops->open(scratch.self, 1, &set));
    store_write_file(store_path("scratch/boundary-1.lmdb"), "something else", 14);
    must_be(store_ctx, FF_ECORRUPT, scratch.ops->open(scratch.self, 1, &set));
    write_set(&scratch, 1, FF_F32, &none, true); /* and is replaced */
    must(store_ctx, scratch.ops->open(scratch.self, 1, &set));
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

/* Writes and reads a set, and returns the first failure. */
static int use_scratch(void *arg)
{
    const int *kind = arg;
    const struct ff_seal seal = seal_of(3);
    float data[ROWS * COLUMNS], buffer[ROWS * COLUMNS];
    const struct ff_matrix matrix = {FF_F32, ROWS, COLUMNS, data};
    struct ff_scratch scratch = {0};
    struct ff_coder *coder = NULL;
    struct ff_set *set = NULL;
    struct ff_chunk found;
    const void *in;
    int rc;

    fill(0, 0, data);
    rc = *kind == ON_DISK ? ff_scratch_open(store_ctx, store_path("scratch"), &scratch)
                          : ff_memory_scratch_new(store_ctx, &scratch);
    if (rc == FF_OK)
        rc = scratch.ops->create(scratch.self, 3, &set);
    if (rc == FF_OK)
        rc = ff_set_put(set, 0, 1, &matrix, FF_BF16, &zstd);
    if (rc == FF_OK)
        rc = ff_set_seal(set, &seal);
    ff_set_close(set);
    set = NULL;
    if (rc == FF_OK)
        rc = scratch.ops->open(scratch.self, 3, &set);
    if (rc == FF_OK)
        rc = ff_set_check(set, &seal);
    if (rc == FF_OK)
        rc = ff_coder_new(store_ctx, &coder);
    if (rc == FF_OK)
        rc = ff_set_find(set, 0, 1, &found);
    if (rc == FF_OK)
        rc = ff_chunk_read(set, &found, coder, FF_F32, ROWS, COLUMNS, buffer, &in);
    ff_coder_free(coder);
    ff_set_close(set);
    ff_scratch_close(&scratch);
    return rc;
}

START_TEST(any_allocation_may_fail)
{
    int kind = _i;

    ck_assert_int_gt(fail_each_allocation(store_ctx, use_scratch, &kind, 60), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: activations");
    TCase *tc = tcase_create("activations");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, chunks_are_read_back_in_any_order_and_form, 0, KINDS);
    tcase_add_loop_test(tc, a_set_is_read_through_the_handle_that_wrote_it, 0, KINDS);
    tcase_add_loop_test(tc, only_a_complete_set_of_the_same_run_counts, 0, KINDS);
    tcase_add_loop_test(tc, missing_or_misshapen_chunks_are_damage, 0, KINDS);
    tcase_add_loop_test(tc, dropping_a_set_frees_its_space, 0, KINDS);
    tcase_add_loop_test(tc, chunks_are_read_from_many_threads_at_once, 0, 2 * KINDS);
    tcase_add_loop_test(tc, any_allocation_may_fail, 0, KINDS);
    tcase_add_loop_test(tc, keys_sort_in_the_order_of_reading, 0, KINDS);
    tcase_add_test(tc, a_flipped_bit_in_a_stored_chunk_is_found_and_named);
    tcase_add_test(tc, anything_else_in_place_of_a_set_is_damage);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
