/*
 * Scoring: runs a dataset through a trained model, one layer in memory, and gives every row a score
 * for each class: goodness under each label, or the head's logits. Rows go in blocks, small enough
 * that their activations under all labels fit the scratch allowed and their scores little memory.
 */
#ifndef FF_EVAL_SCORE_H
#define FF_EVAL_SCORE_H

#include "base/buffers.h"
#include "learn/task.h"
#include "model/manifest.h"

#include <fftool/plan.h>

/* Rows of one block, all with the same layers behind them. Valid during the call. */
struct ff_scored {
    uint64_t first; /* row of the dataset */
    uint32_t rows, classes;
    const uint16_t *labels;    /* (rows), NULL if unlabelled */
    const float *layer_scores; /* (rows, classes): goodness of one layer; NULL for the head */
    const float *scores;       /* (rows, classes): summed over layers so far, or logits */
};

/* What is about to be scored, and how. */
struct ff_score_task {
    enum ff_method method; /* never FF_METHOD_AUTO */
    uint64_t samples;
    uint32_t classes, layers;         /* layers: those used, from the first on */
    uint32_t first_layer, last_layer; /* whose goodness is summed */
    uint32_t trained_layers;          /* those used, and those above */
    double scale;                     /* of scores, which makes logits of them */
    uint64_t planned_bytes;           /* of peak memory */
};

struct ff_score_opts {
    const struct ff_planner *planner; /* that the work is arranged by */
    const struct ff_evaluate_opts *evaluate;
    bool unlabelled;
    struct ff_plan *plan_only; /* filled, and nothing is scored; NULL: the work is done */
    /* Adds what the callbacks hold while the work of TASK goes on, which the plan counts. Of TASK,
     * planned_bytes is not known yet. */
    void (*needs)(const struct ff_score_task *task, struct ff_needs *needs);
    /* The model and the data are known; nothing is scored yet. With RESTARTS it may be called again
     * in the middle, if a trainer replaces weights that are still to be read: then all blocks come
     * again, too. Without, that happens before the first block only; after it FF_ELOCKED. */
    int (*begin)(void *arg, const struct ff_score_task *task);
    bool restarts;
    /* After each layer of a block (goodness only; may be NULL), and after the last. Nonzero ends
     * the work and is returned. */
    int (*on_layer)(void *arg, uint32_t layer, const struct ff_scored *scored);
    int (*on_block)(void *arg, const struct ff_scored *scored);
    void *arg;
};

FF_CHECK int ff_score(struct ff_ctx *ctx, const struct ff_score_opts *opts);

/* Removes the temporary files beside MODEL that killed processes left behind. */
void ff_score_sweep(const char *model);

#endif
