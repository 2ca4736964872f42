/*
 * The mode ff-full: Forward-Forward as Hinton (2022) trains it. The whole network and its
 * optimizer's state are in memory, every batch climbs through all layers, and each layer makes its
 * step right after its own forward pass: the outputs it had before are the next layer's inputs, so
 * that one pass does for all.
 *
 * On each batch:
 *
 * 1. with a head: the rows under the neutral label climb, the head learns, and, where negatives are
 *    hard, draws the wrong labels of this batch (joint_head.h);
 * 2. the positive and the negative rows, together, climb; in each layer phases (A), (B), (C) as in
 *    step.h, with peer normalisation if asked for (peers.h).
 *
 * In memory are all weights and their optimizer's state, and of one layer at a time the activations
 * of a batch and the tiles' gradients.
 */
#ifndef FF_TRAIN_STAGE_FULL_H
#define FF_TRAIN_STAGE_FULL_H

#include "train/run.h"

/* The stage FF_STAGE_TRAIN of the whole network. */
FF_CHECK int ff_stage_full(struct ff_run *run);
/* Floating-point operations of training on one sample. */
double ff_full_flops(const struct ff_manifest *manifest);
/* What that stage holds, for the planner (mode.h). */
void ff_full_needs(const struct ff_plan_job *job, uint32_t layer, const struct ff_knobs *knobs,
                   struct ff_needs *needs);

#endif
