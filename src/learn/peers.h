/*
 * Peer normalisation (Hinton 2022, and the code he published with it): pulls the running mean of
 * every unit's activity over positive rows to the mean of its layer, which keeps units from being
 * dead or always active.
 *
 *     m_j = 0.9 m_j + 0.1 mean over the batch's positive rows of y_ij
 *     dL/dz_ij += strength (2 gs / n) (m_j - mean_j' m_j') / B    for each positive row i
 *
 * with n units, B samples in the batch and the goodness scale gs. It also applies to inactive units
 * (z_ij < 0), which can so become active again. 2 gs / n is also a factor of the loss's gradient:
 * dL/dz_ij = -p (2 gs / n) y_ij / B, p = sigmoid of -gs (G - theta). Hinton's is -p y_ij / B, with
 * lambda (m_j - mean m) / B added, so that STRENGTH is his lambda, 0.03.
 */
#ifndef FF_LEARN_PEERS_H
#define FF_LEARN_PEERS_H

#include "model/layer.h"

/*
 * Updates LAYER's unit_means with a batch and sets SHIFT (units), which is added to dL/dz of the
 * positive rows: every other block from the first. Y: (rows of all blocks, units), FACTOR: strength
 * (2 gs / n) / B.
 */
FF_CHECK int ff_peers_move(struct ff_layer *layer, struct ff_pool *pool,
                           const struct ff_block *blocks, size_t n_blocks, const float *y,
                           double factor, float *shift);

#endif
