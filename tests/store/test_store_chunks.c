/* Copies of chunks, and the index of where chunks are. */
#include "fixtures/store_fixture.h"
#include "store/activations.h"
#include "store/chunk_index.h"
#include "support/memory_scratch.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNKS = 6, STREAMS = 3, ROWS = 120, COLUMNS = 40 };

/* Every test of the interface runs for both kinds of store. */
enum { ON_DISK, IN_MEMORY, KINDS };

/* Exact in bf16. */
static void fill(uint32_t chunk, uint32_t stream, float out[ROWS * COLUMNS])
{
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++)
        out[i] = (float)(chunk * STREAMS + stream) + (float)(i % 4) / 4;
}

/* Opens a set in a new scratch. */
static struct ff_set *open_set(int kind, struct ff_scratch *scratch)
{
    static const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_seal seal = {.boundary = 1, .chunks = CHUNKS, .streams = STREAMS};
    struct ff_set *set;

    if (kind == ON_DISK)
        must(store_ctx, ff_scratch_open(store_ctx, store_path("scratch"), scratch));
    else
        must(store_ctx, ff_memory_scratch_new(store_ctx, scratch));
    must(store_ctx, scratch->ops->create(scratch->self, 1, &set));
    for (uint32_t i = 0; i < CHUNKS * STREAMS; i++) {
        float rows[ROWS * COLUMNS];
        const struct ff_matrix matrix = {FF_F32, ROWS, COLUMNS, rows};

        fill(i / STREAMS, i % STREAMS, rows);
        must(store_ctx, ff_set_put(set, i / STREAMS, i % STREAMS, &matrix, FF_BF16, &none));
    }
    must(store_ctx, ff_set_seal(set, &seal));
    ff_set_close(set);
    must(store_ctx, scratch->ops->open(scratch->self, 1, &set));
    return set;
}

START_TEST(a_copy_of_a_chunk_is_the_chunk)
{
    float wanted[ROWS * COLUMNS], buffer[ROWS * COLUMNS];
    struct ff_scratch scratch;
    struct ff_set *set = open_set(_i, &scratch);
    struct ff_coder *coder;
    struct ff_chunk found;
    const void *data;
    size_t bytes;
    void *room;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    must(store_ctx, ff_set_find(set, 2, 1, &found));
    bytes = found.bytes.size;
    room = malloc(bytes);
    ck_assert_int_eq(ff_chunk_copy(set, &found, room, bytes - 1), FF_ECORRUPT);
    must(store_ctx, ff_chunk_copy(set, &found, room, bytes));
    ck_assert_ptr_eq(found.bytes.data, room);
    must(store_ctx, ff_chunk_read(set, &found, coder, FF_F32, ROWS, COLUMNS, buffer, &data));
    fill(2, 1, wanted);
    ck_assert_mem_eq(data, wanted, sizeof wanted);
    free(room);
    ff_coder_free(coder);
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

START_TEST(a_copy_from_a_file_cut_short_is_damage)
{
    char room[FF_VALUE_HEADER + 2 * ROWS * COLUMNS];
    struct ff_scratch scratch;
    struct ff_set *set = open_set(ON_DISK, &scratch);
    struct ff_chunk found;

    must(store_ctx, ff_set_find(set, CHUNKS - 1, STREAMS - 1, &found));
    ck_assert_int_eq(truncate(set->name, 4096), 0);
    ck_assert_int_eq(ff_chunk_copy(set, &found, room, sizeof room), FF_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "too short"));
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

/* With room for all chunks, and with so little that some replace others. */
START_TEST(an_index_finds_what_the_set_finds)
{
    struct ff_scratch scratch;
    struct ff_set *set = open_set(_i % KINDS, &scratch);
    struct ff_chunk_index index = ff_chunk_index_make(CHUNKS, STREAMS);
    struct ff_buffer places;
    struct ff_chunk missing;

    if (_i >= KINDS)
        index.size = 8;
    places = ff_chunk_index_buffer(&index);
    must(store_ctx, ff_buffers_alloc(store_ctx, 1, &places));
    for (uint32_t i = 0; i < 5 * CHUNKS * STREAMS; i++) {
        uint32_t chunk = i * 5 % CHUNKS, stream = i % STREAMS;
        struct ff_chunk found, wanted;

        must(store_ctx, ff_chunk_index_find(&index, set, chunk, stream, &found));
        must(store_ctx, ff_set_find(set, chunk, stream, &wanted));
        ck_assert_uint_eq(found.chunk, chunk);
        ck_assert_uint_eq(found.stream, stream);
        ck_assert_mem_eq(found.key, wanted.key, sizeof found.key);
        ck_assert_ptr_eq(found.bytes.data, wanted.bytes.data);
        ck_assert_uint_eq(found.bytes.size, wanted.bytes.size);
    }
    ck_assert_int_eq(ff_chunk_index_find(&index, set, 0, STREAMS, &missing), FF_ECORRUPT);
    ff_buffers_free(store_ctx, 1, &places);
    ff_set_close(set);
    ff_scratch_close(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: chunks");
    TCase *tc = tcase_create("chunks");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, a_copy_of_a_chunk_is_the_chunk, 0, KINDS);
    tcase_add_test(tc, a_copy_from_a_file_cut_short_is_damage);
    tcase_add_loop_test(tc, an_index_finds_what_the_set_finds, 0, 2 * KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
