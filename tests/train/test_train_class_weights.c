/* Weights of classes: rare classes are found, held-out samples are not counted. */
#include "base/rng.h"
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 2000
#define FEATURES 4
#define RARE 20 /* one sample in so many is of class 1 */

/* A table of two classes that overlap: normal columns, whose mean is 0 in class 0 and 0.75 in the
 * rare class 1. */
static float values[2][ROWS][FEATURES]; /* for training and for the test */
static uint16_t labels[2][ROWS];

static void fill_table(void)
{
    for (uint32_t split = 0; split < 2; split++) {
        struct ff_rng rng = ff_rng_make(7, FF_RNG_WEIGHTS, split, 0);

        for (uint64_t row = 0; row < ROWS; row++) {
            labels[split][row] = row % RARE == 0;
            ff_rng_normal(&rng, row, values[split][row]);
            for (uint32_t j = 0; j < FEATURES && labels[split][row]; j++)
                values[split][row][j] += 0.75f;
        }
    }
}

static struct ff_rows rows_of(int split)
{
    return (struct ff_rows){
        .size = sizeof(struct ff_rows),
        .name = "table",
        .rows = ROWS,
        .features = FEATURES,
        .is_float = true,
        .classes = 2,
        .values = values[split],
        .labels = labels[split],
    };
}

static void setup(void)
{
    training_begin(1, "32x2");
    fill_table();
    ff_recipe_release(&recipe);
    ff_recipe_init(&recipe);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "32x2", &recipe), FF_OK);
    opts.force = true;
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
}

static void train_table(const char *class_weights)
{
    struct ff_rows rows = rows_of(0);
    struct ff_train_opts own = opts;

    recipe.class_weights = class_weights;
    own.data = (struct ff_data_source){.rows = &rows};
    train_ok(ctx, &recipe, &own);
}

/* The mean over the classes of the share of test samples that are predicted as theirs. */
static double balanced_accuracy(enum ff_method method)
{
    struct ff_rows rows = rows_of(1);
    struct ff_evaluate_opts own;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    double sum = 0;

    ff_evaluate_opts_init(&own);
    own.model = opts.model;
    own.data.rows = &rows;
    own.method = method;
    ck_status(ff_evaluate(ctx, &own, &evaluation), FF_OK, "");
    for (size_t c = 0; c < 2; c++) {
        const uint64_t *of_class = evaluation.confusion + 2 * c;

        sum += (double)of_class[c] / (double)(of_class[0] + of_class[1]);
    }
    ff_evaluate_release(&evaluation);
    return sum / 2;
}

/* What minimises the error takes nearly every sample for one of class 0. */
START_TEST(balanced_classes_find_the_rare_class)
{
    static const struct {
        const char *mode, *recipe;
        uint32_t head_epochs;
        enum ff_method method;
    } ways[] = {
        {"ff-stream", "conditioned", FF_UNSET, FF_METHOD_GOODNESS},
        {"ff-stream", "conditioned", 20, FF_METHOD_HEAD},
        {"ff-stream", "symba", 20, FF_METHOD_HEAD},
        {"ff-full", "symba", FF_UNSET, FF_METHOD_HEAD},
        {"bp", NULL, FF_UNSET, FF_METHOD_HEAD},
    };
    double none, balanced;

    recipe.mode = ways[_i].mode;
    recipe.recipe = ways[_i].recipe;
    recipe.head_epochs = ways[_i].head_epochs;
    train_table("none");
    none = balanced_accuracy(ways[_i].method);
    recipe.head_epochs = ways[_i].head_epochs;
    train_table("balanced");
    balanced = balanced_accuracy(ways[_i].method);
    ck_assert_msg(none < 0.6 && balanced > 0.7, "%s: balanced accuracy %.3f, balanced %.3f",
                  ways[_i].mode, none, balanced);
}
END_TEST

START_TEST(held_out_samples_are_not_counted)
{
    struct ff_model_file *file;
    struct ff_manifest manifest;
    uint64_t learned = 0;

    recipe.validation = 0.25;
    train_table("balanced");
    ck_status(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK, "");
    ck_status(ff_manifest_load(ctx, file, &manifest), FF_OK, "");
    ck_assert_uint_eq(manifest.class_weights.n, 2);
    for (uint32_t c = 0; c < 2; c++) {
        double even = 2.0 * (double)manifest.class_weights.samples[c];

        learned += manifest.class_weights.samples[c];
        ck_assert_float_eq(manifest.class_weights.weights[c],
                           (float)((double)ff_manifest_geometry(&manifest).learned_rows / even));
    }
    ck_assert_uint_eq(learned, ROWS - ff_manifest_held_out(&manifest));
    ck_assert_uint_lt(learned, ROWS);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}
END_TEST

/* Classes of equal size have the weight 1, which changes nothing. */
START_TEST(balanced_data_gives_the_same_bits)
{
    const char *none;

    for (size_t row = 0; row < ROWS; row++)
        labels[0][row] = row % 2;
    recipe.head_epochs = 2;
    train_table("none");
    none = train_hash(opts.model);
    train_table("balanced");
    ck_assert_str_eq(train_hash(opts.model), none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: class weights");
    TCase *tcase = tcase_create("class weights");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, balanced_classes_find_the_rare_class, 0, 5);
    tcase_add_test(tcase, held_out_samples_are_not_counted);
    tcase_add_test(tcase, balanced_data_gives_the_same_bits);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
