/*
 * Options of callers, in the size that this version gives them (base/sized.h).
 */
#ifndef FF_API_OPTIONS_H
#define FF_API_OPTIONS_H

#include <fftool/evaluate.h>
#include <fftool/train.h>

/* What a call works with. */
struct ff_own_train_opts {
    struct ff_train_opts opts;
    struct ff_rows rows; /* those of OPTS, if it has any */
};
struct ff_own_evaluate_opts {
    struct ff_evaluate_opts opts;
    struct ff_rows rows;
};

/* Copies GIVEN to OWN; rows get their name as the path. FF_EINVAL: a size is not that of any
 * version. */
FF_CHECK int ff_own_train(struct ff_ctx *ctx, const struct ff_train_opts *given,
                          struct ff_own_train_opts *own);
FF_CHECK int ff_own_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *given,
                             struct ff_own_evaluate_opts *own);

#endif
