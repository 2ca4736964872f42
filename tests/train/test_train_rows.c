/* Data that the program provides, in memory or by a function: it gives the weights and predictions
 * that files of the same values give. */
#include "data/dataset.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300

static uint8_t values[ROWS][TRAIN_FEATURES];
static uint16_t labels[ROWS];
static struct ff_rows rows;
static struct ff_train_result result = {.size = sizeof result};

/* Reads the samples of the training's files into VALUES and LABELS. */
static void read_files(void)
{
    const struct ff_dataset_spec spec = {.path = opts.data.path};
    struct ff_dataset *dataset;
    size_t got;

    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    ck_assert_uint_eq(dataset->info.rows, ROWS);
    ck_assert_int_eq(ff_dataset_read(dataset, ROWS, values, labels, &got), FF_OK);
    ck_assert_uint_eq(got, ROWS);
    ff_dataset_close(dataset);
}

static void setup(void)
{
    training_begin(ROWS, "30,20");
    read_files();
    rows = (struct ff_rows){
        .size = sizeof rows,
        .name = "bars",
        .rows = ROWS,
        .features = TRAIN_FEATURES,
        .height = TRAIN_SIDE,
        .width = TRAIN_SIDE,
        .classes = TRAIN_CLASSES,
        .values = values,
        .labels = labels,
    };
}

/* Trains on ROWS instead of the files. */
static int train_rows(void)
{
    struct ff_train_opts own = opts;

    own.data = (struct ff_data_source){.rows = &rows};
    return ff_train(ctx, &recipe, &own, &result);
}

static void use_model(const char *name)
{
    free((char *)(uintptr_t)opts.model);
    opts.model = strdup(train_path(directory, name));
}

/* A function that provides ROWS, and what it was asked for. */
struct provider {
    uint64_t next;  /* the row that must come next */
    uint64_t calls; /* so far */
    uint64_t fails; /* the call that fails; 0: none */
};

static int provide(void *arg, uint64_t first, size_t n, void *features, uint16_t *out)
{
    struct provider *provider = arg;

    if (++provider->calls == provider->fails)
        return 1;
    ck_assert(first == 0 || first == provider->next); /* in order, maybe from the beginning */
    provider->next = first + n;
    ck_assert_uint_le(provider->next, ROWS);
    memcpy(features, values[first], n * TRAIN_FEATURES);
    if (out)
        memcpy(out, labels + first, n * sizeof *out);
    return 0;
}

static void use_provider(struct provider *provider)
{
    rows.values = NULL;
    rows.labels = NULL;
    rows.read = provide;
    rows.arg = provider;
}

START_TEST(rows_give_the_weights_of_files)
{
    struct provider provider = {0};
    const char *files, *memory;

    train_ok(ctx, &recipe, &opts);
    files = train_hash(opts.model);
    use_model("memory.ff");
    ck_status(train_rows(), FF_OK, "");
    memory = train_hash(opts.model);
    ck_assert_str_eq(memory, files);
    use_provider(&provider);
    use_model("function.ff");
    ck_status(train_rows(), FF_OK, "");
    ck_assert_str_eq(train_hash(opts.model), files);
    ck_assert_uint_gt(provider.calls, 0);
}
END_TEST

START_TEST(floats_and_shifted_images_are_no_different)
{
    static float floats[ROWS][TRAIN_FEATURES];
    const char *files;

    train_make_floats(directory);
    recipe.jitter = 1;
    train_ok(ctx, &recipe, &opts);
    files = train_hash(opts.model);
    {
        const struct ff_dataset_spec spec = {.path = opts.data.path};
        struct ff_dataset *dataset;
        size_t got;

        ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
        ck_assert_int_eq(ff_dataset_read(dataset, ROWS, floats, labels, &got), FF_OK);
        ff_dataset_close(dataset);
    }
    rows.is_float = true;
    rows.values = floats;
    use_model("memory.ff");
    ck_status(train_rows(), FF_OK, "");
    ck_assert_str_eq(train_hash(opts.model), files);
    floats[7][3] = NAN;
    use_model("nan.ff");
    ck_status(train_rows(), FF_ENUMERIC, "bars: the value in row 7, column 3");
}
END_TEST

/* Trains on the values times UNIT, as floats; returns the hash of the weights. */
static const char *train_in_unit(float unit)
{
    static float floats[ROWS][TRAIN_FEATURES];

    for (size_t i = 0; i < (size_t)ROWS * TRAIN_FEATURES; i++)
        floats[i / TRAIN_FEATURES][i % TRAIN_FEATURES] =
            (float)values[i / TRAIN_FEATURES][i % TRAIN_FEATURES] * unit;
    rows.values = floats;
    rows.is_float = true;
    opts.force = true;
    ck_status(train_rows(), FF_OK, "");
    return train_hash(opts.model);
}

static double error_in_unit(float unit)
{
    struct ff_evaluate_opts own;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    double error;

    train_in_unit(unit);
    ff_evaluate_opts_init(&own);
    own.model = opts.model;
    own.data.rows = &rows;
    ck_status(ff_evaluate(ctx, &own, &evaluation), FF_OK, "");
    error = evaluation.error;
    ff_evaluate_release(&evaluation);
    return error;
}

