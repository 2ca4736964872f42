/* The same weights, bit for bit, whatever the threads, the memory, the store and the interruptions;
 * with every recipe. */
#include "support/memory_scratch.h"
#include "support/suite.h"
#include "support/training.h"
#include "train/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCHES 6
#define ROWS 170 /* five batches of 32 and one of 10 */
#define HIDDEN "40x2,130"

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    opts.threads = 1; /* references are made with two */
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
}

static const char *references[TRAIN_MAX_KINDS]; /* hashes of the usual weights of every kind */
static const char *reference;                   /* of the kind at hand */

static void root_setup(void)
{
    struct ff_ctx *own = train_ctx();

    train_root_setup();
    train_recipe(own, HIDDEN, &recipe);
    for (int kind = 0; kind < train_kinds(); kind++) {
        train_kind(kind, &recipe);
        references[kind] = strdup(train_reference(&recipe, ROWS));
    }
    ff_recipe_release(&recipe);
    ff_ctx_free(own);
}

static void root_teardown(void)
{
    for (int kind = 0; kind < train_kinds(); kind++)
        free((void *)(uintptr_t)references[kind]);
    train_root_teardown();
}

/* Takes the recipe of a loop over every kind and CASES cases of each; returns the case. */
static int choose(int i, int cases)
{
    train_kind(i / cases, &recipe);
    reference = references[i / cases];
    return i % cases;
}

