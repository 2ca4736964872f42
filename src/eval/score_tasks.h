/*
 * The tasks of scoring, for the planner, which chooses the rows of a block and the tiles of a layer
 * that stay in memory. A block consists of whole chunks of FF_CHUNK_ROWS, except at the end of the
 * dataset, so the budget does not affect the scores.
 */
#ifndef FF_EVAL_SCORE_TASKS_H
#define FF_EVAL_SCORE_TASKS_H

#include "learn/task.h"
#include "model/manifest.h"

struct ff_score_job {
    const struct ff_planner *planner;
    const struct ff_manifest *manifest; /* not owned */
    bool by_head, unlabelled;
    bool is_float; /* type of the dataset's features; may differ from the training data's */
    uint32_t layers, first_head; /* layers used, and the lowest one with a head */
    uint64_t samples;
    unsigned threads;
    unsigned ranks;            /* processes of the team that share each layer */
    uint64_t data_extra_bytes; /* ff_dataset_extra_bytes() */
    uint64_t scratch_bytes;    /* approximate limit of temporary files; at least those of a chunk */
    uint64_t memory_bytes;     /* 0: no budget */
    struct ff_needs results;   /* memory of the results, held throughout */
    /* Set by ff_score_plan() */
    struct ff_needs base;        /* memory held throughout, for any size of block */
    struct ff_needs coding;      /* memory while a layer is read */
    uint64_t program;            /* memory of the process that is not accounted */
    uint32_t comfortable_chunks; /* chunks of a block if memory is not scarce */
    struct ff_tasks tasks;       /* tasks of this job, as planned */
    uint64_t rows;               /* of a block */
};

/* Number of stored streams of a layer's inputs: one per label, or the neutral one. */
uint32_t ff_score_streams(const struct ff_score_job *job);
/* Sets the last members of JOB and fills OUT. JOB must not move afterwards. Fails as the planner
 * does. */
FF_CHECK int ff_score_plan(struct ff_ctx *ctx, struct ff_score_job *job, struct ff_plan *out);
/* The residency of LAYER's tiles in the planned job. */
struct ff_residency ff_score_residency(const struct ff_score_job *job, uint32_t layer);

/* Adds the memory of scores and labels for blocks of ROWS. score.c */
void ff_score_needs(const struct ff_score_job *job, uint64_t rows, struct ff_needs *needs);

#endif
