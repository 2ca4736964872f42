/* Looking into a model: its figures are those of the tiles it holds, whatever state it is in. */
#include "model/layer.h"
#include "model/manifest.h"
#include "model/manifest_recipe.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */
#define LAYERS 2

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    recipe.label_embedding = "append";
}

/* A layer's weights and biases, and the stored bytes of its tiles, read directly. */
struct tiles {
    uint32_t fan_in, units;
    struct ff_layer layer;
    uint64_t stored[8]; /* of the weights of each tile, header included */
    uint64_t stored_biases;
};

static uint64_t stored_bytes(struct ff_model_file *file, uint32_t layer, uint32_t slot,
                             uint32_t tile)
{
    struct ff_tile_key key = {'W', layer, FF_GENERATION_FINAL, slot, tile};
    struct ff_value value;

    ck_assert_int_eq(ff_model_file_describe(file, &key, &value), FF_OK);
    return FF_VALUE_HEADER + value.stored_bytes;
}

static void read_tiles(uint32_t number, struct tiles *out)
{
    struct ff_model_file *file;
    struct ff_layer shape;

    *out = (struct tiles){.fan_in = number == 1 ? TRAIN_FEATURES + TRAIN_CLASSES : 140,
                          .units = number == 1 ? 140 : 20};
    shape = ff_layer_shape(out->fan_in, out->units, 0);
    ck_assert_int_eq(ff_layer_init(&out->layer, ctx, &shape), FF_OK);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_layer_load(&out->layer, file, 'W', number, FF_GENERATION_FINAL, false),
                     FF_OK);
    for (uint32_t tile = 0; tile < ff_tile_count(out->units); tile++) {
        out->stored[tile] = stored_bytes(file, number, 0, tile);
        out->stored_biases += stored_bytes(file, number, 1, tile);
    }
    ff_model_file_close(file);
}

static void ck_stats(const struct ff_tensor_stats *stats, const float *data, size_t n)
{
    double min = INFINITY, max = -INFINITY, sum = 0, squares = 0, mean;
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++) {
        double x = (double)data[i];

        min = fmin(min, x);
        max = fmax(max, x);
        sum += x;
        zeros += x == 0;
    }
    mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)data[i] - mean) * ((double)data[i] - mean);
    ck_assert_uint_eq(stats->count, n);
    ck_assert(stats->min == min && stats->max == max);
    ck_assert_double_eq_tol(stats->mean, mean, 1e-9);
    ck_assert_double_eq_tol(stats->std, sqrt(squares / (double)n), 1e-7);
    ck_assert_uint_eq(stats->zeros, zeros);
    ck_assert(stats->nans == 0 && stats->infinities == 0);
}

static void ck_histogram(const uint64_t *histogram, const float *data, size_t n, double low,
                         double high)
{
    uint64_t expected[FF_HISTOGRAM_BINS] = {0};
    double width = (high - low) / FF_HISTOGRAM_BINS;

    for (size_t i = 0; i < n; i++) {
        double bin = floor(((double)data[i] - low) / width);

        expected[(int)fmax(0, fmin(FF_HISTOGRAM_BINS - 1, bin))]++;
    }
    ck_assert_mem_eq(histogram, expected, sizeof expected);
}

/* Each tile's figures, and the histogram of them all. */
static void ck_tiles(struct ff_model *model, uint32_t number, const struct tiles *tiles)
{
    uint64_t histogram[FF_HISTOGRAM_BINS] = {0};
    size_t all = (size_t)tiles->units * tiles->fan_in;
    const double low = -0.25, high = 0.125; /* narrower than the weights, with exact bins */

    for (uint32_t tile = 0; tile < ff_tile_count(tiles->units); tile++) {
        struct ff_tile_info info = {.size = sizeof info};
        uint32_t first, count;

        ff_tile_range(tiles->units, tile, &first, &count);
        ck_assert_int_eq(ff_model_tile(model, number, tile, low, high, histogram, &info), FF_OK);
        ck_assert_uint_eq(info.tile, tile);
        ck_assert_uint_eq(info.units, count);
        ck_assert_uint_eq(info.raw_bytes, (uint64_t)count * tiles->fan_in * sizeof(float));
        ck_assert_uint_eq(info.stored_bytes, tiles->stored[tile]);
        ck_stats(&info.weights, tiles->layer.weights + (size_t)first * tiles->fan_in,
                 (size_t)count * tiles->fan_in);
        ck_assert_int_eq(ff_model_tile(model, number, tile, 0, 0, NULL, &info), FF_OK);
    }
    ck_histogram(histogram, tiles->layer.weights, all, low, high);
}

