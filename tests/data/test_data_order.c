/* The order of samples in scratch: every place is taken once, and a text is held out by blocks. */
#include "data/order.h"
#include "model/geometry.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>

static struct ff_order order_of(uint64_t seed, const struct ff_geometry *geometry, bool by_blocks)
{
    return ff_order_make(seed, geometry->rows, geometry->learned_rows, by_blocks);
}

static struct ff_geometry geometry_of(uint64_t rows, uint32_t batch, double held_out)
{
    struct ff_geometry geometry = ff_geometry_make(rows, batch);

    ff_geometry_hold_out(&geometry, held_out);
    return geometry;
}

/* Whether the places of ORDER are all different. *BLOCKS: how often a held-out sample follows one
 * that is not; *SORTED: held-out samples are stored in their order. */
static bool is_order(const struct ff_order *order, uint64_t *blocks, bool *sorted)
{
    bool *taken = calloc(order->rows, sizeof *taken), held = false, ok = true;
    uint64_t last = order->learned;

    *blocks = 0;
    *sorted = true;
    for (uint64_t i = 0; i < order->rows && ok; i++) {
        uint64_t place = ff_order_at(order, i);

        ok = place < order->rows && !taken[place];
        if (!ok)
            break;
        taken[place] = true;
        *blocks += place >= order->learned && !held;
        held = place >= order->learned;
        *sorted = *sorted && (!held || place >= last);
        last = held ? place : last;
    }
    free(taken);
    return ok;
}

START_TEST(samples_are_shuffled_or_held_out_by_blocks)
{
    static const uint64_t rows[] = {2, 3, 10, 100, 5000, 40000, 300001};
    static const uint32_t batches[] = {1, 7, 128};
    static const double fractions[] = {0, 0.01, 0.2, 0.5, 0.99};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t b = 0; b < 15; b++) {
            struct ff_geometry geometry = geometry_of(rows[i], batches[b % 3], fractions[b / 3]);
            struct ff_order shuffled = order_of(3, &geometry, false);
            struct ff_order text = order_of(3, &geometry, true);
            uint64_t blocks, held = geometry.rows - geometry.learned_rows;
            bool sorted;

            ck_assert(is_order(&shuffled, &blocks, &sorted));
            ck_assert(is_order(&text, &blocks, &sorted));
            ck_assert_uint_le(blocks, held < 2048 ? held > 0 : 16);
            ck_assert_msg((held > 0) == (blocks > 0) && sorted, "%llu rows, %llu held out",
                          (unsigned long long)rows[i], (unsigned long long)held);
        }
    }
}
END_TEST

START_TEST(blocks_are_spread_over_the_text)
{
    struct ff_geometry geometry = geometry_of(200000, 100, 0.1);
    struct ff_order order = order_of(1, &geometry, true);
    uint64_t in_half = 0, blocks;
    bool sorted;

    for (uint64_t i = 0; i < 100000; i++)
        in_half += ff_order_at(&order, i) >= geometry.learned_rows;
    ck_assert_uint_eq(in_half, 10000);
    ck_assert(is_order(&order, &blocks, &sorted));
    ck_assert_uint_eq(blocks, 16);
}
END_TEST

START_TEST(without_held_out_samples_a_text_is_shuffled_like_other_data)
{
    struct ff_geometry geometry = geometry_of(1000, 10, 0);
    struct ff_order a = order_of(5, &geometry, true), b = order_of(5, &geometry, false);

    for (uint64_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(ff_order_at(&a, i), ff_order_at(&b, i));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: order");
    TCase *tc = tcase_create("order");

    tcase_add_test(tc, samples_are_shuffled_or_held_out_by_blocks);
    tcase_add_test(tc, blocks_are_spread_over_the_text);
    tcase_add_test(tc, without_held_out_samples_a_text_is_shuffled_like_other_data);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
