/* The estimate of time: what it grows with. None of this depends on the speed of the machine. */
#include "base/context.h"
#include "support/modes.h"
#include "support/planning.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* Epochs as on_epoch_time receives them. */
static struct {
    uint32_t first, last;
    double seconds;
} epochs[8];
static size_t n_epochs;

static void take_epoch(void *arg, uint32_t first, uint32_t last, double seconds)
{
    (void)arg;
    ck_assert_uint_lt(n_epochs, sizeof epochs / sizeof *epochs);
    epochs[n_epochs].first = first;
    epochs[n_epochs].last = last;
    epochs[n_epochs++].seconds = seconds;
}

static struct ff_plan_data data;

static void setup(void)
{
    planning_setup();
    data = (struct ff_plan_data){.size = sizeof data,
                                 .samples = 2560,
                                 .features = 300,
                                 .classes = 10,
                                 .height = 15,
                                 .width = 20};
    opts.gflops = 10;
    opts.on_epoch_time = take_epoch;
    n_epochs = 0;
    choose_recipe("conditioned");
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300x2", &recipe), FF_OK);
}

/* Plans the recipe; returns the seconds. */
static double plan_seconds(void)
{
    n_epochs = 0;
    seen.size = sizeof seen;
    ck_assert_msg(ff_plan_train(ctx, &recipe, &opts, &data, &seen) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    return seen.seconds;
}

START_TEST(an_epoch_takes_its_products_at_the_given_speed)
{
    /* Forward and gradient, two operations each; 300 inputs, 300 units. */
    double epoch = 4.0 * 300 * 300 * 2560 / 10e9;

    recipe.epochs = 3;
    recipe.head_epochs = 0;
    /* And a forward pass of each layer, half as much as an epoch. */
    ck_assert_double_eq_tol(plan_seconds(), 2 * (3 + 0.5) * epoch, 1e-9);
    ck_assert_uint_eq(seen.speed_source, FF_SPEED_GIVEN);
    ck_assert_double_eq_tol(seen.gflops, 10, 1e-9);
    ck_assert_uint_eq(n_epochs, 1);
    ck_assert_uint_eq(epochs[0].first, 1);
    ck_assert_uint_eq(epochs[0].last, 2);
    ck_assert_double_eq_tol(epochs[0].seconds, epoch, 1e-9);
}
END_TEST

/* The last layer, whose outputs nothing needs, passes only the samples that are measured. */
START_TEST(the_last_layer_passes_fewer_samples)
{
    double sample = 2.0 * 300 * 300 / 10e9;

    recipe.head_epochs = 0;
    recipe.epochs = 1;
    recipe.batch = 100;
    data.samples = 50000;
    ck_assert_double_eq_tol(plan_seconds(), sample * (50000 * 5 + 10000), 1e-9);
}
END_TEST

START_TEST(layers_of_other_widths_are_reported_apart)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300x2,200,200,200,300", &recipe), FF_OK);
    plan_seconds();
    ck_assert_uint_eq(n_epochs, 4);
    ck_assert_uint_eq(epochs[0].last, 2);
    ck_assert_uint_eq(epochs[1].first, 3);
    ck_assert_uint_eq(epochs[1].last, 3);
    ck_assert_uint_eq(epochs[2].last, 5);
    ck_assert_uint_eq(epochs[3].first, 6);
    ck_assert_double_eq_tol(epochs[2].seconds * 3, epochs[3].seconds * 2, 1e-9);
}
END_TEST

/* The usual recipe in mode I of all, without heads, whose epochs are counted apart. */
static void use_mode(int i)
{
    choose_recipe(i == 0 ? "conditioned" : "symba");
    recipe.mode = mode_name(MODE_ANY, i);
    recipe.head_epochs = 0;
    if (strncmp(recipe.mode, "bp", 2) == 0)
        recipe.negative_sets = recipe.head_epochs = FF_UNSET;
}

START_TEST(time_scales_with_samples_and_speed)
{
    double once, epoch;

    use_mode(_i);
    once = plan_seconds();
    epoch = epochs[0].seconds;
    ck_assert_double_gt(once, 0);
    data.samples *= 2;
    ck_assert_double_eq_tol(plan_seconds(), 2 * once, 1e-9 * once);
    ck_assert_double_eq_tol(epochs[0].seconds, 2 * epoch, 1e-9 * once);
    opts.gflops *= 2;
    ck_assert_double_eq_tol(plan_seconds(), once, 1e-9 * once);
    ck_assert_double_eq_tol(epochs[0].seconds, epoch, 1e-9 * once);
}
END_TEST

