/* The model file: what a flip committed is what is read, whatever happens in between. */
#include "store/model_file.h"

#include "support/store_fixture.h"
#include "support/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 20, COLUMNS = 300, TILES = 5 };

static struct ff_model_file *open_model(enum ff_model_mode mode)
{
    struct ff_model_file *file;

    must(store_ctx, ff_model_file_open(store_ctx, store_path("m.ff"), mode, &file));
    return file;
}

static void fill_tile(const struct ff_tile_key *key, float out[ROWS * COLUMNS])
{
    store_fill(out, ROWS * COLUMNS, 0,
               key->layer * 1000 + key->generation * 100 + key->tile + (uint64_t)key->kind);
}

static int put_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[ROWS * COLUMNS];
    const struct ff_matrix matrix = {FF_F32, ROWS, COLUMNS, data};

    fill_tile(key, data);
    return ff_model_file_put(file, key, &matrix);
}

/* Puts all tiles of a generation of weights and optimizer state, flips to it, and gives the file
 * its name. */
static void checkpoint(struct ff_model_file *file, uint32_t layer, uint64_t generation,
                       const char *manifest)
{
    for (uint32_t tile = 0; tile < TILES; tile++) {
        struct ff_tile_key key = {'W', layer, generation, 0, tile};

        must(store_ctx, put_tile(file, &key));
        key.kind = 'O';
        must(store_ctx, put_tile(file, &key));
    }
    must(store_ctx, ff_model_file_flip(file, manifest));
    must(store_ctx, ff_model_file_publish(file));
}

static void must_have_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[ROWS * COLUMNS], wanted[ROWS * COLUMNS];

    fill_tile(key, wanted);
    must(store_ctx, ff_model_file_get(file, key, ROWS, COLUMNS, data));
    ck_assert_mem_eq(data, wanted, sizeof data);
}

static void must_lack_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[ROWS * COLUMNS];

    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, key, ROWS, COLUMNS, data));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "missing"));
}

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
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);

    checkpoint(file, 1, 7, "{\"a\": 1}");
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        const struct ff_tile_key key = {tiles[i].kind, 2, 7, tiles[i].slot, 3};
        char name[100];

        must_lack_tile(file, &key);
        snprintf(name, sizeof name, "m.ff: layer 2: %s, tile 3: ", tiles[i].name);
        ck_assert_msg(strstr(ff_ctx_message(store_ctx), name) != NULL, "%s is not in %s", name,
                      ff_ctx_message(store_ctx));
    }
    ff_model_file_close(file);
}
END_TEST

static void must_say(struct ff_model_file *file, const char *manifest)
{
    size_t size;
    char *text;

    must(store_ctx, ff_model_file_manifest(file, &text, &size));
    ck_assert_str_eq(text, manifest);
    ck_assert_uint_eq(size, strlen(manifest) + 1);
    ff_free(store_ctx, FF_MEM_OTHER, text, size);
}

START_TEST(what_a_flip_committed_is_read_back)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    const struct ff_tile_key key = {'W', 1, 7, 0, 3};
    float data[ROWS * COLUMNS];
    struct ff_db_usage usage;

    checkpoint(file, 1, 7, "{\"a\": 1}");
    must_have_tile(file, &key);
    ff_model_file_close(file);
    file = open_model(FF_MODEL_READ);
    ck_assert_str_eq(ff_model_file_path(file), store_path("m.ff"));
    must_say(file, "{\"a\": 1}");
    must_have_tile(file, &key);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, &key, COLUMNS, ROWS, data));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "layer 1: weights, tile 3"));
    must(store_ctx, ff_model_file_usage(file, &usage));
    ck_assert_uint_eq((usage.used_pages + usage.free_pages) * usage.page_bytes, usage.file_bytes);
    must_be(store_ctx, FF_EINVAL, put_tile(file, &key));
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_checkpoint_counts_only_once_flipped)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    const struct ff_tile_key old = {'W', 1, 1, 0, 0}, new = {'W', 1, 2, 0, 0};

    checkpoint(file, 1, 1, "one");
    must(store_ctx, put_tile(file, &new));
    must_have_tile(file, &new); /* the writer sees it */
    ff_model_file_close(file);
    file = open_model(FF_MODEL_WRITE);
    must_say(file, "one");
    must_have_tile(file, &old);
    must_lack_tile(file, &new);
    ff_model_file_close(file);
}
END_TEST

