/*
 * Hard negatives of a layer above the first: its inputs are stored under every label, and rows are
 * gathered from them, each under a label of its own. A positive row is under the true label; a
 * negative one under a wrong label that is drawn anew in each epoch, from the softmax of
 *
 *     gs G_c, G the goodness under label c as a mean over the layers trained so far
 *
 * with the true label left out: those that these layers are least sure about.
 */
#ifndef FF_LEARN_HARD_NEGATIVES_H
#define FF_LEARN_HARD_NEGATIVES_H

#include "base/rng.h"
#include "store/activations.h"

struct ff_hard_negatives_shape {
    uint32_t classes, width; /* of the inputs */
    size_t chunk_rows;
};

/* One chunk at a time. */
struct ff_hard_negatives {
    struct ff_chunk labels, goodness;
    struct ff_chunk *under; /* (classes): the chunk under each label */
    uint16_t *truth;        /* (chunk_rows) */
    uint16_t *chosen;       /* (chunk_rows): the label that a row is under */
    float *sums;            /* (chunk_rows, classes) */
    float *decoded;         /* (chunk_rows, width): of one label */
};

#define FF_HARD_NEGATIVES_BUFFERS 5
/* Its buffers, for ff_buffers_alloc(). */
void ff_hard_negatives_list(const struct ff_hard_negatives_shape *shape,
                            struct ff_hard_negatives *gather,
                            struct ff_buffer out[FF_HARD_NEGATIVES_BUFFERS]);
/* Looks up CHUNK. Call from one thread at a time. */
FF_CHECK int ff_hard_negatives_find(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                                    uint32_t chunk, struct ff_hard_negatives *gather);

/* How labels are chosen. */
struct ff_hard_negatives_choice {
    bool negative;     /* else the true label */
    struct ff_rng rng; /* of the epoch */
    uint64_t first;    /* row of the dataset, in stored order */
    float scale;       /* gs divided by the layers that the goodness is summed over */
};
/* Fills OUT (rows, width). Thread-safe: each thread brings its own coder. FF_ECORRUPT. */
FF_CHECK int ff_hard_negatives_gather(const struct ff_hard_negatives_shape *shape,
                                      struct ff_set *set, struct ff_hard_negatives *gather,
                                      const struct ff_hard_negatives_choice *choice,
                                      struct ff_coder *coder, uint32_t rows, float *out);

#endif