START_TEST(time_scales_with_epochs_and_layers)
{
    double once, epoch, passes;

    use_mode(_i);
    recipe.epochs = 2;
    once = plan_seconds();
    epoch = epochs[0].seconds * (epochs[0].last > 0 ? 2 : 1); /* of both layers */
    passes = once - 2 * epoch; /* forward passes: none where the network trains at once */
    ck_assert_double_ge(passes, -1e-9 * once);
    recipe.epochs = 4;
    ck_assert_double_eq_tol(plan_seconds(), 4 * epoch + passes, 1e-9 * once);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300x4", &recipe), FF_OK);
    recipe.epochs = 2;
    if (recipe.mode == mode_name(MODE_ANY, 0))
        ck_assert_double_eq_tol(plan_seconds(), 2 * once, 1e-9 * once);
    else
        ck_assert_double_gt(plan_seconds(), 1.5 * once);
}
END_TEST

/* Operations of an epoch as trainings report them: of layers, heads or the network. */
static double reported, reported_layer;

static void take_report(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    if (report->head)
        return;
    reported = report->gflops * report->seconds;
    reported_layer = report->layer;
}

static const char *const recipes[] = {"conditioned", "classic", "symba", "unsupervised"};
#define RECIPES ((int)(sizeof recipes / sizeof *recipes))

/* What is planned counts the same operations as the speed that a training reports. */
static void check_operations(void)
{
    opts.on_epoch = take_report;
    n_epochs = 0;
    train_seen();
    ck_assert_uint_gt(n_epochs, 0);
    ck_assert_double_eq_tol(epochs[n_epochs - 1].seconds * opts.gflops, reported, 1e-6 * reported);
    ck_assert(epochs[n_epochs - 1].last == reported_layer);
}

START_TEST(operations_are_those_of_a_recipes_reported_speed)
{
    choose_recipe(recipes[_i]);
    check_operations();
}
END_TEST

START_TEST(operations_are_those_of_a_modes_reported_speed)
{
    use_mode(_i);
    if (strcmp(recipe.mode, "ff-full") == 0)
        recipe.head_epochs = 1;
    check_operations();
}
END_TEST

/* ---- Teams ---- */

/* Two ranks share the 300 units of a layer, 3 tiles: rank 0 has 2 of 128, the other 44 units. All
 * samples make 10 batches, and each layer learns for 3 epochs. Bytes take 1 us. */
static void use_team(void)
{
    recipe.epochs = 3;
    recipe.batch = 256;
    recipe.activations = "u8";
    recipe.head_epochs = 0;
    opts.ranks = 2;
    opts.bits_per_second = 8e6;
}

/* The sums of goodness of a step, under 10 labels: a float for each tile. */
#define SUMS_BYTES 10240.0
/* Those of the forward pass of the samples. */
#define PASS_SUMS_BYTES 102400.0
/* Weights, bias and label weights of the other rank's units, in one layer. */
#define OTHERS_BYTES (44 * (300 + 1 + 10) * 4.0)
/* Outputs: of half of the rows, floats of the units that a rank has not computed; then rows as they
 * are stored, a byte for each unit and a scale. */
#define OUTPUTS_BYTES(units) (1280.0 * 4 * (units) + 1280.0 * (300 + 4))

START_TEST(a_team_exchanges_sums_outputs_and_tiles)
{
    use_team();
    plan_seconds();
    /* Steps of both layers; their forward passes, of which the first is stored; the tiles that are
     * read for these. */
    ck_assert_uint_eq(seen.sent_bytes, (uint64_t)(60 * 2 * SUMS_BYTES + 2 * 2 * PASS_SUMS_BYTES +
                                                  OUTPUTS_BYTES(256) + 2 * OTHERS_BYTES));
    ck_assert_uint_eq(seen.received_bytes, (uint64_t)(60 * SUMS_BYTES + 2 * PASS_SUMS_BYTES +
                                                      OUTPUTS_BYTES(44) + 2 * OTHERS_BYTES));
    ck_assert_uint_ge(seen.messages, 60);
}
END_TEST

