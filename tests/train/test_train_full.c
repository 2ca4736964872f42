/* ff-full: the same weights, bit for bit, whatever the threads and the interruptions; memory that
 * does not grow with depth but by weights; faults are reported as what they are. */
#include "base/context.h"
#include "learn/learner.h"
#include "naive/network.h"
#include "support/memory_scratch.h"
#include "support/suite.h"
#include "support/training.h"
#include "train/modes.h"
#include "train/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 330 /* ten batches of 32 and one of 10 */
#define HIDDEN "40x2,130"

static struct ff_train_result result = {.size = sizeof result};

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.mode = "ff-full";
    recipe.head_epochs = recipe.epochs;
}

/* The recipes that the tests below go through: all there is; the head alone; neither. */
enum { ALL, HEAD, PLAIN, RECIPES };

static void choose(int way)
{
    if (way == ALL) {
        recipe.negatives = "hard";
        recipe.negative_sets = 1;
        recipe.peer_normalisation = 0.5;
        recipe.jitter = 1;
        recipe.class_weights = "balanced";
    }
    recipe.head_epochs = way == PLAIN ? 0 : recipe.epochs;
}

/* The weights that every variant must end in. In a model of its own, which stays. */
static const char *reference(void)
{
    const char *usual = opts.model, *hash;
    bool (*interrupted)(void *) = opts.interrupted;

    opts.model = train_path(directory, "reference.ff");
    opts.interrupted = NULL;
    opts.threads = 2;
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    opts.model = usual;
    opts.interrupted = interrupted;
    return hash;
}

START_TEST(threads_do_not_change_a_bit)
{
    static const unsigned threads[] = {1, 2, 4};

    choose(_i % RECIPES);
    opts.threads = threads[_i / RECIPES];
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference());
}
END_TEST

START_TEST(the_store_does_not_change_a_bit)
{
    struct ff_scratch scratch;

    choose(ALL);
    opts.compress = "zstd";
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference());
    opts.force = true;
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(ff_train_with_scratch(ctx, &recipe, &opts, &scratch, &result), FF_OK);
    ff_scratch_close(&scratch);
    opts.force = false;
    ck_assert_str_eq(train_hash(opts.model), reference());
}
END_TEST

START_TEST(another_seed_gives_other_weights)
{
    const char *usual;

    choose(ALL);
    usual = reference();
    recipe.seed = 6;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_ne(train_hash(opts.model), usual);
}
END_TEST

/* Stops after every so many batches until done, by the same command and by resume in turn. */
START_TEST(interrupted_runs_end_in_the_same_bits)
{
    static const long batches[] = {1, 2, 7, 13, 24};
    int status = FF_EINTERRUPTED, pieces = 0;
    long left;

    choose(_i % RECIPES);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    for (; status == FF_EINTERRUPTED; pieces++) {
        left = batches[_i / RECIPES] + (pieces == 0); /* the import asks, too */
        opts.threads = 1 + (unsigned)pieces % 3;
        status = pieces % 2 ? ff_train_resume(ctx, &opts, &result)
                            : ff_train(ctx, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK || status == FF_EINTERRUPTED, "%s", ff_ctx_message(ctx));
        ck_assert_int_lt(pieces, 1000);
    }
    ck_assert_int_gt(pieces, 1);
    ck_assert_str_eq(train_hash(opts.model), reference());
}
END_TEST

/* Scratch that is damaged, or gone, between two batches. */
START_TEST(scratch_is_made_again)
{
    long left = 20;

    choose(ALL);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    if (_i == 0) {
        ck_assert_int_eq(remove(train_path(directory, "model.ff.scratch/boundary-0.lmdb")), 0);
    } else {
        FILE *file = fopen(train_path(directory, "model.ff.scratch/boundary-0.lmdb"), "r+b");

        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fseek(file, 9000, SEEK_SET), 0);
        for (int i = 0; i < 5000; i++)
            fputc(0xa5, file);
        ck_assert_int_eq(fclose(file), 0);
    }
    opts.interrupted = NULL;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), reference());
}
END_TEST

