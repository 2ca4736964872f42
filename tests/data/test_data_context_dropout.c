/* Context dropout: which characters are left out, and how often. */
#include "data/context_dropout.h"
#include "data/schema.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT 10u
#define ROWS 20000u

static const uint8_t symbols[CONTEXT] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Drops characters of ROWS contexts; counts those left out by column. */
static void count_dropped(double probability, uint32_t dropped[CONTEXT])
{
    const struct ff_rng rng = ff_rng_make(7, FF_RNG_JITTER, 1, 3);
    uint8_t out[CONTEXT];

    memset(dropped, 0, CONTEXT * sizeof *dropped);
    for (uint64_t row = 0; row < ROWS; row++) {
        ff_context_dropout(&rng, row, probability, CONTEXT, symbols, out);
        for (uint32_t c = 0; c < CONTEXT; c++) {
            dropped[c] += out[c] == FF_SYMBOL_NONE;
            ck_assert(out[c] == FF_SYMBOL_NONE || out[c] == symbols[c]);
        }
    }
}

START_TEST(the_probability_rises_with_the_distance)
{
    uint32_t dropped[CONTEXT];

    count_dropped(0.5, dropped);
    for (uint32_t c = 0; c < CONTEXT; c++) {
        const double p = 0.5 * (CONTEXT - 1 - c) / (CONTEXT - 1);

        /* five standard deviations */
        ck_assert_double_le(fabs(dropped[c] - p * ROWS), 5 * sqrt(ROWS * p * (1 - p)));
    }
}
END_TEST

START_TEST(the_bounds_leave_out_all_and_none)
{
    uint32_t dropped[CONTEXT];

    count_dropped(1, dropped);
    ck_assert_uint_eq(dropped[0], ROWS);
    ck_assert_uint_eq(dropped[CONTEXT - 1], 0);
    count_dropped(0, dropped);
    for (uint32_t c = 0; c < CONTEXT; c++)
        ck_assert_uint_eq(dropped[c], 0);
}
END_TEST

/* Nothing is farther than the nearest character. */
START_TEST(a_context_of_one_character_stays)
{
    const struct ff_rng rng = ff_rng_make(7, FF_RNG_JITTER, 1, 3);

    for (uint64_t row = 0; row < 100; row++) {
        uint8_t out = 0;

        ff_context_dropout(&rng, row, 1, 1, &symbols[4], &out);
        ck_assert_uint_eq(out, symbols[4]);
    }
}
END_TEST

START_TEST(rows_and_epochs_differ)
{
    const struct ff_rng one = ff_rng_make(7, FF_RNG_JITTER, 1, 0);
    const struct ff_rng two = ff_rng_make(7, FF_RNG_JITTER, 1, 1);
    uint32_t same_row = 0, same_epoch = 0;
    uint8_t a[CONTEXT], b[CONTEXT], c[CONTEXT], again[CONTEXT];

    for (uint64_t row = 0; row < 100; row++) {
        ff_context_dropout(&one, row, 1, CONTEXT, symbols, a);
        ff_context_dropout(&one, row, 1, CONTEXT, symbols, again);
        ff_context_dropout(&one, row + 1, 1, CONTEXT, symbols, b);
        ff_context_dropout(&two, row, 1, CONTEXT, symbols, c);
        ck_assert_mem_eq(a, again, CONTEXT);
        same_row += memcmp(a, b, CONTEXT) == 0;
        same_epoch += memcmp(a, c, CONTEXT) == 0;
    }
    ck_assert_uint_lt(same_row, 20);
    ck_assert_uint_lt(same_epoch, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: context dropout");
    TCase *tc = tcase_create("core");

    tcase_add_test(tc, the_probability_rises_with_the_distance);
    tcase_add_test(tc, the_bounds_leave_out_all_and_none);
    tcase_add_test(tc, a_context_of_one_character_stays);
    tcase_add_test(tc, rows_and_epochs_differ);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
