/*
 * Naive backpropagation: a row at a time, in double, the chain rule as it stands in the books. The
 * output layer is the head of the last layer of a naive network.
 */
#ifndef TESTS_NAIVE_BACKPROP_H
#define TESTS_NAIVE_BACKPROP_H

#include "naive/network.h"

bool naive_is_backprop(const struct ff_recipe *recipe);
/* The network as it is before the first step. */
void naive_backprop_begin(const struct ff_recipe *recipe, const struct naive_data *data,
                          struct naive_network *out);
/* Trains the network of RECIPE, which is complete. OUT->epochs has a row for each epoch. */
void naive_backprop_train(const struct ff_recipe *recipe, const struct naive_data *data,
                          struct naive_network *out);
/* The logits of one row of the dataset. out: (classes) */
void naive_backprop_logits(const struct naive_network *network, const struct naive_data *data,
                           size_t row, double *out);
/* Their cross-entropy, times the weight of the label's class, the mean over the dataset. */
double naive_backprop_loss(const struct naive_network *network, const struct naive_data *data,
                           const double *class_weights);

#endif
