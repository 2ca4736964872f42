/* Weights of classes are n / (K n_c): every class has the same share. */
#include "nn/class_weights.h"
#include "support/suite.h"

#include <check.h>

static struct ff_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

/* As compute_class_weight("balanced") of scikit-learn has it. */
START_TEST(weights_follow_the_formula)
{
    static const uint64_t samples[] = {6, 1, 0, 2, 3}; /* 12 of four classes */
    static const float expected[] = {0.5f, 3.0f, 0.0f, 1.5f, 1.0f};
    struct ff_class_weights weights;

    ck_assert_int_eq(ff_class_weights_init(ctx, 5, samples, &weights), FF_OK);
    ck_assert_uint_eq(weights.n, 5);
    for (uint16_t c = 0; c < 5; c++) {
        ck_assert_uint_eq(weights.samples[c], samples[c]);
        ck_assert_float_eq(weights.weights[c], expected[c]);
        ck_assert_double_eq(ff_class_weight(weights.weights, c), (double)expected[c]);
    }
    ff_class_weights_release(&weights);
    ck_assert_uint_eq(weights.n, 0);
    ck_assert_ptr_null(weights.weights);
    ff_class_weights_release(&weights);
}
END_TEST

START_TEST(classes_of_equal_size_and_no_weights_are_1)
{
    static const uint64_t samples[] = {UINT64_C(1) << 40, UINT64_C(1) << 40, 0};
    struct ff_class_weights weights;

    ck_assert_int_eq(ff_class_weights_init(ctx, 3, samples, &weights), FF_OK);
    ck_assert_double_eq(ff_class_weight(weights.weights, 0), 1);
    ck_assert_double_eq(ff_class_weight(weights.weights, 1), 1);
    ck_assert_double_eq(ff_class_weight(NULL, 2), 1);
    ff_class_weights_release(&weights);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: class weights");
    TCase *tests = tcase_create("class weights");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, weights_follow_the_formula);
    tcase_add_test(tests, classes_of_equal_size_and_no_weights_are_1);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
