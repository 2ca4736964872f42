/* Makes a new model from a finished one, to be trained on. */
#ifndef FF_TRAIN_EXTEND_H
#define FF_TRAIN_EXTEND_H

#include "base/context.h"

#include <fftool/extend.h>

/* ff_extend(), of options of this version. The caller zeroes RESULT first. */
FF_CHECK int ff_extend_run(struct ff_ctx *ctx, const struct ff_extend_opts *extend,
                           const struct ff_train_opts *opts, struct ff_train_result *result);

#endif
