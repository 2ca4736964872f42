/*
 * The forward pass of a trained layer over stored inputs: the goodness of every row and the outputs
 * scaled to RMS 1, passed to a sink chunk by chunk; with backpropagation the plain outputs. A
 * label-conditioned layer gives the goodness under every label and the outputs that the recipe
 * passes on (conditioned.h). Training stores the outputs as the next boundary; evaluation also sums
 * the goodness.
 */
#ifndef FF_LEARN_FORWARD_H
#define FF_LEARN_FORWARD_H

#include "learn/feed.h"
#include "model/layer.h"

/* One chunk of one stream, before and after the layer. Valid during the call. */
struct ff_forward_block {
    uint32_t chunk, stream;
    uint64_t first; /* number of the first sample, in stored order */
    uint32_t rows;
    const float *x;        /* (rows, fan_in) */
    const float *goodness; /* (rows), or (rows, classes) of a label-conditioned layer; NULL with
                              PLAIN */
};

/* The outputs of a block, normalised unless PLAIN: (rows, units), valid during the call. */
struct ff_forward_outputs {
    uint32_t chunk, stream;
    struct ff_matrix y;
};

/* Chunks that a pass leaves out: FIRST .. END - 1. */
struct ff_left_out {
    uint32_t first, end;
};

struct ff_forward_opts {
    const struct ff_layer *layer;
    const struct ff_manifest *manifest; /* for label-conditioned layers */
    struct ff_feed *feed;               /* max_pieces at least ff_forward_pieces() */
    const struct ff_geometry *geometry;
    struct ff_left_out left_out;
    const uint32_t *streams; /* in ascending order */
    size_t n_streams;
    bool plain;      /* backpropagation: plain outputs, no goodness */
    uint8_t *active; /* (units) or NULL: set to 1 for units that were positive for any row */
    /* Called for each chunk and, within it, each stream, in ascending order. A nonzero result ends
     * the pass and is returned. */
    int (*sink)(void *arg, const struct ff_forward_block *block);
    /* Stores the N outputs of one load after the sink has had their blocks, in ascending order, one
     * call at a time: as type STORED, in which processes of a team exchange them. BESIDE: in any
     * thread, while the next ones are computed; it must use neither feed nor pool. A nonzero result
     * ends the pass and is returned. NULL: only the goodness is needed. */
    int (*store)(void *arg, size_t n, const struct ff_forward_outputs *outputs);
    enum ff_dtype stored;
    bool beside;
    /* Called for each chunk before its blocks; a nonzero result ends the pass and is returned. May
     * be NULL. */
    int (*begin_chunk)(void *arg, uint32_t chunk, uint64_t first, uint32_t rows);
    void *arg;
};

/* Where no layer or head needs the outputs of LAYER, the pass after its training only measures it,
 * on this many samples of those trained on, up to a whole chunk, and on all that are held out. */
#define FF_SAMPLES_MEASURED 10000
struct ff_left_out ff_forward_left_out(const struct ff_manifest *manifest,
                                       const struct ff_geometry *geometry, uint32_t layer);
/* The samples of a pass without LEFT_OUT. */
uint64_t ff_forward_samples(const struct ff_geometry *geometry, struct ff_left_out left_out);

FF_CHECK int ff_forward(struct ff_workers *workers, const struct ff_forward_opts *opts);
/* Adds the memory of the pass of LAYER, of which a process of a team may have a part, over
 * N_STREAMS, without layer and feed. STORED 0: outputs are not stored. */
void ff_forward_needs(const struct ff_manifest *manifest, const struct ff_layer *layer,
                      const struct ff_geometry *geometry, size_t n_streams, enum ff_dtype stored,
                      bool beside, struct ff_needs *needs);
/* True if outputs should be stored beside: if a second buffer of them is small, or in a team, where
 * storing waits for others. */
bool ff_forward_fits_beside(const struct ff_layer *layer, const struct ff_geometry *geometry,
                            size_t n_streams);

/* Scales ROWS rows of outputs Y (rows, units) to RMS 1 in place, on the pool. */
void ff_forward_normalise(struct ff_pool *pool, size_t rows, size_t units, float *y);

/* Most pieces at a time: as many as a training step on one chunk holds. */
#define FF_FORWARD_PIECES 2
uint32_t ff_forward_pieces(size_t n_streams);

/*
 * The linear softmax head on the normalised activations of all layers but the first (Hinton 2022,
 * section 3.3), under the neutral label, or without one where the recipe stores label-free inputs.
 * It is trained like the layers, one part at a time: the logits of a row are the sum of the
 * contributions of the layers so far, and the part on a layer is trained on top of those below it,
 * which are frozen.
 *
 *     logits(k) = logits(k-1) + h_k V_k' + c_k
 *
 * with h_k: (rows, units of layer k), V_k: (classes, units of layer k), c_k: (classes).
 *
 * LOGITS (rows, classes) += X V' + c. PRODUCT is working memory of the same size.
 */
FF_CHECK int ff_head_logits(const struct ff_layer *head, struct ff_pool *pool, size_t rows,
                            const float *x, float *product, float *logits);

#endif
