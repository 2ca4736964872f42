/* Tiles in a model file: their names, the walk over them, reclaiming them, and damage to them. */
#include "fixtures/model_file_fixture.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of weights and of each of the optimizer's states there are three tensors, and means behind them.
 */
START_TEST(a_tile_is_named_by_what_it_holds)
{
    static const struct {
        char kind;
        uint32_t slot;
        const char *name;
    } tiles[] = {
        {'W', 0, "weights"},
        {'W', 1, "weights (biases)"},
        {'W', 2, "weights (labels)"},
        {'H', 1, "head (biases)"},
        {'O', 2, "optimizer state (labels)"},
        {'O', 3, "optimizer state"},
        {'O', 4, "optimizer state (biases)"},
        {'O', 5, "optimizer state (labels)"},
        {'O', 6, "optimizer state"},
    };
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);

    model_checkpoint(file, 1, 7, "{\"a\": 1}");
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        const struct ff_tile_key key = {tiles[i].kind, 2, 7, tiles[i].slot, 3};
        char name[100];

        model_must_lack_tile(file, &key);
        snprintf(name, sizeof name, "m.ff: layer 2: %s, tile 3: ", tiles[i].name);
        ck_assert_msg(strstr(ff_ctx_message(store_ctx), name) != NULL, "%s is not in %s", name,
                      ff_ctx_message(store_ctx));
    }
    ff_model_file_close(file);
}
END_TEST

struct tally {
    unsigned visited, damaged, stop_at;
    struct ff_tile_key last;
    char reason[256];
};

static int visit(void *arg, const struct ff_tile_key *key, const struct ff_value *value)
{
    struct tally *tally = arg;

    ck_assert_uint_gt(value->raw_bytes, 0);
    tally->last = *key;
    return ++tally->visited == tally->stop_at ? FF_EINTERRUPTED : 0;
}

static int damaged(void *arg, const struct ff_tile_key *key, const char *reason)
{
    struct tally *tally = arg;

    tally->last = *key;
    snprintf(tally->reason, sizeof tally->reason, "%s", reason);
    tally->damaged++;
    return 0;
}

START_TEST(reclaiming_deletes_the_other_generations_of_one_layer_and_kind)
{
    enum { MANY = 300 }; /* more than are deleted together */
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    struct tally tally = {0};

    for (uint32_t layer = 1; layer <= 3; layer++) {
        for (uint64_t generation = 1; generation <= 3; generation++)
            model_checkpoint(file, layer, generation, "x");
    }
    for (uint32_t tile = 0; tile < MANY; tile++) {
        const float one = 1;
        const struct ff_matrix matrix = {FF_F32, 1, 1, &one};
        const struct ff_tile_key key = {'W', 2, 9, 1, tile};

        must(store_ctx, ff_model_file_put(file, &key, &matrix));
    }
    must(store_ctx, ff_model_file_reclaim(file, 'W', 2, 2, UINT64_MAX));
    for (char kind = 'O'; kind <= 'W'; kind = (char)(kind + 'W' - 'O')) {
        for (uint32_t layer = 1; layer <= 3; layer++) {
            for (uint64_t generation = 1; generation <= 3; generation++) {
                const struct ff_tile_key key = {kind, layer, generation, 0, MODEL_TILES - 1};

                if (kind == 'W' && layer == 2 && generation != 2)
                    model_must_lack_tile(file, &key);
                else
                    model_must_have_tile(file, &key);
            }
        }
    }
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, (2 * 9 - 2) * MODEL_TILES);
    must(store_ctx, ff_model_file_reclaim(file, 'O', 1, UINT64_MAX, UINT64_MAX));
    must(store_ctx, ff_model_file_reclaim(file, 'O', 7, UINT64_MAX, UINT64_MAX)); /* never was */
    must(store_ctx, ff_model_file_reclaim(file, 'W', 3, 3, 1));
    for (uint64_t generation = 1; generation <= 3; generation++) {
        const struct ff_tile_key key = {'W', 3, generation, 0, 0};

        if (generation == 2)
            model_must_lack_tile(file, &key);
        else
            model_must_have_tile(file, &key);
    }
    tally = (struct tally){0};
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, (2 * 9 - 6) * MODEL_TILES);
    ck_assert_uint_eq(tally.damaged, 0);
    ff_model_file_close(file);
}
END_TEST

