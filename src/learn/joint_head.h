/*
 * The linear softmax head of a network that trains all layers at once, and the wrong labels that it
 * finds likely. The logits are the sum of the parts on all layers but the first (Hinton 2022,
 * section 3.3), and one cross-entropy trains all parts:
 *
 *     logits = sum over k of h_k V_k' + c_k,  dV_k = dlogits' h_k,  dc_k = column sums of dlogits
 *
 * with h_k: (rows, units of layer k), the normalised outputs under the neutral label. dlogits is
 * known only after the last layer, and the activations of only one layer are in memory. So the
 * batch makes a second forward pass, up to the last part but one, and each part trains when its h_k
 * is computed: more time, but no memory that grows with depth.
 */
#ifndef FF_LEARN_JOINT_HEAD_H
#define FF_LEARN_JOINT_HEAD_H

#include "learn/batch.h"
#include "learn/pass.h"
#include "learn/update.h"
#include "model/network.h"
#include "nn/schedule.h"

struct ff_joint_head {
    const struct ff_manifest *manifest; /* not owned, like all up to UPDATE */
    const struct ff_geometry *geometry;
    const struct ff_schedule *schedule; /* learning rate schedule */
    struct ff_network *network;
    struct ff_pass *pass;     /* with room for a batch at least */
    struct ff_update *update; /* lends its buffers, which fit all heads */
    float *logits;            /* (batch, classes) */
    float *product;           /* (chunk_rows, classes) */
    uint16_t *truth;          /* (batch) */
    uint16_t *hard;           /* (batch): wrong labels; NULL unless DRAW */
    bool draw;                /* draw wrong labels */
};

/* Allocates the buffers; the caller sets the borrowed pointers and DRAW first. On error, release
 * HEAD. */
FF_CHECK int ff_joint_head_init(struct ff_joint_head *head);
void ff_joint_head_release(struct ff_joint_head *head);
/* Adds the memory of the head for its geometry, CLASSES and DRAW, without parts and update. */
void ff_joint_head_needs(const struct ff_geometry *geometry, uint32_t classes, bool draw,
                         struct ff_needs *needs);
/*
 * Trains all parts on BATCH, whose PIECES are the rows under the neutral label (N, in order, loaded
 * from FEED), and draws wrong labels by the head's predictions before the step. FF_ENUMERIC: the
 * head's loss is not finite.
 */
FF_CHECK int ff_joint_head_learn(struct ff_joint_head *head, const struct ff_batch *batch,
                                 struct ff_feed *feed, size_t n, const struct ff_piece *pieces);

#endif