START_TEST(an_exchange_takes_its_messages_and_bytes)
{
    double computed = 4.0 * 300 * 256 * 256 / 10e9, sent = 2 * SUMS_BYTES * 1e-6;

    use_team();
    opts.latency_s = 1e-3;
    plan_seconds();
    ck_assert_double_eq_tol(seen.step_exchange_seconds, 1e-3 + sent, 1e-9);
    ck_assert_double_eq_tol(seen.step_seconds, computed + 1e-3 + sent, 1e-9);
    ck_assert_double_eq_tol(epochs[0].seconds, 10 * seen.step_seconds, 1e-9);
    opts.bits_per_second *= 2;
    plan_seconds();
    ck_assert_double_eq_tol(seen.step_exchange_seconds, 1e-3 + sent / 2, 1e-9);
    opts.bits_per_second = 0; /* 1e9, and a latency that is not 0 either */
    plan_seconds();
    ck_assert_double_eq_tol(seen.step_exchange_seconds, 1e-4 + sent * 8e6 / 1e9, 1e-9);
}
END_TEST

/* Outputs are sent while the next ones are computed: the longer of both counts. */
START_TEST(outputs_are_exchanged_beside_their_computation)
{
    double steps = 60 * (4.0 * 300 * 256 * 256 / 10e9 + 2 * SUMS_BYTES * 1e-6);
    double pass = 2.0 * 300 * 256 * 2560 / 10e9;
    double sums = (2 * 2 * PASS_SUMS_BYTES + 4 * OTHERS_BYTES) * 1e-6;
    double outputs = OUTPUTS_BYTES(256) * 1e-6;

    use_team();
    ck_assert_double_gt(outputs, pass);
    ck_assert_double_eq_tol(plan_seconds(), steps + sums + outputs + pass, 1e-9);
    ck_assert_double_eq_tol(seen.exchange_seconds,
                            seen.seconds - 60 * 4.0 * 300 * 256 * 256 / 10e9 - 2 * pass, 1e-9);
    opts.gflops = 0.01;
    ck_assert_double_eq_tol(plan_seconds(),
                            steps + 60 * 4.0 * 300 * 256 * 256 * (1 / 0.01e9 - 1 / 10e9) + sums +
                                2 * 1000 * pass,
                            1e-6);
}
END_TEST

START_TEST(a_team_is_compared_with_one_process)
{
    double alone;

    use_team();
    opts.ranks = 0;
    alone = plan_seconds();
    ck_assert_double_eq(seen.speedup, 1);
    ck_assert_uint_eq(seen.sent_bytes + seen.received_bytes + seen.messages, 0);
    opts.ranks = 2;
    ck_assert_double_eq_tol(plan_seconds(), alone / seen.speedup, 1e-9);
    ck_assert_double_lt(seen.speedup, 1);
    opts.bits_per_second = 1e15;
    ck_assert_double_eq_tol(plan_seconds(), alone * 256 / 300, 1e-6);
    ck_assert_double_eq_tol(seen.speedup, 300.0 / 256, 1e-4);
    opts.ranks = 1000; /* most of which have nothing to do */
    ck_assert_double_eq_tol(plan_seconds(), alone * 128 / 300, 1e-4);
}
END_TEST

static const char *const whole_recipes[] = {"classic", "symba"}; /* that ff-full can train */
#define WHOLE_RECIPES ((int)(sizeof whole_recipes / sizeof *whole_recipes))

START_TEST(every_training_of_a_team_exchanges_something)
{
    bool whole = _i >= RECIPES;

    use_team();
    choose_recipe(whole ? whole_recipes[_i - RECIPES] : recipes[_i]);
    recipe.mode = whole ? "ff-full" : recipe.mode;
    plan_seconds();
    ck_assert_uint_gt(seen.sent_bytes, 0);
    ck_assert_uint_gt(seen.received_bytes, 0);
    ck_assert_double_gt(seen.speedup, 0);
}
END_TEST

START_TEST(a_link_must_be_numbers)
{
    const double bad[] = {-1, NAN, INFINITY};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        opts.bits_per_second = bad[i];
        ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &seen), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "bits_per_second"));
        opts.bits_per_second = 0;
        opts.latency_s = bad[i];
        ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &seen), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "latency_s"));
        opts.latency_s = 0;
    }
}
END_TEST

/* ---- Measured speeds ---- */

static void check_measured(void)
{
    double once;

    opts.gflops = 0;
    opts.measure_speed = true;
    data.samples = 500;
    once = plan_seconds();
    ck_assert_uint_eq(seen.speed_source, FF_SPEED_MEASURED);
    ck_assert_double_gt(once, 0);
    ck_assert_double_gt(seen.gflops, 0);
    ck_assert(isfinite(once) && isfinite(seen.gflops));
    /* Nothing is measured again. */
    ck_assert_double_eq(plan_seconds(), once);
}

START_TEST(a_recipes_speed_is_measured_once)
{
    choose_recipe(recipes[_i]);
    check_measured();
}
END_TEST

