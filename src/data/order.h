/*
 * The order in which samples are stored: sample i of the dataset is stored at place order(i). The
 * first LEARNED places are trained on, the others are held out.
 *
 * Samples are shuffled, so that held-out ones are drawn at random. Neighbouring places of a text
 * share almost all of their characters: there a few blocks of the text are held out, spread evenly
 * over it and stored in its order, and the others are shuffled.
 */
#ifndef FF_DATA_ORDER_H
#define FF_DATA_ORDER_H

#include "base/rng.h"

#include <stdbool.h>

struct ff_order {
    struct ff_permutation shuffle; /* of all samples or, with blocks, of those trained on */
    uint64_t rows, learned;
    uint64_t blocks; /* held out; 0: samples are */
};

/* The order of ROWS samples for SEED, of which LEARNED, 1 or more, are trained on; BY_BLOCKS: of a
 * text. */
struct ff_order ff_order_make(uint64_t seed, uint64_t rows, uint64_t learned, bool by_blocks);
/* The place of sample I. */
uint64_t ff_order_at(const struct ff_order *order, uint64_t i);

#endif