static void ck_layer(struct ff_model *model, uint32_t number)
{
    struct ff_layer_info info = {.size = sizeof info};
    struct tiles tiles;
    uint64_t stored = 0;

    ff_model_close(model); /* no file may be open twice */
    read_tiles(number, &tiles);
    model = open_model();
    ck_assert_int_eq(ff_model_layer(model, number, &info), FF_OK);
    ck_assert_uint_eq(info.layer, number);
    ck_assert_int_eq(info.state, FF_LAYER_TRAINED);
    ck_assert_uint_eq(info.fan_in, tiles.fan_in);
    ck_assert_uint_eq(info.units, tiles.units);
    ck_assert_uint_eq(info.parameters, (uint64_t)tiles.units * tiles.fan_in + tiles.units);
    ck_assert_str_eq(info.dtype, "f32");
    ck_assert_uint_eq(info.tiles, ff_tile_count(tiles.units));
    ck_assert_uint_eq(info.tile_units, tiles.units < 128 ? tiles.units : 128);
    ck_assert_uint_eq(info.raw_bytes, info.parameters * sizeof(float));
    for (uint32_t tile = 0; tile < info.tiles; tile++)
        stored += tiles.stored[tile];
    ck_assert_uint_eq(info.stored_bytes, stored + tiles.stored_biases);
    ck_assert_uint_eq(info.optimizer_stored_bytes, 0);
    ck_stats(&info.weights, tiles.layer.weights, (size_t)tiles.units * tiles.fan_in);
    ck_stats(&info.biases, tiles.layer.biases, tiles.units);
    ck_tiles(model, number, &tiles);
    ff_model_close(model);
    ff_layer_release(&tiles.layer);
}

START_TEST(statistics_of_layers_and_tiles)
{
    train_ok(ctx, &recipe, &opts);
    for (uint32_t number = 1; number <= LAYERS; number++)
        ck_layer(open_model(), number);
}
END_TEST

static void ck_sizes(const struct ff_model_info *info)
{
    FILE *file = fopen(opts.model, "rb");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    ck_assert_uint_eq(info->file_bytes, (uint64_t)ftell(file));
    fclose(file);
    ck_assert_uint_eq(info->tile_bytes + info->overhead_bytes + info->free_bytes, info->file_bytes);
    ck_assert_uint_eq(info->file_bytes % info->page_bytes, 0);
    ck_assert(info->tile_bytes > 0 && info->overhead_bytes > 0);
}

START_TEST(a_model_is_described_as_a_whole)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;
    uint64_t values, bytes;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_sizes(&info);
    ck_assert_int_eq(ff_manifest_same_recipe(ctx, info.recipe, &recipe), FF_OK);
    ck_assert(info.complete && !info.in_training && info.has_head && !info.data_is_float);
    ck_assert_uint_eq(info.layers_trained, LAYERS);
    ck_assert_uint_eq(info.layer, 0);
    ck_assert_uint_eq(info.samples, ROWS);
    ck_assert_uint_eq(info.features, TRAIN_FEATURES);
    ck_assert_uint_eq(info.classes, TRAIN_CLASSES);
    ck_assert_uint_eq(info.height, TRAIN_SIDE);
    ck_assert_uint_eq(info.width, TRAIN_SIDE);
    ck_assert_uint_eq(info.channels, 1);
    ck_assert_uint_eq(info.parameters, 140 * 68 + 140 + 20 * 140 + 20 + 4 * 20 + 4);
    ck_assert_uint_ge(info.checkpoints, 3);
    ck_assert_str_eq(info.program_version, FF_VERSION);
    ck_assert_str_eq(info.data_path, opts.data.path);
    ck_assert_ptr_null(info.data_labels);
    ck_assert_uint_eq(strlen(info.data_fingerprint), 32);
    ck_assert_int_eq(ff_model_verify(model, NULL, NULL, &values, &bytes), FF_OK);
    ck_assert_uint_eq(bytes, info.tile_bytes);
    /* 2 + 1 tiles of weights and of biases, a head, metrics of two layers */
    ck_assert_uint_eq(values, 2 * (2 + 1) + 2 + 2);
    ff_model_close(model);
}
END_TEST

