#include "data/order.h"

#include "base/arithmetic.h"

#define MOST_BLOCKS 16
/* Samples held out in a row: so many that their contexts matter little. */
#define LEAST_BLOCK 1024

struct ff_order ff_order_make(uint64_t seed, uint64_t rows, uint64_t learned, bool by_blocks)
{
    const struct ff_rng rng = ff_rng_make(seed, FF_RNG_IMPORT_ORDER, 0, 0);
    struct ff_order order = {.rows = rows, .learned = learned};
    const uint64_t held = order.rows - order.learned;

    if (by_blocks && held > 0) {
        order.blocks = ff_smaller(held / LEAST_BLOCK, MOST_BLOCKS);
        order.blocks = ff_larger(ff_smaller(order.blocks, order.learned / 2), 1);
    }
    order.shuffle = ff_permutation_make(rng, order.blocks > 0 ? order.learned : order.rows);
    return order;
}

/* N / blocks times BLOCK, without overflow, and the exact N for the last block. */
static uint64_t share(const struct ff_order *order, uint64_t n, uint64_t block)
{
    return n / order->blocks * block + n % order->blocks * block / order->blocks;
}

/* Each of as many parts of the dataset ends with a block. */
uint64_t ff_order_at(const struct ff_order *order, uint64_t i)
{
    const uint64_t held = order->rows - order->learned;
    uint64_t part = 0, before, kept;

    if (order->blocks == 0)
        return ff_permutation_at(&order->shuffle, i);
    while (share(order, order->rows, part + 1) <= i)
        part++;
    before = share(order, held, part); /* held out in the parts below */
    kept = share(order, order->rows, part + 1) - share(order, held, part + 1);
    /* Of the parts up to this one KEPT samples are trained on. */
    if (i - before < kept)
        return ff_permutation_at(&order->shuffle, i - before);
    return order->learned + i - kept;
}