/* Writes generation after generation until it is killed. */
static void train_until_killed(int ready)
{
    struct ff_model_file *file = open_model(FF_MODEL_WRITE);

    for (uint64_t generation = 2;; generation++) {
        char manifest[32];

        snprintf(manifest, sizeof manifest, "%d", (int)generation);
        checkpoint(file, 1, generation, manifest);
        must(store_ctx, ff_model_file_sweep(file, 'W', 1, generation));
        must(store_ctx, ff_model_file_sweep(file, 'O', 1, generation));
        if (write(ready, "", 1) != 1)
            _exit(1);
    }
}

START_TEST(killed_at_any_moment_the_last_checkpoint_is_whole)
{
    struct ff_model_file *new = open_model(FF_MODEL_CREATE);

    checkpoint(new, 1, 1, "1");
    ff_model_file_close(new);
    for (unsigned round = 0; round < 12; round++) {
        struct ff_model_file *file = open_model(FF_MODEL_WRITE);
        int ready[2], status;
        size_t size;
        pid_t child;
        char *text, byte;

        checkpoint(file, 1, 1, "1");
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

        file = open_model(FF_MODEL_READ);
        must(store_ctx, ff_model_file_manifest(file, &text, &size));
        for (uint32_t tile = 0; tile < TILES; tile++) {
            struct ff_tile_key key = {'W', 1, (uint64_t)atoi(text), 0, tile};

            ck_assert_uint_ge(key.generation, 2);
            must_have_tile(file, &key);
            key.kind = 'O';
            must_have_tile(file, &key);
        }
        ff_free(store_ctx, FF_MEM_OTHER, text, size);
        ff_model_file_close(file);
    }
}
END_TEST

START_TEST(a_reader_beside_a_trainer_sees_whole_checkpoints)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    unsigned last = 0, changes = 0;
    int ready[2], status;
    pid_t child;
    char byte;

    checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0)
        train_until_killed(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    file = open_model(FF_MODEL_READ);
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
        for (key.tile = 0; key.tile < TILES; key.tile++)
            must_have_tile(file, &key); /* though the trainer sweeps it meanwhile */
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
    struct ff_model_file *first = open_model(FF_MODEL_CREATE), *second;
    int status;
    pid_t child;

    checkpoint(first, 1, 1, "1");
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
        first = open_model(FF_MODEL_WRITE);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    second = open_model(FF_MODEL_WRITE);
    must_say(second, "1");
    ff_model_file_close(second);
}
END_TEST

/* Whatever someone locks who may only read the file. */
START_TEST(a_reader_does_not_pass_for_the_trainer)
{
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    int fd;

    checkpoint(file, 1, 1, "1");
    ff_model_file_close(file);
    fd = open(store_path("m.ff"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    file = open_model(FF_MODEL_WRITE);
    ff_model_file_close(file);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &all), 0);
    file = open_model(FF_MODEL_READ);
    ck_assert(!ff_model_file_in_training(file));
    must_say(file, "1");
    ff_model_file_close(file);
    must_be(store_ctx, FF_ELOCKED,
            ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_WRITE, &file));
    ck_assert_ptr_null(strstr(ff_ctx_message(store_ctx), "training"));
    close(fd);
}
END_TEST

static void must_not_open(int status, enum ff_model_mode mode)
{
    struct ff_model_file *file;

    must_be(store_ctx, status, ff_model_file_open(store_ctx, store_path("m.ff"), mode, &file));
    ck_assert_ptr_null(file);
}

START_TEST(what_is_no_model_is_neither_opened_nor_overwritten)
{
    static const char text[] = "some text that is no model";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    must_not_open(FF_ENOTFOUND, FF_MODEL_READ);
    must_not_open(FF_ENOTFOUND, FF_MODEL_WRITE);
    store_write_file(store_path("m.ff"), text, sizeof text);
    must_not_open(FF_EFORMAT, FF_MODEL_READ);
    must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
    must_not_open(FF_EEXIST, FF_MODEL_CREATE);
    must_not_open(FF_EFORMAT, FF_MODEL_REPLACE);
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
        must_not_open(FF_EFORMAT, FF_MODEL_READ);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: holds no model"));
        must_not_open(FF_EFORMAT, FF_MODEL_WRITE);
        file = open_model(FF_MODEL_CREATE);
        checkpoint(file, 1, 1, "1");
        ff_model_file_close(file);
        file = open_model(FF_MODEL_WRITE);
        must_say(file, "1");
        ff_model_file_close(file);
        ck_assert(!ff_model_file_is_stub(store_ctx, store_path("m.ff")));
        ck_assert_int_eq(unlink(store_path("m.ff")), 0);
    }
}
END_TEST