START_TEST(pointers_live_as_long_as_the_model)
{
    struct ff_model_info info = {.size = sizeof info}, again = {.size = sizeof again};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_model *model;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_int_eq(ff_model_layer(model, 1, &layer), FF_OK);
    ck_assert_int_eq(ff_model_info(model, &again), FF_OK);
    ck_assert_ptr_eq(info.recipe->hidden, again.recipe->hidden);
    ck_assert_ptr_eq(info.data_path, again.data_path);
    ck_assert_uint_eq(info.recipe->hidden[0], 140);
    ck_assert_str_eq(info.data_path, opts.data.path);
    ff_model_close(model);
}
END_TEST

START_TEST(the_hash_is_that_of_the_weights)
{
    const char *first;

    train_ok(ctx, &recipe, &opts);
    first = train_hash(opts.model);
    opts.force = true;
    opts.compress = "zstd:5";
    opts.threads = 1;
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_eq(train_hash(opts.model), first);
    recipe.head_learning_rate = 2e-3; /* the head counts too */
    train_ok(ctx, &recipe, &opts);
    ck_assert_str_ne(train_hash(opts.model), first);
}
END_TEST

START_TEST(a_layer_that_does_not_exist_is_refused)
{
    static const uint32_t numbers[] = {0, LAYERS + 1, UINT32_MAX};
    uint64_t histogram[FF_HISTOGRAM_BINS] = {0};
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
    struct ff_model *model;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_int_eq(ff_model_layer(model, numbers[i], &layer), FF_EINVAL);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "layers 1 to 2"));
        ck_assert_int_eq(ff_model_tile(model, numbers[i], 0, 0, 1, histogram, &tile), FF_EINVAL);
    }
    ck_assert_int_eq(ff_model_tile(model, 1, 2, 0, 1, histogram, &tile), FF_ENOTFOUND);
    ck_assert_int_eq(ff_model_tile(model, 2, UINT32_MAX, 0, 1, histogram, &tile), FF_ENOTFOUND);
    ff_model_close(model);
}
END_TEST

START_TEST(files_of_the_data_are_listed)
{
    struct ff_data_file_info file = {.size = sizeof file};
    struct ff_model *model;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert_int_eq(ff_model_data_file(model, i, &file), FF_OK);
        ck_assert_str_eq(file.name, i == 0 ? "train-images-idx3-ubyte" : "train-labels-idx1-ubyte");
        ck_assert_uint_eq(strlen(file.hash), 32);
    }
    ck_status(ff_model_data_file(model, 2, &file), FF_ENOTFOUND,
              "records 2 files of its data, no file 2");
    file.size = 0;
    ck_status(ff_model_data_file(model, 0, &file), FF_EINVAL,
              "set it to sizeof(struct ff_data_file_info)");
    ff_model_close(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: model");
    TCase *tcase = tcase_create("model");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, statistics_of_layers_and_tiles);
    tcase_add_test(tcase, a_model_is_described_as_a_whole);
    tcase_add_test(tcase, pointers_live_as_long_as_the_model);
    tcase_add_test(tcase, files_of_the_data_are_listed);
    tcase_add_test(tcase, the_hash_is_that_of_the_weights);
    tcase_add_test(tcase, a_layer_that_does_not_exist_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
