/*
 * Hard negatives of the layers above the first. Inputs are stored under every label, and each row
 * is gathered from those of its label: a positive row has the true label, a negative row a wrong
 * label that is redrawn in each epoch from the softmax of
 *
 *     gs G_c, with G_c the goodness under label c, a mean over the layers trained so far
 *
 * without the true label: most often the labels that these layers confuse with it.
 */
#ifndef FF_LEARN_HARD_NEGATIVES_H
#define FF_LEARN_HARD_NEGATIVES_H

#include "base/rng.h"
#include "store/activations.h"

struct ff_hard_negatives_shape {
    uint32_t classes, width; /* of the inputs */
    size_t chunk_rows;
};

/* Working memory for one chunk. */
struct ff_hard_negatives {
    struct ff_chunk labels, goodness;
    struct ff_chunk *under; /* (classes): the chunk under each label */
    uint16_t *truth;        /* (chunk_rows) */
    uint16_t *chosen;       /* (chunk_rows): the label of each row */
    float *sums;            /* (chunk_rows, classes) */
    float *decoded;         /* (chunk_rows, width): the rows of one label */
};

#define FF_HARD_NEGATIVES_BUFFERS 5
/* Lists its buffers for ff_buffers_alloc(). */
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
    uint64_t first;    /* number of the first sample, in stored order */
    float scale;       /* gs divided by the number of layers whose goodness is summed */
};
/* Fills OUT (rows, width). Thread-safe if each thread has its own coder. FF_ECORRUPT. */
FF_CHECK int ff_hard_negatives_gather(const struct ff_hard_negatives_shape *shape,
                                      struct ff_set *set, struct ff_hard_negatives *gather,
                                      const struct ff_hard_negatives_choice *choice,
                                      struct ff_coder *coder, uint32_t rows, float *out);

#endif