static bool is_there(const char *name)
{
    return access(store_path(name), F_OK) == 0;
}

START_TEST(a_new_file_has_its_name_once_it_is_published)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);

    must(store_ctx, ff_model_file_flip(file, "1"));
    ck_assert(!is_there("m.ff") && is_there("m.ff.partial"));
    ck_assert(!ff_model_file_is_published(file));
    must(store_ctx, ff_model_file_publish(file));
    ck_assert(is_there("m.ff") && !is_there("m.ff.partial"));
    ck_assert(ff_model_file_is_published(file));
    must(store_ctx, ff_model_file_publish(file));
    must_not_open(FF_ELOCKED, FF_MODEL_WRITE); /* the lock came along */
    ff_model_file_close(file);
    must_not_open(FF_EEXIST, FF_MODEL_CREATE);
    ff_model_file_close(open_model(FF_MODEL_REPLACE)); /* given up */
    ck_assert(!is_there("m.ff.partial"));
    file = open_model(FF_MODEL_WRITE);
    must_say(file, "1");
    ff_model_file_close(file);
}
END_TEST

START_TEST(what_is_replaced_stays_until_the_new_one_is_published)
{
    struct ff_model_file *old = open_model(FF_MODEL_CREATE), *new, *reader;

    checkpoint(old, 1, 1, "old");
    ff_model_file_close(old);
    new = open_model(FF_MODEL_REPLACE);
    must(store_ctx, ff_model_file_flip(new, "new"));
    must_not_open(FF_ELOCKED, FF_MODEL_WRITE);
    must_not_open(FF_ELOCKED, FF_MODEL_REPLACE);
    reader = open_model(FF_MODEL_READ);
    must_say(reader, "old");
    must(store_ctx, ff_model_file_publish(new));
    must_say(reader, "old"); /* what it has open stays */
    ff_model_file_close(reader);
    ff_model_file_close(new);
    reader = open_model(FF_MODEL_READ);
    must_say(reader, "new");
    ff_model_file_close(reader);
}
END_TEST

/* Another file of this name appears while the new one is partial. */
START_TEST(a_new_file_takes_no_name_that_is_taken)
{
    static const char text[] = "another's";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    for (int replaces = 0; replaces < 2; replaces++) {
        unlink(store_path("m.ff"));
        if (replaces) {
            file = open_model(FF_MODEL_CREATE);
            checkpoint(file, 1, 1, "old");
            ff_model_file_close(file);
        }
        file = open_model(replaces ? FF_MODEL_REPLACE : FF_MODEL_CREATE);
        must(store_ctx, ff_model_file_flip(file, "new"));
        unlink(store_path("m.ff"));
        store_write_file(store_path("m.ff"), text, sizeof text);
        must_be(store_ctx, FF_EREPLACED, ff_model_file_publish(file));
        ff_model_file_close(file);
        bytes = store_read_file(store_path("m.ff"), &size);
        ck_assert_uint_eq(size, sizeof text);
        ck_assert_mem_eq(bytes, text, size);
        free(bytes);
        ck_assert(!is_there("m.ff.partial"));
    }
}
END_TEST

START_TEST(a_file_to_be_replaced_may_be_gone_by_then)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);

    checkpoint(file, 1, 1, "old");
    ff_model_file_close(file);
    file = open_model(FF_MODEL_REPLACE);
    ck_assert_int_eq(rename(store_path("m.ff"), store_path("kept.ff")), 0);
    checkpoint(file, 1, 1, "new");
    ff_model_file_close(file);
    file = open_model(FF_MODEL_READ);
    must_say(file, "new");
    ff_model_file_close(file);
}
END_TEST

