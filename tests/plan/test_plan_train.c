/* The planner: what it says is what is measured, and a budget is kept without changing a bit. */
#include "support/evaluate_fixture.h"
#include "support/suite.h"
#include "support/training.h"

#include "base/context.h"
#include "plan/plan.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define ROWS 1200
/* What the planner cannot know: how far weights compress (a tile's worth of what waits for a
 * commit), and whether a dataset is compressed. */
#define SLACK_BYTES (192 * 1024)
#define SLACK_SHARE 0.05
/* And how far activations do, of which that much may wait. */
#define SLACK_PACKED_BYTES (2 << 20)

static struct ff_plan seen; /* by keep_plan() */

static void setup(void)
{
    training_begin(ROWS, "300x2");
    recipe.epochs = 1;
    recipe.head_epochs = 1;
    opts.checkpoint_interval_s = 1000;
    opts.force = true;
}

static void keep_plan(void *arg, const struct ff_plan *plan)
{
    (void)arg;
    seen = *plan;
}

/* One network, other than the usual in these. */
struct config {
    const char *hidden, *mode, *recipe, *optimizer, *activations, *compress, *negatives, *pass_on;
    uint32_t batch, micro_batch, label_samples, classes, jitter, copies, sweeps;
    double validation;
    bool no_head, no_dropout;
    unsigned threads;
};

static const struct config configs[] = {
    {.hidden = "300x3"},
    {.hidden = "40x16", .no_head = true},
    {.hidden = "1200,300", .threads = 1},
    {.hidden = "1200,300", .threads = 5},
    {.hidden = "700x3", .optimizer = "sgd"},
    {.hidden = "700x2", .batch = 600},
    {.hidden = "700x2", .batch = 1200, .micro_batch = 300},
    {.hidden = "500x2", .batch = 1200, .activations = "bf16"},
    {.hidden = "500x2", .batch = 600, .activations = "bf16", .compress = "zstd"},
    {.hidden = "500x2", .batch = 1200, .activations = "u8"},
    {.hidden = "500x2", .batch = 600, .activations = "u8", .compress = "zstd"},
    {.hidden = "500x3", .compress = "zstd:3"},
    {.hidden = "300x3", .recipe = "conditioned"},
    {.hidden = "1200,300", .recipe = "conditioned", .batch = 600, .threads = 5},
    {.hidden = "700x2", .recipe = "conditioned", .batch = 1200, .micro_batch = 300},
    {.hidden = "700x2", .recipe = "conditioned", .label_samples = 2, .no_head = true},
    {.hidden = "700x3", .recipe = "conditioned", .no_dropout = true, .optimizer = "sgd"},
    {.hidden = "500x2", .recipe = "conditioned", .activations = "bf16", .compress = "zstd"},
    {.hidden = "300x2", .recipe = "conditioned", .classes = 60},
    {.hidden = "300x2", .recipe = "conditioned", .classes = 60, .pass_on = "mean"},
    {.hidden = "300x2", .recipe = "conditioned", .classes = 1000, .no_head = true},
    {.hidden = "128", .recipe = "conditioned", .classes = 1000, .no_head = true},
    {.hidden = "300x4", .recipe = "conditioned", .validation = 0.2, .sweeps = 2},
    {.hidden = "700x2", .recipe = "conditioned", .jitter = 2, .copies = 3, .pass_on = "mean"},
    {.hidden = "500x3",
     .recipe = "conditioned",
     .copies = 2,
     .jitter = 1,
     .batch = 600,
     .micro_batch = 300,
     .pass_on = "posterior",
     .validation = 0.3},
    {.hidden = "500x3",
     .recipe = "conditioned",
     .copies = 2,
     .jitter = 1,
     .batch = 600,
     .micro_batch = 300,
     .pass_on = "posterior",
     .validation = 0.3,
     .compress = "zstd"},
    {.hidden = "500x2",
     .recipe = "conditioned",
     .copies = 2,
     .jitter = 1,
     .batch = 600,
     .validation = 0.3,
     .compress = "zstd"},
    {.hidden = "300x3", .recipe = "conditioned", .classes = 60, .validation = 0.2},
    {.hidden = "300x4", .negatives = "hard"},
    {.hidden = "500x2", .negatives = "hard", .jitter = 1, .validation = 0.2, .no_head = true},
    {.hidden = "500x3", .negatives = "hard", .batch = 600, .validation = 0.4, .sweeps = 2},
    {.hidden = "400x2", .negatives = "hard", .batch = 1200, .micro_batch = 300, .threads = 5},
    {.hidden = "300x3", .negatives = "hard", .activations = "u8", .compress = "zstd"},
    {.hidden = "300x3", .negatives = "hard", .classes = 24, .validation = 0.2},
    {.hidden = "300x3", .jitter = 2, .sweeps = 2},
    {.hidden = "500x2", .sweeps = 2, .optimizer = "sgd"},
    {.hidden = "500x3", .recipe = "unsupervised"},
    {.hidden = "500x3", .recipe = "unsupervised", .jitter = 2, .batch = 600, .sweeps = 2},
    {.hidden = "500x3", .recipe = "unsupervised", .micro_batch = 300, .batch = 1200, .threads = 5},
    {.hidden = "700x3", .mode = "ff-full", .batch = 600},
    {.hidden = "700x3", .mode = "ff-full", .no_head = true, .optimizer = "sgd", .jitter = 2},
    {.hidden = "16x60", .mode = "ff-full"},
    {.hidden = "700x3", .mode = "bp"},
    {.hidden = "1000,800", .mode = "bp"},
    {.hidden = "300x9", .mode = "bp-checkpoint", .batch = 1200},
    {.hidden = "300x9", .mode = "bp-accum", .batch = 1200, .micro_batch = 600, .jitter = 2},
};
#define CONFIGS ((int)(sizeof configs / sizeof *configs))

