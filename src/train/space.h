/* Whether the disks have room for a training, as its plan says. */
#ifndef FF_TRAIN_SPACE_H
#define FF_TRAIN_SPACE_H

#include "base/context.h"

#include <fftool/plan.h>
#include <fftool/train.h>

/* FF_EFULL if scratch and the model will need more space than is free and than they have already.
 * The second file of the model when it is compacted does not count: a model is complete without. */
FF_CHECK int ff_space_check(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                            const struct ff_plan *plan);

#endif
