/*
 * Context dropout: far characters of a text's context are left out at random, as before the
 * beginning of the text, so that a model also learns to predict from the near ones alone, like
 * smoothed n-grams (Xie et al. 2017, "Data noising as smoothing in neural network language
 * models").
 */
#ifndef FF_DATA_CONTEXT_DROPOUT_H
#define FF_DATA_CONTEXT_DROPOUT_H

#include "base/rng.h"

/*
 * OUT (CONTEXT) = IN, the symbols before the place ROW, the farthest first. Each is replaced by
 * FF_SYMBOL_NONE with a probability that rises in a straight line from 0 for the nearest to
 * PROBABILITY for the farthest. The random numbers depend on (RNG, ROW) only.
 */
void ff_context_dropout(const struct ff_rng *rng, uint64_t row, double probability,
                        uint32_t context, const uint8_t *in, uint8_t *out);

#endif
