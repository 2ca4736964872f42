/* What a plan counts, part by part: what is easily left out of it, and figures that are silly. */
#include "plan/plan.h"
#include "support/count_work.h"
#include "support/modes.h"
#include "support/planning.h"
#include "support/suite.h"
#include "train/modes.h"
#include "train/tasks.h"

#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void use_hidden(const char *hidden)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, hidden, &recipe), FF_OK);
}

/* Plans the recipe, completed, on DATA or the fixture's; the plan is in SEEN. */
static int plan_on(const struct ff_plan_data *data)
{
    return ff_plan_train(ctx, &recipe, &opts, data, &seen);
}

static void complete(void)
{
    ck_assert_msg(ff_recipe_complete(ctx, &recipe) == FF_OK, "%s", ff_ctx_message(ctx));
}

/* ---- What is counted ---- */

/* They wait for one commit: those of the weights and of both numbers of state. */
START_TEST(pages_waiting_for_a_commit_are_planned)
{
    struct ff_train_result result = {.size = sizeof result};

    use_hidden("300,640");
    recipe.head_epochs = 0;
    opts.tile_slots = 4; /* of 5 tiles */
    opts.limit_rows = 64;
    complete();
    ck_assert_msg(ff_train(ctx, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_le(result.memory.accounted_peak_bytes, seen.accounted_peak_bytes);
}
END_TEST

/* The head learns by Adam whatever the layers learn by, and is saved with its state. */
START_TEST(the_heads_own_state_is_planned)
{
    const struct ff_plan_data data = {
        .size = sizeof data, .samples = 1024, .features = 8, .classes = 1000};
    struct ff_plan with_adam = {.size = sizeof with_adam};

    use_hidden("8,300");
    recipe.label_embedding = "append";
    recipe.batch = 256;
    recipe.epochs = recipe.head_epochs = 2;
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &with_adam), FF_OK);
    ck_assert_int_eq(with_adam.phase, FF_PHASE_HEAD);
    recipe.optimizer = "sgd";
    recipe.momentum = recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN; /* not adam's */
    ck_assert_int_eq(plan_on(&data), FF_OK);
    ck_assert_int_eq(seen.phase, FF_PHASE_HEAD);
    ck_assert_uint_eq(seen.accounted_peak_bytes, with_adam.accounted_peak_bytes);
}
END_TEST

/* A job of one task; one of its demands is out of memory. */
struct scarce {
    long demands; /* so far */
    long fails;   /* the one that is; 0: none */
};

static void visit_scarce(const void *job, void (*visit)(void *arg, const struct ff_task *task),
                         void *arg)
{
    (void)job;
    visit(arg,
          &(const struct ff_task){
              .layer = 1, .shown = true, .tiles = 8, .pages = true, .chunks = 4, .all_chunks = 4});
}

static struct ff_demand demand_scarce(const void *job, const struct ff_task *task,
                                      const struct ff_knobs *knobs)
{
    struct scarce *scarce = *(struct scarce *const *)job;
    struct ff_needs needs = {.out_of_memory = ++scarce->demands == scarce->fails};
    struct ff_peak peak = {.accounted = 0};
    struct ff_needs sum = {.mapped = 0};

    needs.bytes[FF_MEM_ACTIVATIONS] = MIB * knobs->micro_chunks;
    ff_needs_add(&sum, &needs);
    ff_peak_consider(&peak, &sum);
    sum.out_of_memory = false;
    sum.bytes[FF_MEM_WEIGHTS] =
        MIB * (knobs->residency.slots ? knobs->residency.resident : task->tiles);
    ff_peak_consider(&peak, &sum);
    return (struct ff_demand){.needs = peak.needs, .accounted = peak.accounted};
}

static struct ff_effort effort_of_one(const void *job, const struct ff_task *task,
                                      const struct ff_knobs *knobs)
{
    (void)job;
    (void)task;
    (void)knobs;
    return (struct ff_effort){.operations = 1e9, .by_tile = 1};
}

static void note_nothing(const void *job, const struct ff_task *task, const struct ff_knobs *knobs,
                         struct ff_plan *plan)
{
    (void)job;
    (void)task;
    (void)knobs;
    (void)plan;
}

