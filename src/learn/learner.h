/*
 * Learners, each a file that ends with its row of operations. A learner makes one optimizer step
 * per batch: it holds the layers that learn and reads their inputs through a feed; epochs,
 * checkpoints and progress are the run's (train/stage_learn.c). Which one a mode trains with stands
 * in train/modes.c.
 */
#ifndef FF_LEARN_LEARNER_H
#define FF_LEARN_LEARNER_H

#include "learn/batch.h"
#include "learn/job.h"
#include "model/layer.h"

struct ff_learner_opts {
    struct ff_workers *workers; /* not owned, as is all below */
    const struct ff_job *job;
    uint32_t layer; /* from 1; where the whole network trains at once: 1 */
    struct ff_knobs knobs;
    struct ff_scratch *scratch; /* of tiles that are paged */
    bool *damaged;              /* becomes true when something in scratch turns out to be */
};

/* Begins the struct of every learner. */
struct ff_learner {
    const struct ff_learner_ops *ops;
    struct ff_learner_opts opts;
    /* What learns, as it is stored: all zero once made, to be seeded or loaded before the start. */
    const struct ff_part *parts;
    size_t n_parts;
};

struct ff_learner_ops {
    struct ff_work work; /* for the planner; its needs count the struct of SIZE bytes, too */
    size_t size;         /* of the struct, which is zeroed before it is opened */
    bool goodness;       /* learns by the goodness of layers, and sums it up */
    bool reads_outputs;  /* learns from the outputs of its layer; else from the inputs */
    /* Allocates the parts. On error what is there is closed. */
    int (*open)(struct ff_learner *learner);
    /* Allocates the rest, to learn from SET (not owned). */
    int (*start)(struct ff_learner *learner, struct ff_set *set);
    /* Learns from one batch and adds to SUMS, whose loss is not finite once training has diverged.
     * Fails with FF_ECORRUPT (scratch), FF_ENUMERIC. */
    int (*learn)(struct ff_learner *learner, const struct ff_batch *batch, struct ff_sums *sums);
    void (*close)(struct ff_learner *learner); /* frees what the struct owns */
};

extern const struct ff_learner_ops ff_layer_learner;    /* one layer, by Forward-Forward */
extern const struct ff_learner_ops ff_network_learner;  /* all layers, by Forward-Forward */
extern const struct ff_learner_ops ff_backprop_learner; /* all layers, by backpropagation */
/* The same in micro-batches, whose gradients are added up. */
extern const struct ff_learner_ops ff_backprop_accum_learner;
extern const struct ff_learner_ops ff_head_learner; /* one layer's part of the linear head */

/* Makes a learner and opens it. */
FF_CHECK int ff_learner_new(const struct ff_learner_ops *ops, const struct ff_learner_opts *opts,
                            struct ff_learner **out);
void ff_learner_free(struct ff_learner *learner);
/* A feed for LEARNER, as ff_job_feed(). */
FF_CHECK int ff_learner_feed(const struct ff_learner *learner, struct ff_set *set,
                             uint32_t boundary, uint32_t pieces, enum ff_feed_use use,
                             struct ff_feed **out);

#endif
