/* Random numbers: Philox's published vectors, and the properties that training leans on. */
#include "base/rng.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static const struct {
    uint32_t counter[4], key[2], out[4];
} vectors[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(blocks_are_those_of_the_paper)
{
    const uint32_t *counter = vectors[_i].counter, *key = vectors[_i].key;
    struct ff_rng rng = {.key = {key[0], key[1]}, .stream = {counter[2], counter[3]}};
    uint32_t out[4];

    ff_rng_block(&rng, (uint64_t)counter[1] << 32 | counter[0], out);
    ck_assert_mem_eq(out, vectors[_i].out, sizeof out);
}
END_TEST

/* Across the carry of the counter's words, too. */
START_TEST(many_blocks_at_once_are_those_one_by_one)
{
    static const uint64_t starts[] = {
        0, 1, 1000, UINT32_MAX - 3, UINT64_C(1) << 32, UINT64_MAX - FF_RNG_LANES + 1};
    struct ff_rng rng = ff_rng_make(UINT64_C(0x123456789abcdef), FF_RNG_DROPOUT, 77, 1234567);

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        uint32_t words[4][FF_RNG_LANES];

        ff_rng_blocks(&rng, starts[i], words);
        for (size_t b = 0; b < FF_RNG_LANES; b++) {
            uint32_t block[4];

            ff_rng_block(&rng, starts[i] + b, block);
            for (size_t w = 0; w < 4; w++)
                ck_assert_uint_eq(words[w][b], block[w]);
        }
    }
}
END_TEST

START_TEST(seed_purpose_layer_and_epoch_name_different_sequences)
{
    const struct ff_rng rngs[] = {
        ff_rng_make(1, FF_RNG_WEIGHTS, 0, 0),
        ff_rng_make(2, FF_RNG_WEIGHTS, 0, 0),
        ff_rng_make((uint64_t)1 << 32, FF_RNG_WEIGHTS, 0, 0),
        ff_rng_make(1, FF_RNG_BATCH_ORDER, 0, 0),
        ff_rng_make(1, FF_RNG_WEIGHTS, 1, 0),
        ff_rng_make(1, FF_RNG_WEIGHTS, (1u << 24) - 1, 0),
        ff_rng_make(1, FF_RNG_WEIGHTS, 0, 1),
    };
    const size_t count = sizeof rngs / sizeof *rngs;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            uint32_t a[4], b[4];

            ff_rng_block(&rngs[i], 0, a);
            ff_rng_block(&rngs[j], 0, b);
            ck_assert_mem_ne(a, b, sizeof a);
        }
    }
}
END_TEST

/* Five standard deviations of chi-square with DEGREES degrees of freedom. */
static double chi_square_limit(double degrees)
{
    return degrees + 5.0 * sqrt(2.0 * degrees) + 5.0;
}

static double chi_square(size_t n, const uint32_t *counts, double expected)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

START_TEST(below_is_even)
{
    static const uint32_t bounds[] = {2, 3, 7, 10, 100, 1000};
    struct ff_rng rng = ff_rng_make(5, FF_RNG_NEGATIVE_LABEL, 0, 0);
    uint32_t counts[1000] = {0}, bound = bounds[_i], outside = 0;
    const uint32_t draws = 100000;

    for (uint32_t i = 0; i < draws; i++) {
        uint32_t value = ff_rng_below(&rng, i, bound);

        if (value < bound)
            counts[value]++;
        else
            outside++;
    }
    ck_assert_uint_eq(outside, 0);
    ck_assert_double_lt(chi_square(bound, counts, (double)draws / bound),
                        chi_square_limit(bound - 1.0));
}
END_TEST

START_TEST(below_holds_at_the_ends)
{
    struct ff_rng rng = ff_rng_make(6, FF_RNG_NEGATIVE_LABEL, 0, 0);
    double sum = 0.0;

    for (uint64_t i = 0; i < 10000; i++) {
        uint32_t large = ff_rng_below(&rng, i, UINT32_MAX);

        ck_assert_uint_eq(ff_rng_below(&rng, i, 1), 0);
        ck_assert_uint_lt(large, UINT32_MAX);
        sum += large;
    }
    ck_assert_double_eq_tol(sum / 10000.0 / UINT32_MAX, 0.5, 5.0 * 0.289 / 100.0);
}
END_TEST

START_TEST(normal_numbers_have_the_moments)
{
    struct ff_rng rng = ff_rng_make(7, FF_RNG_WEIGHTS, 3, 0);
    const int blocks = 50000;
    double n = 4.0 * blocks, sum[5] = {0.0}, pairs = 0.0;

    for (int i = 0; i < blocks; i++) {
        float x[4];

        ff_rng_normal(&rng, (uint64_t)i, x);
        for (int j = 0; j < 4; j++) {
            ck_assert(isfinite(x[j]) && fabsf(x[j]) < 6.7f); /* sqrt(2 log 2^32) is 6.66 */
            for (int power = 1; power <= 4; power++)
                sum[power] += pow(x[j], power);
        }
        pairs += (double)x[0] * x[1] + (double)x[2] * x[3];
    }
    ck_assert_double_eq_tol(sum[1] / n, 0.0, 5.0 * sqrt(1.0 / n));
    ck_assert_double_eq_tol(sum[2] / n, 1.0, 5.0 * sqrt(2.0 / n));
    ck_assert_double_eq_tol(sum[3] / n, 0.0, 5.0 * sqrt(15.0 / n));
    ck_assert_double_eq_tol(sum[4] / n, 3.0, 5.0 * sqrt(96.0 / n));
    ck_assert_double_eq_tol(pairs / (n / 2.0), 0.0, 5.0 * sqrt(2.0 / n));
}
END_TEST