START_TEST(any_demand_that_is_out_of_memory_fails_the_plan)
{
    struct scarce scarce = {.fails = 0}, *job = &scarce;
    long demands;
    struct ff_tasks tasks = {
        .job = &job,
        .threads = 1,
        .memory_bytes = 8 * MIB,
        .chunk_rows = 1,
        .rows = 4,
        .each = visit_scarce,
        .demand = demand_scarce,
        .effort = effort_of_one,
        .note_disk = note_nothing,
    };

    ck_assert_int_eq(ff_plan(ctx, &tasks, &seen), FF_OK);
    ck_assert_uint_gt(seen.tile_slots, 0); /* the search went all the way */
    demands = scarce.demands;
    ck_assert_int_gt(demands, 5);
    for (long i = 1; i <= demands; i++) {
        scarce = (struct scarce){.fails = i};
        ck_status(ff_plan(ctx, &tasks, &seen), FF_ENOMEM, "out of memory for the plan");
    }
}
END_TEST

START_TEST(every_mode_has_a_learner)
{
    size_t n;
    const struct ff_mode *modes = ff_modes(&n);

    for (size_t i = 0; i < n; i++)
        ck_assert_msg(ff_mode_ops(&modes[i]) != NULL, "mode %s has none", modes[i].name);
}
END_TEST

/* The memory of STAGE of LAYER of the recipe, on the fixture's data. */
static struct ff_demand demand_of(enum ff_stage stage, uint32_t layer)
{
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    struct ff_manifest manifest = {
        .samples = PLANNING_ROWS, .features = TRAIN_FEATURES, .classes = TRAIN_CLASSES};
    struct ff_train_tasks tasks;
    struct ff_knobs knobs;
    struct ff_task task;
    struct ff_job job;

    complete();
    manifest.recipe = recipe;
    job = ff_job_make(&manifest, &opts, &none);
    ff_train_tasks_init(&tasks, &job);
    task = ff_train_task(&job, (struct ff_turn){stage, layer});
    knobs = ff_plan_knobs(&tasks.tasks, &task);
    return ff_train_demand(&tasks, &task, &knobs);
}

/* Each tile is read where it lies in the model file; with few rows nothing takes more. */
START_TEST(a_tile_is_mapped_while_it_is_loaded)
{
    const uint64_t input_bytes = 128 * sizeof(float) / 100 * 85; /* of a tile, as stored */
    struct ff_evaluate_opts evaluate;
    struct ff_demand demand;
    struct ff_plan plan = {.size = sizeof plan};

    recipe.batch = 16;
    opts.limit_rows = 32;
    use_hidden("20000,300");
    demand = demand_of(FF_STAGE_FORWARD, 2);
    ck_assert_uint_ge(demand.needs.mapped, 20000 * input_bytes);

    use_hidden("4200,300");
    train_ok(ctx, &recipe, &opts);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.limit_rows = 16;
    ck_assert_int_eq(ff_plan_evaluate(ctx, &evaluate, false, &plan), FF_OK);
    ck_assert_uint_eq(plan.layer, 2);
    ck_assert_uint_ge(plan.mapped_bytes, 4200 * input_bytes);
}
END_TEST

#define NPY_HEADER 128

/* Writes DIRECTORY/wide/NAME.npy: the header for DESCR and SHAPE, and BYTES of DATA. */
static void write_npy(const char *name, const char *descr, const char *shape, const void *data,
                      size_t bytes)
{
    FILE *out = fopen(train_path(directory, name), "wb");
    char header[NPY_HEADER];
    int length =
        snprintf(header, sizeof header,
                 "\x93NUMPY\x01%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': %s, }", 0,
                 NPY_HEADER - 10, 0, descr, shape);

    memset(header + length, ' ', sizeof header - (size_t)length);
    header[NPY_HEADER - 1] = '\n';
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(header, 1, sizeof header, out), sizeof header);
    ck_assert_uint_eq(fwrite(data, 1, bytes, out), bytes);
    ck_assert_int_eq(fclose(out), 0);
}

/* Points OPTS to PLANNING_ROWS rows of 784 floats, none of them zero, of two classes. */
static void use_wide_floats(void)
{
    static float images[PLANNING_ROWS * 784];
    static uint8_t labels[PLANNING_ROWS];
    uint32_t state = 1;

    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        state = state * 1664525 + 1013904223;
        images[i] = 0.1f + (float)(state >> 8) / (1 << 24);
    }
    for (size_t i = 0; i < PLANNING_ROWS; i++)
        labels[i] = i % 2;
    ck_assert_int_eq(mkdir(train_path(directory, "wide"), 0777), 0);
    write_npy("wide/x_train.npy", "<f4", "(1200, 784)", images, sizeof images);
    write_npy("wide/y_train.npy", "|u1", "(1200,)", labels, sizeof labels);
    free((void *)(uintptr_t)opts.data.path);
    opts.data.path = strdup(train_path(directory, "wide"));
}

