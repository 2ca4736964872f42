/*
 * The feed supplies the inputs of a layer in pieces, each a chunk of one stream, as f32 rows ready
 * for the GEMM. Above boundary 0 a piece stored as raw f32 is used in place, any other is decoded:
 * from the map or, if the feed reads ahead, from a copy. Boundary 0 holds images and labels, from
 * which every stream is formed (first_inputs.h). In training, images can be shifted at random and
 * dropout applied to inputs. Hard negatives and their positives are gathered from inputs stored
 * under every label (hard_negatives.h).
 */
#ifndef FF_LEARN_FEED_H
#define FF_LEARN_FEED_H

#include "learn/feed_opts.h"
#include "model/workers.h"

struct ff_piece {
    const float *x; /* (rows, width), valid until the next ff_feed_load() or ff_feed_done() */
    uint64_t first; /* number of the first sample, in stored order */
    uint32_t rows;
};

struct ff_feed;
FF_CHECK int ff_feed_new(struct ff_workers *workers, const struct ff_feed_opts *opts,
                         struct ff_feed **out);
void ff_feed_free(struct ff_feed *feed);
/* Adds the memory of a feed that reads values like VALUES on THREADS, and the pages that it maps
 * with all pieces loaded, of a set of CHUNKS chunks and SET_BYTES. OPTS need not name a set. */
void ff_feed_needs(const struct ff_feed_opts *opts, const struct ff_set_values *values,
                   uint32_t chunks, unsigned threads, uint64_t set_bytes, struct ff_needs *needs);
/* FF_FEED_LEARN: pieces loaded from now on have the random shifts and dropout of EPOCH (from 0). */
void ff_feed_begin_epoch(struct ff_feed *feed, uint32_t epoch);
/* Loads N pieces at once, in parallel, verifying hashes. FF_ECORRUPT if the set is damaged. */
FF_CHECK int ff_feed_load(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests,
                          struct ff_piece *pieces);
/* Begins to load the N pieces that the next ff_feed_load() will ask for, beside the steps of the
 * workers' pool, if OPTS lets the feed read ahead. The pieces in use stay valid. */
void ff_feed_prepare(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests);
/* Boundary 0: from now on the first set of negatives embeds LABELS, LABELS[0] in sample FIRST (in
 * stored order). They are not owned and must cover every sample that is loaded. */
void ff_feed_give_labels(struct ff_feed *feed, uint64_t first, const uint16_t *labels);
/* Unmaps the pages of the pieces loaded last. */
void ff_feed_done(struct ff_feed *feed);
/* Reads these chunks ahead, unless ff_feed_prepare() does. */
void ff_feed_will_need(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests);
/* Reads the labels of CHUNK into LABELS (chunk_rows at least): below the number of classes or, with
 * unseen_labels, FF_LABEL_UNSEEN. */
FF_CHECK int ff_feed_labels(struct ff_feed *feed, uint32_t chunk, uint16_t *labels);
/* Reads the stored logits of CHUNK (rows x classes). */
FF_CHECK int ff_feed_logits(struct ff_feed *feed, uint32_t chunk, uint32_t classes, float *logits);

/* Reads the stored goodness of CHUNK under every label (rows x classes). */
FF_CHECK int ff_feed_goodness(struct ff_feed *feed, uint32_t chunk, uint32_t classes,
                              float *goodness);
/* Reads the stored sums of goodness of CHUNK (rows x COLUMNS). */
FF_CHECK int ff_feed_sums(struct ff_feed *feed, uint32_t chunk, uint32_t columns, float *sums);

#endif
