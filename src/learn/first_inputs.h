/*
 * The inputs of layer 1: every stream is formed from the same images, shifted in training, mixed
 * with one another where negatives are hybrids, and a label embedded: the true one, a wrong one,
 * the neutral one, or none where labels condition the layers.
 */
#ifndef FF_LEARN_FIRST_INPUTS_H
#define FF_LEARN_FIRST_INPUTS_H

#include "learn/feed_opts.h"

/* The chance in it. */
struct ff_first_inputs_noise {
    uint32_t epoch;
    struct ff_rng shifts, masks; /* of the epoch */
    const uint16_t
        *given; /* labels of the first set of negatives, from row given_first on; or NULL */
    uint64_t given_first;
};
void ff_first_inputs_begin_epoch(const struct ff_feed_opts *opts, uint32_t epoch,
                                 struct ff_first_inputs_noise *noise);

/* One chunk at a time. */
struct ff_first_inputs {
    uint16_t *truth;    /* (chunk_rows): the true labels */
    uint16_t *embedded; /* (chunk_rows): those that the rows are under */
    void *shifted;      /* with jitter: (chunk_rows, features), of the type of the images */
    void *mixed;        /* hybrids: the same of a negative stream */
    uint8_t *mask;      /* hybrids: (pixels) */
    float *work;        /* hybrids: (2 pixels) */
};

#define FF_FIRST_INPUTS_BUFFERS 6
/* Its buffers, for ff_buffers_alloc(); their number. */
size_t ff_first_inputs_list(const struct ff_feed_opts *opts, struct ff_first_inputs *form,
                            struct ff_buffer out[FF_FIRST_INPUTS_BUFFERS]);
/* The type of the images. */
enum ff_dtype ff_first_inputs_dtype(const struct ff_feed_opts *opts);

struct ff_first_inputs_rows {
    uint32_t stream;
    uint32_t rows;
    uint64_t first;        /* row of the dataset, in stored order */
    const void *images;    /* (rows, features) */
    const uint16_t *truth; /* (rows): below the number of classes; where STREAM needs it */
};
/* Fills OUT (rows, width). Thread-safe, with a form for each thread. */
void ff_first_inputs_form(const struct ff_feed_opts *opts,
                          const struct ff_first_inputs_noise *noise, struct ff_first_inputs *form,
                          const struct ff_first_inputs_rows *rows, float *out);

#endif