/* The recipe NAMED, with the epochs of these tests. */
static void choose_recipe(const char *named)
{
    train_named(named, &recipe);
    recipe.epochs = recipe.head_epochs = 1;
}

static void use_classes(uint32_t classes)
{
    free(folder);
    train_opts_release(&opts);
    folder = train_folder_of(classes, ROWS);
    train_opts(folder, &opts);
    opts.checkpoint_interval_s = 1000;
    opts.force = true;
}

/* Shifts, what negatives are, what is handed on and held out; rounds. */
static void apply_noise(const struct config *config)
{
    recipe.jitter = config->jitter;
    recipe.validation = config->validation;
    if (config->copies)
        recipe.augment_copies = config->copies;
    if (config->sweeps)
        recipe.sweeps = recipe.epochs = config->sweeps;
    if (config->pass_on)
        recipe.pass_on = config->pass_on;
    if (config->negatives) {
        recipe.negatives = config->negatives;
        recipe.negative_sets = FF_UNSET;
    }
}

static void apply(const struct config *config)
{
    if (config->classes)
        use_classes(config->classes);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, config->hidden, &recipe), FF_OK);
    if (config->recipe)
        choose_recipe(config->recipe);
    recipe.label_samples = config->label_samples;
    apply_noise(config);
    if (config->no_dropout)
        recipe.dropout = 0;
    if (config->mode)
        recipe.mode = config->mode;
    if (strncmp(recipe.mode, "bp", 2) == 0)
        recipe.negative_sets = 1;
    if (config->optimizer) {
        recipe.optimizer = config->optimizer;
        recipe.learning_rate = 1e-4;
    }
    if (config->activations)
        recipe.activations = config->activations;
    if (config->compress)
        opts.compress = config->compress;
    if (config->batch)
        recipe.batch = config->batch;
    if (config->no_head)
        recipe.head_epochs = 0;
    if (config->threads)
        opts.threads = config->threads;
    opts.micro_batch_rows = config->micro_batch;
}

