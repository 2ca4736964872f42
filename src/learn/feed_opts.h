/* Options of a feed (feed.h). */
#ifndef FF_LEARN_FEED_OPTS_H
#define FF_LEARN_FEED_OPTS_H

#include "data/embed.h"
#include "model/geometry.h"
#include "model/manifest.h"
#include "store/activations.h"

/* How the inputs are used. */
enum ff_feed_use {
    FF_FEED_PLAIN, /* unchanged */
    FF_FEED_LEARN, /* with an epoch's random shifts, context dropout and dropout */
    FF_FEED_STORE, /* stored for the next layer, with the random shifts or context dropout of an
                      augmentation copy */
};

struct ff_feed_opts {
    const struct ff_geometry *geometry;
    struct ff_set *set;            /* not owned */
    uint32_t boundary;             /* 0: embed; else read streams as stored */
    struct ff_embedding embedding; /* boundary 0 */
    uint32_t classes;              /* labels are less than this */
    bool is_float;                 /* boundary 0: images are f32, else u8 */
    uint64_t seed;                 /* seed of wrong labels, shifts, masks and dropout */
    uint32_t width;                /* columns of the inputs */
    uint32_t max_pieces;           /* most pieces at a time */
    bool ahead; /* pieces are copied from the file while those before are in use: where they are too
                   few to keep all threads busy, and small */
    enum ff_dtype stored; /* of the inputs as stored, above boundary 0 */
    bool labelled;        /* the labels of the pieces are read along */
    bool unseen_labels;   /* labels may be FF_LABEL_UNSEEN, as of data to be evaluated */
    enum ff_feed_use use;
    float dropout;          /* probability that an input is dropped */
    struct ff_image image;  /* boundary 0 */
    uint32_t jitter;        /* boundary 0: largest shift of images, in pixels */
    double context_dropout; /* boundary 0: of texts (data/context_dropout.h) */
    bool hybrid;            /* boundary 0: negatives are hybrid images */
    bool hard;              /* hard negatives, redrawn in each epoch; above boundary 0 gathered */
    float goodness_scale;   /* for hard negatives */
    bool *damaged;          /* set to true if the set is found damaged; may be NULL */
};

/* A piece: a chunk of one stream. */
struct ff_piece_request {
    uint32_t chunk, stream;
};

/* Options for reading the inputs of layer BOUNDARY + 1 of a model for USE, PIECES pieces at a time.
 * The caller sets the set. */
struct ff_feed_opts ff_feed_opts_of(const struct ff_manifest *manifest,
                                    const struct ff_geometry *geometry, uint32_t boundary,
                                    uint32_t pieces, enum ff_feed_use use);

#endif
