/* The model file: what a flip committed is what is read, whatever happens in between. */
#include "support/model_file_fixture.h"
#include "support/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
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

START_TEST(what_a_flip_committed_is_read_back)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    const struct ff_tile_key key = {'W', 1, 7, 0, 3};
    float data[MODEL_ROWS * MODEL_COLUMNS];
    struct ff_db_usage usage;

    model_checkpoint(file, 1, 7, "{\"a\": 1}");
    model_must_have_tile(file, &key);
    ff_model_file_close(file);
    file = model_open(FF_MODEL_READ);
    ck_assert_str_eq(ff_model_file_path(file), store_path("m.ff"));
    model_must_say(file, "{\"a\": 1}");
    model_must_have_tile(file, &key);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, &key, MODEL_COLUMNS, MODEL_ROWS, data));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "layer 1: weights, tile 3"));
    must(store_ctx, ff_model_file_usage(file, &usage));
    ck_assert_uint_eq((usage.used_pages + usage.free_pages) * usage.page_bytes, usage.file_bytes);
    must_be(store_ctx, FF_EINVAL, model_put_tile(file, &key));
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_checkpoint_counts_only_once_flipped)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    const struct ff_tile_key old = {'W', 1, 1, 0, 0}, new = {'W', 1, 2, 0, 0};

    model_checkpoint(file, 1, 1, "one");
    must(store_ctx, model_put_tile(file, &new));
    model_must_have_tile(file, &new); /* the writer sees it */
    ff_model_file_close(file);
    file = model_open(FF_MODEL_WRITE);
    model_must_say(file, "one");
    model_must_have_tile(file, &old);
    model_must_lack_tile(file, &new);
    ff_model_file_close(file);
}
END_TEST

/* Writes generation after generation until it is killed. */
static void train_until_killed(int ready)
{
    struct ff_model_file *file = model_open(FF_MODEL_WRITE);

    for (uint64_t generation = 2;; generation++) {
        char manifest[32];

        snprintf(manifest, sizeof manifest, "%d", (int)generation);
        model_checkpoint(file, 1, generation, manifest);
        must(store_ctx, ff_model_file_sweep(file, 'W', 1, generation));
        must(store_ctx, ff_model_file_sweep(file, 'O', 1, generation));
        if (write(ready, "", 1) != 1)
            _exit(1);
    }
}

START_TEST(killed_at_any_moment_the_last_checkpoint_is_whole)
{
    struct ff_model_file *new = model_open(FF_MODEL_CREATE);

    model_checkpoint(new, 1, 1, "1");
    ff_model_file_close(new);
    for (unsigned round = 0; round < 12; round++) {
        struct ff_model_file *file = model_open(FF_MODEL_WRITE);
        int ready[2], status;
        size_t size;
        pid_t child;
        char *text, byte;

        model_checkpoint(file, 1, 1, "1");
        must(store_ctx, ff_model_file_sweep(file, 'W', 1, 1));
        ff_model_file_close(file);
        ck_assert_int_eq(pipe(ready), 0);
        child = fork();
        if (child == 0)
            train_until_killed(ready[1]);
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        usleep(round * 1900);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        close(ready[0]);
        close(ready[1]);

        file = model_open(FF_MODEL_READ);
        must(store_ctx, ff_model_file_manifest(file, &text, &size));
        for (uint32_t tile = 0; tile < MODEL_TILES; tile++) {
            struct ff_tile_key key = {'W', 1, (uint64_t)atoi(text), 0, tile};

            ck_assert_uint_ge(key.generation, 2);
            model_must_have_tile(file, &key);
            key.kind = 'O';
            model_must_have_tile(file, &key);
        }
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
        ff_model_file_close(file);
    }
}
END_TEST

