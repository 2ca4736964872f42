/*
 * The planner: arranges a job's tasks (learn/task.h) so that the process stays within its budget,
 * and states beforehand what that takes. What a task holds is counted from the same lists of
 * buffers that allocate it (base/buffers.h). Knobs follow from the tasks alone, so that the plan
 * that is printed and the work that is done have the same ones.
 */
#ifndef FF_PLAN_PLAN_H
#define FF_PLAN_PLAN_H

#include "base/context.h"
#include "learn/task.h"

/* These functions, for callers that get their planner from outside. */
extern const struct ff_planner ff_planner;

/*
 * Plans TASKS, and sets their common chunks. Fills in memory, knobs, and the disk that the tasks
 * use; the rest of OUT is zero. FF_EBUDGET if it does not fit: then OUT is the plan for the
 * smallest budget that would do. FF_ENOMEM.
 */
FF_CHECK int ff_plan(struct ff_ctx *ctx, struct ff_tasks *tasks, struct ff_plan *out);
/* The knobs of TASK. If nothing fits the budget they are the tightest. search.c */
struct ff_knobs ff_plan_knobs(const struct ff_tasks *tasks, const struct ff_task *task);
/* Warns if PLAN, which has no budget, takes more memory than is available, and says whether a
 * budget would help. advice.c */
void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan);

/* For the planner's own files. */

uint64_t ff_demand_total(const struct ff_demand *demand);
/* By how much resident memory may exceed what is planned: a budget leaves so much free. */
uint64_t ff_plan_margin(unsigned threads);
/* The smallest budget within which all TASKS can be done. search.c */
uint64_t ff_plan_smallest(const struct ff_tasks *tasks);
/* Chunks that all TASKS can have at a time within the budget: at most common_chunks, at least 1.
 * search.c */
uint32_t ff_plan_common_chunks(const struct ff_tasks *tasks);
/* Time of TASK with KNOBS against that without paging: an estimate. search.c */
double ff_plan_slowdown(const struct ff_tasks *tasks, const struct ff_task *task,
                        const struct ff_knobs *knobs);
/* FF_EBUDGET with a message that states the smallest budget. advice.c */
FF_CHECK int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan);

#endif
