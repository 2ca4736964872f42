/*
 * Scoring: runs a dataset through a trained model, one layer in memory, and gives every sample a
 * score for each class: goodness under each label, or the head's logits. Samples are scored in
 * blocks, whose activations under all labels fit the scratch limit and whose scores take little
 * memory.
 */
#ifndef FF_EVAL_SCORE_H
#define FF_EVAL_SCORE_H

#include "base/buffers.h"
#include "data/dataset.h"
#include "learn/task.h"
#include "model/manifest.h"

#include <fftool/plan.h>

/* The samples of one block after a layer. Valid during the call. */
struct ff_scored {
    uint64_t first; /* number of the first sample */
    uint32_t rows, classes;
    const uint16_t *labels;    /* (rows), NULL if unlabelled */
    const float *layer_scores; /* (rows, classes): goodness of this layer; NULL for the head */
    const float *scores;       /* (rows, classes): summed over layers so far, or logits */
};

/* What is scored, and how. */
struct ff_score_task {
    enum ff_method method; /* never FF_METHOD_AUTO */
    uint64_t samples;
    uint32_t classes, layers;         /* layers: those used, from the first */
    uint32_t first_layer, last_layer; /* range whose goodness is summed */
    uint32_t trained_layers;          /* all trained layers, used or not */
    const struct ff_schema *schema;   /* of the training data; not owned */
    struct ff_dataset *dataset;       /* open; not owned */
    double scale;                     /* factor that turns scores into logits */
    uint64_t planned_bytes;           /* planned peak memory */
};

struct ff_score_opts {
    const struct ff_planner *planner; /* chooses the knobs */
    const struct ff_evaluate_opts *evaluate;
    bool unlabelled;
    struct ff_plan *plan_only; /* if not NULL: only the plan is made, nothing is scored */
    /* Adds the memory of the callbacks during scoring, for the plan. TASK's planned_bytes is not
     * set yet. */
    void (*needs)(const struct ff_score_task *task, struct ff_needs *needs);
    /* Called when model and data are open, before the first block. If a trainer replaces weights
     * that are still to be read, scoring starts over, with this call and all blocks again. Without
     * RESTARTS that happens before the first block only; later it fails with FF_ELOCKED. */
    int (*begin)(void *arg, const struct ff_score_task *task);
    bool restarts;
    /* Called after each layer of a block (goodness only; may be NULL), and after the last one. A
     * nonzero result ends scoring and is returned. */
    int (*on_layer)(void *arg, uint32_t layer, const struct ff_scored *scored);
    int (*on_block)(void *arg, const struct ff_scored *scored);
    void *arg;
};

FF_CHECK int ff_score(struct ff_ctx *ctx, const struct ff_score_opts *opts);

/* Removes the temporary files that killed processes left beside MODEL. */
void ff_score_reclaim(const char *model);

#endif
