/*
 * The work of a job for the planner (plan/plan.h): a list of tasks, each one kind of work on one
 * layer. The job states what a task computes and holds in memory; the planner chooses the task's
 * knobs, how much is in memory at a time. Knobs do not affect any result.
 */
#ifndef FF_LEARN_TASK_H
#define FF_LEARN_TASK_H

#include "base/buffers.h"
#include "model/pager.h"

#include <fftool/plan.h>

/* How much is in memory at a time. */
struct ff_knobs {
    uint32_t micro_chunks;         /* chunks of a batch, or of a block, at a time: 1 .. all */
    struct ff_residency residency; /* residency of a layer's tiles */
};

#define FF_TASK_KINDS 4

struct ff_task {
    int kind;       /* the job's own number for it, below FF_TASK_KINDS */
    uint32_t layer; /* from 1; 1 if the task is not about a single layer */
    bool repeated;  /* needs the same as the previous task of its kind; the members below are then
                       unset */
    enum ff_phase phase; /* phase in reports */
    bool one_layer;      /* the task is about LAYER only */
    bool shown;          /* its knobs may be shown to the user */
    uint32_t tiles;      /* of the layer */
    bool pages;          /* tiles may be paged */
    uint32_t chunks;     /* chunks at a time if memory is not scarce */
    uint32_t
        all_chunks; /* chunks of a batch that may be divided; 0: it may not, CHUNKS are needed */
};

/* Memory of a task at its peak. */
struct ff_demand {
    struct ff_needs needs;
    uint64_t program;   /* memory of the process beyond them */
    uint64_t accounted; /* peak of accounted memory */
};

/* Computation and traffic of a task, to estimate the cost of paging. */
struct ff_effort {
    double operations; /* floating-point operations of the matrix products */
    double bytes;      /* bytes of tiles written or read by paging */
    double by_tile;    /* fraction of the time in which each thread works on its own tile */
};

struct ff_tasks {
    const void *job;       /* passed to the functions below */
    unsigned threads;      /* worker threads */
    uint64_t memory_bytes; /* the budget; 0: none */
    uint32_t tile_slots;   /* buffers for paged tiles, if requested; 0: the planner chooses */
    uint32_t chunk_rows;   /* rows of a chunk */
    uint32_t rows;         /* most rows at a time */
    uint32_t
        common_chunks; /* chunks at a time shared by all tasks: before planning the number if memory
                          is not scarce, afterwards the planned one; 0: each task has its own */
    bool *out_of_memory; /* the planner's own: becomes true if memory runs out while a demand is
                            counted; NULL outside of planning */
    /* Calls VISIT for each task in the order of the work. */
    void (*each)(const void *job, void (*visit)(void *arg, const struct ff_task *task), void *arg);
    struct ff_demand (*demand)(const void *job, const struct ff_task *task,
                               const struct ff_knobs *knobs);
    struct ff_effort (*effort)(const void *job, const struct ff_task *task,
                               const struct ff_knobs *knobs);
    /* Adds to PLAN the bytes that TASK keeps on disk and writes. */
    void (*note_disk)(const void *job, const struct ff_task *task, const struct ff_knobs *knobs,
                      struct ff_plan *plan);
};

/* A planner: plan/plan.h documents its functions. */
struct ff_planner {
    int (*plan)(struct ff_ctx *ctx, struct ff_tasks *tasks, struct ff_plan *out);
    struct ff_knobs (*knobs)(const struct ff_tasks *tasks, const struct ff_task *task);
    void (*warn)(struct ff_ctx *ctx, const struct ff_plan *plan);
};

#endif
