/*
 * The pairs of a batch and phase (B) of a step: a positive and a negative row of the same sample,
 * their goodness, the loss and its coefficients. Pieces and blocks come in pairs: 2i are the
 * positive rows of a chunk, 2i + 1 the negative rows of the same samples.
 */
#ifndef FF_LEARN_PAIRS_H
#define FF_LEARN_PAIRS_H

#include "learn/feed.h"
#include "model/layer.h"
#include "model/manifest.h"
#include "nn/loss.h"

/* Requests for CHUNKS chunks from FIRST_CHUNK on, with the NEGATIVE-th set of negatives, into
 * REQUESTS; returns their number, 2 * CHUNKS. */
size_t ff_pairs_request(uint32_t first_chunk, uint32_t chunks, uint32_t negative,
                        struct ff_piece_request *requests);
/* Makes a block of each of N pieces, consecutive in the outputs. Returns the total of rows. */
size_t ff_pairs_place(size_t n, const struct ff_piece *pieces, struct ff_block *blocks);

/* Which of N stored variants of the inputs a batch uses in an epoch: each in turn. Variants are
 * sets of random negatives or augmentation copies. */
uint32_t ff_pairs_variant(uint32_t n, uint32_t epoch, uint64_t batch);

struct ff_pairs {
    const struct ff_loss *loss;
    struct ff_loss_params params;
    size_t batch_rows; /* samples of the whole batch; the loss is a mean over them */
    const struct ff_block *blocks;
    size_t n_blocks;
};

/*
 * Computes SCALE_i = c_i (2/units) from the GOODNESS of every row of a layer of UNITS, so that
 * dL/dz_ij = SCALE_i y_ij. Both: (rows of all blocks). Adds to LOSS, chunk by chunk, the sum over
 * the pairs divided by batch_rows.
 */
void ff_pairs_scales(const struct ff_pairs *pairs, uint32_t units, const float *goodness,
                     float *scale, double *loss);
/* Adds to SUMS the goodness of all pairs and the number of misranked pairs (G_neg >= G_pos). */
void ff_pairs_count(const struct ff_pairs *pairs, const float *goodness, struct ff_sums *sums);

#endif
