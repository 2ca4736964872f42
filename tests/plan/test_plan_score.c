/* The plan of an evaluation, of models that need not be there. */
#include "eval/score_tasks.h"
#include "fixtures/train_fixture.h"
#include "plan/plan.h"
#include "support/count_work.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>

#define MIB ((uint64_t)1 << 20)

static struct ff_ctx *ctx;
static struct ff_manifest manifest;
static struct ff_score_job job;

/* Ten thousand images of a model of HIDDEN, by goodness. */
static void describe(const char *hidden, uint32_t classes)
{
    ff_recipe_release(&manifest.recipe);
    train_recipe(ctx, hidden, &manifest.recipe);
    ck_assert_int_eq(ff_recipe_complete(ctx, &manifest.recipe), FF_OK);
    manifest.features = 1024;
    manifest.classes = classes;
    job = (struct ff_score_job){
        .planner = &ff_planner,
        .manifest = &manifest,
        .layers = manifest.recipe.layers,
        .first_head = ff_recipe_first_head(&manifest.recipe),
        .samples = 10000,
        .threads = 2,
        .ranks = 1,
        .scratch_bytes = (uint64_t)1 << 30,
    };
}

/* Of LAYERS layers, with widths in turn, so that none repeats the one below it. */
static void describe_deep(uint32_t layers)
{
    const uint32_t widths[] = {300, 400};
    char hidden[32];

    snprintf(hidden, sizeof hidden, "300x%u", layers);
    describe(hidden, 10);
    for (uint32_t k = 0; k < layers; k++)
        manifest.recipe.hidden[k] = widths[k % 2];
}

static void setup(void)
{
    ctx = train_ctx();
    manifest = (struct ff_manifest){.samples = 1};
}

static void teardown(void)
{
    ff_recipe_release(&manifest.recipe);
    ff_ctx_free(ctx);
}

static struct ff_plan plan_within(uint64_t bytes)
{
    struct ff_plan plan = {.size = sizeof plan};

    job.memory_bytes = bytes;
    ck_assert_msg(ff_score_plan(ctx, &job, &plan) == FF_OK, "%s", ff_ctx_message(ctx));
    if (bytes)
        ck_assert_uint_le(plan.peak_bytes, bytes);
    return plan;
}

/* They would not make the layer fit, and each block loads it again. */
START_TEST(paging_does_not_make_for_smaller_blocks)
{
    struct ff_plan whole = {.size = sizeof whole}, paged = {.size = sizeof paged};

    describe("4000x2", 10);
    whole = plan_within(0);
    ck_assert_uint_eq(whole.tile_slots, 0);
    ck_assert_double_eq(whole.slowdown, 1);
    ck_assert_uint_gt(whole.micro_batch_rows, 1000);
    paged = plan_within(whole.smallest_bytes + 8 * MIB);
    ck_assert_uint_gt(paged.tile_slots, 0);
    ck_assert_uint_eq(paged.micro_batch_rows, whole.micro_batch_rows);
    ck_assert_double_gt(paged.slowdown, 1);
}
END_TEST

/* The scores of a block are what is too much here. */
START_TEST(smaller_blocks_load_layers_more_often)
{
    struct ff_plan comfortable = {.size = sizeof comfortable}, tight = {.size = sizeof tight};

    describe("100x2", 1000);
    comfortable = plan_within(0);
    tight = plan_within(comfortable.smallest_bytes);
    ck_assert_uint_eq(tight.tile_slots, 0);
    ck_assert_uint_lt(tight.micro_batch_rows, comfortable.micro_batch_rows);
    ck_assert_double_eq(comfortable.slowdown, 1);
    ck_assert_double_gt(tight.slowdown, 1);
}
END_TEST

/* Where a slot for each thread is too much, half as many are tried before a single one. */
START_TEST(slots_are_halved)
{
    bool seen[9] = {false};
    struct ff_plan plan = {.size = sizeof plan};

    describe("4000x2", 10);
    job.threads = 8;
    plan = plan_within(0);
    for (uint64_t bytes = plan.smallest_bytes; plan.tile_slots < 8; bytes += MIB) {
        plan = plan_within(bytes);
        ck_assert_uint_ge(plan.tile_slots, 1);
        ck_assert_uint_le(plan.tile_slots, 8);
        seen[plan.tile_slots] = true;
    }
    ck_assert(seen[1] && seen[2] && seen[4] && seen[8]);
}
END_TEST

/* Plans that many layers, without a budget and within the smallest one; returns the work. */
static size_t work_of(uint32_t layers, bool by_head)
{
    struct ff_plan plan = {.size = sizeof plan};

    describe_deep(layers);
    job.by_head = by_head;
    count_work();
    plan = plan_within(0);
    (void)plan_within(plan.smallest_bytes);
    return count_work();
}

START_TEST(the_work_of_planning_grows_no_faster_than_depth)
{
    size_t once = work_of(500, _i), twice = work_of(1000, _i);

    ck_assert_uint_ge(once, 500);
    ck_assert_uint_le(twice, 2 * once + once / 20);
}
END_TEST

/* Of label-conditioned layers those of the labels, too. */
START_TEST(all_parameters_are_counted)
{
    struct ff_plan plan = {.size = sizeof plan};

    describe("300,200", 10);
    plan = plan_within(0);
    ck_assert_uint_eq(plan.parameters, 300 * (1024 + 1) + 200 * (300 + 1));
    train_named("conditioned", &manifest.recipe);
    ck_assert_int_eq(ff_recipe_complete(ctx, &manifest.recipe), FF_OK);
    plan = plan_within(0);
    ck_assert_uint_eq(plan.parameters, 300 * (1024 + 10 + 1) + 200 * (300 + 10 + 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan: evaluation");
    TCase *tcase = tcase_create("budget");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, paging_does_not_make_for_smaller_blocks);
    tcase_add_test(tcase, smaller_blocks_load_layers_more_often);
    tcase_add_test(tcase, slots_are_halved);
    tcase_add_test(tcase, all_parameters_are_counted);
    tcase_add_loop_test(tcase, the_work_of_planning_grows_no_faster_than_depth, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
