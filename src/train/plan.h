/*
 * The planner: what a run will hold in memory at each of its moments, told beforehand by the same
 * lists of buffers that allocate it (base/buffers.h), and the knobs with which it fits a budget.
 *
 * A knob never changes a bit of the weights. Knobs belong to a layer and a stage and follow from
 * the job alone, so that the plan that is printed and the stage that runs come to the same ones.
 */
#ifndef FF_TRAIN_PLAN_H
#define FF_TRAIN_PLAN_H

#include "base/buffers.h"
#include "nn/optimizer.h"
#include "train/feed.h"
#include "train/geometry.h"
#include "train/manifest.h"
#include "train/mode.h"
#include "train/pager.h"

#include <fftool/plan.h>

/* What is to be planned. */
struct ff_plan_job {
    const struct ff_manifest *manifest; /* recipe and shape of the data; not owned */
    const struct ff_mode *mode;
    const struct ff_optimizer *optimizer;
    struct ff_geometry geometry;
    enum ff_dtype stored;              /* activations in scratch */
    struct ff_compression compression; /* of scratch */
    unsigned threads;
    uint64_t memory_bytes; /* the budget; 0: none */
    uint32_t
        micro_batch_rows;   /* samples at a time as the user wants them; 0: the planner's choice */
    uint32_t tile_slots;    /* tiles of a layer at a time, likewise */
    uint64_t dataset_bytes; /* accounted for while a dataset is open */
};

/* What the planner turns. */
struct ff_knobs {
    uint32_t micro_chunks;         /* chunks of a batch at a time, 1 .. all */
    struct ff_residency residency; /* of a layer's tiles */
};

/* The knobs for STAGE of LAYER (where the whole network trains at once: 1). */
struct ff_knobs ff_plan_knobs(const struct ff_plan_job *job, enum ff_stage stage, uint32_t layer);

/* The feed of BOUNDARY's stored pieces, PIECES of them at a time: what it allocates, and the pages
 * of scratch that it maps. */
void ff_plan_feed(const struct ff_plan_job *job, uint32_t boundary, uint32_t pieces,
                  struct ff_needs *needs);

#endif
