/* The tasks of a training, for the planner: memory and disk use of each stage of each layer. */
#ifndef FF_TRAIN_TASKS_H
#define FF_TRAIN_TASKS_H

#include "learn/job.h"
#include "learn/task.h"
#include "model/turn.h"

struct ff_train_tasks {
    struct ff_tasks tasks; /* their job is this struct */
    const struct ff_job *job;
    struct ff_needs base;             /* held throughout */
    struct ff_needs writing, reading; /* while a layer is written or read */
    struct ff_needs metrics;          /* while a layer's metrics are written */
    uint64_t program; /* memory of the process that is not accounted, from training on */
};

/* Makes the job of training MANIFEST's model on its dataset, or the rows of OPTS. */
FF_CHECK int ff_train_job(struct ff_ctx *ctx, const struct ff_manifest *manifest,
                          const struct ff_train_opts *opts,
                          const struct ff_compression *compression, struct ff_job *out);
/* Initialises OUT, which must not move afterwards. JOB is not owned. */
void ff_train_tasks_init(struct ff_train_tasks *out, const struct ff_job *job);
struct ff_task ff_train_task(const struct ff_job *job, struct ff_turn turn);
/* The plan of the whole training. Fails as ff_plan() in plan/plan.h. */
FF_CHECK int ff_train_tasks_plan(struct ff_ctx *ctx, struct ff_train_tasks *tasks,
                                 struct ff_plan *out);

/* How to estimate time. */
struct ff_time_opts {
    const struct ff_train_opts *opts; /* the speed, and the callback for epochs */
    struct ff_workers *workers;       /* for measurements; NULL: nominal speed */
    double least_seconds;             /* measure only if nominal speed gives this or more */
};

/* Fills in the time from the job's mark on. PLAN is otherwise complete. tasks_time.c */
void ff_train_tasks_time(const struct ff_train_tasks *tasks, const struct ff_time_opts *time,
                         struct ff_plan *plan);

/* Private to the files of the tasks. */

/* Memory of a task. tasks_memory.c */
struct ff_demand ff_train_demand(const void *tasks, const struct ff_task *task,
                                 const struct ff_knobs *knobs);
/* Adds the bytes that a task keeps on disk and writes. tasks_disk.c */
void ff_train_note_disk(const void *tasks, const struct ff_task *task, const struct ff_knobs *knobs,
                        struct ff_plan *plan);
/* Adds the model file. */
void ff_train_note_model(const struct ff_train_tasks *tasks, struct ff_plan *plan);
/* Approximate bytes of the first layer in the model file: at most those of its first checkpoint. */
uint64_t ff_train_first_layer_bytes(const struct ff_job *job);

#endif
