/*
 * A training run. The manifest's mark alone decides what is done next. Each stage reads its inputs
 * from the model file and scratch, and ends by committing a manifest whose mark is at the next
 * stage (model/turn.h), a flip.
 *
 * So a run interrupted anywhere resumes from the last flip, and lost scratch is recomputed
 * (stage_forward.c) from the dataset and the trained layers.
 */
#ifndef FF_TRAIN_RUN_H
#define FF_TRAIN_RUN_H

#include "base/clock.h"
#include "learn/job.h"
#include "model/layer.h"
#include "train/boundaries.h"
#include "train/tasks.h"

/* Totals that a run reports at its end. */
struct ff_run_tally {
    uint64_t written_before; /* bytes the context had written before the run */
    uint64_t planned_bytes;  /* planned peak memory */
    double seconds, flops;   /* of the run's epochs */
};

struct ff_run {
    struct ff_ctx *ctx;
    const struct ff_train_opts *opts;
    struct ff_workers workers;
    struct ff_clock clock;
    /* The model: the manifest of the next flip, and the file. */
    struct ff_manifest manifest;
    struct ff_model_file *file; /* NULL: rank 0 of the team has it */
    double last_checkpoint;     /* seconds, monotonic */
    /* From recipe, data and options */
    struct ff_job job;           /* its compression is set first */
    struct ff_train_tasks tasks; /* of JOB, for the planner */
    struct ff_boundaries boundaries;
    struct ff_run_tally tally;
};

/* ff_train() with a complete RECIPE, or ff_train_resume() if it is NULL. The caller zeroes RESULT
 * first. train.c */
FF_CHECK int ff_train_run(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                          const struct ff_train_opts *opts, struct ff_train_result *result);
/* The same with scratch in SCRATCH, which the caller owns. */
FF_CHECK int ff_train_with_scratch(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                   const struct ff_train_opts *opts, struct ff_scratch *scratch,
                                   struct ff_train_result *result);

/* Sets the members that depend on recipe and data in the manifest; the fingerprint need not be
 * known. run.c */
FF_CHECK int ff_run_derive(struct ff_run *run);
/* The planned knobs of STAGE of LAYER. */
struct ff_knobs ff_run_knobs(const struct ff_run *run, enum ff_stage stage, uint32_t layer);
/* A layer like SHAPE with room for its weights, in memory or paged. */
FF_CHECK int ff_run_layer(struct ff_run *run, const struct ff_layer *shape, struct ff_layer *out);
/* Commits RUN's manifest, with all tiles written before. */
FF_CHECK int ff_run_flip(struct ff_run *run);
/* Renames a new model to its final name, unless done before, and reports it. */
FF_CHECK int ff_run_publish(struct ff_run *run);
/* Floating-point operations left from the mark on, for the estimate of time left. Recomputing
 * scratch is not counted. work_left.c */
double ff_run_work_left(const struct ff_run *run);
/* Reports a line of text to the user. */
void ff_run_notify(struct ff_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Saves all N PARTS, with optimizer state and the mark in the manifest, as a new generation. FINAL:
 * as finished layers, with state only if another sweep follows, and the mark moves to the next
 * stage. Old generations are reclaimed. FF_ENUMERIC: a part has diverged; the last checkpoint is
 * kept. checkpoint.c
 */
FF_CHECK int ff_checkpoint(struct ff_run *run, size_t n, const struct ff_part *parts, bool final);
/* Loads all parts that train in the current stage from its last checkpoint, or seeds them if there
 * is none. */
FF_CHECK int ff_checkpoint_restore(struct ff_run *run, size_t n, const struct ff_part *parts);

/* Reads the dataset into boundary 0, returned in OUT. Sets or checks the manifest's fingerprint.
 * stage_import.c */
FF_CHECK int ff_run_import(struct ff_run *run, struct ff_set **out);
/* Opens BOUNDARY, or recomputes it from the dataset if it is not usable. The set is returned open,
 * so that deleting scratch meanwhile does no harm. stage_forward.c */
FF_CHECK int ff_run_need_set(struct ff_run *run, uint32_t boundary, struct ff_set **out);

#endif
