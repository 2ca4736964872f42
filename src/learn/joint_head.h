/*
 * The linear softmax head of a network that trains all at once, and the wrong labels it finds
 * likely. The logits are the sum of the parts on all layers but the first (Hinton 2022, section
 * 3.3), and all parts learn from one cross-entropy:
 *
 *     logits = sum over k of h_k V_k' + c_k,  dV_k = dlogits' h_k,  dc_k = column sums of dlogits
 *
 * with h_k: (rows, units of layer k), the normalised outputs under the neutral label. dlogits is
 * known only at the top. As the activations of one layer are in memory at a time, the batch climbs
 * a second time then, up to the last part but one, and each part learns as its h_k comes by: one
 * more forward pass, but no memory that grows with depth.
 */
#ifndef FF_LEARN_JOINT_HEAD_H
#define FF_LEARN_JOINT_HEAD_H

#include "learn/batch.h"
#include "learn/climb.h"
#include "learn/update.h"
#include "model/network.h"
#include "nn/schedule.h"

struct ff_joint_head {
    const struct ff_manifest *manifest; /* not owned, as are those up to UPDATE */
    const struct ff_geometry *geometry;
    const struct ff_schedule *schedule; /* of the learning rate */
    struct ff_network *network;
    struct ff_climb *climb;   /* rows of a batch at least */
    struct ff_update *update; /* its buffers are used; they fit all heads */
    float *logits;            /* (batch, classes) */
    float *product;           /* (chunk_rows, classes) */
    uint16_t *truth;          /* (batch) */
    uint16_t *hard;           /* (batch): wrong labels; NULL unless they are wanted */
    bool draw;                /* wrong labels are wanted */
};

/* Allocates; the pointers to others and DRAW are set before. On error release what is there. */
FF_CHECK int ff_joint_head_init(struct ff_joint_head *head);
void ff_joint_head_release(struct ff_joint_head *head);
/* Adds what the head takes, for its geometry, CLASSES and DRAW; parts and update apart. */
void ff_joint_head_needs(const struct ff_geometry *geometry, uint32_t classes, bool draw,
                         struct ff_needs *needs);
/*
 * Trains all parts on BATCH, whose PIECES are the rows under the neutral label (N, in order, loaded
 * from FEED), and draws wrong labels from what the head thought before. FF_ENUMERIC: the head's
 * loss is not finite.
 */
FF_CHECK int ff_joint_head_learn(struct ff_joint_head *head, const struct ff_batch *batch,
                                 struct ff_feed *feed, size_t n, const struct ff_piece *pieces);

#endif