/* The running means are part of a checkpoint: without them a resumed run goes another way. */
START_TEST(a_checkpoint_holds_the_running_means)
{
    struct ff_model *model;
    struct ff_layer_info with = {.size = sizeof with}, without = {.size = sizeof without};
    long left;

    for (int peers = 0; peers <= 1; peers++) {
        recipe.peer_normalisation = peers;
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
        left = 20;
        opts.interrupted = train_countdown;
        opts.arg = &left;
        opts.force = true;
        ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
        ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
        for (uint32_t layer = 1; layer <= recipe.layers; layer++) {
            struct ff_layer_info *info = peers ? &with : &without;

            ck_assert_msg(ff_model_layer(model, layer, info) == FF_OK, "%s", ff_ctx_message(ctx));
            ck_assert_int_eq(info->state, FF_LAYER_TRAINING);
        }
        ff_model_close(model);
    }
    ck_assert_uint_gt(with.optimizer_stored_bytes, without.optimizer_stored_bytes + 130);
}
END_TEST

/* One layer, no head: nothing that streaming would do otherwise. Batches of one chunk and of two,
 * one tile and two. */
START_TEST(one_layer_equals_streaming_bit_for_bit)
{
    static const struct {
        const char *hidden, *loss, *optimizer;
        uint32_t batch;
    } ways[] = {
        {"40", "symba", "adam", 32}, {"200", "logistic", "sgd", 32}, {"150", "symba", "adam", 300}};
    const char *full;

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, ways[_i].hidden, &recipe), FF_OK);
    recipe.loss = ways[_i].loss;
    recipe.optimizer = ways[_i].optimizer;
    recipe.batch = ways[_i].batch;
    recipe.weight_decay = 1;
    recipe.jitter = 1;
    recipe.head_epochs = 0;
    full = reference();
    recipe.mode = "ff-stream";
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), full);
}
END_TEST

/* Every allocation of a training in turn fails once. The same model is resumed each time. */
START_TEST(any_allocation_may_fail)
{
    choose(ALL);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_gt(train_with_failing_allocations(), 50);
    ck_assert_str_eq(train_hash(opts.model), reference());
}
END_TEST

static void train_deep(const char *hidden, uint64_t out[FF_MEM_CATEGORIES])
{
    struct ff_ctx *own = train_ctx();

    ck_assert_int_eq(ff_recipe_parse_hidden(own, hidden, &recipe), FF_OK);
    opts.force = true;
    ck_assert_int_eq(ff_recipe_complete(own, &recipe), FF_OK);
    ck_assert_msg(ff_train(own, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(own));
    memcpy(out, result.memory.category_peak_bytes, FF_MEM_CATEGORIES * sizeof *out);
    ff_ctx_free(own);
}

/* Activations and gradients of one layer at a time; weights and state of all. */
START_TEST(only_weights_and_their_state_grow_with_depth)
{
    uint64_t three[FF_MEM_CATEGORIES], nine[FF_MEM_CATEGORIES];
    const uint64_t layer = (64 * 64 + 64) * sizeof(float);
    const uint64_t head = (64 * TRAIN_CLASSES + TRAIN_CLASSES) * sizeof(float);

    choose(ALL);
    train_deep("64x3", three);
    train_deep("64x9", nine);
    ck_assert_uint_eq(nine[FF_MEM_ACTIVATIONS], three[FF_MEM_ACTIVATIONS]);
    ck_assert_uint_eq(nine[FF_MEM_GRADIENT], three[FF_MEM_GRADIENT]);
    ck_assert_uint_eq(nine[FF_MEM_WEIGHTS] - three[FF_MEM_WEIGHTS], 6 * (layer + head));
    ck_assert_uint_eq(nine[FF_MEM_OPTIMIZER] - three[FF_MEM_OPTIMIZER],
                      6 * (2 * (layer + head) + 64 * sizeof(float)));
}
END_TEST

/* Memory as planned for the stage, against the most that was allocated. */
START_TEST(memory_planned_is_memory_allocated)
{
    static const enum ff_category exact[] = {FF_MEM_WEIGHTS, FF_MEM_OPTIMIZER, FF_MEM_GRADIENT};
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    struct ff_job job;
    struct ff_needs needs;
    struct ff_memory memory;
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_knobs knobs = {0};

    memset(&needs, 0, sizeof needs);
    choose(_i);
    train_ok(ctx, &recipe, &opts);
    ff_memory_read(ctx, &memory);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    job = ff_job_make(&manifest, &opts, &none);
    ff_mode_work(job.mode, FF_STAGE_TRAIN)->needs(&job, 1, &knobs, &needs);
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        ck_assert_uint_eq(needs.bytes[exact[i]], memory.category_peak_bytes[exact[i]]);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}
END_TEST

START_TEST(divergence_is_noticed)
{
    recipe.learning_rate = 1e30;
    recipe.optimizer = "sgd";
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "epoch 1"));
}
END_TEST

