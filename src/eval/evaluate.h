/* Evaluation and prediction with a planner given by the caller; otherwise the same as
 * ff_evaluate(), ff_predict() and ff_plan_evaluate() (fftool/evaluate.h, fftool/plan.h). */
#ifndef FF_EVAL_EVALUATE_H
#define FF_EVAL_EVALUATE_H

#include "learn/task.h"

FF_CHECK int ff_evaluate_with(struct ff_ctx *ctx, const struct ff_planner *planner,
                              const struct ff_evaluate_opts *opts, struct ff_evaluation *result);
FF_CHECK int ff_predict_with(struct ff_ctx *ctx, const struct ff_planner *planner,
                             const struct ff_evaluate_opts *opts,
                             int (*emit)(void *arg, const struct ff_prediction *prediction),
                             void *arg, uint64_t *samples);
FF_CHECK int ff_evaluate_plan(struct ff_ctx *ctx, const struct ff_planner *planner,
                              const struct ff_evaluate_opts *opts, bool unlabelled,
                              struct ff_plan *out);

#endif