/* Trains; the plan is in SEEN. */
static struct ff_train_result train_seen(void)
{
    struct ff_train_result result;
    int status = ff_recipe_complete(ctx, &recipe);

    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    opts.on_plan = keep_plan;
    status = ff_train(ctx, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    return result;
}

static void check_accounted(uint64_t planned, uint64_t measured)
{
    double slack = SLACK_BYTES + SLACK_SHARE * (double)measured;

    if (opts.compress && strcmp(opts.compress, "none") != 0)
        slack += SLACK_PACKED_BYTES;

    ck_assert_msg(planned + SLACK_BYTES >= measured && (double)planned <= (double)measured + slack,
                  "planned %llu, measured %llu bytes", (unsigned long long)planned,
                  (unsigned long long)measured);
}

/* The sum of what is told is what is told. */
START_TEST(a_plan_adds_up)
{
    uint64_t sum = 0;

    apply(&configs[_i]);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &seen), FF_OK);
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        sum += seen.category_bytes[c];
    ck_assert_uint_eq(sum + seen.mapped_bytes + seen.program_bytes, seen.peak_bytes);
    ck_assert_uint_le(sum, seen.accounted_peak_bytes);
    ck_assert_uint_le(seen.smallest_bytes, seen.peak_bytes + ff_plan_margin(seen.threads) + MIB);
    ck_assert_uint_eq(seen.smallest_bytes % MIB, 0);
    ck_assert_uint_eq(seen.tile_slots, 0);
    ck_assert_double_eq(seen.slowdown, 1);
}
END_TEST

/* Without a dataset the plan is that for one of the same shape. */
START_TEST(a_shape_does_for_data)
{
    struct ff_plan_data data = {.samples = ROWS,
                                .features = TRAIN_FEATURES,
                                .classes = TRAIN_CLASSES,
                                .height = TRAIN_SIDE,
                                .width = TRAIN_SIDE};
    struct ff_plan other;

    apply(&configs[_i]);
    if (configs[_i].classes)
        data.classes = configs[_i].classes;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &seen), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &other), FF_OK);
    ck_assert_mem_eq(&seen, &other, sizeof seen);
}
END_TEST

static void check_disk(const struct ff_train_result *result)
{
    /* With sweeps the optimizer's state is in the file, which compresses better than weights. */
    double least = recipe.sweeps > 1 ? 0.7 : 0.8;
    struct stat model;

    ck_assert_double_le((double)result->scratch_peak_bytes, 1.1 * (double)seen.scratch_peak_bytes);
    ck_assert_double_ge((double)result->scratch_peak_bytes,
                        0.8 * (double)seen.scratch_peak_bytes - (double)MIB / 4);
    ck_assert_double_le((double)result->bytes_written, 1.2 * (double)seen.written_bytes);
    ck_assert_double_ge((double)result->bytes_written, 0.8 * (double)seen.written_bytes);
    ck_assert_int_eq(stat(opts.model, &model), 0);
    ck_assert_double_le((double)model.st_size, 1.2 * (double)seen.model_bytes + (double)MIB / 16);
    ck_assert_double_ge((double)model.st_size, least * (double)seen.model_bytes);
}

/* Disk use is as estimated, without compression and checkpoints within layers. */
START_TEST(measured_as_planned)
{
    struct ff_train_result result;

    apply(&configs[_i]);
    result = train_seen();
    check_accounted(seen.accounted_peak_bytes, result.memory.accounted_peak_bytes);
    ck_assert_uint_eq(result.planned_bytes, seen.peak_bytes);
    if (!opts.compress || strcmp(opts.compress, "none") == 0)
        check_disk(&result);
}
END_TEST

/* Tiles lie beside two boundaries while a layer's outputs are written; and evaluation pages too. */
START_TEST(paged_tiles_are_planned_on_disk)
{
    struct ff_train_result result;
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation evaluated;
    uint64_t written;

    apply(&(struct config){.hidden = "1100,1300,64", .batch = 600});
    opts.tile_slots = 1;
    result = train_seen();
    ck_assert_uint_eq(seen.tile_slots, 1);
    check_disk(&result);

    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.limit_rows = 100;
    evaluate.threads = 1;
    ck_assert_int_eq(ff_plan_evaluate(ctx, &evaluate, false, &seen), FF_OK);
    evaluate.memory_bytes = seen.smallest_bytes;
    ck_assert_int_eq(ff_plan_evaluate(ctx, &evaluate, false, &seen), FF_OK);
    ck_assert_uint_eq(seen.resident_tiles, 0);
    ck_assert_uint_gt(seen.scratch_peak_bytes, 1100 * 1300 * sizeof(float));
    written = ff_meter_written(ctx);
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &evaluated), FF_OK);
    ff_evaluate_release(&evaluated);
    written = ff_meter_written(ctx) - written;
    ck_assert_double_le((double)written, 1.1 * (double)seen.written_bytes);
    ck_assert_double_ge((double)written, 0.9 * (double)seen.written_bytes);
}
END_TEST

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
        struct ff_train_result result;
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

