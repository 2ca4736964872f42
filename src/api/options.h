/*
 * Options of callers, in the size that this version gives them (base/sized.h).
 */
#ifndef FF_API_OPTIONS_H
#define FF_API_OPTIONS_H

#include <fftool/evaluate.h>
#include <fftool/train.h>

/* Copies GIVEN to OWN. FF_EINVAL: its size is not that of any version. */
FF_CHECK int ff_take_train_opts(struct ff_ctx *ctx, const struct ff_train_opts *given,
                                struct ff_train_opts *own);
FF_CHECK int ff_take_evaluate_opts(struct ff_ctx *ctx, const struct ff_evaluate_opts *given,
                                   struct ff_evaluate_opts *own);

#endif
