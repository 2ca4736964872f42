/* A memory budget is kept, and does not change the weights; what does not fit is refused. */
#include "base/context.h"
#include "plan/plan.h"
#include "support/planning.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Models of several tiles a layer, in batches of several chunks: of the large one all tiles can be
 * paged, of the small one all but one. */
#define LARGE "1100,1300"

#define SMALL "700,800"

#define SWEEP_ROWS 850 /* a batch, and part of one */

static void begin_sweep(const char *mode, const char *hidden)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, hidden, &recipe), FF_OK);
    recipe.mode = mode;
    recipe.batch = 700;
    opts.limit_rows = SWEEP_ROWS;
    if (strcmp(mode, "bp-accum") == 0)
        recipe.negative_sets = 1;
}

static uint64_t smallest_budget(void)
{
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &seen), FF_OK);
    return seen.smallest_bytes;
}

/* From the smallest budget on: it is kept, and the weights are the same. */
static void sweep(void)
{
    const char *hash;
    uint64_t smallest, comfortable, room;

    smallest = smallest_budget();
    comfortable = seen.peak_bytes + MIB;
    ck_assert_uint_gt(comfortable, smallest);
    room = comfortable - smallest;
    (void)train_seen();
    hash = train_hash(opts.model);
    for (unsigned step = 0; step <= 2; step++) {
        struct ff_ctx *other = train_ctx();
        struct ff_train_result result = {.size = sizeof result};
        int status;

        opts.memory_bytes = smallest + room * step * step / 4;
        opts.threads = 1 + step;
        if (opts.threads > 2) /* another need: only more is sure to do */
            opts.memory_bytes += comfortable;
        status = ff_train(other, &recipe, &opts, &result);
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(other));
        ck_assert_uint_le(seen.peak_bytes, opts.memory_bytes);
        ck_assert_uint_le(result.memory.accounted_peak_bytes, opts.memory_bytes);
        check_accounted(seen.accounted_peak_bytes, result.memory.accounted_peak_bytes);
        ck_assert_str_eq(train_hash(opts.model), hash);
        ff_ctx_free(other);
    }
}

START_TEST(any_budget_gives_the_same_bits)
{
    begin_sweep("ff-stream", LARGE);
    sweep();
}
END_TEST

/* Of four classes all or some; of many some. */
START_TEST(any_budget_gives_the_same_bits_under_labels)
{
    choose_recipe("conditioned");
    recipe.label_samples = _i == 1 ? 2 : 0;
    if (_i == 2)
        use_classes(300);
    begin_sweep("ff-stream", SMALL);
    sweep();
}
END_TEST

/* Hard negatives, copies of shifted images, hybrid ones; held-out rows; sweeps. */
START_TEST(any_budget_gives_the_same_bits_of_variants)
{
    static const struct config configs_of[] = {
        {.recipe = "symba", .negatives = "hard", .jitter = 1, .validation = 0.3, .sweeps = 2},
        {.recipe = "conditioned", .jitter = 1, .copies = 2, .validation = 0.3, .pass_on = "mean"},
        {.recipe = "unsupervised", .jitter = 1},
    };

    choose_recipe(configs_of[_i].recipe);
    apply_noise(&configs_of[_i]);
    begin_sweep("ff-stream", SMALL);
    recipe.batch = 400; /* of three one or two are learned from */
    opts.limit_rows = PLANNING_ROWS;
    sweep();
}
END_TEST

START_TEST(any_budget_gives_the_same_bits_with_accumulation)
{
    begin_sweep("bp-accum", SMALL);
    sweep();
}
END_TEST

/* The knobs come in their order: fewer samples, then pages. */
START_TEST(tighter_budgets_page_more)
{
    uint32_t resident = UINT32_MAX, samples = UINT32_MAX;
    uint64_t smallest;
    double slowdown = 1;

    begin_sweep("ff-stream", LARGE);
    smallest = smallest_budget();
    for (uint64_t bytes = seen.peak_bytes + MIB; bytes >= smallest; bytes -= MIB) {
        opts.memory_bytes = bytes;
        ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &seen), FF_OK);
        ck_assert_uint_le(seen.peak_bytes, bytes);
        if (seen.tile_slots == 0) {
            ck_assert_uint_le(seen.micro_batch_rows, samples);
            samples = seen.micro_batch_rows;
            ck_assert_double_eq(seen.slowdown, 1);
        } else {
            ck_assert_double_ge(seen.slowdown, slowdown);
            resident = seen.resident_tiles;
        }
        slowdown = seen.slowdown;
    }
    ck_assert_uint_eq(resident, 0);
    ck_assert_uint_lt(samples, recipe.batch);
}
END_TEST

