/* Shared by the files of scoring. */
#ifndef FF_EVAL_SCORE_PRIVATE_H
#define FF_EVAL_SCORE_PRIVATE_H

#include "base/clock.h"
#include "data/dataset.h"
#include "eval/score.h"
#include "eval/score_tasks.h"
#include "model/workers.h"
#include "store/activations.h"

struct scoring {
    struct ff_ctx *ctx;
    const struct ff_score_opts *opts;
    const struct ff_evaluate_opts *evaluate;
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_dataset *dataset;
    uint64_t data_extra_bytes; /* ff_dataset_extra_bytes() */
    struct ff_workers workers;
    struct ff_scratch scratch;
    struct ff_clock clock;
    bool no_goodness, by_head, conditioned;
    uint32_t layers, first_head, classes;
    uint32_t trained_layers;
    uint32_t sum_from; /* the first layer whose goodness is summed */
    uint64_t samples;
    uint32_t *streams; /* (n_streams): one per class, or the neutral one */
    size_t n_streams;
    uint64_t max_rows;            /* rows of a block, at most */
    float *scores, *layer_scores; /* (max_rows, classes) */
    float *product;               /* (chunk rows, classes): logits of a head; empty without one */
    uint16_t *labels;             /* (max_rows) */
    /* The current block and layer */
    struct ff_geometry geometry;
    uint32_t number; /* the layer's, from 1 */
    uint64_t first;  /* number of the block's first sample */
    struct ff_score_job job;
    uint64_t planned_bytes;
    uint64_t rows_passed; /* through all layers of all blocks, for progress */
    bool moved;           /* a trainer replaced weights still to be read */
    struct ff_set *in, *out;
};

/* Loads the manifest, chooses method and layers, opens the data and plans the work. */
FF_CHECK int ff_scoring_begin(struct scoring *s);
/* Describes the scoring for callbacks. */
struct ff_score_task ff_scoring_task(const struct scoring *s);

#endif
