/*
 * The streams of an activation set (store/activations.h), and which of them a recipe stores, reads
 * and passes through layers:
 *
 *     FF_STREAM_LABELS          u16, one column: the class of each row
 *     FF_STREAM_INPUT + 0       positive or label-free inputs (at boundary 0: the stored images)
 *     FF_STREAM_INPUT + 1 + j   negative set j, with wrong labels or of hybrid images; or
 *                               augmentation copy j of label-free inputs
 *     FF_STREAM_NEUTRAL         inputs with the neutral label, for the head
 *     FF_STREAM_LOGITS          logits of the heads of the layers below: one column per class
 *     FF_STREAM_SUMS            of held-out samples: goodness summed over layers (eval/holdout.h)
 *     FF_STREAM_GOODNESS        goodness summed over the layers below: one column per class
 *     FF_STREAM_CLASS + c       inputs with label c
 */
#ifndef FF_LEARN_STREAMS_H
#define FF_LEARN_STREAMS_H

#include "model/manifest.h"

enum {
    FF_STREAM_LABELS = 0,
    FF_STREAM_INPUT = 1,
    FF_STREAM_NEUTRAL = 0x10000,
    FF_STREAM_LOGITS = 0x10001,
    FF_STREAM_SUMS = 0x10002,
    FF_STREAM_GOODNESS = 0x10003,
    FF_STREAM_CLASS = 0x20000,
};

/* Largest length of a list of streams. */
#define FF_MAX_STREAMS (FF_MAX_NEGATIVE_SETS + FF_MAX_GATHERED_CLASSES + 2)

/* Lists the streams that the forward pass runs through a trained layer in OUT, in ascending order;
 * returns their number. WITH_HEAD: includes the head's stream, if there are heads; they are trained
 * in the last sweep only. */
uint32_t ff_streams_passed(const struct ff_manifest *manifest, bool with_head,
                           uint32_t out[FF_MAX_STREAMS]);
/* The same for the streams stored at BOUNDARY, which is not 0. 0: it is not stored. */
uint32_t ff_streams_stored(const struct ff_manifest *manifest, uint32_t boundary, bool with_head,
                           uint32_t out[FF_MAX_STREAMS]);
/* True if the true labels are stored at boundaries above 0, too. */
bool ff_streams_labelled(const struct ff_recipe *recipe);
/* Number of variants of the inputs that a layer uses in turn: sets of negatives, or augmentation
 * copies of label-free inputs. */
uint32_t ff_streams_variants(const struct ff_recipe *recipe);
/* Rows per sample in a step: a positive and a negative one, or one for all labels. */
uint32_t ff_streams_rows(const struct ff_recipe *recipe);
/* The kind of negatives, as in ff_epoch_report. */
const char *ff_streams_negatives(const struct ff_recipe *recipe);
/* The stream that the head trains on. */
uint32_t ff_streams_head(const struct ff_recipe *recipe);

#endif
