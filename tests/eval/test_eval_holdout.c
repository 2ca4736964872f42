/* Held-out rows: errors and temperatures of ranges of layers, the range that is chosen, and
 * that no layer learns from them. */
#include "eval/holdout.h"
#include "fixtures/holdout_fixture.h"
#include "naive/streams.h"
#include "nn/loss.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define IMAGES "data/train-images-idx3-ubyte"
#define IDX_HEADER 16 /* bytes, of a file of images */

START_TEST(errors_are_those_of_naive_sums)
{
    float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS];
    struct scored held_out;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    held_out = score("train");
    ck_assert_uint_ge(held_out.rows, (size_t)(HOLDOUT_SHARE * HOLDOUT_ROWS));
    ck_assert_uint_lt(held_out.rows, (size_t)(HOLDOUT_SHARE * HOLDOUT_ROWS) + recipe.batch);
    (void)read_model(metrics);
    for (uint32_t last = 1; last <= HOLDOUT_LAYERS; last++) {
        for (uint32_t first = 1; first <= FF_RANGE_STARTS; first++) {
            double unsure, wrong, error = error_of(metrics, first, last);

            ck_assert_int_eq(isnan(error), first > last);
            if (first > last)
                continue;
            wrong = count_wrong(&held_out, first, last, &unsure);
            ck_assert_double_le(unsure, 2);
            ck_assert_double_le(fabs(error * (double)held_out.rows - wrong), unsure + 1e-3);
        }
    }
    scored_release(&held_out);
}
END_TEST

/* Of equals the one that ends lowest, then the one that begins lowest. */
START_TEST(the_range_of_least_error_is_chosen)
{
    float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS];
    struct ff_range_choice choice;
    uint32_t first = 0, last = 0;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    choice = read_model(metrics);
    for (uint32_t k = 1; k <= HOLDOUT_LAYERS; k++) {
        for (uint32_t j = 1; j <= FF_RANGE_STARTS && j <= k; j++) {
            if (first > 0 && error_of(metrics, j, k) >= error_of(metrics, first, last))
                continue;
            first = j;
            last = k;
        }
    }
    ck_assert_uint_eq(choice.first, first);
    ck_assert_uint_eq(choice.last, last);
    ck_assert_double_eq(choice.error, error_of(metrics, first, last));
    ck_assert_double_eq(choice.temperature, temperature_of(metrics, first, last));
}
END_TEST

START_TEST(the_first_of_equal_ranges_is_chosen)
{
    float metrics[FF_LAYER_METRICS] = {0};
    struct ff_range_choice choice = {0};

    for (int i = 0; i < FF_RANGE_STARTS; i++) {
        metrics[FF_METRIC_HELD_OUT_ERROR + i] = i == 0 ? 0.5f : 0.25f;
        metrics[FF_METRIC_TEMPERATURE + i] = (float)(1 + i);
    }
    ff_holdout_choose(metrics, 3, &choice);
    ff_holdout_choose(metrics, 4, &choice);
    ck_assert_uint_eq(choice.first, 2);
    ck_assert_uint_eq(choice.last, 3);
    ck_assert_double_eq(choice.error, 0.25);
    ck_assert_double_eq(choice.temperature, 2);
}
END_TEST

/* Fine steps over the grid of temperatures, and what may be missing to the least cross-entropy. */
#define SCAN_STEPS 400
#define LOWEST_EXPONENT (-4.0)
#define EXPONENTS 9.0 /* up to 2^5 */
#define NEAR_OCTAVES 0.1
#define NEAR_SHARE 2e-3

static double exponent_of_least(const struct scored *scored, uint32_t first, uint32_t last)
{
    double best = 0, least = INFINITY;

    for (int i = 0; i <= SCAN_STEPS; i++) {
        double exponent = LOWEST_EXPONENT + EXPONENTS * i / SCAN_STEPS;
        double entropy = cross_entropy(scored, first, last, exp2(exponent));

        if (entropy >= least)
            continue;
        least = entropy;
        best = exponent;
    }
    return best;
}