START_TEST(what_a_killed_process_left_partial_is_taken_over_or_removed)
{
    static const char text[] = "the user's own";
    struct ff_model_file *file;
    size_t size;
    uint8_t *bytes;

    store_write_rich_file(store_path("m.ff.partial"), 10);
    file = open_model(FF_MODEL_CREATE);
    checkpoint(file, 1, 1, "1");
    must_have_tile(file, &(struct ff_tile_key){'W', 1, 1, 0, 0});
    ff_model_file_close(file);
    store_write_rich_file(store_path("m.ff.partial"), 10);
    ff_model_file_close(open_model(FF_MODEL_READ));
    ck_assert(is_there("m.ff.partial"));
    ff_model_file_close(open_model(FF_MODEL_WRITE));
    ck_assert(!is_there("m.ff.partial"));
    store_write_file(store_path("m.ff.partial"), text, sizeof text);
    ff_model_file_close(open_model(FF_MODEL_WRITE));
    must_not_open(FF_EEXIST, FF_MODEL_REPLACE);
    bytes = store_read_file(store_path("m.ff.partial"), &size);
    ck_assert_uint_eq(size, sizeof text);
    ck_assert_mem_eq(bytes, text, size);
    free(bytes);
    unlink(store_path("m.ff.partial"));
    ck_assert_int_eq(symlink(store_path("victim"), store_path("m.ff.partial")), 0);
    must_not_open(FF_EIO, FF_MODEL_REPLACE);
    ck_assert(!is_there("victim"));
}
END_TEST

START_TEST(a_symbolic_link_stays_and_its_target_is_replaced)
{
    struct stat st;
    struct ff_model_file *file;

    ck_assert_int_eq(mkdir(store_path("real"), 0700), 0);
    ck_assert_int_eq(symlink("real/model", store_path("m.ff")), 0); /* to nothing yet */
    for (int round = 0; round < 2; round++) {
        file = open_model(FF_MODEL_REPLACE);
        must(store_ctx, ff_model_file_flip(file, round ? "2" : "1"));
        ck_assert(is_there("real/model.partial"));
        must(store_ctx, ff_model_file_publish(file));
        ff_model_file_close(file);
        ck_assert_int_eq(lstat(store_path("m.ff"), &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
        file = open_model(FF_MODEL_READ);
        must_say(file, round ? "2" : "1");
        ff_model_file_close(file);
    }
    unlink(store_path("m.ff"));
    ck_assert_int_eq(symlink("m.ff", store_path("m.ff")), 0);
    must_not_open(FF_EIO, FF_MODEL_REPLACE);
}
END_TEST

/* Deleted, renamed, or replaced by another: nothing more is committed, and what happened is said.
 */
START_TEST(a_file_that_has_lost_its_name_is_not_flipped)
{
    static const char *const reasons[] = {"m.ff: was deleted", "renamed during training; ",
                                          "replaced by another file",
                                          "renamed during training, and another"};
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);

    must(store_ctx, ff_model_file_flip(file, "1"));
    must(store_ctx, ff_model_file_publish(file));
    must(store_ctx, ff_model_file_check_place(file));
    if (_i % 2 == 1)
        ck_assert_int_eq(rename(store_path("m.ff"), store_path("away.ff")), 0);
    else
        ck_assert_int_eq(unlink(store_path("m.ff")), 0);
    if (_i >= 2)
        store_write_file(store_path("m.ff"), "x", 1);
    must_be(store_ctx, FF_EREPLACED, ff_model_file_flip(file, "2"));
    ck_assert_msg(strstr(ff_ctx_message(store_ctx), reasons[_i]) != NULL, "%s",
                  ff_ctx_message(store_ctx));
    must_be(store_ctx, FF_EREPLACED, ff_model_file_check_place(file));
    if (_i % 2 == 1) {
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "away.ff"));
        must_say(file, "1");
    }
    ff_model_file_close(file);
    ck_assert_int_eq(is_there("m.ff"), _i >= 2);
    ck_assert_int_eq(is_there("away.ff"), _i % 2 == 1);
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
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    struct tally tally = {0};

    for (uint32_t layer = 1; layer <= 3; layer++) {
        for (uint64_t generation = 1; generation <= 3; generation++)
            checkpoint(file, layer, generation, "x");
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
                const struct ff_tile_key key = {kind, layer, generation, 0, TILES - 1};

                if (kind == 'W' && layer == 2 && generation != 2)
                    must_lack_tile(file, &key);
                else
                    must_have_tile(file, &key);
            }
        }
    }
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, (2 * 9 - 2) * TILES);
    must(store_ctx, ff_model_file_sweep(file, 'O', 1, UINT64_MAX));
    must(store_ctx, ff_model_file_sweep(file, 'O', 7, UINT64_MAX)); /* never was */
    tally = (struct tally){0};
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, (2 * 9 - 5) * TILES);
    ck_assert_uint_eq(tally.damaged, 0);
    ff_model_file_close(file);
}
END_TEST

