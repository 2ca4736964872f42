/* The public entries to evaluation and prediction: eval's, with the planner. */
#include <fftool/evaluate.h>

#include "eval/evaluate.h"
#include "plan/plan.h"

int ff_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                struct ff_evaluation *result)
{
    return ff_evaluate_with(ctx, &ff_planner, opts, result);
}

int ff_predict(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
               int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
               uint64_t *samples)
{
    return ff_predict_with(ctx, &ff_planner, opts, emit, arg, samples);
}