START_TEST(temperatures_minimise_the_cross_entropy)
{
    float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS];
    struct scored held_out;

    choose(_i);
    train_ok(ctx, &recipe, &opts);
    held_out = score("train");
    (void)read_model(metrics);
    for (uint32_t last = 1; last <= HOLDOUT_LAYERS; last++) {
        for (uint32_t first = 1; first <= FF_RANGE_STARTS && first <= last; first++) {
            double temperature = temperature_of(metrics, first, last);
            double best = exponent_of_least(&held_out, first, last);
            double least = cross_entropy(&held_out, first, last, exp2(best));

            ck_assert_double_le(fabs(log2(temperature) - best), NEAR_OCTAVES);
            ck_assert_double_le(cross_entropy(&held_out, first, last, temperature),
                                least * (1 + NEAR_SHARE));
        }
    }
    scored_release(&held_out);
}
END_TEST

/* Turns the pixels of the held-out rows the other way round, or those of one of the others. */
static void invert_images(bool held_out)
{
    struct naive_data data;
    struct naive_streams streams;
    size_t place, end;
    FILE *file = fopen(train_path(directory, IMAGES), "r+b");

    ck_assert_ptr_nonnull(file);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_streams_init(&streams, &recipe, &data);
    place = held_out ? streams.learned : 0;
    end = held_out ? data.rows : 1;
    for (; place < end; place++) {
        size_t row = streams.row_at[place];
        unsigned char pixels[TRAIN_FEATURES];

        for (size_t i = 0; i < TRAIN_FEATURES; i++)
            pixels[i] = (unsigned char)(255 - lrint(255 * data.values[row * TRAIN_FEATURES + i]));
        ck_assert_int_eq(fseek(file, (long)(IDX_HEADER + row * TRAIN_FEATURES), SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(pixels, 1, sizeof pixels, file), sizeof pixels);
    }
    ck_assert_int_eq(fclose(file), 0);
    naive_streams_release(&streams);
    naive_data_release(&data);
}

/* Other images in their place change no weight, of layers or of the head; another one among the
 * rest does. */
START_TEST(no_layer_learns_from_held_out_rows)
{
    const char *hash;
    float metrics[2][HOLDOUT_LAYERS][FF_LAYER_METRICS];

    choose(_i);
    opts.force = true;
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    (void)read_model(metrics[0]);
    invert_images(true);
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), hash);
    (void)read_model(metrics[1]);
    ck_assert(error_of(metrics[0], 1, HOLDOUT_LAYERS) != error_of(metrics[1], 1, HOLDOUT_LAYERS));
    ck_assert_float_eq(metrics[0][HOLDOUT_LAYERS - 1][FF_METRIC_LOSS],
                       metrics[1][HOLDOUT_LAYERS - 1][FF_METRIC_LOSS]);
    invert_images(false);
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_ne(train_hash(opts.model), hash);
}
END_TEST

START_TEST(one_batch_cannot_be_held_out)
{
    struct ff_train_result result = {.size = sizeof result};

    choose(_i);
    recipe.batch = HOLDOUT_ROWS;
    ck_ok(ff_recipe_complete(ctx, &recipe));
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "whole batches are held out"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: holdout");
    TCase *tcase = tcase_create("holdout");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, holdout_setup, training_end);
    tcase_add_loop_test(tcase, errors_are_those_of_naive_sums, 0, HOLDOUT_KINDS);
    tcase_add_loop_test(tcase, the_range_of_least_error_is_chosen, 0, HOLDOUT_KINDS);
    tcase_add_test(tcase, the_first_of_equal_ranges_is_chosen);
    tcase_add_loop_test(tcase, temperatures_minimise_the_cross_entropy, 0, HOLDOUT_KINDS);
    tcase_add_loop_test(tcase, no_layer_learns_from_held_out_rows, 0, HOLDOUT_KINDS);
    tcase_add_loop_test(tcase, one_batch_cannot_be_held_out, 0, HOLDOUT_KINDS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
