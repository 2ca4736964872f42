/* The public functions of evaluation and prediction, which call eval with the planner. */
#include <fftool/evaluate.h>

#include "api/options.h"
#include "base/sized.h"
#include "eval/evaluate.h"
#include "plan/plan.h"

#include <stdlib.h>

int ff_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                struct ff_evaluation *result)
{
    struct ff_evaluation own = {.size = 0};
    struct ff_own_evaluate_opts own_opts;
    int status =
        ff_sized_check(ctx, "ff_evaluation", result, FF_UP_TO(struct ff_evaluation, class_names));

    if (status != FF_OK)
        return status;
    status = ff_own_evaluate(ctx, opts, &own_opts);
    if (status == FF_OK)
        status = ff_evaluate_with(ctx, &ff_planner, &own_opts.opts, &own);
    ff_sized_give(&own, sizeof own, result);
    return status;
}

void ff_evaluate_release(struct ff_evaluation *result)
{
    const struct ff_evaluation empty = {.size = 0};

    free(result->layer_error);
    free(result->upto_error);
    free(result->confusion);
    free(result->class_names);
    ff_sized_give(&empty, sizeof empty, result);
}

int ff_predict(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
               int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
               uint64_t *samples)
{
    struct ff_own_evaluate_opts own;
    uint64_t unused;
    int status = ff_own_evaluate(ctx, opts, &own);

    samples = samples ? samples : &unused;
    *samples = 0;
    return status == FF_OK ? ff_predict_with(ctx, &ff_planner, &own.opts, emit, arg, samples)
                           : status;
}
