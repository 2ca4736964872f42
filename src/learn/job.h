/*
 * A job of training: recipe and data, and how it is to be done. What learns (learner.h), what is
 * stored of a boundary, and what reading it takes follow from the job alone, so that the planner
 * and the run come to the same.
 */
#ifndef FF_LEARN_JOB_H
#define FF_LEARN_JOB_H

#include "base/buffers.h"
#include "learn/feed_opts.h"
#include "learn/task.h"
#include "model/geometry.h"
#include "model/manifest.h"
#include "model/pager.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "recipe/mode.h"
#include "store/activations.h"

#include <fftool/train.h>

struct ff_job {
    const struct ff_manifest *manifest; /* recipe and shape of the data; not owned */
    const struct ff_mode *mode;
    const struct ff_loss *loss;
    struct ff_loss_params loss_params;
    const struct ff_optimizer *optimizer;
    struct ff_optimizer_params optimizer_params;
    const struct ff_schedule *schedule;
    struct ff_geometry geometry;
    enum ff_dtype stored;              /* activations in scratch */
    struct ff_compression compression; /* of scratch */
    unsigned threads;
    uint64_t memory_bytes;     /* the budget; 0: none */
    uint32_t micro_batch_rows; /* samples at a time, as asked for; 0: the planner chooses */
    uint32_t tile_slots;       /* tiles of a layer at a time, likewise */
};

struct ff_feed;
struct ff_workers;

/* What the planner has to know of one kind of work on a layer (from 1; where the whole network
 * trains at once: 1). */
struct ff_work {
    /* Adds what it holds with KNOBS, feed and weights included; nothing needs to be allocated. */
    void (*needs)(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *needs);
    bool pages;         /* tiles of the layer may be paged */
    bool passes_deltas; /* from layer to layer */
    /* Chunks of a batch at a time where memory is not scarce. NULL: a batch cannot be cut. */
    uint32_t (*micro_chunks)(const struct ff_job *job, uint32_t layer);
    /* Floating-point operations of the matrix products for one sample; NULL: not counted. */
    double (*flops)(const struct ff_manifest *manifest, uint32_t layer);
};

struct ff_job ff_job_make(const struct ff_manifest *manifest, const struct ff_train_opts *opts,
                          const struct ff_compression *compression);
/* What a chunk of BOUNDARY consists of; returns how many kinds of values. 0: it is not stored. */
size_t ff_job_values(const struct ff_job *job, uint32_t boundary,
                     struct ff_set_values out[FF_MAX_SET_VALUES]);
/* The estimated bytes of the file that BOUNDARY takes. */
uint64_t ff_job_stored(const struct ff_job *job, uint32_t boundary);
/* The estimated bytes that are written for it. */
uint64_t ff_job_written(const struct ff_job *job, uint32_t boundary);
/* A feed from BOUNDARY, stored in SET (not owned), for USE, PIECES pieces at a time. *DAMAGED
 * becomes true when the set turns out to be. */
FF_CHECK int ff_job_feed(const struct ff_job *job, struct ff_workers *workers, bool *damaged,
                         struct ff_set *set, uint32_t boundary, uint32_t pieces,
                         enum ff_feed_use use, struct ff_feed **out);
/* Adds what reading BOUNDARY for USE, PIECES pieces at a time, takes: set, feed, and what it maps.
 */
void ff_job_feed_needs(const struct ff_job *job, uint32_t boundary, uint32_t pieces,
                       enum ff_feed_use use, struct ff_needs *needs);

#endif
