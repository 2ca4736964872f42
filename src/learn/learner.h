/*
 * Learners, each a file that ends with its row of operations. A learner makes one optimizer step
 * per batch: it holds the layers in training and reads their inputs through a feed. Epochs,
 * checkpoints and progress belong to the run (train/stage_learn.c). Those of the modes are named in
 * recipe/mode_rows.h.
 */
#ifndef FF_LEARN_LEARNER_H
#define FF_LEARN_LEARNER_H

#include "learn/batch.h"
#include "learn/job.h"
#include "model/layer.h"

struct ff_learner_opts {
    struct ff_workers *workers; /* not owned, like all below */
    const struct ff_job *job;
    uint32_t layer; /* from 1; where the whole network trains at once: 1 */
    struct ff_knobs knobs;
    struct ff_scratch *scratch; /* for paged tiles */
    bool *damaged;              /* becomes true if scratch is found damaged */
};

/* The first member of every learner's struct. */
struct ff_learner {
    const struct ff_learner_ops *ops;
    struct ff_learner_opts opts;
    /* The parts in training, in stored order: zero after opening, to be seeded or loaded before the
     * start. */
    const struct ff_part *parts;
    size_t n_parts;
};

struct ff_learner_ops {
    struct ff_work work; /* for the planner; its needs include the struct of SIZE bytes */
    size_t size;         /* bytes of the struct, which is zeroed before opening */
    bool reads_outputs;  /* trains on the outputs of its layer; else on the inputs */
    /* Allocates the parts. On error the learner is closed. */
    int (*open)(struct ff_learner *learner);
    /* Allocates the rest, to train on SET (not owned). */
    int (*start)(struct ff_learner *learner, struct ff_set *set);
    /* Trains on one batch and adds to SUMS. The loss is not finite if training has diverged.
     * FF_ECORRUPT: scratch is damaged. FF_ENUMERIC. */
    int (*learn)(struct ff_learner *learner, const struct ff_batch *batch, struct ff_sums *sums);
    /* Frees what only learn() needs until its next call: beside a checkpoint it would raise the
     * peak. NULL: nothing. */
    void (*rest)(struct ff_learner *learner);
    void (*close)(struct ff_learner *learner); /* frees what the struct owns */
};

/* One layer's part of the linear head. The learners of the modes are named in recipe/mode_rows.h.
 */
extern const struct ff_learner_ops ff_head_learner;

/* Creates and opens a learner. */
FF_CHECK int ff_learner_new(const struct ff_learner_ops *ops, const struct ff_learner_opts *opts,
                            struct ff_learner **out);
void ff_learner_free(struct ff_learner *learner);
/* A feed for LEARNER, as ff_job_feed(). */
FF_CHECK int ff_learner_feed(const struct ff_learner *learner, struct ff_set *set,
                             uint32_t boundary, uint32_t pieces, enum ff_feed_use use,
                             struct ff_feed **out);

#endif
