/*
 * Backpropagation: one optimizer step of the whole network on a batch, by the chain rule
 * (Rumelhart, Hinton and Williams 1986), with a linear softmax output and cross-entropy:
 *
 *     y_0 = x,  y_k = relu(y_{k-1} W_k' + b_k),  logits = y_L V' + c
 *     dZ_out = (p - onehot) / batch,  dV = dZ_out' y_L
 *     dZ_L = (dZ_out V) [y_L > 0],    dW_k = dZ_k' y_{k-1},  dZ_{k-1} = (dZ_k W_k) [y_{k-1} > 0]
 *
 * Activations are held in one of three ways. All give the same weights, bit for bit, because every
 * product is over a chunk of rows and a tile of neurons, and sums run over the chunks in order.
 *
 * - all activations of the batch (bp);
 * - all activations of a micro-batch, with gradients accumulated over micro-batches (bp-accum);
 * - the outputs of every s-th layer, s = sqrt(L); those between are recomputed, a segment at a
 *   time, in the backward pass (bp-checkpoint; Chen, Xu, Zhang and Guestrin,
 *   "Training Deep Nets with Sublinear Memory Cost", 2016).
 *
 * dZ_k overwrites y_k. A layer steps as soon as its own gradient and dZ below it are known, so
 * without micro-batches only one layer's gradient is held at a time.
 */
#ifndef FF_LEARN_BACKPROP_H
#define FF_LEARN_BACKPROP_H

#include "learn/feed.h"
#include "model/network.h"

struct ff_backprop_opts {
    const struct ff_manifest *manifest; /* shapes */
    struct ff_network *network;         /* not owned; its only head is the output layer */
    struct ff_feed *feed; /* not owned; reads boundary 0, MICRO_CHUNKS pieces at a time */
    const struct ff_geometry *geometry;
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params optimizer_params;
    uint32_t micro_chunks; /* chunks at a time, 1 .. chunks of a batch */
    uint32_t segment;      /* layers whose outputs are held together, 1 .. layers */
};

/* The chunks of a micro-batch of ROWS rows, or with 0 of as many rows as keep activations at about
 * 16 MiB; at most those of a batch. */
uint32_t ff_backprop_micro_chunks(const struct ff_manifest *manifest,
                                  const struct ff_geometry *geometry, uint32_t rows);
/* The layers whose outputs are held together in the mode of MANIFEST's recipe. */
uint32_t ff_backprop_segment(const struct ff_manifest *manifest);
/* True if the outputs of LAYER (from 1) are computed again in the backward pass. */
bool ff_backprop_recomputes(const struct ff_manifest *manifest, uint32_t layer);

struct ff_backprop;
FF_CHECK int ff_backprop_new(struct ff_workers *workers, const struct ff_backprop_opts *opts,
                             struct ff_backprop **out);
void ff_backprop_free(struct ff_backprop *backprop);
/* Adds its memory on THREADS, without network and feed, which need not exist. */
void ff_backprop_needs(const struct ff_backprop_opts *opts, unsigned threads,
                       struct ff_needs *needs);
/*
 * Trains on BATCH as optimizer step NUMBER (from 1) with learning rate LR, and adds to SUMS. The
 * loss is not finite if training has diverged. FF_ECORRUPT: scratch is damaged.
 */
FF_CHECK int ff_backprop_run(struct ff_backprop *backprop, uint64_t batch, uint64_t number,
                             float lr, struct ff_sums *sums);

#endif
