/* What storing takes is as planned: bytes pending, written and mapped,
 * and what coders and sets hold. */
#include "store/activations.h"
#include "store/db.h"

#include "fixtures/store_fixture.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t accounted(void)
{
    struct ff_memory memory;

    ff_memory_read(store_ctx, &memory);
    return memory.accounted_bytes;
}

static uint64_t io_peak(void)
{
    struct ff_memory memory;

    ff_memory_read(store_ctx, &memory);
    return memory.category_peak_bytes[FF_MEM_IO];
}

static struct ff_db *open_db(void)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, store_path("file"), FF_DB_SCRATCH, &db));
    return db;
}

static void put(struct ff_db *db, uint32_t i, size_t size)
{
    char key[16];
    void *to;

    snprintf(key, sizeof key, "%08u", i);
    must(store_ctx, ff_db_reserve(db, (struct ff_bytes){key, 8}, size, &to));
    memset(to, (int)i, size);
}

static struct ff_bytes get(struct ff_db *db, uint32_t i)
{
    struct ff_bytes found;
    char key[16];

    snprintf(key, sizeof key, "%08u", i);
    must(store_ctx, ff_db_get(db, (struct ff_bytes){key, 8}, &found));
    return found;
}

static const struct ff_db_writes writes[][2] = {
    {{300000, 1}, {10, 1}},
    {{100, 3}, {5000, 1}},
    {{FF_DB_DIRTY_BYTES, 1}, {1 << 20, 2}},
    {{FF_DB_DIRTY_BYTES / 3, 2}, {40000, 7}},
};

#define ROUNDS 40

START_TEST(pending_and_written_bytes)
{
    const struct ff_db_writes *both = writes[_i];
    size_t largest = both[0].bytes > both[1].bytes ? both[0].bytes : both[1].bytes;
    uint64_t planned = ff_db_pending(2, both, ROUNDS), cost = ff_db_cost(2, both, ROUNDS);
    uint64_t expected = ff_db_written(2, both, ROUNDS), written = ff_meter_written(store_ctx);
    struct ff_db *db = open_db();
    uint64_t before = accounted(), most = 0;
    uint32_t number = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            for (uint64_t j = 0; j < both[i].count; j++) {
                put(db, number++, both[i].bytes);
                most = accounted() > most ? accounted() : most;
            }
        }
    }
    must(store_ctx, ff_db_commit(db));
    ck_assert_uint_eq(accounted(), before);
    ck_assert_uint_eq(most - before, planned);
    ck_assert_uint_le(planned, ff_db_pending_bound(cost, largest));
    written = ff_meter_written(store_ctx) - written;
    ck_assert_uint_le(written, expected + expected / 10);
    ck_assert_uint_ge(written, expected - expected / 10);
    ff_db_close(db);
}
END_TEST

/* What is too much for a number is the largest one, not what is left of it. */
START_TEST(huge_writes_do_not_wrap)
{
    static const struct ff_db_writes huge[] = {{1 << 30, 1}, {1 << 30, (uint64_t)1 << 33}};

    for (uint64_t rounds = 2; rounds <= (uint64_t)1 << 40; rounds *= 2) {
        ck_assert_uint_eq(ff_db_cost(2, huge, rounds), UINT64_MAX);
        ck_assert_uint_eq(ff_db_stored(2, huge, rounds), UINT64_MAX);
        ck_assert_uint_eq(ff_db_written(2, huge, rounds), UINT64_MAX);
    }
    ck_assert_uint_eq(ff_db_pending_bound(UINT64_MAX, 1), FF_DB_DIRTY_BYTES);
}
END_TEST

/* Over the limit a write is refused, and with it all that was pending. */
START_TEST(pending_bytes_are_within_the_limit)
{
    struct ff_db *db = open_db();
    void *to;

    ff_memory_limit(store_ctx, accounted() + (1 << 20));
    must_be(store_ctx, FF_EBUDGET, ff_db_reserve(db, (struct ff_bytes){"a", 1}, 2 << 20, &to));
    must_be(store_ctx, FF_EBUDGET, ff_db_commit(db));
    ff_db_abort(db);
    ff_memory_limit(store_ctx, 0);
    put(db, 1, 2 << 20);
    must(store_ctx, ff_db_commit(db));
    ck_assert_uint_eq(get(db, 1).size, 2 << 20);
    ff_db_close(db);
}
END_TEST