/* Hard negatives, copies of shifted images, hybrid ones; held-out rows; rounds. */
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
    opts.limit_rows = ROWS;
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
    char told[64];

    ck_assert_int_eq(status, FF_EBUDGET);
    snprintf(told, sizeof told, "give --memory %lluM or more",
             (unsigned long long)(seen.smallest_bytes / MIB));
    ck_assert_msg(strstr(ff_ctx_message(ctx), told) != NULL, "%s", ff_ctx_message(ctx));
}

/* One byte less than the smallest is refused, before anything is made or lost. */
START_TEST(less_is_refused_at_once)
{
    struct ff_train_result result;
    const char *hash;

    begin_sweep("ff-stream", LARGE);
    opts.memory_bytes = smallest_budget() - 1;
    check_refused(ff_plan_train(ctx, &recipe, &opts, NULL, &seen));
    ck_assert_uint_le(seen.peak_bytes, seen.smallest_bytes);
    check_refused(ff_train(ctx, &recipe, &opts, &result));
    ck_assert_int_ne(access(opts.model, F_OK), 0);
    ck_assert_int_ne(access(train_path(folder, "model.ff.scratch"), F_OK), 0);

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
    struct ff_train_result result;

    train_ok(ctx, &recipe, &opts);
    opts.force = false;
    opts.memory_bytes = 1;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert(result.was_complete);
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_OK);
}
END_TEST

static void check_limit(struct ff_ctx *limited, uint64_t limit, int status)
{
    ck_assert_int_eq(status, FF_EBUDGET);
    ck_assert_msg(strstr(ff_ctx_message(limited), "memory limit of") != NULL, "%s",
                  ff_ctx_message(limited));
    ck_assert_uint_eq(limited->meter.limit, limit);
}

/* It is reached within a stage, and stays afterwards, whatever the budget. */
START_TEST(the_callers_own_limit_is_kept)
{
    uint64_t limit = train_seen().memory.accounted_peak_bytes / 2;

    for (int step = 0; step < 2; step++) {
        struct ff_ctx *limited = train_ctx();
        struct ff_train_result result;

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
    struct ff_train_result result;

    opts.interrupted = stop;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
    opts.memory_bytes = 1;
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_EBUDGET);
    opts.memory_bytes = (uint64_t)1 << 40;
    opts.on_plan = keep_plan;
    ck_assert_int_eq(ff_train_resume(ctx, &opts, &result), FF_OK);
    ck_assert_uint_eq(seen.budget_bytes, opts.memory_bytes);
}
END_TEST

static char warning[FF_MESSAGE_BYTES];

static void keep_warning(void *arg, const char *text)
{
    (void)arg;
    snprintf(warning, sizeof warning, "%s", text);
}

/* Without a budget what the machine does not have is told before work begins. */
START_TEST(too_large_a_network_is_warned_of)
{
    struct ff_train_result result;

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "1000000x2", &recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ff_ctx_on_warning(ctx, keep_warning, NULL);
    opts.interrupted = stop;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    ck_assert_msg(strstr(warning, "--memory") != NULL, "\"%s\"", warning);
}
END_TEST

/* ---- Evaluation, of the fixture's models of three layers ---- */

static void check_evaluation(enum ff_method method)
{
    struct ff_evaluation measured, tight;
    struct ff_plan plan;
    double error;

    evaluate_opts.method = method;
    ck_assert_int_eq(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_OK);
    evaluate_ok(&measured);
    error = measured.error;
    check_accounted(plan.accounted_peak_bytes, measured.memory.accounted_peak_bytes);
    ck_assert_uint_eq(measured.planned_bytes, plan.peak_bytes);
    ck_assert_uint_ge(plan.category_bytes[FF_MEM_OTHER], 8 * measured.classes * measured.classes);
    ff_evaluate_release(&measured);

    evaluate_opts.memory_bytes = plan.smallest_bytes;
    evaluate_ok(&tight);
    ck_assert_uint_le(tight.memory.accounted_peak_bytes, plan.smallest_bytes);
    ck_assert_double_eq(tight.error, error);
    ff_evaluate_release(&tight);

    evaluate_opts.memory_bytes = plan.smallest_bytes - 1;
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &tight), FF_EBUDGET,
                       "give --memory");
    ck_assert_int_eq(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_EBUDGET);
    ck_assert_uint_eq(plan.budget_bytes, evaluate_opts.memory_bytes);
}

