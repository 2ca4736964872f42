/* What a feed (feed.h) is to bring, and where from. */
#ifndef FF_LEARN_FEED_OPTS_H
#define FF_LEARN_FEED_OPTS_H

#include "data/embed.h"
#include "model/geometry.h"
#include "model/manifest.h"
#include "store/activations.h"

/* What the inputs are for. */
enum ff_feed_use {
    FF_FEED_PLAIN, /* as they are */
    FF_FEED_LEARN, /* with the noise of an epoch: shifts of images, dropout */
    FF_FEED_STORE, /* to be stored for the layer above: shifts of images, a copy's own */
};

struct ff_feed_opts {
    const struct ff_geometry *geometry;
    struct ff_set *set;            /* not owned */
    uint32_t boundary;             /* 0: embed; else read streams as stored */
    struct ff_embedding embedding; /* boundary 0 */
    uint32_t classes;              /* labels are below */
    bool is_float;                 /* boundary 0: images are f32, else u8 */
    uint64_t seed;                 /* of wrong labels, shifts, masks and dropped inputs */
    uint32_t width;                /* columns of the inputs */
    uint32_t max_pieces;           /* most pieces at a time */
    enum ff_feed_use use;
    float dropout;         /* probability that an input is dropped */
    struct ff_image image; /* boundary 0 */
    uint32_t jitter;       /* boundary 0: pixels that images are shifted by at most */
    bool hybrid;           /* boundary 0: negatives are hybrid images */
    bool hard;             /* negatives change with the epoch; above boundary 0 they are gathered */
    float goodness_scale;  /* of hard negatives */
    bool *damaged;         /* set to true when the set turns out to be; may be NULL */
};

/* How inputs of layer BOUNDARY + 1 of a model are read for USE, PIECES pieces at a time. The set is
 * yet to be named. */
struct ff_feed_opts ff_feed_opts_of(const struct ff_manifest *manifest,
                                    const struct ff_geometry *geometry, uint32_t boundary,
                                    uint32_t pieces, enum ff_feed_use use);

#endif