START_TEST(a_reader_beside_a_trainer_sees_whole_checkpoints)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    unsigned last = 0, changes = 0;
    int ready[2], status;
    pid_t child;
    char byte;

    model_checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0)
        train_until_killed(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    file = model_open(FF_MODEL_READ);
    while (changes < 5) {
        struct ff_tile_key key = {.kind = 'W', .layer = 1};
        size_t size;
        char *text;

        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        ck_assert(ff_model_file_in_training(file));
        must(store_ctx, ff_model_file_manifest(file, &text, &size));
        key.generation = (uint64_t)atoi(text);
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
        changes += key.generation != last;
        last = (unsigned)key.generation;
        for (key.tile = 0; key.tile < MODEL_TILES; key.tile++)
            model_must_have_tile(file, &key); /* though the trainer sweeps it meanwhile */
        ff_model_file_unpin(file);
        usleep(500);
    }
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(!ff_model_file_in_training(file));
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_second_writer_is_refused_until_the_first_ends)
{
    struct ff_model_file *first = model_open(FF_MODEL_CREATE), *second;
    int status;
    pid_t child;

    model_checkpoint(first, 1, 1, "1");
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_WRITE, &second));
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_CREATE, &second));
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_REPLACE, &second));
    ck_assert(!ff_model_file_in_training(first)); /* not by another */
    ff_model_file_close(first);
    child = fork(); /* in a process of its own: the lock dies with it */
    if (child == 0) {
        first = model_open(FF_MODEL_WRITE);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    second = model_open(FF_MODEL_WRITE);
    model_must_say(second, "1");
    ff_model_file_close(second);
}
END_TEST

/* Whatever someone locks who may only read the file. */
START_TEST(a_reader_does_not_pass_for_the_trainer)
{
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    int fd;

    model_checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    fd = open(store_path("m.ff"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    file = model_open(FF_MODEL_WRITE);
    ff_model_file_close(file);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &all), 0);
    file = model_open(FF_MODEL_READ);
    ck_assert(!ff_model_file_in_training(file));
    model_must_say(file, "1");
    ff_model_file_close(file);
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_WRITE, &file));
    ck_assert_ptr_null(strstr(ff_ctx_message(store_ctx), "training"));
    close(fd);
}
END_TEST

START_TEST(what_is_no_model_is_neither_opened_nor_overwritten)
{
    static const char text[] = "some text that is no model";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    model_must_not_open(FF_ENOTFOUND, FF_MODEL_READ);
    model_must_not_open(FF_ENOTFOUND, FF_MODEL_WRITE);
    store_write_file(store_path("m.ff"), text, sizeof text);
    model_must_not_open(FF_EFORMAT, FF_MODEL_READ);
    model_must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
    model_must_not_open(FF_EEXIST, FF_MODEL_CREATE);
    model_must_not_open(FF_EFORMAT, FF_MODEL_REPLACE);
    ck_assert(!ff_model_file_is_stub(store_ctx, store_path("m.ff")));
    bytes = store_read_file(store_path("m.ff"), &size);
    ck_assert_uint_eq(size, sizeof text);
    ck_assert_mem_eq(bytes, text, size);
    free(bytes);
    must_be(store_ctx, FF_EFORMAT,
            ff_model_file_open(store_ctx, store_folder(), FF_MODEL_READ, &file));
    must_be(store_ctx, FF_EFORMAT,
            ff_model_file_open(store_ctx, store_folder(), FF_MODEL_WRITE, &file));
}
END_TEST

/* Leaves SIZE bytes of a file whose creation is cut short. */
static void leave_stub(const char *path, off_t size)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_CREATE, &db));
    ff_db_close(db);
    ck_assert_int_eq(truncate(path, size), 0);
}