/* A worker's coder unpacks images, too, which are wider here than any layer. */
START_TEST(coders_are_planned_for_images)
{
    struct ff_train_result result = {.size = sizeof result};

    use_wide_floats();
    use_hidden("64x2");
    recipe.batch = 256;
    recipe.head_epochs = 0;
    opts.compress = "zstd";
    complete();
    ck_assert_msg(ff_train(ctx, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_le(result.memory.accounted_peak_bytes, seen.accounted_peak_bytes);
}
END_TEST

/* A value of sums has every column, however few of the rows are held out. */
START_TEST(sums_of_held_out_rows_are_planned)
{
    struct ff_train_result result = {.size = sizeof result};

    use_classes(250);
    opts.threads = 1;
    opts.compress = _i ? "zstd" : "none";
    train_named("conditioned", &recipe);
    use_hidden("64x3");
    recipe.epochs = 1;
    recipe.head_epochs = 0;
    recipe.batch = 256;
    recipe.validation = 0.1;
    complete();
    ck_assert_msg(ff_train(ctx, &recipe, &opts, &result) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_le(result.memory.accounted_peak_bytes, seen.accounted_peak_bytes);
}
END_TEST

/* ---- Knobs and advice ---- */

/* Where a slot for each thread is too much, half as many are tried before a single one. */
START_TEST(slots_are_halved)
{
    bool seen_slots[5] = {false};

    use_hidden("4000x2");
    recipe.batch = 700;
    opts.threads = 4;
    complete();
    ck_assert_int_eq(plan_on(NULL), FF_OK);
    opts.memory_bytes = seen.smallest_bytes;
    for (; seen.tile_slots < 4; opts.memory_bytes += 4 * MIB) {
        ck_assert_int_eq(plan_on(NULL), FF_OK);
        ck_assert_uint_ge(seen.tile_slots, 1);
        ck_assert_uint_le(seen.tile_slots, 4);
        seen_slots[seen.tile_slots] = true;
    }
    ck_assert(seen_slots[1] && seen_slots[2] && seen_slots[4]);
}
END_TEST

START_TEST(a_budget_is_advised_only_where_it_helps)
{
    const struct ff_plan fits = {.peak_bytes = UINT64_MAX, .smallest_bytes = MIB};
    const struct ff_plan never = {.peak_bytes = UINT64_MAX, .smallest_bytes = UINT64_MAX / 2};

    keep_warnings();
    ff_plan_warn(ctx, &fits);
    ck_assert_msg(strstr(warnings, "; use --memory SIZE, at least 1M"), "\"%s\"", warnings);
    ff_plan_warn(ctx, &never);
    ck_assert_msg(strstr(warnings, "; no --memory can make it fit"), "\"%s\"", warnings);
}
END_TEST

/* A tile has no more rows than the layer has units, and a gradient for each tile is enough. */
START_TEST(the_gradient_of_a_narrow_layer_has_its_units)
{
    const struct ff_plan_data data = {
        .size = sizeof data, .samples = 100, .features = 1000000, .classes = 10};
    const uint64_t weights = (uint64_t)8 * data.features * sizeof(float);
    uint64_t gradient;

    use_hidden("8");
    recipe.batch = 16;
    recipe.mode = mode_name(MODE_ANY, _i);
    recipe.negative_sets = 1;
    complete();
    for (opts.threads = 1; opts.threads <= 4; opts.threads++) {
        ck_assert_int_eq(plan_on(&data), FF_OK);
        /* The largest peak may be that of a checkpoint, where the tile and its code take its place.
         */
        gradient = seen.category_bytes[FF_MEM_GRADIENT];
        if (gradient == 0)
            gradient = seen.category_bytes[FF_MEM_IO];
        ck_assert_uint_ge(gradient, weights);
        ck_assert_uint_le(gradient, 2 * weights);
        ck_assert_uint_lt(seen.smallest_bytes, 400 * MIB);
    }
}
END_TEST

/* ---- Silly figures ---- */

START_TEST(shapes_that_cannot_be_are_refused)
{
    struct ff_plan_data data = {.size = sizeof data, .samples = 0, .features = 10, .classes = 4};

    complete();
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data = (struct ff_plan_data){.size = sizeof data, .samples = 100, .features = 10, .classes = 1};
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data = (struct ff_plan_data){
        .size = sizeof data, .samples = 100, .features = 1u << 31, .classes = 4};
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data = (struct ff_plan_data){
        .size = sizeof data, .samples = UINT64_MAX, .features = 10, .classes = 4};
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data = (struct ff_plan_data){
        .size = sizeof data, .samples = 100, .features = 10, .classes = 4, .height = 3, .width = 3};
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data.width = 0;
    ck_assert_int_eq(plan_on(&data), FF_EINVAL);
    data.height = 0;
    ck_assert_int_eq(plan_on(&data), FF_OK);
    data.height = data.width = 1; /* of ten channels */
    ck_assert_int_eq(plan_on(&data), FF_OK);
}
END_TEST

/* The largest network there may be is planned, in no time and without overflow. */
START_TEST(the_largest_network_is_planned)
{
    const struct ff_plan_data data = {
        .size = sizeof data, .samples = (uint64_t)1 << 38, .features = 1u << 19, .classes = 1000};

    use_hidden("1048576x100000");
    recipe.batch = 1 << 24;
    recipe.negative_sets = 9;
    complete();
    ck_assert_int_eq(plan_on(&data), FF_OK);
    ck_assert_uint_gt(seen.peak_bytes, seen.smallest_bytes);
    opts.memory_bytes = seen.smallest_bytes;
    ck_assert_int_eq(plan_on(&data), FF_OK);
    ck_assert_uint_le(seen.peak_bytes, opts.memory_bytes);
    ck_assert_uint_eq(seen.scratch_peak_bytes, UINT64_MAX);
    ck_assert_uint_eq(seen.written_bytes, UINT64_MAX);
}
END_TEST

/* Before the planner counts what each of them takes. */
START_TEST(too_many_threads_are_refused)
{
    static const unsigned threads[] = {257, UINT_MAX};
    struct ff_train_result result = {.size = sizeof result};

    complete();
    for (size_t i = 0; i < 2; i++) {
        opts.threads = threads[i];
        ck_assert_int_eq(plan_on(NULL), FF_EINVAL);
        ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL);
    }
}
END_TEST

/* Plans that many layers, with widths in turn, so that none repeats the one below it, without a
 * budget and within the smallest one; returns the work. */
static size_t work_of(uint32_t layers)
{
    const uint32_t widths[] = {300, 400};
    char hidden[32];

    snprintf(hidden, sizeof hidden, "300x%u", layers);
    use_hidden(hidden);
    for (uint32_t k = 0; k < layers; k++)
        recipe.hidden[k] = widths[k % 2];
    complete();
    opts.memory_bytes = 0;
    count_work();
    ck_assert_int_eq(plan_on(NULL), FF_OK);
    opts.memory_bytes = seen.smallest_bytes;
    ck_assert_int_eq(plan_on(NULL), FF_OK);
    return count_work();
}

START_TEST(the_work_of_planning_grows_no_faster_than_depth)
{
    size_t once, twice;

    recipe.batch = 600;
    recipe.negative_sets = 1;
    recipe.mode = mode_name(MODE_ANY, _i);
    once = work_of(500);
    twice = work_of(1000);
    ck_assert_uint_ge(once, 500);
    ck_assert_uint_le(twice, 2 * once + once / 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan: parts");
    TCase *parts = tcase_create("parts");

    tcase_add_unchecked_fixture(parts, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(parts, planning_setup, training_end);
    tcase_add_test(parts, any_demand_that_is_out_of_memory_fails_the_plan);
    tcase_add_test(parts, every_mode_has_a_learner);
    tcase_add_test(parts, pages_waiting_for_a_commit_are_planned);
    tcase_add_test(parts, the_heads_own_state_is_planned);
    tcase_add_test(parts, a_tile_is_mapped_while_it_is_loaded);
    tcase_add_test(parts, coders_are_planned_for_images);
    tcase_add_loop_test(parts, sums_of_held_out_rows_are_planned, 0, 2);
    tcase_add_test(parts, slots_are_halved);
    tcase_add_test(parts, a_budget_is_advised_only_where_it_helps);
    tcase_add_loop_test(parts, the_gradient_of_a_narrow_layer_has_its_units, 0,
                        mode_count(MODE_ANY));
    tcase_add_test(parts, shapes_that_cannot_be_are_refused);
    tcase_add_test(parts, the_largest_network_is_planned);
    tcase_add_test(parts, too_many_threads_are_refused);
    tcase_add_loop_test(parts, the_work_of_planning_grows_no_faster_than_depth, 0,
                        mode_count(MODE_ANY));
    suite_add_tcase(suite, parts);
    return run_suite(suite);
}