static void check_refused(int status)
{
    char advice[64];

    ck_assert_int_eq(status, FF_EBUDGET);
    snprintf(advice, sizeof advice, "give --memory %lluM or more",
             (unsigned long long)(seen.smallest_bytes / MIB));
    ck_assert_msg(strstr(ff_ctx_message(ctx), advice) != NULL, "%s", ff_ctx_message(ctx));
}

/* One byte less than the smallest is refused, before anything is made or lost. */
START_TEST(a_budget_below_the_smallest_is_refused_before_any_work)
{
    struct ff_train_result result = {.size = sizeof result};
    const char *hash;

    begin_sweep("ff-stream", LARGE);
    opts.memory_bytes = smallest_budget() - 1;
    check_refused(ff_plan_train(ctx, &recipe, &opts, NULL, &seen));
    ck_assert_uint_le(seen.peak_bytes, seen.smallest_bytes);
    check_refused(ff_train(ctx, &recipe, &opts, &result));
    ck_assert_int_ne(access(opts.model, F_OK), 0);
    ck_assert_int_ne(access(train_path(directory, "model.ff.scratch"), F_OK), 0);

    opts.memory_bytes = 0; /* a model that is there stays, though it would have been replaced */
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    opts.memory_bytes = 1;
    check_refused(ff_train(ctx, &recipe, &opts, &result));
    ck_assert_str_eq(train_hash(opts.model), hash);
}
END_TEST

/* A complete model needs no memory. */
START_TEST(a_complete_model_is_not_refused)
{
    struct ff_train_result result = {.size = sizeof result};

    train_ok(ctx, &recipe, &opts);
    opts.force = false;
    opts.memory_bytes = 1;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert(result.was_complete);
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_OK);
}
END_TEST

/* It is reached within a stage, and stays afterwards, whatever the budget. */
START_TEST(the_callers_own_limit_is_kept)
{
    uint64_t limit = train_seen().memory.accounted_peak_bytes / 2;

    for (int step = 0; step < 2; step++) {
        struct ff_ctx *limited = train_ctx();
        struct ff_train_result result = {.size = sizeof result};

        opts.memory_bytes = step ? (uint64_t)1 << 40 : 0;
        remove(opts.model);
        ff_memory_limit(limited, limit);
        check_limit(limited, limit, ff_train(limited, &recipe, &opts, &result));
        ck_assert_int_eq(access(opts.model, F_OK), 0);
        ff_ctx_free(limited);
    }
}
END_TEST

static bool stop(void *arg)
{
    (void)arg;
    return true;
}

START_TEST(resuming_keeps_to_its_own_budget)
{
    struct ff_train_result result = {.size = sizeof result};

    opts.interrupted = stop;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
    opts.memory_bytes = 1;
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_EBUDGET);
    opts.memory_bytes = (uint64_t)1 << 40;
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_OK);
    ck_assert_uint_eq(seen.budget_bytes, opts.memory_bytes);
}
END_TEST

/* Without a budget, too little memory for the network gives a warning before work begins. */
START_TEST(a_network_too_large_for_the_machine_gives_a_warning)
{
    struct ff_train_result result = {.size = sizeof result};

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "1000000x2", &recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    keep_warnings();
    opts.interrupted = stop;
    opts.no_disk_check = true;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    ck_assert_msg(strstr(warnings, "--memory") != NULL, "\"%s\"", warnings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan: budget");
    TCase *budget = tcase_create("budget");

    tcase_add_unchecked_fixture(budget, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(budget, planning_setup, training_end);
    tcase_add_test(budget, any_budget_gives_the_same_bits);
    tcase_add_loop_test(budget, any_budget_gives_the_same_bits_under_labels, 0, 3);
    tcase_add_loop_test(budget, any_budget_gives_the_same_bits_of_variants, 0, 3);
    tcase_add_test(budget, any_budget_gives_the_same_bits_with_accumulation);
    tcase_add_test(budget, tighter_budgets_page_more);
    tcase_add_test(budget, a_budget_below_the_smallest_is_refused_before_any_work);
    tcase_add_test(budget, a_complete_model_is_not_refused);
    tcase_add_test(budget, the_callers_own_limit_is_kept);
    tcase_add_test(budget, resuming_keeps_to_its_own_budget);
    tcase_add_test(budget, a_network_too_large_for_the_machine_gives_a_warning);
    suite_add_tcase(suite, budget);
    return run_suite(suite);
}
