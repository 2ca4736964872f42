/*
 * Callers' options, converted to this version's size (base/sized.h).
 */
#ifndef FF_API_OPTIONS_H
#define FF_API_OPTIONS_H

#include <fftool/evaluate.h>
#include <fftool/train.h>

/* Converted options and the rows that they refer to. */
struct ff_own_train_opts {
    struct ff_train_opts opts;
    struct ff_rows rows; /* the rows of OPTS, if it has any */
};
struct ff_own_evaluate_opts {
    struct ff_evaluate_opts opts;
    struct ff_rows rows;
};

/* Copies GIVEN to OWN; rows in memory get their name as the path. FF_EINVAL if no version has
 * structures of GIVEN's sizes. */
FF_CHECK int ff_own_train(struct ff_ctx *ctx, const struct ff_train_opts *given,
                          struct ff_own_train_opts *own);
FF_CHECK int ff_own_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *given,
                             struct ff_own_evaluate_opts *own);

#endif
