/*
 * The work of a job as the planner (plan/plan.h) sees it: a list of tasks, each one kind of work on
 * one layer. The job states what a task holds in memory and computes, and the planner chooses the
 * task's knobs: how much is in memory at a time. No knob changes a bit of any result.
 */
#ifndef FF_LEARN_TASK_H
#define FF_LEARN_TASK_H

#include "base/buffers.h"
#include "model/pager.h"

#include <fftool/plan.h>

/* How much is in memory at a time. */
struct ff_knobs {
    uint32_t micro_chunks;         /* chunks of a batch, or of a block, at a time: 1 .. all */
    struct ff_residency residency; /* of a layer's tiles */
};

#define FF_TASK_KINDS 4

struct ff_task {
    int kind;            /* the job's own number for it, below FF_TASK_KINDS */
    uint32_t layer;      /* from 1; where no single layer is at work: 1 */
    bool repeated;       /* takes what the task of its kind before it takes; then what follows is
                            not filled in */
    enum ff_phase phase; /* as reports name it */
    bool one_layer;      /* it is about that layer alone */
    bool shown;          /* its knobs are of interest to the user */
    uint32_t tiles;      /* of the layer */
    bool pages;          /* they may be paged */
    uint32_t chunks;     /* at a time where memory is not scarce */
    uint32_t all_chunks; /* of a batch that may be cut; 0: it may not, and CHUNKS are needed */
};

/* Memory at the worst moment of a task. */
struct ff_demand {
    struct ff_needs needs;
    uint64_t program;   /* of the process, beside them */
    uint64_t accounted; /* the most that is accounted for at any moment of the task */
};

/* What a task computes and moves, to estimate what paging costs. */
struct ff_effort {
    double operations; /* floating-point operations of the matrix products */
    double bytes;      /* of tiles that are written or read beside them */
    double by_tile;    /* share of the time in which each thread works on a tile of its own */
};

struct ff_tasks {
    const void *job;        /* passed to the functions below */
    unsigned threads;       /* that compute */
    uint64_t memory_bytes;  /* the budget; 0: none */
    uint32_t tile_slots;    /* buffers for paged tiles, as asked for; 0: the planner chooses */
    uint32_t chunk_rows;    /* rows of a chunk */
    uint32_t rows;          /* most rows at a time */
    uint32_t common_chunks; /* chunks at a time that all tasks share: before planning where
                               memory is not scarce, then as planned; 0: each task has its own */
    bool out_of_memory;     /* some of what is needed could not be found out */
    /* Calls VISIT for each task in the order of the work. */
    void (*each)(const void *job, void (*visit)(void *arg, const struct ff_task *task), void *arg);
    struct ff_demand (*demand)(const void *job, const struct ff_task *task,
                               const struct ff_knobs *knobs);
    struct ff_effort (*effort)(const void *job, const struct ff_task *task,
                               const struct ff_knobs *knobs);
    /* Adds to PLAN what TASK leaves on disk and writes. */
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