/* Flips a bit in the middle of the stored bytes of the tile. */
static void damage_tile(const struct ff_tile_key *key)
{
    float data[MODEL_ROWS * MODEL_COLUMNS];
    const struct ff_matrix matrix = {FF_F32, MODEL_ROWS, MODEL_COLUMNS, data};
    const struct ff_compression zstd = {FF_CODEC_ZSTD, 3};
    uint8_t key_bytes[21] = {(uint8_t)key->kind}, value[FF_VALUE_HEADER + sizeof data];
    const struct ff_bytes name = {key_bytes, sizeof key_bytes};
    size_t value_size, size, at = 0;
    struct ff_coder *coder;
    uint8_t *bytes;

    key_bytes[4] = (uint8_t)key->layer;
    key_bytes[12] = (uint8_t)key->generation;
    key_bytes[20] = (uint8_t)key->tile;
    model_fill_tile(key, data);
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    must(store_ctx, ff_value_encode(coder, name, &matrix, FF_F32, &zstd, value, &value_size));
    ff_coder_free(coder);
    bytes = store_read_file(store_path("m.ff"), &size);
    while (at + value_size <= size && memcmp(bytes + at, value, value_size) != 0)
        at++;
    ck_assert_uint_le(at + value_size, size); /* stored as the format says */
    bytes[at + value_size / 2] ^= 1;
    store_write_file(store_path("m.ff"), bytes, size);
    free(bytes);
}

START_TEST(a_walk_names_damaged_tiles_and_continues)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    const struct ff_tile_key bad = {'W', 3, 2, 0, 1};
    struct tally tally = {0};
    float data[MODEL_ROWS * MODEL_COLUMNS];

    model_checkpoint(file, 3, 2, "x");
    ff_model_file_close(file);
    damage_tile(&bad);
    file = model_open(FF_MODEL_READ);
    must(store_ctx, ff_model_file_walk(file, false, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * MODEL_TILES); /* not read, not seen */
    tally = (struct tally){0};
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * MODEL_TILES - 1);
    ck_assert_uint_eq(tally.damaged, 1);
    ck_assert_ptr_nonnull(strstr(tally.reason, "m.ff: layer 3: weights, tile 1: damaged"));
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, &bad, MODEL_ROWS, MODEL_COLUMNS, data));
    tally = (struct tally){.stop_at = 3};
    must_be(store_ctx, FF_EINTERRUPTED, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 3);
    ff_model_file_close(file);
}
END_TEST

START_TEST(keys_that_are_no_tiles_are_damage)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    struct tally tally = {0};
    struct ff_db *db;

    model_checkpoint(file, 1, 1, "x");
    ff_model_file_close(file);
    must(store_ctx, ff_db_open(store_ctx, store_path("m.ff"), FF_DB_WRITE, &db));
    must(store_ctx, ff_db_put(db, (struct ff_bytes){"N", 1}, (struct ff_bytes){"?", 1}));
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
    file = model_open(FF_MODEL_READ);
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * MODEL_TILES);
    ck_assert_uint_eq(tally.damaged, 1);
    ff_model_file_close(file);
}
END_TEST

static int use_model(void *arg)
{
    const struct ff_tile_key key = {'W', 1, 1, 0, 0};
    float data[MODEL_ROWS * MODEL_COLUMNS];
    struct tally tally = {0};
    struct ff_model_file *file;
    size_t size;
    char *text;
    int rc;

    (void)arg;
    unlink(store_path("m.ff"));
    rc = ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_CREATE, &file);
    if (rc == FF_OK)
        rc = model_put_tile(file, &key);
    if (rc == FF_OK)
        rc = ff_model_file_flip(file, "x");
    if (rc == FF_OK)
        rc = ff_model_file_publish(file);
    if (rc == FF_OK)
        rc = ff_model_file_compact(file, "x", NULL, NULL);
    ff_model_file_close(file);
    if (rc == FF_OK)
        rc = ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_READ, &file);
    else
        file = NULL;
    if (rc == FF_OK)
        rc = ff_model_file_get(file, &key, MODEL_ROWS, MODEL_COLUMNS, data);
    if (rc == FF_OK)
        rc = ff_model_file_walk(file, true, visit, damaged, &tally);
    if (rc == FF_OK)
        rc = ff_model_file_manifest(file, &text, &size);
    if (rc == FF_OK)
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
    ff_model_file_close(file);
    return rc;
}

START_TEST(any_allocation_may_fail)
{
    ck_assert_int_gt(fail_each_allocation(store_ctx, use_model, NULL, 60), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: model tiles");
    TCase *tc = tcase_create("model tiles");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, a_tile_is_named_by_what_it_holds);
    tcase_add_test(tc, reclaiming_deletes_the_other_generations_of_one_layer_and_kind);
    tcase_add_test(tc, a_walk_names_damaged_tiles_and_continues);
    tcase_add_test(tc, keys_that_are_no_tiles_are_damage);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
