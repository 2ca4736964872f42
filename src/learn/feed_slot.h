/*
 * Slots of a feed (feed.h): each holds one piece and what it is made from. Looking up takes place
 * in the thread that owns the set; loading, in any worker.
 */
#ifndef FF_LEARN_FEED_SLOT_H
#define FF_LEARN_FEED_SLOT_H

#include "learn/feed_opts.h"
#include "learn/first_inputs.h"
#include "learn/hard_negatives.h"
#include "model/workers.h"
#include "store/chunk_index.h"

/* What the slots of a feed have in common. */
struct ff_feed_base {
    struct ff_workers *workers;
    struct ff_feed_opts opts;
    struct ff_first_inputs_noise noise; /* of the epoch, as the rest */
    struct ff_rng dropped, drawn;
    struct ff_chunk_index index; /* ahead */
};

struct ff_slot {
    struct ff_chunk input;  /* the stored stream or the images */
    struct ff_chunk labels; /* where labels are embedded or read along */
    struct ff_piece_request request;
    uint32_t rows;
    uint64_t first;
    int status;
    const float *x;
    void *stored, *stored_labels; /* ahead: copies of both chunks */
    void *buffer;                 /* (chunk_rows, width); NULL while chunks are read in place */
    void *images;                /* boundary 0: (chunk_rows, features), decoded; or NULL as above */
    uint16_t *truth;             /* (chunk_rows): labels read along */
    struct ff_first_inputs form; /* boundary 0 */
    struct ff_hard_negatives gather; /* above boundary 0, for hard negatives */
};

/* Slots that are loaded together. */
struct ff_slot_group {
    const struct ff_feed_base *base;
    struct ff_slot *slots; /* (max_pieces) */
    size_t n;              /* in use */
};

/* Buffers of one slot: those it always has, then the one it gets when chunks cannot be read in
 * place. */
#define FF_SLOT_BUFFERS (5 + FF_FIRST_INPUTS_BUFFERS)
size_t ff_slot_list(const struct ff_feed_opts *opts, struct ff_slot *slot,
                    struct ff_buffer out[FF_SLOT_BUFFERS]);
/* True if a slot always has a buffer for its inputs. */
bool ff_slot_has_buffer(const struct ff_feed_opts *opts);
/* The buffer of a decoded chunk. */
struct ff_buffer ff_slot_decoded(const struct ff_feed_opts *opts, struct ff_slot *slot);

/* True if pieces are gathered from inputs under every label. */
bool ff_slot_gathers(const struct ff_feed_opts *opts);
/* The stream that STREAM is read or formed from. */
uint32_t ff_slot_stored(const struct ff_feed_opts *opts, uint32_t stream);
/* Looks up the chunks of REQUEST; ahead, no page stays mapped by it. FF_ENOTFOUND, FF_ECORRUPT,
 * FF_ENOMEM. */
FF_CHECK int ff_slot_find(struct ff_feed_base *base, const struct ff_piece_request *request,
                          struct ff_slot *slot);
/* Loads slot TASK of GROUP, a struct ff_slot_group, and sets its status. */
void ff_slot_load(void *group, size_t task, unsigned worker);
/* FF_ECORRUPT unless LABELS (rows), read from CHUNK, are below the number of classes, so that they
 * can be indices, or, if UNSEEN, FF_LABEL_UNSEEN. */
FF_CHECK int ff_slot_check_labels(const struct ff_feed_base *base, const struct ff_chunk *chunk,
                                  const uint16_t *labels, uint32_t rows, bool unseen);

#endif
