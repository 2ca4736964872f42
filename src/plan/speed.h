/*
 * The speed of this machine at the operations of a job (learn/operation.h). Each is run for some
 * hundredths of a second with the kernels, shapes and threads of the job, on made-up numbers; one
 * that is larger than FF_SPEED_WEIGHTS or FF_SPEED_BLOCKS is extrapolated from a part of it. What
 * the context has measured before is not measured again. Buffers are allocated and freed for each
 * operation in turn. No state of a training is touched.
 */
#ifndef FF_PLAN_SPEED_H
#define FF_PLAN_SPEED_H

#include "learn/job.h"
#include "model/layer.h"
#include "model/workers.h"

/* The largest layer that is measured, in weights: 24 MB with Adam's state. */
#define FF_SPEED_WEIGHTS ((uint32_t)1 << 21)
/* The most blocks of rows at a time. */
#define FF_SPEED_BLOCKS 3

/* Operations per second and thread of matrix products, for estimates without a measurement
 * (40 to 70 GFLOP/s measured with AVX2). */
#define FF_NOMINAL_FLOPS 45e9

struct ff_speed {
    struct ff_workers *workers; /* not owned, like the job */
    const struct ff_job *job;
    bool failed; /* something could not be measured: times are too short */
};

/* The connection of a process to the others of its team. */
struct ff_link {
    double bits_per_second; /* each way at the same time */
    double latency_s;       /* of a message */
};
/* Seconds of the exchange OPERATION in a batch, a model: its messages follow each other. */
double ff_link_seconds(const struct ff_link *link, const struct ff_operation *operation);

/* Seconds of any other OPERATION in a batch. */
double ff_speed_seconds(struct ff_speed *speed, const struct ff_operation *operation);

/* Private to the files of the speed. */

/* An operation that is measured again and again. */
struct ff_trial {
    struct ff_workers *workers;
    const struct ff_job *job;
    struct ff_operation operation; /* of the size that is measured */
    bool first;                    /* nothing was measured before */
    int (*run)(struct ff_trial *trial);
};

/* Median seconds of TRIAL's run. FF_ENOMEM, FF_EBUDGET. */
FF_CHECK int ff_trial_measure(struct ff_trial *trial, double *seconds);
/* Fills N elements of a chunk's rows: activations, half of them zero. */
void ff_trial_fill(size_t n, float *out);
/* Seconds once. speed_compute.c, speed_feed.c */
FF_CHECK int ff_trial_compute(struct ff_trial *trial, double *seconds);
FF_CHECK int ff_trial_load(struct ff_trial *trial, double *seconds);
FF_CHECK int ff_trial_store(struct ff_trial *trial, double *seconds);

#endif
