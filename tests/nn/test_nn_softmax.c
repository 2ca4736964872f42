/* Softmax with cross-entropy: value, gradient and counting, also where exp() would overflow. */
#include "naive/oracle.h"
#include "nn/softmax.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROWS 5
#define CLASSES 10
#define BATCH 8

static const uint16_t labels[ROWS] = {0, 9, 3, 3, 7};

/* Without weights of classes and with them. */
START_TEST(gradient_is_that_of_the_mean_cross_entropy)
{
    float z[ROWS * CLASSES], d[ROWS * CLASSES], weights[CLASSES];
    double expected = 0.0, loss;
    uint64_t wrong = 0;

    oracle_fill(1, ROWS * CLASSES, -4.0f, 4.0f, z);
    oracle_fill(2, CLASSES, 0.2f, 3.0f, weights);
    memcpy(d, z, sizeof d);
    loss = ff_softmax_cross_entropy(ROWS, CLASSES, BATCH, d, labels, _i ? weights : NULL, &wrong);
    for (size_t i = 0; i < ROWS; i++) {
        double w = _i ? (double)weights[labels[i]] : 1;
        double exact[CLASSES], sum = 0.0;

        for (size_t c = 0; c < CLASSES; c++)
            exact[c] = z[i * CLASSES + c];
        expected += w * oracle_cross_entropy(CLASSES, exact, labels[i]);
        for (size_t c = 0; c < CLASSES; c++) {
            const double h = 1e-6;
            double at = exact[c], above, below;

            exact[c] = at + h;
            above = oracle_cross_entropy(CLASSES, exact, labels[i]);
            exact[c] = at - h;
            below = oracle_cross_entropy(CLASSES, exact, labels[i]);
            exact[c] = at;
            ck_assert_double_eq_tol(d[i * CLASSES + c], w * (above - below) / (2.0 * h) / BATCH,
                                    1e-7);
            sum += d[i * CLASSES + c];
        }
        ck_assert_double_eq_tol(sum, 0.0, 1e-7);
    }
    ck_assert_double_eq_tol(loss, expected, 1e-5);
}
END_TEST

START_TEST(large_logits_neither_overflow_nor_vanish)
{
    float z[4] = {1e30f, -1e30f, 1e4f, 0.0f};
    uint16_t right = 0, far = 2;
    uint64_t wrong = 0;
    double loss;

    loss = ff_softmax_cross_entropy(1, 4, 1, z, &right, NULL, &wrong);
    ck_assert_double_eq(loss, 0.0);
    ck_assert_uint_eq(wrong, 0);
    for (int c = 0; c < 4; c++)
        ck_assert_float_eq(z[c], 0.0f);
    z[0] = 2e4f;
    z[2] = 1e4f;
    loss = ff_softmax_cross_entropy(1, 4, 1, z, &far, NULL, &wrong);
    ck_assert_double_eq_tol(loss, 1e4, 1e-3);
    ck_assert_uint_eq(wrong, 1);
    ck_assert_float_eq(z[0], 1.0f);
    ck_assert_float_eq(z[2], -1.0f);
}
END_TEST

START_TEST(wrong_rows_are_added_up_and_the_first_of_equals_wins)
{
    float z[3 * 3] = {1, 1, 0, 1, 1, 0, 0, 0, 2};
    const uint16_t three[3] = {0, 1, 2};
    uint64_t wrong = 40;

    ff_softmax_cross_entropy(3, 3, 3, z, three, NULL, &wrong);
    ck_assert_uint_eq(wrong, 41);
}
END_TEST

START_TEST(not_a_number_is_not_hidden)
{
    for (int i = 0; i < 3; i++) {
        float z[3] = {0.5f, 1.0f, 0.0f};
        uint16_t label = 1;
        uint64_t wrong = 0;

        z[i] = NAN;
        ck_assert(isnan(ff_softmax_cross_entropy(1, 3, 1, z, &label, NULL, &wrong)));
    }
}
END_TEST

START_TEST(argmax_takes_the_first_of_equals)
{
    static const float scores[] = {-3.0f, 2.0f, -1.0f, 2.0f};

    ck_assert_uint_eq(ff_argmax(4, scores), 1);
    ck_assert_uint_eq(ff_argmax(1, scores), 0);
    ck_assert_uint_eq(ff_argmax(2, scores + 2), 1);
}
END_TEST

/* Evenly spread chances hit each class in proportion to its probability, but never the one left
 * out. */
START_TEST(draws_follow_the_softmax_without_one_class)
{
    enum { DRAWS = 100000 };
    static const float logits[5] = {0.5f, 3.0f, -1.0f, 1.5f, -40.0f};

    for (size_t except = 0; except < 5; except++) {
        double counts[5] = {0}, sum = 0.0;

        for (size_t i = 0; i < DRAWS; i++)
            counts[ff_softmax_draw(5, logits, except, (double)i / DRAWS)]++;
        for (size_t c = 0; c < 5; c++)
            sum += c == except ? 0.0 : exp((double)logits[c]);
        ck_assert_double_eq(counts[except], 0.0);
        for (size_t c = 0; c < 5; c++) {
            double share = c == except ? 0.0 : exp((double)logits[c]) / sum;

            ck_assert_double_eq_tol(counts[c] / DRAWS, share, 2.0 / DRAWS);
        }
    }
}
END_TEST

START_TEST(draws_of_any_logits_give_another_class)
{
    static const float logits[][3] = {
        {1e30f, -1e30f, 0.0f}, {NAN, NAN, NAN}, {0.0f, INFINITY, 1.0f}, {-INFINITY, 0, -INFINITY}};
    static const double chances[] = {0.0, 0.5, 1.0 - 0x1p-53};

    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++) {
        for (size_t j = 0; j < 9; j++) {
            size_t except = j % 3, c = ff_softmax_draw(3, logits[i], except, chances[j / 3]);

            ck_assert(c < 3 && c != except);
        }
    }
    ck_assert_uint_eq(ff_softmax_draw(3, logits[0], 0, 0.5), 2);
    ck_assert_uint_eq(ff_softmax_draw(2, logits[0], 0, 0.5), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: softmax");
    TCase *tests = tcase_create("softmax");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, gradient_is_that_of_the_mean_cross_entropy, 0, 2);
    tcase_add_test(tests, large_logits_neither_overflow_nor_vanish);
    tcase_add_test(tests, wrong_rows_are_added_up_and_the_first_of_equals_wins);
    tcase_add_test(tests, not_a_number_is_not_hidden);
    tcase_add_test(tests, draws_follow_the_softmax_without_one_class);
    tcase_add_test(tests, draws_of_any_logits_give_another_class);
    tcase_add_test(tests, argmax_takes_the_first_of_equals);
    return run_suite(suite);
}
