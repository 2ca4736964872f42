/*
 * The tasks of scoring, for the planner, which decides how many rows a block has and which tiles of
 * a layer stay in memory. A block is of whole chunks of FF_CHUNK_ROWS, except at the end of the
 * dataset: so no budget changes a bit of the scores.
 */
#ifndef FF_EVAL_SCORE_TASKS_H
#define FF_EVAL_SCORE_TASKS_H

#include "learn/task.h"
#include "model/manifest.h"

struct ff_score_job {
    const struct ff_planner *planner;
    const struct ff_manifest *manifest; /* not owned */
    bool by_head, unlabelled;
    bool is_float;               /* features of the dataset, which may differ from training's */
    uint32_t layers, first_head; /* layers that take part, and the lowest with a head */
    uint64_t samples;
    unsigned threads;
    uint64_t scratch_bytes;  /* that temporary files may take, about; a chunk's at least */
    uint64_t memory_bytes;   /* 0: no budget */
    struct ff_needs results; /* of what is made of the scores, held all the time */
    /* By ff_score_plan() */
    struct ff_needs base;        /* held all the time, whatever rows a block has */
    uint64_t program;            /* memory of the process that is not accounted for */
    uint32_t comfortable_chunks; /* of a block, where memory is not scarce */
    struct ff_tasks tasks;       /* of this job, as planned */
    uint64_t rows;               /* of a block */
};

/* Inputs of a layer that are stored: one stream under each label, or the neutral one. */
uint32_t ff_score_streams(const struct ff_score_job *job);
/* Sets the last members of JOB and fills OUT. JOB stays where it is as long as it is used. Fails
 * as the planner does. */
FF_CHECK int ff_score_plan(struct ff_ctx *ctx, struct ff_score_job *job, struct ff_plan *out);
/* Tiles of LAYER that are in memory, in the job as it was planned. */
struct ff_residency ff_score_residency(const struct ff_score_job *job, uint32_t layer);

/* Adds what scoring itself holds for blocks of ROWS: scores, labels. score.c */
void ff_score_needs(const struct ff_score_job *job, uint64_t rows, struct ff_needs *needs);

#endif