static void check_bijection(struct ff_rng rng, uint64_t n)
{
    struct ff_permutation permutation = ff_permutation_make(rng, n);
    bool *seen = calloc(n, sizeof *seen);
    uint64_t distinct = 0;

    ck_assert_ptr_nonnull(seen);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t image = ff_permutation_at(&permutation, i);

        if (image < n && !seen[image]) {
            seen[image] = true;
            distinct++;
        }
    }
    ck_assert_uint_eq(distinct, n);
    free(seen);
}

START_TEST(permutation_is_a_bijection)
{
    for (uint32_t n = 1; n <= 300; n++)
        check_bijection(ff_rng_make(8, FF_RNG_BATCH_ORDER, 0, n), n);
    check_bijection(ff_rng_make(8, FF_RNG_IMPORT_ORDER, 0, 0), 60000);
    check_bijection(ff_rng_make(8, FF_RNG_IMPORT_ORDER, 0, 0), (1 << 16) + 1);
}
END_TEST

static int compare_u64(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

START_TEST(permutation_of_many_stays_in_range_and_distinct)
{
    static const uint64_t sizes[] = {
        UINT64_C(1) << 32,       (UINT64_C(1) << 32) + 1, UINT64_C(1000000000000),
        (UINT64_C(1) << 60) + 1, UINT64_C(1) << 62,
    };
    uint64_t n = sizes[_i], images[1000];
    struct ff_permutation permutation =
        ff_permutation_make(ff_rng_make(9, FF_RNG_IMPORT_ORDER, 0, 0), n);
    double mean = 0.0;

    for (uint64_t i = 0; i < 1000; i++) {
        images[i] = ff_permutation_at(&permutation, i % 2 ? n - 1 - i : i);
        ck_assert_uint_lt(images[i], n);
        mean += (double)images[i] / (double)n / 1000.0;
    }
    ck_assert_double_eq_tol(mean, 0.5, 5.0 * 0.289 / sqrt(1000.0));
    qsort(images, 1000, sizeof *images, compare_u64);
    for (int i = 1; i < 1000; i++)
        ck_assert_uint_ne(images[i - 1], images[i]);
}
END_TEST

/* Each of N items comes first equally often over the epochs, for small N too. */
START_TEST(permutations_of_epochs_put_every_item_everywhere)
{
    static const uint64_t sizes[] = {2, 3, 5, 16, 17, 78};
    uint32_t counts[78][78] = {{0}};
    uint64_t n = sizes[_i];
    const uint32_t epochs = 4000;

    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        struct ff_permutation permutation =
            ff_permutation_make(ff_rng_make(10, FF_RNG_BATCH_ORDER, 1, epoch), n);

        for (uint64_t i = 0; i < n; i++)
            counts[i][ff_permutation_at(&permutation, i)]++;
    }
    for (uint64_t i = 0; i < n; i++)
        ck_assert_double_lt(chi_square(n, counts[i], epochs / (double)n),
                            chi_square_limit((double)n - 1.0));
}
END_TEST

/* Stored models are continued with the same numbers: these values may never change. */
START_TEST(numbers_are_those_of_stored_models)
{
    static const uint64_t order[10] = {9, 8, 5, 1, 2, 4, 0, 7, 6, 3};
    static const uint32_t wrong_labels[8] = {3, 8, 2, 3, 7, 7, 2, 3};
    static const float weights[4] = {-2.36260843f, -0.378579766f, 0.0288531762f, -1.4437412f};
    struct ff_permutation permutation =
        ff_permutation_make(ff_rng_make(42, FF_RNG_BATCH_ORDER, 2, 3), 10);
    struct ff_rng labels = ff_rng_make(42, FF_RNG_NEGATIVE_LABEL, 0, 0);
    struct ff_rng normal = ff_rng_make(42, FF_RNG_WEIGHTS, 2, 0);
    float out[4];

    for (uint64_t i = 0; i < 10; i++)
        ck_assert_uint_eq(ff_permutation_at(&permutation, i), order[i]);
    for (uint64_t i = 0; i < 8; i++)
        ck_assert_uint_eq(ff_rng_below(&labels, i, 9), wrong_labels[i]);
    ff_rng_normal(&normal, 5, out);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol(out[i], weights[i], 1e-7 * (1.0 + fabs((double)weights[i])));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: rng");
    TCase *tests = tcase_create("rng");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, blocks_are_those_of_the_paper, 0, 3);
    tcase_add_test(tests, many_blocks_at_once_are_those_one_by_one);
    tcase_add_test(tests, seed_purpose_layer_and_epoch_name_different_sequences);
    tcase_add_loop_test(tests, below_is_even, 0, 6);
    tcase_add_test(tests, below_holds_at_the_ends);
    tcase_add_test(tests, normal_numbers_have_the_moments);
    tcase_add_test(tests, permutation_is_a_bijection);
    tcase_add_loop_test(tests, permutation_of_many_stays_in_range_and_distinct, 0, 5);
    tcase_add_loop_test(tests, permutations_of_epochs_put_every_item_everywhere, 0, 6);
    tcase_add_test(tests, numbers_are_those_of_stored_models);
    return run_suite(suite);
}
