/* Layers larger than memory: their tiles come and go, and not a bit changes; with every recipe. */
#include "model/pager.h"
#include "support/memory_scratch.h"
#include "support/suite.h"
#include "support/training.h"
#include "train/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 138             /* four batches of 32 and one of 10 */
#define HIDDEN "400,530,300" /* of 4, 5 and 3 tiles, the last ones smaller */
#define TILE_UNITS 128

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.epochs = 1;
}

static void choose(int kind)
{
    train_kind(kind, &recipe);
    if (recipe.sweeps > 2) /* it takes its time */
        recipe.sweeps = 2;
    recipe.epochs = recipe.sweeps; /* no fewer can be divided among them */
}

/* The hash of the weights that the recipe ends in with SLOTS tiles in memory (0: all). */
static const char *hash_with(uint32_t slots)
{
    opts.force = true;
    opts.tile_slots = slots;
    train_ok(ctx, &recipe, &opts);
    return train_hash(opts.model);
}

/* Every kind of recipe with one number of tiles in memory, every number with several kinds. */
START_TEST(paged_equals_resident)
{
    const char *whole;

    choose(_i);
    whole = hash_with(0);
    opts.threads = 1 + (uint32_t)_i % 3;
    opts.checkpoint_interval_s = _i < 4 ? 0 : TRAIN_NEVER_S;
    ck_assert_str_eq(hash_with(1 + (uint32_t)_i % 4), whole);
}
END_TEST

/* Where a tile is several pages, for one would be more than 2 MiB. */
START_TEST(with_pages_smaller_than_a_tile)
{
    const char *whole;

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "4200,300", &recipe), FF_OK);
    opts.limit_rows = 70;
    whole = hash_with(0);
    for (uint32_t slots = 1; slots <= 2; slots++) {
        opts.threads = slots;
        ck_assert_str_eq(hash_with(slots), whole);
    }
}
END_TEST

START_TEST(with_one_number_of_state)
{
    const char *whole;

    recipe.optimizer = "sgd";
    whole = hash_with(0);
    ck_assert_str_eq(hash_with(2), whole);
}
END_TEST

/* Then the gradient is paged too. Every kind of recipe with one or two chunks at a time. */
START_TEST(with_micro_batches)
{
    const char *whole;

    free(directory);
    train_opts_release(&opts);
    directory = train_folder(801);
    train_opts(directory, &opts);
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    choose(_i);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300,400", &recipe), FF_OK);
    recipe.batch = 600; /* a batch of three chunks of 200, and one of 200 and 1 */
    whole = hash_with(0);
    opts.micro_batch_rows = 200 * (1 + (uint32_t)_i % 2);
    ck_assert_str_eq(hash_with(1 + (uint32_t)_i / 2 % 2), whole);
}
END_TEST

START_TEST(with_scratch_in_memory)
{
    const char *whole = hash_with(0);
    struct ff_train_result result = {.size = sizeof result};
    struct ff_scratch scratch;

    opts.tile_slots = 2;
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(ff_train_with_scratch(ctx, &recipe, &opts, &scratch, &result), FF_OK);
    ff_scratch_close(&scratch);
    ck_assert_str_eq(train_hash(opts.model), whole);
}
END_TEST

/* Stops after every nine batches or so, and resumes with another number of tiles in memory. */
START_TEST(interrupted_and_resumed)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = FF_EINTERRUPTED;
    const char *whole;
    uint32_t pieces;
    long left;

    choose(_i);
    whole = hash_with(0);
    unlink(opts.model);
    opts.force = false;
    opts.interrupted = train_countdown;
    opts.arg = &left;
    for (pieces = 0; status == FF_EINTERRUPTED; pieces++) {
        left = 9;
        opts.tile_slots = pieces % 4;
        status = ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
    }
    ck_assert_uint_ge(pieces, 4); /* so many numbers of tiles */
    ck_assert_str_eq(train_hash(opts.model), whole);
}
END_TEST

