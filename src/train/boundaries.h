/*
 * The stored boundaries of a run: sets of activations in scratch, each sealed with a hash of what
 * it was computed from. Scratch is a cache: a set that is missing, incomplete or of another run is
 * not used but recomputed.
 */
#ifndef FF_TRAIN_BOUNDARIES_H
#define FF_TRAIN_BOUNDARIES_H

#include "learn/job.h"
#include "store/activations.h"

struct ff_boundaries {
    struct ff_scratch scratch; /* without operations: a complete model needs none */
    const struct ff_job *job;  /* not owned */
    uint8_t id[16];            /* hash of recipe and data */
    bool damaged;              /* the current stage found damaged activations */
    uint64_t peak_bytes;       /* peak size of scratch so far */
};

/* Initialises the boundaries of JOB; their scratch is set already. The fingerprint of the data need
 * not be known. */
FF_CHECK int ff_boundaries_init(struct ff_boundaries *boundaries, struct ff_ctx *ctx,
                                const struct ff_job *job);
/* Creates an empty set for BOUNDARY. */
FF_CHECK int ff_boundary_create(struct ff_boundaries *boundaries, uint32_t boundary,
                                struct ff_set **out);
/* Opens BOUNDARY and checks that it is complete and of this run; fails, e.g. with FF_ENOTFOUND, if
 * not. */
FF_CHECK int ff_boundary_open(struct ff_boundaries *boundaries, uint32_t boundary,
                              struct ff_set **out);
/* Marks SET as complete. */
FF_CHECK int ff_boundary_seal(struct ff_boundaries *boundaries, struct ff_set *set,
                              uint32_t boundary);
/* Deletes BOUNDARY, or all but KEPT (FF_NO_BOUNDARY: all). */
void ff_boundary_drop(struct ff_boundaries *boundaries, uint32_t boundary);
void ff_boundaries_drop_others(struct ff_boundaries *boundaries, uint32_t kept);
/* The current bytes of scratch. These and MORE update the peak. */
uint64_t ff_boundaries_measure(struct ff_boundaries *boundaries, uint64_t more);

#endif
