/*
 * The inputs of layer 1. Every stream is formed from the same images, shifted at random in
 * training, or the same texts, with context dropout in training; mixed if negatives are hybrid
 * images, and with a label embedded: the true, a wrong or the neutral one, or none if layers are
 * label-conditioned.
 */
#ifndef FF_LEARN_FIRST_INPUTS_H
#define FF_LEARN_FIRST_INPUTS_H

#include "learn/feed_opts.h"

/* The random numbers of first inputs. */
struct ff_first_inputs_noise {
    uint32_t epoch;
    struct ff_rng shifts, masks; /* of the epoch */
    const uint16_t
        *given; /* labels of the first set of negatives, from sample given_first on; or NULL */
    uint64_t given_first;
};
void ff_first_inputs_begin_epoch(const struct ff_feed_opts *opts, uint32_t epoch,
                                 struct ff_first_inputs_noise *noise);

/* Working memory for one chunk. */
struct ff_first_inputs {
    uint16_t *truth;    /* (chunk_rows): the true labels */
    uint16_t *embedded; /* (chunk_rows): the embedded labels */
    void *augmented;    /* random shifts or context dropout: (chunk_rows, features), of the data */
    void *mixed;        /* hybrid images: the same for a negative stream */
    uint8_t *mask;      /* hybrid images: (pixels) */
    float *work;        /* hybrid images: (2 pixels) */
};

#define FF_FIRST_INPUTS_BUFFERS 6
/* Lists its buffers for ff_buffers_alloc(); returns their number. */
size_t ff_first_inputs_list(const struct ff_feed_opts *opts, struct ff_first_inputs *form,
                            struct ff_buffer out[FF_FIRST_INPUTS_BUFFERS]);
/* The data type of the images. */
enum ff_dtype ff_first_inputs_dtype(const struct ff_feed_opts *opts);

struct ff_first_inputs_rows {
    uint32_t stream;
    uint32_t rows;
    uint64_t first;        /* row of the dataset, in stored order */
    const void *images;    /* (rows, features) */
    const uint16_t *truth; /* (rows): less than the number of classes; only if STREAM needs it */
};
/* Fills OUT (rows, width). Thread-safe if each thread has its own FORM. */
void ff_first_inputs_form(const struct ff_feed_opts *opts,
                          const struct ff_first_inputs_noise *noise, struct ff_first_inputs *form,
                          const struct ff_first_inputs_rows *rows, float *out);

#endif
