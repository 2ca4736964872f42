/*
 * The error of a layer in training on held-out samples, for early stopping: the share of samples
 * whose true label does not have the highest goodness in this layer alone, ties going to the first
 * label. The samples pass through the layer as in its forward pass, without dropout; nothing is
 * stored.
 */
#ifndef FF_TRAIN_HELD_OUT_H
#define FF_TRAIN_HELD_OUT_H

#include "train/run.h"

/* Measures LAYER, the mark's, whose learner is at rest, on the held-out samples of SET, its
 * inputs. */
FF_CHECK int ff_held_out_measure(struct ff_run *run, struct ff_set *set,
                                 const struct ff_layer *layer, double *error);
/* The work of it. Its needs are beside those of the learner at rest; its operations are those on a
 * batch of held-out samples. */
extern const struct ff_work ff_held_out_work;
/* When all layers are trained: chooses the range of layers to sum by their metrics. */
FF_CHECK int ff_held_out_choose(struct ff_run *run);

#endif
