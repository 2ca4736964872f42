/* The plan of a training is what the training measures. */
#include "base/context.h"
#include "plan/plan.h"
#include "support/modes.h"
#include "support/planning.h"
#include "support/suite.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    {.hidden = "300x3", .recipe = "classic"},
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
#define USUAL_RECIPE "symba" /* of train_recipe() */

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

/* True if a configuration is of MODE or of RECIPE, one of which is NULL. */
static bool is_planned(const char *mode, const char *named)
{
    for (int i = 0; i < CONFIGS; i++) {
        const char *own_mode = configs[i].mode ? configs[i].mode : "ff-stream";
        const char *own_recipe = configs[i].recipe ? configs[i].recipe : USUAL_RECIPE;

        if (strcmp(mode ? own_mode : own_recipe, mode ? mode : named) == 0)
            return true;
    }
    return false;
}

START_TEST(every_mode_and_recipe_is_planned)
{
    size_t n;
    const struct ff_recipe_entry *entries = ff_recipes(&n);

    for (size_t i = 0; i < n; i++)
        ck_assert_msg(is_planned(NULL, entries[i].name), "recipe %s: add a configuration",
                      entries[i].name);
    for (int i = 0; i < mode_count(MODE_ANY); i++)
        ck_assert_msg(is_planned(mode_name(MODE_ANY, i), NULL), "mode %s: add a configuration",
                      mode_name(MODE_ANY, i));
}
END_TEST

/* The parts of a plan add up to its peak. */
START_TEST(a_plan_is_the_sum_of_its_parts)
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
START_TEST(a_plan_from_a_shape_equals_the_plan_from_data)
{
    struct ff_plan_data data = {.size = sizeof data,
                                .samples = PLANNING_ROWS,
                                .features = TRAIN_FEATURES,
                                .classes = TRAIN_CLASSES,
                                .height = TRAIN_SIDE,
                                .width = TRAIN_SIDE};
    struct ff_plan other = {.size = sizeof other};

    apply(&configs[_i]);
    if (configs[_i].classes)
        data.classes = configs[_i].classes;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &seen), FF_OK);
    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &other), FF_OK);
    ck_assert_mem_eq(&seen, &other, sizeof seen);
}
END_TEST

START_TEST(a_shape_beyond_the_limits_is_refused)
{
    static const struct {
        struct ff_plan_data data;
        const char *message;
    } cases[] = {
        {{.features = 1, .classes = 2}, "0 samples: must be 1 to 1099511627776"},
        {{.samples = FF_MAX_DATA_SAMPLES + 1, .features = 1, .classes = 2},
         "1099511627777 samples"},
        {{.samples = 1, .classes = 2}, "0 features: must be 1 to 16777216"},
        {{.samples = 1, .features = FF_MAX_DATA_FEATURES + 1, .classes = 2}, "16777217 features"},
        {{.samples = 1, .features = 1, .classes = 1}, "1 classes: must be 2 to 1000"},
        {{.samples = 1, .features = 1, .classes = FF_MAX_DATA_CLASSES + 1}, "1001 classes"},
        {{.samples = 1, .features = 30, .classes = 2, .height = 7, .width = 4},
         "30 features are not images of 7 x 4 pixels"},
        {{.samples = 1, .features = 30, .classes = 2, .height = 5}, "images of 5 x 0 pixels"},
    };

    apply(&configs[0]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ff_plan_data data = cases[i].data;

        data.size = sizeof data;
        ck_status(ff_plan_train(ctx, &recipe, &opts, &data, &seen), FF_EINVAL, cases[i].message);
        ck_assert_int_ne(ff_ctx_message(ctx)[0], ':');
    }
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
START_TEST(memory_and_disk_use_are_as_planned)
{
    struct ff_train_result result = {.size = sizeof result};

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
    struct ff_train_result result = {.size = sizeof result};
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation evaluated = {.size = sizeof evaluated};
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

int main(void)
{
    Suite *suite = suite_create("plan: training");
    TCase *planned = tcase_create("planned and measured");

    tcase_add_unchecked_fixture(planned, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(planned, planning_setup, training_end);
    tcase_add_test(planned, every_mode_and_recipe_is_planned);
    tcase_add_loop_test(planned, memory_and_disk_use_are_as_planned, 0, CONFIGS);
    tcase_add_loop_test(planned, a_plan_is_the_sum_of_its_parts, 0, CONFIGS);
    tcase_add_loop_test(planned, a_plan_from_a_shape_equals_the_plan_from_data, 0, CONFIGS);
    tcase_add_test(planned, a_shape_beyond_the_limits_is_refused);
    tcase_add_test(planned, paged_tiles_are_planned_on_disk);
    suite_add_tcase(suite, planned);
    return run_suite(suite);
}