/* In powers of 2 to the last bit; in others up to rounding. */
START_TEST(the_unit_of_features_does_not_matter)
{
    static const char *const recipes[] = {"conditioned", "classic", "symba",
                                          "symba",       "classic", "symba"};
    const char *once;
    double error;

    ff_recipe_release(&recipe);
    ff_recipe_init(&recipe);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "30,20", &recipe), FF_OK);
    recipe.recipe = recipes[_i];
    recipe.mode = _i < 3 ? "ff-stream" : "ff-full";
    recipe.standardize = _i % 2 ? "columns" : "auto";
    recipe.batch = 50;
    once = train_in_unit(1);
    ck_assert_str_eq(train_in_unit(256), once);
    ck_assert_str_eq(train_in_unit(1.0f / 1024), once);
    error = error_in_unit(1);
    ck_assert_double_eq_tol(error_in_unit(255), error, 0.03);
    ck_assert_double_eq_tol(error_in_unit(0.001f), error, 0.03);
}
END_TEST

START_TEST(a_model_names_its_rows_and_resumes_on_the_same_ones_only)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;
    long left = 30;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_status(train_rows(), FF_EINTERRUPTED, "");
    ck_assert(result.saved);
    opts.interrupted = NULL;
    values[5][9] ^= 1;
    ck_status(train_rows(), FF_EMISMATCH, "the data has changed");
    values[5][9] ^= 1;
    labels[11] = (uint16_t)((labels[11] + 1) % TRAIN_CLASSES);
    ck_status(train_rows(), FF_EMISMATCH, "the data has changed");
    labels[11] = (uint16_t)((labels[11] + TRAIN_CLASSES - 1) % TRAIN_CLASSES);
    ck_status(train_rows(), FF_OK, "");
    ck_assert(result.resumed);
    model = open_model();
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_str_eq(info.data_path, "bars");
    ck_assert_uint_eq(info.samples, ROWS);
    ff_model_close(model);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Their name may be that of a file, which is not read in their place. */