START_TEST(threads_do_not_change_a_bit)
{
    static const unsigned threads[] = {1, 4};

    opts.threads = threads[choose(_i, 2)];
    opts.checkpoint_interval_s = 0;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

START_TEST(streamed_equals_in_memory)
{
    struct ff_train_result result = {.size = sizeof result};
    struct ff_scratch scratch;

    choose(_i, 1);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_msg(ff_train_with_scratch(ctx, &recipe, &opts, &scratch, &result) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ff_scratch_close(&scratch);
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

START_TEST(compressed_scratch_does_not_change_a_bit)
{
    choose(_i, 1);
    opts.compress = "zstd:3";
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

/* Stops after every so many batches until done, by the same command and by resume in turn. */
static void train_in_pieces(long batches)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = FF_EINTERRUPTED;
    long left;
    int pieces = 0;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    for (; status == FF_EINTERRUPTED; pieces++) {
        left = batches;
        status = pieces % 2 ? ff_train_resume(ctx, &opts, &result)
                            : ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        ck_assert_int_lt(pieces, 1000);
    }
    ck_assert_int_gt(pieces, 1);
}

static int activation_types(void)
{
    int count = 0;

    while (ff_recipe_choices("activations")[count].name)
        count++;
    return count;
}

/* Streamed, in memory, and compressed and in pieces, for every type of stored
 * activations. */
START_TEST(every_type_of_activations)
{
    int type = choose(_i, activation_types());
    struct ff_train_result result = {.size = sizeof result};
    struct ff_scratch scratch;
    const char *name = ff_recipe_choices("activations")[type].name, *streamed, *usual;

    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    usual = recipe.activations;
    if (strcmp(name, usual) == 0) /* the other tests have it */
        return;
    recipe.activations = name;
    streamed = train_reference(&recipe, ROWS);
    ck_assert_str_ne(streamed, reference);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_msg(ff_train_with_scratch(ctx, &recipe, &opts, &scratch, &result) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ff_scratch_close(&scratch);
    ck_assert_str_eq(train_hash(opts.model), streamed);
    unlink(opts.model);
    opts.compress = "zstd";
    train_in_pieces(21);
    ck_assert_str_eq(train_hash(opts.model), streamed);
}
END_TEST

/* Losses of epochs, of layers and heads as they come. */
struct losses {
    size_t n;
    double loss[64];
};

static void keep_loss(void *arg, const struct ff_epoch_report *report)
{
    struct losses *kept = arg;

    ck_assert_uint_lt(kept->n, sizeof kept->loss / sizeof *kept->loss);
    kept->loss[kept->n++] = report->loss;
}

/* Micro-batches of one and of two chunks, of batches of three chunks and of two. */
START_TEST(micro_batches_do_not_change_a_bit)
{
    struct losses expected = {0};
    const char *whole;

    free(directory);
    train_opts_release(&opts);
    directory = train_folder(801);
    train_opts(directory, &opts);
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    choose(_i, 1);
    recipe.batch = 600; /* a batch of three chunks of 200, and one of 200 and 1 */
    opts.on_epoch = keep_loss;
    opts.arg = &expected;
    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    ck_assert_uint_gt(expected.n, 0);
    for (uint32_t chunks = 1; chunks <= 2; chunks++) {
        struct losses losses = {0};

        opts.force = true;
        opts.micro_batch_rows = chunks * 200;
        opts.arg = &losses;
        train_ok(ctx, &recipe, &opts);
        ck_assert_str_eq(train_hash(opts.model), whole);
        ck_assert_mem_eq(&losses, &expected, sizeof losses);
    }
}
END_TEST

START_TEST(another_seed_gives_other_weights)
{
    choose(_i, 1);
    recipe.seed = 6;
    ck_assert_str_ne(train_reference(&recipe, ROWS), reference);
}
END_TEST

/* Every kind in two ways, every way with several kinds. */
START_TEST(interrupted_runs_end_in_the_same_bits)
{
    static const long batches[] = {13, 17, 19, 53};
    int turn = choose(_i, 2);

    opts.threads = 2;
    opts.checkpoint_interval_s = 0; /* at the end of every epoch, too */
    train_in_pieces(batches[(_i / 2 + 2 * turn) % 4]);
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

static void remove_scratch(void)
{
    char command[4096];

    snprintf(command, sizeof command, "rm -rf '%s.scratch'", opts.model);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(missing_scratch_is_computed_again)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = FF_EINTERRUPTED;
    long left;

    choose(_i, 1);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    while (status == FF_EINTERRUPTED) {
        left = 45;
        status = ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        remove_scratch();
    }
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

/* Trains until it is asked LEFT times, then to the end, without the scratch of before or with it.
 * Returns whether there was anything left to do. */
static bool train_in_two(long left, bool with_scratch)
{
    struct ff_train_result result = {.size = sizeof result};
    int status;

    opts.force = true;
    opts.interrupted = train_countdown;
    opts.arg = &left;
    status = ff_train(ctx, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
    if (!with_scratch)
        remove_scratch();
    opts.interrupted = NULL;
    ck_assert_msg(ff_train_resume(ctx, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    return status == FF_EINTERRUPTED;
}

/* Few rows, so that many cuts take little time; the last batch is one of two rows. Every kind of
 * recipe is cut at other places; with FFTOOL_LONG=1, at all of them. */
START_TEST(a_cut_anywhere_does_not_change_a_bit)
{
    const long step = getenv("FFTOOL_LONG") ? 1 : 23;
    const char *whole;
    bool cut = true;

    choose(_i, 1);
    opts.limit_rows = 98;
    train_ok(ctx, &recipe, &opts);
    whole = train_hash(opts.model);
    for (long left = 1 + _i % step; cut; left += step) {
        cut = train_in_two(left, left % 2 == 0);
        ck_assert_msg(strcmp(train_hash(opts.model), whole) == 0, "cut after %ld batches", left);
    }
}
END_TEST

/* Overwrites a stretch of every boundary file in the scratch directory. */
static void damage_scratch(long offset)
{
    for (int boundary = 0; boundary < 4; boundary++) {
        char name[64];
        FILE *file;

        snprintf(name, sizeof name, "model.ff.scratch/boundary-%d.lmdb", boundary);
        file = fopen(train_path(directory, name), "r+b");
        if (!file)
            continue;
        ck_assert_int_eq(fseek(file, offset, SEEK_SET), 0);
        for (int i = 0; i < 5000; i++)
            fputc(0xa5, file);
        ck_assert_int_eq(fclose(file), 0);
    }
}

/* Every kind is damaged in one place, every place with two kinds. */
START_TEST(damaged_scratch_is_computed_again)
{
    static const long offsets[] = {0, 4096, 20000, 30000};
    struct ff_train_result result = {.size = sizeof result};
    long offset = offsets[_i % 4], left = 40;

    choose(_i, 1);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    damage_scratch(offset);
    opts.interrupted = NULL;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference);
}
END_TEST

/* Trains until it is asked LEFT times; only then is it to stop. */
static void train_part(long left)
{
    struct ff_train_result result = {.size = sizeof result};

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
}

/* What was stored below layer 2 in the first of two sweeps takes the place of what is in the
 * second: each layer learns for an epoch, and passes on as many chunks as there are batches. */
START_TEST(outputs_of_an_earlier_sweep_are_not_used)
{
    const long layer = 2 * BATCHES, in_layer_2 = layer + BATCHES / 2;
    const long rest_of_sweep_and_layer_1 = 3 * layer + 1;
    char *stored = strdup(train_path(directory, "model.ff.scratch/boundary-1.lmdb"));
    char *kept = strdup(train_path(directory, "kept"));
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    recipe.sweeps = recipe.epochs = 2;
    reference = train_reference(&recipe, ROWS);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    train_part(in_layer_2);
    ck_assert_int_eq(link(stored, kept), 0);
    train_part(rest_of_sweep_and_layer_1);
    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_uint_eq(info.layer, 2);
    ck_assert_uint_eq(info.epoch, 1);
    ff_model_close(model);
    ck_assert_int_eq(rename(kept, stored), 0);
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference);
    free(stored);
    free(kept);
}
END_TEST

START_TEST(a_complete_model_is_left_alone)
{
    struct ff_train_result result = {.size = sizeof result};
    const char *hash;

    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert(result.was_complete);
    ck_assert_str_eq(train_hash(opts.model), hash);
    ck_assert_int_eq(access(train_path(directory, "model.ff.scratch"), F_OK), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: bits");
    TCase *tcase = tcase_create("bits");
    int kinds = train_kinds();

    tcase_add_unchecked_fixture(tcase, root_setup, root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, threads_do_not_change_a_bit, 0, 2 * kinds);
    tcase_add_loop_test(tcase, streamed_equals_in_memory, 0, kinds);
    tcase_add_loop_test(tcase, compressed_scratch_does_not_change_a_bit, 0, kinds);
    tcase_add_loop_test(tcase, every_type_of_activations, 0, activation_types() * kinds);
    tcase_add_loop_test(tcase, micro_batches_do_not_change_a_bit, 0, kinds);
    tcase_add_loop_test(tcase, another_seed_gives_other_weights, 0, kinds);
    tcase_add_loop_test(tcase, interrupted_runs_end_in_the_same_bits, 0, 2 * kinds);
    tcase_add_loop_test(tcase, missing_scratch_is_computed_again, 0, kinds);
    tcase_add_loop_test(tcase, a_cut_anywhere_does_not_change_a_bit, 0, kinds);
    tcase_add_loop_test(tcase, damaged_scratch_is_computed_again, 0, kinds);
    tcase_add_test(tcase, outputs_of_an_earlier_sweep_are_not_used);
    tcase_add_test(tcase, a_complete_model_is_left_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
