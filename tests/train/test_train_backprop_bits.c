/*
 * The modes of backpropagation end in the same weights, bit for bit (a tolerance of zero), whatever
 * the threads, the micro-batches and the interruptions; what differs is the memory they take.
 */
#include "base/context.h"
#include "learn/backprop.h"
#include "support/modes.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 1130 /* two batches of 520, of three chunks each, and one of 90 */
#define BATCH 520
#define CHUNK 174
#define HIDDEN "40x2,130"

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    train_in("bp", &recipe);
    recipe.batch = BATCH;
    recipe.jitter = 1;
    recipe.class_weights = "balanced";
    opts.force = true;
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* no time for syncing disks */
}

static void use_hidden(const char *hidden)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, hidden, &recipe), FF_OK);
}

/* Trains in MODE, in micro-batches of one chunk where there are any; the hash of the weights. */
static const char *train_mode(const char *mode)
{
    recipe.mode = mode;
    opts.micro_batch_rows = strcmp(mode, "bp-accum") == 0 ? CHUNK : 0;
    train_ok(ctx, &recipe, &opts);
    return train_hash(opts.model);
}

START_TEST(the_modes_end_in_the_same_bits)
{
    static const char *const hidden[] = {"40",   "130,20",       "40x2,130", "24x5",    "9,17,30x3",
                                         "12x9", "5,150,7x4,40", "16x17",    "1000,800"};
    const char *hash;

    use_hidden(hidden[_i]);
    hash = train_mode("bp");
    for (int i = 0; i < mode_count(MODE_BACKPROP); i++)
        ck_assert_str_eq(train_mode(mode_name(MODE_BACKPROP, i)), hash);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    const char *hash = train_mode(mode_name(MODE_BACKPROP, _i));

    for (unsigned threads = 1; threads <= 4; threads *= 2) {
        opts.threads = threads;
        ck_assert_str_eq(train_mode(mode_name(MODE_BACKPROP, _i)), hash);
    }
}
END_TEST

START_TEST(micro_batches_do_not_change_a_bit)
{
    const char *hash = train_mode("bp");

    recipe.mode = "bp-accum";
    for (uint32_t chunks = 0; chunks <= 4; chunks++) { /* 0: as it is chosen */
        opts.micro_batch_rows = chunks * CHUNK;
        train_ok(ctx, &recipe, &opts);
        ck_assert_str_eq(train_hash(opts.model), hash);
    }
}
END_TEST

START_TEST(another_seed_gives_other_weights)
{
    const char *hash = train_mode("bp");

    recipe.seed = 6;
    ck_assert_str_ne(train_mode("bp"), hash);
}
END_TEST

/* Stops after every so many batches until done, by the same command and by resume in turn. */
START_TEST(interrupted_runs_end_in_the_same_bits)
{
    static const long batches[] = {7, 10, 13, 20};
    struct ff_train_result result = {.size = sizeof result};
    const char *hash;
    int status, pieces = 0;
    long left;

    recipe.batch = 130; /* nine of them an epoch */
    hash = train_mode(mode_name(MODE_BACKPROP, _i % mode_count(MODE_BACKPROP)));
    opts.force = true;
    opts.interrupted = train_countdown;
    opts.arg = &left;
    do {
        left = batches[_i / mode_count(MODE_BACKPROP)];
        status = pieces % 2 ? ff_train_resume(ctx, &opts, &result)
                            : ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        opts.force = false;
    } while (++pieces < 1000 && status == FF_EINTERRUPTED);
    ck_assert_int_gt(pieces, 1);
    ck_assert_str_eq(train_hash(opts.model), hash);
}
END_TEST

/* Boundary 0 lost between two runs is read from the dataset again. */
START_TEST(missing_scratch_is_created_again)
{
    struct ff_train_result result = {.size = sizeof result};
    const char *hash = train_mode("bp");
    int status;
    long left;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    do {
        left = 12;
        status = ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        opts.force = false;
        remove(train_path(directory, "model.ff.scratch/boundary-0.lmdb"));
    } while (status == FF_EINTERRUPTED);
    ck_assert_str_eq(train_hash(opts.model), hash);
}
END_TEST

static void ck_message(int status, int wanted, const char *in_message)
{
    ck_assert_msg(status == wanted && strstr(ff_ctx_message(ctx), in_message), "%d: %s", status,
                  ff_ctx_message(ctx));
}