START_TEST(a_modes_speed_is_measured_once)
{
    use_mode(_i);
    check_measured();
}
END_TEST

START_TEST(hard_negatives_and_stored_types_are_measured)
{
    choose_recipe("classic");
    recipe.negatives = "hard";
    recipe.negative_sets = FF_UNSET;
    recipe.activations = _i == 0 ? "f32" : "u8";
    opts.compress = _i == 0 ? "none" : "zstd";
    check_measured();
}
END_TEST

/* The share of a rank is measured in tiles of the layer's own size, whole or a part. */
START_TEST(a_ranks_share_is_measured)
{
    static const char *const widths[] = {"300x2", "3000x2", "20000x2"};
    static const uint16_t ranks[] = {2, 3, 64};

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, widths[_i], &recipe), FF_OK);
    opts.ranks = ranks[_i];
    recipe.batch = 256;
    check_measured();
    ck_assert_double_gt(seen.step_seconds, seen.step_exchange_seconds);
    ck_assert_uint_lt(ctx->meter.total_peak, 256 * MIB);
}
END_TEST

/* A part of the layer is measured, and the rest counted in proportion. */
START_TEST(large_layers_are_measured_in_part)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "20000x2", &recipe), FF_OK);
    recipe.batch = 256;
    check_measured();
    ck_assert_uint_lt(ctx->meter.total_peak, 256 * MIB);
}
END_TEST

START_TEST(without_memory_the_speed_is_nominal)
{
    opts.gflops = 0;
    opts.measure_speed = true;
    ff_memory_limit(ctx, MIB / 2);
    ck_assert_double_gt(plan_seconds(), 0);
    ck_assert_uint_eq(seen.speed_source, FF_SPEED_NOMINAL);
    ck_assert_uint_eq(ctx->meter.limit, MIB / 2);
}
END_TEST

START_TEST(a_short_training_is_not_delayed)
{
    opts.gflops = 0;
    opts.measure_speed = true;
    train_seen();
    ck_assert_uint_eq(seen.speed_source, FF_SPEED_NOMINAL);
    ck_assert_double_gt(seen.seconds, 0);
    ck_assert_uint_eq(ctx->n_memos, 0);
}
END_TEST

START_TEST(a_speed_must_be_a_number)
{
    const double bad[] = {-1, NAN, INFINITY};
    struct ff_train_result result = {.size = sizeof result};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        opts.gflops = bad[i];
        ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, &data, &seen), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "gflops"));
        ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL);
    }
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, setup, training_end);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("time");
    TCase *given = add_case(suite, "given"), *measured = add_case(suite, "measured");
    int modes = mode_count(MODE_ANY);

    tcase_add_test(given, an_epoch_takes_its_products_at_the_given_speed);
    tcase_add_test(given, the_last_layer_passes_fewer_samples);
    tcase_add_test(given, layers_of_other_widths_are_reported_apart);
    tcase_add_loop_test(given, time_scales_with_samples_and_speed, 0, modes);
    tcase_add_loop_test(given, time_scales_with_epochs_and_layers, 0, modes);
    tcase_add_loop_test(given, operations_are_those_of_a_recipes_reported_speed, 0, RECIPES);
    tcase_add_loop_test(given, operations_are_those_of_a_modes_reported_speed, 0, modes);
    tcase_add_test(given, a_speed_must_be_a_number);
    tcase_add_test(given, a_team_exchanges_sums_outputs_and_tiles);
    tcase_add_test(given, an_exchange_takes_its_messages_and_bytes);
    tcase_add_test(given, outputs_are_exchanged_beside_their_computation);
    tcase_add_test(given, a_team_is_compared_with_one_process);
    tcase_add_loop_test(given, every_training_of_a_team_exchanges_something, 0,
                        RECIPES + WHOLE_RECIPES);
    tcase_add_test(given, a_link_must_be_numbers);
    tcase_add_loop_test(measured, a_recipes_speed_is_measured_once, 0, RECIPES);
    tcase_add_loop_test(measured, a_modes_speed_is_measured_once, 0, modes);
    tcase_add_loop_test(measured, hard_negatives_and_stored_types_are_measured, 0, 2);
    tcase_add_test(measured, large_layers_are_measured_in_part);
    tcase_add_loop_test(measured, a_ranks_share_is_measured, 0, 3);
    tcase_add_test(measured, without_memory_the_speed_is_nominal);
    tcase_add_test(measured, a_short_training_is_not_delayed);
    return run_suite(suite);
}