static uint64_t size_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* A new model of two layers, the first saved so often. */
static struct ff_model_file *save_often(unsigned times)
{
    struct ff_model_file *file;

    unlink(store_path("m.ff"));
    file = open_model(FF_MODEL_CREATE);
    for (unsigned i = times; i-- > 0;) {
        checkpoint(file, 1, i, "in training");
        must(store_ctx, ff_model_file_sweep(file, 'W', 1, i));
        must(store_ctx, ff_model_file_sweep(file, 'O', 1, i));
    }
    checkpoint(file, 2, 0, "in training");
    return file;
}

static void must_be_whole(struct ff_model_file *file, const char *manifest)
{
    struct ff_tile_key key = {.kind = 'W'};

    must_say(file, manifest);
    for (key.layer = 1; key.layer <= 2; key.layer++) {
        for (key.tile = 0; key.tile < TILES; key.tile++)
            must_have_tile(file, &key);
    }
}

START_TEST(a_compacted_file_holds_the_same_and_no_trace_of_how_it_came_about)
{
    size_t first_size = 0, size;
    uint8_t *first = NULL, *bytes;

    for (unsigned times = 1; times <= 9; times += 4) {
        struct ff_model_file *file = save_often(times), *reader = open_model(FF_MODEL_READ);
        struct ff_db_usage usage;

        must(store_ctx, ff_model_file_compact(file, "done", NULL, NULL));
        ck_assert(!is_there("m.ff.partial"));
        must_be_whole(reader, "in training"); /* what it has open stays */
        ff_model_file_close(reader);
        must_not_open(FF_ELOCKED, FF_MODEL_WRITE); /* the lock came along */
        ff_model_file_close(file);
        file = open_model(FF_MODEL_READ);
        must_be_whole(file, "done");
        must(store_ctx, ff_model_file_usage(file, &usage));
        ck_assert_uint_eq(usage.free_pages, 0);
        ff_model_file_close(file);
        bytes = store_read_file(store_path("m.ff"), &size);
        if (first) {
            ck_assert_uint_eq(size, first_size);
            ck_assert_mem_eq(bytes, first, size);
            free(bytes);
        } else {
            first = bytes;
            first_size = size;
        }
    }
    free(first);
}
END_TEST

static bool stop_now(void *arg)
{
    unsigned *left = arg;

    return (*left)-- == 0;
}

static bool replace_now(void *arg)
{
    (void)arg;
    unlink(store_path("m.ff"));
    store_write_file(store_path("m.ff"), "x", 1);
    return false;
}

START_TEST(a_compaction_that_fails_leaves_the_file_as_it_was)
{
    struct ff_model_file *file = save_often(3);
    uint64_t size = size_of(store_path("m.ff"));
    unsigned left = 7;

    must_be(store_ctx, FF_EINTERRUPTED, ff_model_file_compact(file, "done", stop_now, &left));
    ck_assert(!is_there("m.ff.partial"));
    ck_assert_uint_eq(size_of(store_path("m.ff")), size);
    must_be_whole(file, "in training");
    must(store_ctx, ff_model_file_flip(file, "still in training"));
    must_say(file, "still in training");
    must_be(store_ctx, FF_EREPLACED, ff_model_file_compact(file, "done", replace_now, NULL));
    ck_assert(!is_there("m.ff.partial"));
    ck_assert_uint_eq(size_of(store_path("m.ff")), 1);
    ff_model_file_close(file);
}
END_TEST