/* Flips a byte of every page in DIRECTORY's file of tiles; returns how many. */
static size_t damage_tiles(void)
{
    static const char magic[] = "FFv1";
    const size_t in_payload = 100;
    const char *path = train_path(directory, "model.ff.scratch/tiles.lmdb");
    int fd = open(path, O_RDWR);
    struct stat st;
    char *bytes;
    size_t found = 0;

    if (fd < 0)
        return 0;
    ck_assert_int_eq(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
    for (size_t i = 0; i + in_payload < (size_t)st.st_size; i++) {
        if (memcmp(bytes + i, magic, strlen(magic)) != 0)
            continue;
        bytes[i + in_payload] ^= 1;
        ck_assert_int_eq(pwrite(fd, bytes + i + in_payload, 1, (off_t)(i + in_payload)), 1);
        found++;
    }
    free(bytes);
    close(fd);
    return found;
}

struct damaging {
    int asked, at;  /* questions so far; the one at which damage is done */
    size_t damaged; /* pages */
    int warned;
};

static bool damage_once(void *arg)
{
    struct damaging *damaging = arg;

    if (damaging->asked++ == damaging->at)
        damaging->damaged = damage_tiles();
    return false;
}

static void count_warning(void *arg, const char *text)
{
    struct damaging *damaging = arg;

    ck_assert_ptr_nonnull(strstr(text, "tiles.lmdb"));
    damaging->warned++;
}

/* Training goes back to the last checkpoint, and ends in the same weights. */
START_TEST(damaged_tiles_are_noticed)
{
    const char *whole = hash_with(0);

    for (int at = 10; at < 30; at += 4) {
        struct damaging damaging = {.at = at};

        opts.interrupted = damage_once;
        opts.arg = &damaging;
        ff_ctx_on_warning(ctx, count_warning, &damaging);
        ck_assert_str_eq(hash_with(1), whole);
        ck_assert_int_eq(damaging.warned, damaging.damaged > 0);
        if (at == 10)
            ck_assert_uint_gt(damaging.damaged, 0);
    }
}
END_TEST

START_TEST(memory_holds_the_tiles_asked_for)
{
    const uint64_t largest = 530, fan_in = 530;
    uint64_t biases = (3 + TRAIN_CLASSES) * largest * sizeof(float); /* and label weights */
    struct ff_memory memory;

    choose(_i);
    if (!train_without_head(&recipe))
        return;
    opts.threads = 1;
    hash_with(2);
    ff_memory_read(ctx, &memory);
    ck_assert_uint_le(memory.category_peak_bytes[FF_MEM_WEIGHTS],
                      2 * TILE_UNITS * fan_in * sizeof(float) + biases);
    ck_assert_uint_le(memory.category_peak_bytes[FF_MEM_OPTIMIZER],
                      2 * 2 * TILE_UNITS * fan_in * sizeof(float) + biases);
}
END_TEST

START_TEST(tiles_in_memory_together_share_no_buffer)
{
    for (uint32_t resident = 0; resident < 5; resident++) {
        for (uint32_t slots = 1; slots < 5; slots++) {
            struct ff_residency residency = {resident, slots};

            for (uint32_t tile = 0; tile < 20; tile++) {
                uint32_t slot = ff_residency_slot(residency, tile);

                ck_assert_uint_lt(slot, resident + slots);
                if (tile < resident)
                    ck_assert_uint_eq(slot, tile);
                else
                    ck_assert_uint_eq(slot, resident + (tile - resident) % slots);
            }
            ck_assert_uint_eq(ff_residency_units(residency, 2000, 100),
                              (size_t)100 * (resident + slots));
            ck_assert_uint_eq(ff_residency_units(residency, 70, 100), 70);
        }
    }
    ck_assert_uint_eq(ff_residency_slot((struct ff_residency){0}, 17), 17);
    ck_assert_uint_eq(ff_residency_units((struct ff_residency){0}, 2000, 100), 2000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: paging");
    TCase *tcase = tcase_create("paging");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, paged_equals_resident, 0, train_kinds());
    tcase_add_test(tcase, with_pages_smaller_than_a_tile);
    tcase_add_test(tcase, with_one_number_of_state);
    tcase_add_loop_test(tcase, with_micro_batches, 0, train_kinds());
    tcase_add_test(tcase, with_scratch_in_memory);
    tcase_add_loop_test(tcase, interrupted_and_resumed, 0, train_kinds());
    tcase_add_test(tcase, damaged_tiles_are_noticed);
    tcase_add_loop_test(tcase, memory_holds_the_tiles_asked_for, 0, train_kinds());
    tcase_add_test(tcase, tiles_in_memory_together_share_no_buffer);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
