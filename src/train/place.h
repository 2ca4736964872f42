/* The paths of a training: the model, its partial file and scratch. */
#ifndef FF_TRAIN_PLACE_H
#define FF_TRAIN_PLACE_H

#include "base/context.h"

#include <fftool/train.h>
#include <limits.h>

/* The scratch directory of a training into MODEL: SCRATCH, or MODEL.scratch if that is NULL. In a
 * team each process has its own: "%r" in SCRATCH is its rank; where there is none, ranks other than
 * 0 append ".RANK". FF_EINVAL: the path is too long. */
FF_CHECK int ff_place_scratch(struct ff_ctx *ctx, const char *model, const char *scratch,
                              char out[PATH_MAX]);
/* That of process RANK. */
FF_CHECK int ff_place_scratch_of(struct ff_ctx *ctx, unsigned rank, const char *model,
                                 const char *scratch, char out[PATH_MAX]);
/* FF_EINVAL if the model of OPTS is its scratch directory or has the name of a scratch file there;
 * FF_ENOTFOUND or FF_EIO if the directory of the model does not exist or is a file. */
FF_CHECK int ff_place_check(struct ff_ctx *ctx, const struct ff_train_opts *opts);
/* ff_train_check_output(). */
FF_CHECK int ff_place_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                   const char *path);

#endif