/* Flips a bit in the middle of the stored bytes of the tile. */
static void damage_tile(const struct ff_tile_key *key)
{
    float data[ROWS * COLUMNS];
    const struct ff_matrix matrix = {FF_F32, ROWS, COLUMNS, data};
    const struct ff_compression zstd = {FF_CODEC_ZSTD, 3};
    uint8_t key_bytes[21] = {(uint8_t)key->kind}, value[FF_VALUE_HEADER + sizeof data];
    const struct ff_bytes name = {key_bytes, sizeof key_bytes};
    size_t value_size, size, at = 0;
    struct ff_coder *coder;
    uint8_t *bytes;

    key_bytes[4] = (uint8_t)key->layer;
    key_bytes[12] = (uint8_t)key->generation;
    key_bytes[20] = (uint8_t)key->tile;
    fill_tile(key, data);
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
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    const struct ff_tile_key bad = {'W', 3, 2, 0, 1};
    struct tally tally = {0};
    float data[ROWS * COLUMNS];

    checkpoint(file, 3, 2, "x");
    ff_model_file_close(file);
    damage_tile(&bad);
    file = open_model(FF_MODEL_READ);
    must(store_ctx, ff_model_file_walk(file, false, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * TILES); /* not read, not seen */
    tally = (struct tally){0};
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * TILES - 1);
    ck_assert_uint_eq(tally.damaged, 1);
    ck_assert_ptr_nonnull(strstr(tally.reason, "m.ff: layer 3: weights, tile 1: damaged"));
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, &bad, ROWS, COLUMNS, data));
    tally = (struct tally){.stop_at = 3};
    must_be(store_ctx, FF_EINTERRUPTED, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 3);
    ff_model_file_close(file);
}
END_TEST

START_TEST(keys_that_are_no_tiles_are_damage)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    struct tally tally = {0};
    struct ff_db *db;

    checkpoint(file, 1, 1, "x");
    ff_model_file_close(file);
    must(store_ctx, ff_db_open(store_ctx, store_path("m.ff"), FF_DB_WRITE, &db));
    must(store_ctx, ff_db_put(db, (struct ff_bytes){"N", 1}, (struct ff_bytes){"?", 1}));
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
    file = open_model(FF_MODEL_READ);
    must(store_ctx, ff_model_file_walk(file, true, visit, damaged, &tally));
    ck_assert_uint_eq(tally.visited, 2 * TILES);
    ck_assert_uint_eq(tally.damaged, 1);
    ff_model_file_close(file);
}
END_TEST

START_TEST(a_damaged_manifest_is_told)
{
    struct ff_model_file *file = open_model(FF_MODEL_CREATE);
    size_t size;
    uint8_t *bytes;
    char *text, *at;

    checkpoint(file, 1, 1, "the only manifest in here");
    ff_model_file_close(file);
    bytes = store_read_file(store_path("m.ff"), &size);
    at = memmem(bytes, size, "the only manifest", 17);
    ck_assert_ptr_nonnull(at);
    at[5] ^= 1;
    store_write_file(store_path("m.ff"), bytes, size);
    free(bytes);
    file = open_model(FF_MODEL_READ);
    must_be(store_ctx, FF_ECORRUPT, ff_model_file_manifest(file, &text, &size));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "m.ff: manifest: damaged"));
    ff_model_file_close(file);
}
END_TEST

static int use_model(void)
{
    const struct ff_tile_key key = {'W', 1, 1, 0, 0};
    float data[ROWS * COLUMNS];
    struct tally tally = {0};
    struct ff_model_file *file;
    size_t size;
    char *text;
    int rc;

    unlink(store_path("m.ff"));
    rc = ff_model_file_open(store_ctx, store_path("m.ff"), FF_MODEL_CREATE, &file);
    if (rc == FF_OK)
        rc = put_tile(file, &key);
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
        rc = ff_model_file_get(file, &key, ROWS, COLUMNS, data);
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
    tcase_add_test(tc, a_new_file_has_its_name_once_it_is_published);
    tcase_add_test(tc, what_is_replaced_stays_until_the_new_one_is_published);
    tcase_add_test(tc, a_new_file_takes_no_name_that_is_taken);
    tcase_add_test(tc, a_file_to_be_replaced_may_be_gone_by_then);
    tcase_add_test(tc, what_a_killed_process_left_partial_is_taken_over_or_removed);
    tcase_add_test(tc, a_symbolic_link_stays_and_its_target_is_replaced);
    tcase_add_loop_test(tc, a_file_that_has_lost_its_name_is_not_flipped, 0, 4);
    tcase_add_test(tc, a_compacted_file_holds_the_same_and_no_trace_of_how_it_came_about);
    tcase_add_test(tc, a_compaction_that_fails_leaves_the_file_as_it_was);
    tcase_add_test(tc, a_sweep_takes_the_other_generations_of_one_layer_and_kind);
    tcase_add_test(tc, a_walk_names_damaged_tiles_and_goes_on);
    tcase_add_test(tc, keys_that_are_no_tiles_are_damage);
    tcase_add_test(tc, a_damaged_manifest_is_told);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