/* KiB of files that the process has mapped and resident; 0: unknown. */
static uint64_t mapped_kib(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long long kib = 0;
    char line[128];

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "RssFile: %llu kB", &kib) == 1)
            break;
    }
    if (file)
        fclose(file);
    return STORE_SANITIZED ? 0 : kib;
}

static void touch(struct ff_bytes bytes)
{
    volatile uint8_t sum = 0;

    for (size_t at = 0; at < bytes.size; at += 4096)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes.data)[at]);
}

/* Released pages are not resident, and have the same content when read again. */
START_TEST(released_pages_are_not_resident)
{
    enum { VALUES = 16, SIZE = 1 << 20, KIB = SIZE / 1024 };
    struct ff_db *db = open_db();
    struct ff_bytes found[VALUES];
    uint64_t before, all;

    for (uint32_t i = 0; i < VALUES; i++)
        put(db, i, SIZE);
    must(store_ctx, ff_db_commit(db));
    found[0] = get(db, 0);
    ff_db_dont_need(db);
    before = mapped_kib();
    for (uint32_t i = 0; i < VALUES; i++)
        touch(found[i] = get(db, i));
    all = mapped_kib();
    if (all < before + VALUES * KIB - KIB) {
        store_skipped("dropped_pages", "mapped pages are not counted here");
    } else {
        ff_db_drop_pages(db, (const uint8_t *)found[1].data + SIZE, found[VALUES - 2].data);
        ck_assert_uint_le(mapped_kib(), before + 6 * KIB);
        ck_assert_uint_ge(mapped_kib(), before + 3 * KIB);
        ff_db_dont_need(db);
        ck_assert_uint_le(mapped_kib(), before + KIB);
    }
    for (uint32_t i = 0; i < VALUES; i++)
        ck_assert_uint_eq(((const uint8_t *)found[i].data)[SIZE - 1], i);
    ff_db_close(db);
}
END_TEST

#define SMALL_VALUE (60 << 10)

/* KiB of VALUES values of a file of MODE that are unmapped when none is needed. */
static int64_t given_back(enum ff_db_mode mode, uint32_t values)
{
    struct ff_db *db;
    int64_t mapped;

    must(store_ctx, ff_db_open(store_ctx, store_path("file"), mode, &db));
    for (uint32_t k = 0; k < values; k++)
        put(db, k, SMALL_VALUE);
    must(store_ctx, ff_db_commit(db));
    for (uint32_t k = 0; k < values; k++)
        touch(get(db, k));
    mapped = (int64_t)mapped_kib();
    ff_db_dont_need(db);
    mapped -= (int64_t)mapped_kib();
    ff_db_close(db);
    ck_assert_int_eq(unlink(store_path("file")), 0);
    return mapped;
}

/* A small file stays mapped, and is counted as such; any other gives its pages back. */
START_TEST(small_files_stay_mapped)
{
    static const enum ff_db_mode modes[] = {FF_DB_SCRATCH, FF_DB_CREATE};
    enum { FEW = 3, MANY = 8, KIB = FEW * SMALL_VALUE / 1024 };
    struct ff_needs needs = {0};
    uint64_t before;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_le(given_back(modes[i], FEW), 0);
        if (given_back(modes[i], MANY) < KIB)
            store_skipped("small_files_stay_mapped", "mapped pages are not counted here");
    }
    ck_assert(ff_db_map_needs(KIB << 10, false, &needs));
    ck_assert_uint_ge(needs.mapped, KIB << 10);
    ck_assert_uint_eq(needs.kept, needs.mapped);
    before = needs.mapped;
    ck_assert(!ff_db_map_needs(16 << 20, false, &needs));
    ck_assert(!ff_db_map_needs(UINT64_MAX, true, &needs));
    ck_assert_uint_eq(needs.mapped, before);
    /* It may turn out small. */
    ck_assert(!ff_db_map_needs(400 << 10, false, &needs));
    ck_assert(!ff_db_map_needs(1 << 20, true, &needs));
    ck_assert_uint_ge(needs.kept, before + 2 * (256 << 10));
    /* Or begin so. */
    before = needs.kept;
    ff_db_growing_map_needs(1 << 20, &needs);
    ck_assert_uint_eq(needs.kept, before);
    ff_db_growing_map_needs(1 << 10, &needs);
    ck_assert_uint_eq(needs.kept, before + (256 << 10));
}
END_TEST

