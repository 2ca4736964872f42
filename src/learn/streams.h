/* Which streams of rows (store/activations.h) a recipe stores, reads and passes through layers. */
#ifndef FF_LEARN_STREAMS_H
#define FF_LEARN_STREAMS_H

#include "model/manifest.h"

/* No list is longer. */
#define FF_MAX_STREAMS (FF_MAX_NEGATIVE_SETS + FF_MAX_GATHERED_CLASSES + 2)

/* Streams that a forward pass runs through a layer that was trained, into OUT in ascending order;
 * returns how many. WITH_HEAD: that of the head among them, if there are heads; they are trained in
 * the last round only. */
uint32_t ff_streams_passed(const struct ff_manifest *manifest, bool with_head,
                           uint32_t out[FF_MAX_STREAMS]);
/* Those of them that are stored at BOUNDARY, which is not 0; none: it is not stored. */
uint32_t ff_streams_stored(const struct ff_manifest *manifest, uint32_t boundary, bool with_head,
                           uint32_t out[FF_MAX_STREAMS]);
/* True if the true labels are stored at boundaries above 0, too. */
bool ff_streams_labelled(const struct ff_recipe *recipe);
/* Variants of the inputs that a layer learns from, visited in turn: sets of negatives, or copies of
 * label-free inputs. */
uint32_t ff_streams_variants(const struct ff_recipe *recipe);
/* Rows of them that a step learns from for each sample: a positive and a negative one, or one that
 * meets all labels. */
uint32_t ff_streams_rows(const struct ff_recipe *recipe);
/* What the negative rows are, as in ff_epoch_report. */
const char *ff_streams_negatives(const struct ff_recipe *recipe);
/* The one that the head learns from. */
uint32_t ff_streams_head(const struct ff_recipe *recipe);

#endif