START_TEST(divergence_of_the_head_is_noticed)
{
    choose(ALL);
    recipe.head_learning_rate = recipe.head_weight_decay = 1e30;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "head"));
}
END_TEST

static size_t largest(size_t n, const double *scores)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        best = scores[i] > scores[best] ? i : best;
    return best;
}

/* The share of rows that the network as read back takes for another class. */
static double naive_error(bool by_head)
{
    struct naive_network network;
    struct naive_data data;
    double error = 0;

    naive_read(opts.model, &network);
    naive_data_read(opts.data.path, "t10k", TRAIN_CLASSES, &data);
    for (size_t row = 0; row < data.rows; row++) {
        double scores[TRAIN_CLASSES] = {0}, goodness[3];

        if (by_head)
            naive_logits(&network, &recipe, &data, row, scores);
        for (uint32_t c = 0; !by_head && c < TRAIN_CLASSES; c++) {
            naive_goodness(&network, &recipe, &data, row, c, goodness);
            scores[c] = goodness[1] + goodness[2];
        }
        error += largest(TRAIN_CLASSES, scores) != data.labels[row];
    }
    error /= (double)data.rows;
    naive_data_release(&data);
    naive_release(&network);
    return error;
}

/* It learns, and is measured as it was trained. */
START_TEST(the_model_is_evaluated)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation found = {.size = sizeof found};

    recipe.epochs = 20;
    choose(ALL);
    recipe.learning_rate = 3e-3;
    recipe.peer_normalisation = 0.03;
    recipe.head_learning_rate = 0.01;
    train_ok(ctx, &recipe, &opts);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data.path = opts.data.path;
    for (int head = 0; head <= 1; head++) {
        evaluate.method = head ? FF_METHOD_HEAD : FF_METHOD_GOODNESS;
        ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &found), FF_OK);
        ck_assert_double_le(found.error, 0.1);
        ck_assert_double_eq_tol(found.error, naive_error(head), 1.0 / ROWS + 1e-9);
        ff_evaluate_release(&found);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: ff-full");
    TCase *tcase = tcase_create("ff-full");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, threads_do_not_change_a_bit, 0, 3 * RECIPES);
    tcase_add_test(tcase, the_store_does_not_change_a_bit);
    tcase_add_test(tcase, another_seed_gives_other_weights);
    tcase_add_loop_test(tcase, interrupted_runs_end_in_the_same_bits, 0, 5 * RECIPES);
    tcase_add_loop_test(tcase, scratch_is_made_again, 0, 2);
    tcase_add_test(tcase, a_checkpoint_holds_the_running_means);
    tcase_add_loop_test(tcase, one_layer_equals_streaming_bit_for_bit, 0, 3);
    tcase_add_test(tcase, any_allocation_may_fail);
    tcase_add_test(tcase, only_weights_and_their_state_grow_with_depth);
    tcase_add_loop_test(tcase, memory_planned_is_memory_allocated, 0, RECIPES);
    tcase_add_test(tcase, divergence_is_noticed);
    tcase_add_test(tcase, divergence_of_the_head_is_noticed);
    tcase_add_test(tcase, the_model_is_evaluated);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
