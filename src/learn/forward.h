/*
 * The forward pass of a finished layer over stored inputs: goodness of every row, outputs scaled to
 * RMS 1, handed on chunk by chunk; of a layer trained with backpropagation the plain outputs. A
 * label-conditioned layer gives the goodness under every label, and the outputs that the recipe
 * passes on (conditioned.h). Training stores them as the next boundary; evaluation also adds up the
 * goodness.
 */
#ifndef FF_LEARN_FORWARD_H
#define FF_LEARN_FORWARD_H

#include "learn/feed.h"
#include "model/layer.h"

/* One chunk of one stream, before and after the layer. Valid during the call. */
struct ff_forward_block {
    uint32_t chunk, stream;
    uint64_t first; /* row of the dataset, in stored order */
    uint32_t rows;
    const float *x;        /* (rows, fan_in) */
    const float *goodness; /* (rows), or (rows, classes) of a label-conditioned layer; NULL with
                              PLAIN */
    const float *y;        /* (rows, units), normalised unless PLAIN; NULL with NO_OUTPUTS */
};

struct ff_forward_opts {
    const struct ff_layer *layer;
    const struct ff_manifest *manifest; /* of a label-conditioned layer */
    struct ff_feed *feed;               /* max_pieces at least ff_forward_pieces() */
    const struct ff_geometry *geometry;
    const uint32_t *streams; /* in ascending order */
    size_t n_streams;
    bool plain;      /* backpropagation: outputs are handed on as they are, without goodness */
    bool no_outputs; /* the sink takes the goodness only */
    uint8_t *active; /* (units) or NULL: set to 1 for units that were positive for any row */
    /* Called for each chunk and, within it, each stream, in ascending order. Nonzero ends the pass
     * and is returned. */
    int (*sink)(void *arg, const struct ff_forward_block *block);
    /* Called once a chunk, before its blocks; nonzero ends the pass and is returned. May be NULL.
     */
    int (*begin_chunk)(void *arg, uint32_t chunk, uint64_t first, uint32_t rows);
    void *arg;
};

FF_CHECK int ff_forward(struct ff_workers *workers, const struct ff_forward_opts *opts);
/* Adds what the pass of LAYER of a model over N_STREAMS takes beside layer and feed. */
void ff_forward_needs(const struct ff_manifest *manifest, const struct ff_layer *layer,
                      const struct ff_geometry *geometry, size_t n_streams, struct ff_needs *needs);

/* Scales ROWS outputs Y (rows, units) of a layer to RMS 1 on the pool, in place: inputs of the
 * next.
 */
void ff_forward_normalise(struct ff_pool *pool, size_t rows, size_t units, float *y);

/* The feed's pieces at a time: as many as a training step on one chunk holds, if there are. */
#define FF_FORWARD_PIECES 2
uint32_t ff_forward_pieces(size_t n_streams);

#endif