/* Every allocation of a training in turn fails once. The same model is resumed each time. */
START_TEST(any_allocation_may_fail)
{
    const char *hash;

    use_hidden("12x4");
    hash = train_mode(mode_name(MODE_BACKPROP, _i));
    remove(opts.model);
    opts.force = false;
    ck_assert_int_gt(train_with_failing_allocations(), 40);
    ck_assert_str_eq(train_hash(opts.model), hash);
}
END_TEST

START_TEST(divergence_is_reported)
{
    struct ff_train_result result = {.size = sizeof result};

    recipe.optimizer = "sgd";
    recipe.learning_rate = 1e25;
    recipe.mode = mode_name(MODE_BACKPROP, _i);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_message(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "learning rate");
}
END_TEST

/* ---- Invalid options ---- */

START_TEST(options_without_use_are_refused)
{
    struct ff_train_result result = {.size = sizeof result};
    struct ff_recipe good = recipe;

    recipe.head_epochs = 9;
    ck_message(ff_recipe_complete(ctx, &recipe), FF_EINVAL, "head epochs");
    recipe = good;
    recipe.head_learning_rate = 0.1;
    ck_message(ff_recipe_complete(ctx, &recipe), FF_EINVAL, "head learning rate");
    recipe = good;
    recipe.negative_sets = 3;
    ck_message(ff_recipe_complete(ctx, &recipe), FF_EINVAL, "negative sets");
    recipe = good;
    recipe.loss = "logistic";
    ck_message(ff_recipe_complete(ctx, &recipe), FF_EINVAL, "loss");
    recipe = good;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_uint_eq(recipe.head_epochs, recipe.epochs);
    opts.micro_batch_rows = 100;
    ck_message(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL, "micro-batch");
    recipe.mode = "bp-checkpoint";
    ck_message(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL, "micro-batch");
    recipe.mode = "bp-accum";
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    opts.tile_slots = 1;
    ck_message(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL, "tile slots");
}
END_TEST

/* ---- Memory ---- */

/* The most that CATEGORY held while DEPTH layers of 64 units trained in MODE on batches of BATCH.
 */
static uint64_t peak(const char *mode, uint32_t depth, uint32_t batch, enum ff_category category)
{
    struct ff_train_result result = {.size = sizeof result};
    struct ff_ctx *fresh = train_ctx();
    char hidden[32];
    int status;

    snprintf(hidden, sizeof hidden, "64x%u", depth);
    use_hidden(hidden);
    recipe.mode = mode;
    recipe.batch = batch;
    recipe.epochs = 1;
    recipe.head_epochs = 5;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.micro_batch_rows = strcmp(mode, "bp-accum") == 0 ? 256 : 0;
    status = ff_train(fresh, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(fresh));
    ff_ctx_free(fresh);
    return result.memory.category_peak_bytes[category];
}

#define ROW_BYTES (64 * sizeof(float)) /* of a layer's outputs, for one row */
#define BIG_BATCH 1024

/* What is beside the outputs (inputs, logits, buffers of workers) is that of one layer. */
static uint64_t layers_held(const char *mode, uint32_t depth)
{
    uint64_t beside = peak("bp", 1, BIG_BATCH, FF_MEM_ACTIVATIONS) - BIG_BATCH * ROW_BYTES;
    uint64_t outputs = peak(mode, depth, BIG_BATCH, FF_MEM_ACTIVATIONS) - beside;

    ck_assert_uint_eq(outputs % (BIG_BATCH * ROW_BYTES), 0);
    return outputs / (BIG_BATCH * ROW_BYTES);
}

/* Outputs are kept of every layer; of every sqrt(depth)-th and one segment in between. */
START_TEST(outputs_held_grow_with_depth_and_with_its_square_root)
{
    static const uint32_t depths[] = {1, 2, 3, 4, 9, 10, 16, 36};

    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        uint32_t depth = depths[i], segment = 1;

        while (segment * segment < depth)
            segment++;
        ck_assert_uint_eq(layers_held("bp", depth), depth);
        ck_assert_uint_eq(layers_held("bp-checkpoint", depth),
                          (depth + segment - 1) / segment + segment - 1);
    }
}
END_TEST

START_TEST(activations_of_micro_batches_do_not_grow_with_the_batch)
{
    uint64_t small = peak("bp-accum", 4, 256, FF_MEM_ACTIVATIONS);

    for (uint32_t batch = 512; batch <= 1024; batch += 256)
        ck_assert_uint_eq(peak("bp-accum", 4, batch, FF_MEM_ACTIVATIONS), small);
    ck_assert_uint_gt(peak("bp", 4, 1024, FF_MEM_ACTIVATIONS), 3 * small);
}
END_TEST