static const struct ff_coder_use uses[] = {
    {.dtype = FF_F32, .rows = 1, .columns = 1000, .compresses = 1},
    {.dtype = FF_F32, .rows = 400, .columns = 1000, .compresses = 3},
    {.dtype = FF_F32, .rows = 50, .columns = 1000, .compresses = 3, .decompresses = true},
    {.dtype = FF_BF16, .converts = true, .rows = 300, .columns = 1000, .compresses = 1},
    {.dtype = FF_BF16,
     .converts = true,
     .rows = 9,
     .columns = 1000,
     .compresses = 9,
     .decompresses = true},
    {.dtype = FF_SCALED_U8, .converts = true, .rows = 7, .columns = 1000, .compresses = 1},
    {.dtype = FF_SCALED_U8, .converts = true, .rows = 300, .columns = 1000, .compresses = 3},
    {.dtype = FF_SCALED_U8,
     .converts = true,
     .rows = 3,
     .columns = 300000, /* larger than a block */
     .compresses = 1,
     .decompresses = true},
};

START_TEST(what_a_coder_holds)
{
    const struct ff_coder_use *use = &uses[_i];
    const struct ff_compression zstd = {FF_CODEC_ZSTD, use->compresses};
    size_t elements = (size_t)use->rows * use->columns, size;
    float *data = malloc(elements * sizeof *data);
    struct ff_matrix matrix = {FF_F32, use->rows, use->columns, data};
    size_t bound = ff_value_bound(use->dtype, use->rows, use->columns, &zstd);
    void *packed = malloc(bound);
    struct ff_bytes key = {"key", 3};
    uint64_t before = accounted();
    struct ff_needs needs = {0};
    struct ff_coder *coder;
    struct ff_value value;

    store_fill(data, elements, 0, 1); /* dense: shuffled */
    ff_coder_needs(1, use, &needs);
    ck_assert_uint_eq(accounted(), before);
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    must(store_ctx, ff_value_encode(coder, key, &matrix, use->dtype, &zstd, packed, &size));
    if (use->decompresses) {
        must(store_ctx,
             ff_value_open(store_ctx, key, (struct ff_bytes){packed, size}, true, "it", &value));
        must(store_ctx, ff_value_decode(coder, &value, FF_F32, "it", data));
    }
    ck_assert_uint_eq(accounted() - before, ff_needs_total(&needs));
    ff_coder_free(coder);
    free(packed);
    free(data);
}
END_TEST

/* zstd's own memory is within the limit. */
START_TEST(a_coder_keeps_to_the_limit)
{
    const struct ff_compression zstd = {FF_CODEC_ZSTD, 3};
    static float data[200000];
    static uint8_t packed[sizeof data + FF_VALUE_HEADER];
    struct ff_matrix matrix = {FF_F32, 1, 200000, data};
    struct ff_coder *coder;
    size_t size;

    store_fill(data, 200000, 0, 2);
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    ff_memory_limit(store_ctx, accounted() + 600000); /* the block, but not a context */
    must_be(
        store_ctx, FF_EBUDGET,
        ff_value_encode(coder, (struct ff_bytes){"key", 3}, &matrix, FF_F32, &zstd, packed, &size));
    ff_memory_limit(store_ctx, 0);
    must(store_ctx, ff_value_encode(coder, (struct ff_bytes){"key", 3}, &matrix, FF_F32, &zstd,
                                    packed, &size));
    ff_coder_free(coder);
}
END_TEST

