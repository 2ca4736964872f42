/*
 * The planner: chooses knobs for a job's tasks (learn/task.h) so that the process stays within its
 * budget, and estimates memory and disk use. The memory of a task is counted from the same lists of
 * buffers that allocate it (base/buffers.h). Knobs depend on the tasks alone, so that the printed
 * plan and the run have the same ones.
 */
#ifndef FF_PLAN_PLAN_H
#define FF_PLAN_PLAN_H

#include "base/context.h"
#include "learn/task.h"

/* These functions as a table, for code that may not include this header. */
extern const struct ff_planner ff_planner;

/*
 * Plans TASKS and sets their common chunks. Fills in memory, knobs and the tasks' disk use; the
 * rest of OUT is zero. FF_EBUDGET if it does not fit: OUT is then the plan for the smallest
 * sufficient budget. FF_ENOMEM.
 */
FF_CHECK int ff_plan(struct ff_ctx *ctx, struct ff_tasks *tasks, struct ff_plan *out);
/* The knobs of TASK; if none fit the budget, those that need least memory. search.c */
struct ff_knobs ff_plan_knobs(const struct ff_tasks *tasks, const struct ff_task *task);
/* Warns if PLAN has no budget and needs more memory than is available, and says whether a budget
 * would help. advice.c */
void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan);

/* Private to the planner. */

uint64_t ff_demand_total(const struct ff_demand *demand);
/* The memory of TASK with KNOBS. */
struct ff_demand ff_plan_demand(const struct ff_tasks *tasks, const struct ff_task *task,
                                const struct ff_knobs *knobs);
/* By how many bytes resident memory may exceed the plan; a budget leaves them free. */
uint64_t ff_plan_margin(unsigned threads);
/* The smallest budget, in bytes, in which all TASKS fit. search.c */
uint64_t ff_plan_smallest(const struct ff_tasks *tasks);
/* Chunks at a time that all TASKS can have within the budget: at most common_chunks, at least 1.
 * search.c */
uint32_t ff_plan_common_chunks(const struct ff_tasks *tasks);
/* Estimated time of TASK with KNOBS relative to that without paging. search.c */
double ff_plan_slowdown(const struct ff_tasks *tasks, const struct ff_task *task,
                        const struct ff_knobs *knobs);
/* FF_EBUDGET with a message that states the smallest budget. advice.c */
FF_CHECK int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan);

#endif