/* Gradients of one layer at a time, or, added up, of all. */
START_TEST(gradients_held_are_those_of_one_layer_or_of_all)
{
    uint64_t first = 65 * 64 * sizeof(float); /* the input is as wide as a layer */
    uint64_t output = (64 + 1) * TRAIN_CLASSES * sizeof(float);

    ck_assert_uint_eq(TRAIN_FEATURES, 64);
    for (uint32_t depth = 1; depth <= 8; depth *= 2) {
        ck_assert_uint_eq(peak("bp", depth, BIG_BATCH, FF_MEM_GRADIENT), first);
        ck_assert_uint_eq(peak("bp-checkpoint", depth, BIG_BATCH, FF_MEM_GRADIENT), first);
        ck_assert_uint_eq(peak("bp-accum", depth, BIG_BATCH, FF_MEM_GRADIENT),
                          depth * first + output);
    }
}
END_TEST

/* Memory as planned, against the most that was allocated. Inputs come on top: rows of
 * floats and their labels, and perhaps the images. */
START_TEST(memory_planned_is_memory_allocated)
{
    static const enum ff_category exact[] = {FF_MEM_WEIGHTS, FF_MEM_OPTIMIZER, FF_MEM_GRADIENT};
    struct ff_backprop_opts planned = {.manifest = NULL};
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_geometry geometry;
    struct ff_memory memory;
    struct ff_needs needs = {.mapped = 0};
    uint64_t rows, row_bytes = TRAIN_FEATURES * (sizeof(float) + 1) + 2 * sizeof(uint16_t);

    use_hidden("40,150,30x3");
    train_mode(mode_name(MODE_BACKPROP, _i));
    ff_memory_read(ctx, &memory);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    geometry = ff_geometry_make(manifest.samples, recipe.batch);
    planned.manifest = &manifest;
    planned.geometry = &geometry;
    planned.segment = ff_backprop_segment(&manifest);
    planned.micro_chunks =
        strcmp(mode_name(MODE_BACKPROP, _i), "bp-accum") == 0
            ? ff_backprop_micro_chunks(&manifest, &geometry, opts.micro_batch_rows)
            : geometry.chunks_per_batch;
    ff_network_needs(&manifest, 1, &needs);
    ff_backprop_needs(&planned, opts.threads, &needs);
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        ck_assert_uint_eq(needs.bytes[exact[i]], memory.category_peak_bytes[exact[i]]);
    rows = (uint64_t)planned.micro_chunks * geometry.chunk_rows;
    ck_assert_uint_le(needs.bytes[FF_MEM_ACTIVATIONS],
                      memory.category_peak_bytes[FF_MEM_ACTIVATIONS]);
    ck_assert_uint_ge(needs.bytes[FF_MEM_ACTIVATIONS] + rows * row_bytes,
                      memory.category_peak_bytes[FF_MEM_ACTIVATIONS]);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: backprop: bits");
    TCase *tcase = tcase_create("bits");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, the_modes_end_in_the_same_bits, 0, 9);
    tcase_add_loop_test(tcase, threads_do_not_change_a_bit, 0, mode_count(MODE_BACKPROP));
    tcase_add_test(tcase, micro_batches_do_not_change_a_bit);
    tcase_add_test(tcase, another_seed_gives_other_weights);
    tcase_add_loop_test(tcase, interrupted_runs_end_in_the_same_bits, 0,
                        4 * mode_count(MODE_BACKPROP));
    tcase_add_test(tcase, missing_scratch_is_created_again);
    tcase_add_loop_test(tcase, any_allocation_may_fail, 0, mode_count(MODE_BACKPROP));
    tcase_add_loop_test(tcase, divergence_is_reported, 0, mode_count(MODE_BACKPROP));
    tcase_add_test(tcase, options_without_use_are_refused);
    tcase_add_test(tcase, outputs_held_grow_with_depth_and_with_its_square_root);
    tcase_add_test(tcase, activations_of_micro_batches_do_not_grow_with_the_batch);
    tcase_add_test(tcase, gradients_held_are_those_of_one_layer_or_of_all);
    tcase_add_loop_test(tcase, memory_planned_is_memory_allocated, 0, mode_count(MODE_BACKPROP));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
