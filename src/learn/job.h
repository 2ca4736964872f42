/*
 * A training job: recipe, data, and how to run it. The learners (learner.h), the stored values of a
 * boundary and the memory of reading them depend on the job alone, so that the planner and the run
 * agree.
 */
#ifndef FF_LEARN_JOB_H
#define FF_LEARN_JOB_H

#include "base/buffers.h"
#include "learn/feed_opts.h"
#include "learn/operation.h"
#include "learn/task.h"
#include "model/geometry.h"
#include "model/layer.h"
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
    uint64_t data_extra_bytes;         /* ff_dataset_extra_bytes() */
    enum ff_dtype stored;              /* data type of activations in scratch */
    struct ff_compression compression; /* of scratch */
    unsigned threads;
    unsigned ranks;            /* processes of the team that share each layer */
    uint64_t memory_bytes;     /* the budget; 0: none */
    uint32_t micro_batch_rows; /* samples at a time, if requested; 0: the planner chooses */
    uint32_t tile_slots;       /* tiles of a layer at a time, the same */
};

struct ff_feed;
struct ff_workers;

/* What the planner needs of one kind of work on a layer (from 1; where the whole network trains at
 * once: 1). */
struct ff_work {
    /* Adds its memory with KNOBS, feed and weights included; nothing need be allocated. */
    void (*needs)(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *needs);
    /* The same while a checkpoint is written; NULL: as above. */
    void (*rest_needs)(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                       struct ff_needs *needs);
    bool pages;         /* tiles of the layer may be paged */
    bool passes_deltas; /* deltas are passed from layer to layer */
    /* Chunks of a batch at a time if memory is not scarce. NULL: a batch cannot be divided. */
    uint32_t (*micro_chunks)(const struct ff_job *job, uint32_t layer);
    /* Floating-point operations of the matrix products for one sample; NULL: not counted. */
    double (*flops)(const struct ff_manifest *manifest, uint32_t layer);
    /* Calls VISIT for each kind of operation on a batch, for the estimate of time; NULL: none are
     * listed. The matrix products are those that FLOPS counts. */
    void (*operations)(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg);
};

struct ff_job ff_job_make(const struct ff_manifest *manifest, const struct ff_train_opts *opts,
                          const struct ff_compression *compression);
/* Describes the part of layer NUMBER, or of a layer SHAPE, that a process of the team holds at
 * most, for the plan: all processes then have the same one. */
struct ff_layer ff_job_layer(const struct ff_job *job, uint32_t number, int states);
struct ff_layer ff_job_part(const struct ff_job *job, struct ff_layer shape);
/* The units of a layer of UNITS that such a process computes. */
uint32_t ff_job_own_units(const struct ff_job *job, uint32_t units);

/* What a team gathers at a time, so that each process has all of it. */
struct ff_gathering {
    double own, all; /* bytes: those that rank 0 has before, and all */
    double times;    /* how often in a batch */
    bool beside;     /* while other operations are computed */
};
/* That of BYTES for each tile, or for each unit, of a layer of UNITS, once in a batch. */
struct ff_gathering ff_job_gather_tiles(const struct ff_job *job, uint32_t units, double bytes);
struct ff_gathering ff_job_gather_units(const struct ff_job *job, uint32_t units, double bytes);
/* Calls VISIT with the exchange of GATHERING, of which each process sends its part to each other
 * one. Does nothing for a job of one process. */
void ff_job_visit_gathering(const struct ff_job *job, const struct ff_gathering *gathering,
                            ff_operation_fn *visit, void *arg);
/* A forward pass over PIECES pieces at a time. */
struct ff_passed {
    uint32_t pieces;
    double times;        /* how often in a batch */
    bool stored, beside; /* outputs, beside the computation of the next ones */
};
/* Calls VISIT with the exchange of a pass of LAYER: sums of goodness, and outputs to be stored. */
void ff_job_visit_pass(const struct ff_job *job, const struct ff_layer *layer,
                       const struct ff_passed *passed, ff_operation_fn *visit, void *arg);

/* Lists the kinds of values in a chunk of BOUNDARY; returns their number. 0: it is not stored. */
size_t ff_job_values(const struct ff_job *job, uint32_t boundary,
                     struct ff_set_values out[FF_MAX_SET_VALUES]);
/* Estimated bytes of BOUNDARY's file. */
uint64_t ff_job_stored(const struct ff_job *job, uint32_t boundary);
/* Estimated bytes written for BOUNDARY. */
uint64_t ff_job_written(const struct ff_job *job, uint32_t boundary);
/* A feed from BOUNDARY, stored in SET (not owned), for USE, PIECES pieces at a time. *DAMAGED
 * becomes true if the set is found damaged. */
FF_CHECK int ff_job_feed(const struct ff_job *job, struct ff_workers *workers, bool *damaged,
                         struct ff_set *set, uint32_t boundary, uint32_t pieces,
                         enum ff_feed_use use, struct ff_feed **out);
/* Adds the memory of reading BOUNDARY for USE, PIECES pieces at a time: set, feed and mapped
 * pages. */
void ff_job_feed_needs(const struct ff_job *job, uint32_t boundary, uint32_t pieces,
                       enum ff_feed_use use, struct ff_needs *needs);

#endif