START_TEST(what_a_creation_cut_short_leaves_is_no_model_and_may_be_replaced)
{
    static const off_t sizes[] = {0, 4096, 6000, 8192, 20000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ff_model_file *file;

        leave_stub(store_path("m.ff"), sizes[i]);
        ck_assert(ff_model_file_is_stub(store_ctx, store_path("m.ff")));
        model_must_not_open(FF_EFORMAT, FF_MODEL_READ);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: holds no model"));
        model_must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
        file = model_open(FF_MODEL_CREATE);
        model_checkpoint(file, 1, 1, "1");
        ff_model_file_close(file);
        file = model_open(FF_MODEL_WRITE);
        model_must_say(file, "1");
        ff_model_file_close(file);
        ck_assert(!ff_model_file_is_stub(store_ctx, store_path("m.ff")));
        ck_assert_int_eq(unlink(store_path("m.ff")), 0);
    }
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

START_TEST(a_sweep_takes_the_other_generations_of_one_layer_and_kind)
{
    enum { MANY = 300 }; /* more than one round of the sweep */
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
    must(store_ctx, ff_model_file_sweep(file, 'W', 2, 2));
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
    must(store_ctx, ff_model_file_sweep(file, 'O', 1, UINT64_MAX));
    must(store_ctx, ff_model_file_sweep(file, 'O', 7, UINT64_MAX)); /* never was */
    tally = (struct tally){0};
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, (2 * 9 - 5) * MODEL_TILES);
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

START_TEST(a_walk_names_damaged_tiles_and_goes_on)
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

START_TEST(a_damaged_manifest_is_told)
{
    struct ff_model_file *file = model_open(FF_MODEL_CREATE);
    size_t size;
    uint8_t *bytes;
    char *text, *at;

    model_checkpoint(file, 1, 1, "the only manifest in here");
    ff_model_file_close(file);
    bytes = store_read_file(store_path("m.ff"), &size);
    at = memmem(bytes, size, "the only manifest", 17);
    ck_assert_ptr_nonnull(at);
    at[5] ^= 1;
    store_write_file(store_path("m.ff"), bytes, size);
    free(bytes);
    file = model_open(FF_MODEL_READ);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_manifest(file, &text, &size));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: manifest: damaged"));
    ff_model_file_close(file);
}
END_TEST

static int use_model(void)
{
    const struct ff_tile_key key = {'W', 1, 1, 0, 0};
    float data[MODEL_ROWS * MODEL_COLUMNS];
    struct tally tally = {0};
    struct ff_model_file *file;
    size_t size;
    char *text;
    int rc;

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
    struct ff_memory memory;
    int rc = FF_ENOMEM;
    int64_t n;

    for (n = 0; rc != FF_OK; n++) {
        ff_meter_fail_after(store_ctx, n);
        rc = use_model();
        ff_meter_fail_after(store_ctx, -1);
        ck_assert_msg(rc == FF_OK || rc == FF_ENOMEM, "allocation %d: %d", (int)n, rc);
        ff_memory_read(store_ctx, &memory);
        ck_assert_uint_eq(memory.accounted_bytes, 0);
        ck_assert_int_lt(n, 60);
    }
    ck_assert_int_gt(n, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: model file");
    TCase *tc = tcase_create("model_file");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, what_a_flip_committed_is_read_back);
    tcase_add_test(tc, a_tile_is_named_by_what_it_holds);
    tcase_add_test(tc, a_checkpoint_counts_only_once_flipped);
    tcase_add_test(tc, killed_at_any_moment_the_last_checkpoint_is_whole);
    tcase_add_test(tc, a_reader_beside_a_trainer_sees_whole_checkpoints);
    tcase_add_test(tc, a_second_writer_is_refused_until_the_first_ends);
    tcase_add_test(tc, a_reader_does_not_pass_for_the_trainer);
    tcase_add_test(tc, what_is_no_model_is_neither_opened_nor_overwritten);
    tcase_add_test(tc, what_a_creation_cut_short_leaves_is_no_model_and_may_be_replaced);
    tcase_add_test(tc, a_sweep_takes_the_other_generations_of_one_layer_and_kind);
    tcase_add_test(tc, a_walk_names_damaged_tiles_and_goes_on);
    tcase_add_test(tc, keys_that_are_no_tiles_are_damage);
    tcase_add_test(tc, a_damaged_manifest_is_told);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