START_TEST(evaluation_by_goodness)
{
    evaluate_choose(_i);
    if (strcmp(evaluate_recipe.embedding, "none") != 0)
        check_evaluation(FF_METHOD_GOODNESS);
}
END_TEST

START_TEST(evaluation_by_the_head)
{
    evaluate_choose(_i);
    if (evaluate_recipe.head_epochs > 0)
        check_evaluation(FF_METHOD_HEAD);
}
END_TEST

START_TEST(evaluation_of_many_classes)
{
    char *other = train_folder_of(1000, ROWS);
    struct ff_recipe many;

    train_recipe(evaluate_ctx, "128", &many);
    train_named("conditioned", &many);
    many.epochs = 1;
    many.head_epochs = 0;
    evaluate_train_in(other, &many);
    evaluate_use(other);
    check_evaluation(FF_METHOD_GOODNESS);
    ff_recipe_release(&many);
    free(other);
}
END_TEST

START_TEST(evaluation_refuses_too_many_threads)
{
    struct ff_evaluation measured;
    struct ff_plan plan;

    evaluate_opts.threads = UINT_MAX;
    evaluate_ck_status(ff_plan_evaluate(evaluate_ctx, &evaluate_opts, false, &plan), FF_EINVAL,
                       "threads");
    evaluate_ck_status(ff_evaluate(evaluate_ctx, &evaluate_opts, &measured), FF_EINVAL, "threads");
}
END_TEST

START_TEST(evaluation_keeps_the_callers_own_limit)
{
    struct ff_ctx *limited = train_ctx();
    struct ff_evaluation measured;
    uint64_t limit;

    evaluate_ok(&measured);
    limit = measured.memory.accounted_peak_bytes / 2;
    ff_evaluate_release(&measured);
    evaluate_opts.memory_bytes = (uint64_t)1 << 40;
    ff_memory_limit(limited, limit);
    check_limit(limited, limit, ff_evaluate(limited, &evaluate_opts, &measured));
    ff_ctx_free(limited);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan: training");
    TCase *planned = tcase_create("planned and measured"), *budget = tcase_create("budget");
    TCase *evaluation = tcase_create("evaluation");

    tcase_add_unchecked_fixture(planned, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(planned, setup, training_end);
    tcase_add_loop_test(planned, measured_as_planned, 0, CONFIGS);
    tcase_add_loop_test(planned, a_plan_adds_up, 0, CONFIGS);
    tcase_add_loop_test(planned, a_shape_does_for_data, 0, CONFIGS);
    tcase_add_test(planned, paged_tiles_are_planned_on_disk);
    suite_add_tcase(suite, planned);

    tcase_add_unchecked_fixture(budget, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(budget, setup, training_end);
    tcase_add_test(budget, any_budget_gives_the_same_bits);
    tcase_add_loop_test(budget, any_budget_gives_the_same_bits_under_labels, 0, 3);
    tcase_add_loop_test(budget, any_budget_gives_the_same_bits_of_variants, 0, 3);
    tcase_add_test(budget, any_budget_gives_the_same_bits_with_accumulation);
    tcase_add_test(budget, tighter_budgets_page_more);
    tcase_add_test(budget, less_is_refused_at_once);
    tcase_add_test(budget, a_complete_model_is_not_refused);
    tcase_add_test(budget, the_callers_own_limit_is_kept);
    tcase_add_test(budget, resuming_keeps_to_its_own_budget);
    tcase_add_test(budget, too_large_a_network_is_warned_of);
    suite_add_tcase(suite, budget);

    tcase_add_unchecked_fixture(evaluation, evaluate_model_setup, evaluate_model_teardown);
    tcase_add_checked_fixture(evaluation, evaluate_setup, evaluate_teardown);
    tcase_add_loop_test(evaluation, evaluation_by_goodness, 0, train_kinds());
    tcase_add_loop_test(evaluation, evaluation_by_the_head, 0, train_kinds());
    tcase_add_test(evaluation, evaluation_refuses_too_many_threads);
    tcase_add_test(evaluation, evaluation_keeps_the_callers_own_limit);
    tcase_add_test(evaluation, evaluation_of_many_classes);
    suite_add_tcase(suite, evaluation);
    return run_suite(suite);
}