START_TEST(rows_must_be_provided_again_to_resume)
{
    struct ff_train_opts own;
    long left = 30;

    rows.name = "x_train.npy";
    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_status(train_rows(), FF_EINTERRUPTED, "");
    opts.interrupted = NULL;
    own = opts;
    own.data = (struct ff_data_source){.path = NULL};
    ck_status(ff_train_resume(ctx, &own, &result), FF_EINVAL, "provide them again");
    own.data.rows = &rows;
    ck_status(ff_train_resume(ctx, &own, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(samples_of_another_shape_are_other_samples)
{
    long left = 30;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_status(train_rows(), FF_EINTERRUPTED, "");
    opts.interrupted = NULL;
    rows.height = TRAIN_SIDE / 2;
    rows.width = TRAIN_SIDE * 2;
    ck_status(train_rows(), FF_EMISMATCH, "another height, width");
}
END_TEST

/* What the caller forgot is an error, not a crash. */
START_TEST(missing_arguments_are_refused)
{
    struct ff_evaluate_opts evaluate;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    struct ff_train_opts own = opts;
    char fingerprint[33];

    ck_status(ff_train(ctx, NULL, &opts, &result), FF_EINVAL, "no recipe");
    own.data = (struct ff_data_source){.path = NULL};
    ck_status(ff_train_fingerprint(ctx, &own, fingerprint), FF_EINVAL, "no data");
    own = opts;
    own.model = NULL;
    ck_status(ff_train_check_output(ctx, &own, "x.log"), FF_EINVAL, "no model");
    ck_status(train_rows(), FF_OK, "");
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data.rows = &rows;
    evaluate.method = (enum ff_method)3;
    ck_status(ff_evaluate(ctx, &evaluate, &evaluation), FF_EINVAL, "method 3");
    ck_assert(!ff_recipe_uses(&(struct ff_recipe){.mode = NULL}, "epochs"));
}
END_TEST

/* What ff_predict() gives, sample by sample. */
struct predictions {
    uint32_t labels[ROWS];
    float scores[ROWS];
};

static int note(void *arg, const struct ff_prediction *prediction)
{
    struct predictions *out = arg;

    out->labels[prediction->index] = prediction->label;
    out->scores[prediction->index] = prediction->scores[prediction->label];
    return 0;
}

START_TEST(rows_in_memory_are_predicted_and_evaluated_as_files_are)
{
    static struct predictions of_files, of_rows;
    struct ff_evaluation files = {.size = sizeof files}, memory = {.size = sizeof memory};
    struct ff_evaluate_opts evaluate;
    uint64_t samples;

    train_ok(ctx, &recipe, &opts);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = opts.data;
    evaluate.train_split = true;
    ck_assert_int_eq(ff_evaluate(ctx, &evaluate, &files), FF_OK);
    ck_assert_int_eq(ff_predict(ctx, &evaluate, note, &of_files, &samples), FF_OK);
    evaluate.data = (struct ff_data_source){.rows = &rows};
    ck_status(ff_evaluate(ctx, &evaluate, &memory), FF_OK, "");
    ck_assert_double_eq(memory.error, files.error);
    ck_assert_double_eq(memory.cross_entropy, files.cross_entropy);
    ff_evaluate_release(&memory);
    rows.labels = NULL;
    rows.classes = 0;
    ck_status(ff_predict(ctx, &evaluate, note, &of_rows, &samples), FF_OK, "");
    ck_assert_uint_eq(samples, ROWS);
    ck_assert_mem_eq(&of_rows, &of_files, sizeof of_rows);
    ck_status(ff_evaluate(ctx, &evaluate, &memory), FF_EINVAL, "bars: labels of 2 to 1000 classes");
    ff_evaluate_release(&files);
}
END_TEST

START_TEST(bytes_are_predicted_as_floats_of_byte_by_255)
{
    static float floats[ROWS][TRAIN_FEATURES];
    static struct predictions of_bytes, of_floats;
    struct ff_evaluate_opts evaluate;

    train_ok(ctx, &recipe, &opts);
    ff_evaluate_opts_init(&evaluate);
    evaluate.model = opts.model;
    evaluate.data = (struct ff_data_source){.rows = &rows};
    ck_status(ff_predict(ctx, &evaluate, note, &of_bytes, NULL), FF_OK, "");
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < TRAIN_FEATURES; j++)
            floats[i][j] = (float)values[i][j] * (1.0f / 255);
    }
    rows.is_float = true;
    rows.values = floats;
    ck_status(ff_predict(ctx, &evaluate, note, &of_floats, NULL), FF_OK, "");
    ck_assert_mem_eq(&of_floats, &of_bytes, sizeof of_bytes);
    floats[299][63] = -INFINITY;
    ck_status(ff_predict(ctx, &evaluate, note, &of_floats, NULL), FF_ENUMERIC,
              "bars: the value in row 299, column 63 (both from 0) is infinite");
}
END_TEST

START_TEST(rows_are_planned_as_files_are)
{
    struct ff_plan files = {.size = sizeof files}, memory = {.size = sizeof memory};
    struct ff_train_opts own = opts;

    ck_assert_int_eq(ff_plan_train(ctx, &recipe, &opts, NULL, &files), FF_OK);
    own.data = (struct ff_data_source){.rows = &rows};
    ck_status(ff_plan_train(ctx, &recipe, &own, NULL, &memory), FF_OK, "");
    ck_assert_mem_eq(&memory, &files, sizeof memory);
}
END_TEST

START_TEST(what_rows_cannot_be_is_refused)
{
    struct provider provider = {.fails = 1};
    const struct ff_rows good = rows;
    char none[33];
    struct ff_train_opts own = opts;

    rows.rows = 0;
    ck_status(train_rows(), FF_EINVAL, "bars: 0 samples: must be 1 to 1099511627776");
    rows = good;
    rows.features = 0;
    ck_status(train_rows(), FF_EINVAL, "bars: 0 features: must be 1 to 16777216");
    rows = good;
    rows.height = 5;
    ck_status(train_rows(), FF_EINVAL, "bars: 64 features are not images of 5 x 8 pixels");
    rows = good;
    rows.classes = 1;
    ck_status(train_rows(), FF_EINVAL, "bars: 1 classes");
    rows = good;
    rows.values = NULL;
    ck_status(train_rows(), FF_EINVAL, "bars: neither values nor a function");
    rows = good;
    rows.labels = NULL;
    ck_status(train_rows(), FF_EINVAL, "bars: values without labels");
    rows = good;
    rows.size = 3;
    ck_status(train_rows(), FF_EINVAL, "struct ff_rows: size 3");
    rows = good;
    labels[40] = TRAIN_CLASSES;
    ck_status(train_rows(), FF_EINVAL, "bars: the label of row 40 (from 0) is 4: must be 0 to 3");
    labels[40] = 0;
    use_provider(&provider);
    rows.name = NULL;
    ck_status(train_rows(), FF_EIO,
              "rows in memory: the program failed to provide rows 0 to 299 (from 0)");
    own.data = (struct ff_data_source){.rows = &rows};
    provider.calls = 0;
    ck_status(ff_train_fingerprint(ctx, &own, none), FF_EIO, "the program failed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: rows of the program");
    TCase *tcase = tcase_create("rows of the program");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, rows_give_the_weights_of_files);
    tcase_add_test(tcase, floats_and_shifted_images_are_no_different);
    tcase_add_loop_test(tcase, the_unit_of_features_does_not_matter, 0, 6);
    tcase_add_test(tcase, a_model_names_its_rows_and_resumes_on_the_same_ones_only);
    tcase_add_test(tcase, rows_must_be_provided_again_to_resume);
    tcase_add_test(tcase, samples_of_another_shape_are_other_samples);
    tcase_add_test(tcase, missing_arguments_are_refused);
    tcase_add_test(tcase, rows_in_memory_are_predicted_and_evaluated_as_files_are);
    tcase_add_test(tcase, bytes_are_predicted_as_floats_of_byte_by_255);
    tcase_add_test(tcase, rows_are_planned_as_files_are);
    tcase_add_test(tcase, what_rows_cannot_be_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