/* The value that takes most bytes is not the one whose blocks do. */
START_TEST(a_set_is_planned_for_all_kinds_of_values)
{
    const struct ff_compression zstd = {FF_CODEC_ZSTD, 1};
    const struct ff_set_values values[] = {
        {FF_F32, FF_F32, 256, 400, 1, true, FF_VALUE_HEADER + 100, 0},
        {FF_F32, FF_SCALED_U8, 256, 2000, 1, true, FF_VALUE_HEADER + 100, 0},
    };
    struct ff_needs alone = {0}, both = {0};

    ff_set_needs(1, values, 1, &zstd, &alone);
    ff_set_needs(2, values, 1, &zstd, &both);
    ck_assert_uint_ge(both.bytes[FF_MEM_IO], alone.bytes[FF_MEM_IO]);
}
END_TEST

/* A set of two streams and labels, written and read. */
START_TEST(what_a_set_holds)
{
    enum { CHUNK_ROWS = 100, COLUMNS = 2000, CHUNKS = 20 };
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    static float data[CHUNK_ROWS * COLUMNS];
    static const uint16_t labels[CHUNK_ROWS];
    const struct ff_matrix rows = {FF_F32, CHUNK_ROWS, COLUMNS, data};
    const struct ff_matrix classes = {FF_U16, CHUNK_ROWS, 1, labels};
    const struct ff_set_values values[] = {
        {FF_U16, FF_U16, CHUNK_ROWS, 1, 1, false, FF_VALUE_HEADER + sizeof labels, 0},
        {FF_F32, FF_F32, CHUNK_ROWS, COLUMNS, 2, false, FF_VALUE_HEADER + sizeof data, 0},
    };
    struct ff_seal seal = {.chunks = CHUNKS};
    struct ff_needs needs = {0};
    struct ff_scratch scratch;
    struct ff_set *set;
    uint64_t before;

    must(store_ctx, ff_scratch_open(store_ctx, store_path("scratch"), &scratch));
    before = accounted();
    ff_set_needs(2, values, CHUNKS, &none, &needs);
    must(store_ctx, scratch.ops->create(scratch.self, 1, &set));
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        must(store_ctx, ff_set_put(set, chunk, 0, &classes, FF_U16, &none));
        for (uint32_t s = 0; s < 2; s++)
            must(store_ctx, ff_set_put(set, chunk, 1 + s, &rows, FF_F32, &none));
    }
    must(store_ctx, ff_set_seal(set, &seal));
    ff_set_close(set);
    ck_assert_uint_eq(io_peak(), needs.bytes[FF_MEM_IO]);

    needs = (struct ff_needs){0};
    ff_set_needs(0, NULL, 0, &none, &needs);
    must(store_ctx, scratch.ops->open(scratch.self, 1, &set));
    /* Its path is not counted. */
    ck_assert_uint_ge(accounted() - before, ff_needs_total(&needs));
    ck_assert_uint_le(accounted() - before, ff_needs_total(&needs) + 4096);
    ff_set_close(set);
    ff_scratch_remove(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: needs");
    TCase *tc = tcase_create("planned and met");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, pending_and_written_bytes, 0, sizeof writes / sizeof *writes);
    tcase_add_test(tc, huge_writes_do_not_wrap);
    tcase_add_test(tc, pending_bytes_are_within_the_limit);
    tcase_add_test(tc, released_pages_are_not_resident);
    tcase_add_test(tc, small_files_stay_mapped);
    tcase_add_loop_test(tc, what_a_coder_holds, 0, sizeof uses / sizeof *uses);
    tcase_add_test(tc, a_coder_keeps_to_the_limit);
    tcase_add_test(tc, a_set_is_planned_for_all_kinds_of_values);
    tcase_add_test(tc, what_a_set_holds);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
