/*
 * A training run. What is done next follows from the manifest's mark alone; each stage reads what
 * it needs from the model file and scratch, and ends with a flip of the manifest to the next one
 * (model/turn.h).
 *
 * So a run that is cut off anywhere goes on from the last flip, and scratch that is gone is
 * computed again (stage_forward.c) from the dataset and the trained layers.
 */
#ifndef FF_TRAIN_RUN_H
#define FF_TRAIN_RUN_H

#include "base/clock.h"
#include "learn/job.h"
#include "model/layer.h"
#include "train/boundaries.h"
#include "train/tasks.h"

/* What a run reports of itself in the end. */
struct ff_run_tally {
    uint64_t written_before; /* bytes that the context had written when it began */
    uint64_t planned_bytes;  /* of peak memory */
    double seconds, flops;   /* of its epochs */
};

struct ff_run {
    struct ff_ctx *ctx;
    const struct ff_train_opts *opts;
    struct ff_workers workers;
    struct ff_clock clock;
    /* The model: its manifest as it will be flipped next, and the file. */
    struct ff_manifest manifest;
    struct ff_model_file *file;
    double last_checkpoint; /* seconds, monotonic */
    /* From recipe, data and options */
    struct ff_job job;           /* before all else, its compression */
    struct ff_train_tasks tasks; /* of JOB, for the planner */
    struct ff_boundaries boundaries;
    struct ff_run_tally tally;
};

/* ff_train(), of a complete recipe; without one ff_train_resume(). train.c */
FF_CHECK int ff_train_run(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                          const struct ff_train_opts *opts, struct ff_train_result *result);
/* Trains with scratch kept in SCRATCH (not owned; freed by the caller), for tests; as ff_train()
 * otherwise. */
FF_CHECK int ff_train_with_scratch(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                   const struct ff_train_opts *opts, struct ff_scratch *scratch,
                                   struct ff_train_result *result);

/* What recipe and data decide (from the manifest); the fingerprint need not be known. run.c */
FF_CHECK int ff_run_derive(struct ff_run *run);
/* The knobs for STAGE of LAYER, as planned. */
struct ff_knobs ff_run_knobs(const struct ff_run *run, enum ff_stage stage, uint32_t layer);
/* A layer like SHAPE with room for its weights, in memory or paged. */
FF_CHECK int ff_run_layer(struct ff_run *run, const struct ff_layer *shape, struct ff_layer *out);
/* Commits the manifest as it stands in RUN, with all tiles put before. */
FF_CHECK int ff_run_flip(struct ff_run *run);
/* Gives a new model its name, if it does not have it yet, and reports that. */
FF_CHECK int ff_run_publish(struct ff_run *run);
/* Operations left from the mark on, for the estimate of time left. Rebuilt scratch is not counted.
 * work_left.c */
double ff_run_work_left(const struct ff_run *run);
/* Tells the user a line of text. */
void ff_run_tell(struct ff_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Saves all N PARTS, with optimizer state and the mark in the manifest, as a new generation. FINAL:
 * as finished layers, with state only if another round follows, and the mark moves on. Their old
 * generations are reclaimed. FF_ENUMERIC: a part has diverged, and the last checkpoint stays.
 * checkpoint.c
 */
FF_CHECK int ff_checkpoint(struct ff_run *run, size_t n, const struct ff_part *parts, bool final);
/* Loads all parts that learn in the present stage from its last checkpoint, or seeds them if there
 * is none. */
FF_CHECK int ff_checkpoint_restore(struct ff_run *run, size_t n, const struct ff_part *parts);

/* Reads the dataset into boundary 0, which OUT gets. Sets the manifest's fingerprint, or checks it.
 * stage_import.c */
FF_CHECK int ff_run_import(struct ff_run *run, struct ff_set **out);
/* Makes sure that boundary K is there: opens it, or computes it again from the dataset on. A set is
 * handed on open, so that scratch deleted meanwhile is not missed. stage_forward.c */
FF_CHECK int ff_run_need_set(struct ff_run *run, uint32_t boundary, struct ff_set **out);

#endif
