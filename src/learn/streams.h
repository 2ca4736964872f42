/* Which streams of rows (store/activations.h) a recipe stores, reads and passes through layers. */
#ifndef FF_LEARN_STREAMS_H
#define FF_LEARN_STREAMS_H

#include "model/manifest.h"

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
