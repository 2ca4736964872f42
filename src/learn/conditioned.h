/*
 * Computation of a label-conditioned layer (nn/labels.h): phases (A) and (B) of a step, and the
 * forward pass. The rows of the stored stream are label-free. z = x W' + b is the only matrix
 * product; the labels are evaluated on each tile of z while it is in cache:
 *
 *     y_ic = relu(z_i + s v_c),  G_ic = mean of y_ic^2         for the labels c of row i
 *
 * The true label gives the positive, all other labels negatives, which the softmax loss weights by
 * their goodness. With few classes every label is evaluated for each row. With more, the true label
 * and a sample of wrong ones: half of them the hardest, ranked by a few units of the layer that
 * change from batch to batch, half random. So only the cost of these few units grows with the
 * number of classes.
 */
#ifndef FF_LEARN_CONDITIONED_H
#define FF_LEARN_CONDITIONED_H

#include "base/rng.h"
#include "model/layer.h"
#include "model/manifest.h"
#include "model/workers.h"
#include "nn/labels.h"
#include "nn/loss.h"

/* The outputs that are passed to the next layer. */
enum ff_pass_on {
    FF_PASS_ON_LABEL_FREE, /* relu(z) */
    FF_PASS_ON_MEAN,       /* mean over the labels of y */
    FF_PASS_ON_POSTERIOR,  /* the same weighted by softmax(gs G) */
};

struct ff_conditioned {
    struct ff_workers *workers;
    const struct ff_layer *layer; /* not owned */
    float label_scale;            /* s */
    uint32_t n_labels;            /* labels evaluated for each row */
    bool sampled;                 /* each row has its own list of labels; else all classes */
    enum ff_pass_on pass_on;      /* what ff_conditioned_outputs() computes from z */
    float goodness_scale;
    const float *class_weights; /* (classes): of the loss; NULL: all 1; the manifest's */
    size_t max_rows;
    float *sums;      /* (tiles, max_rows, n_labels) */
    float *goodness;  /* (max_rows, n_labels) */
    uint16_t *truth;  /* (max_rows): true labels, set by the caller before learning */
    uint16_t *labels; /* (max_rows, n_labels); only if SAMPLED */
    float *mixture;   /* (max_rows, n_labels); only if outputs under labels are passed on */
};

/* Describes the computation of LAYER on MAX_ROWS rows as recipe and data decide: for training, or
 * for the forward pass under every label. Nothing is allocated. */
struct ff_conditioned ff_conditioned_make(const struct ff_manifest *manifest,
                                          const struct ff_layer *layer, size_t max_rows,
                                          bool training);
/* Allocates the buffers. On error, release CONDITIONED. */
FF_CHECK int ff_conditioned_init(struct ff_conditioned *conditioned, struct ff_workers *workers);
void ff_conditioned_release(struct ff_conditioned *conditioned);
/* Adds the memory of CONDITIONED. */
void ff_conditioned_needs(const struct ff_conditioned *conditioned, struct ff_needs *needs);

/* The rows of one call. */
struct ff_conditioned_rows {
    const struct ff_block *blocks;
    size_t n_blocks, all_rows;
    float *z;          /* (all_rows, units): receives x W' + b */
    struct ff_rng rng; /* for random wrong labels */
    uint64_t first;    /* number of the first row, in stored order */
    uint64_t turn;     /* selects the tile whose first 64 units rank hard labels */
};
/* (A): computes z, each row's labels, and the goodness under them. */
FF_CHECK int ff_conditioned_forward(struct ff_conditioned *conditioned,
                                    const struct ff_conditioned_rows *rows);

/* Replaces z, after the forward pass under every label, by the outputs that are passed on. */
FF_CHECK int ff_conditioned_outputs(struct ff_conditioned *conditioned,
                                    const struct ff_conditioned_rows *rows);

/* The labels of the rows from FIRST on and TILE's label weights, for nn/labels.h. */
struct ff_labels ff_conditioned_labels(const struct ff_conditioned *conditioned, size_t first,
                                       uint32_t tile);

/* Adds to SUMS, for ROWS rows with GOODNESS (rows, n) under N labels each: the goodness of the true
 * label (TRUTH; NULL: the first), the mean goodness of the others, and the number of rows in which
 * another label wins. */
void ff_conditioned_count(size_t rows, uint32_t n, const uint16_t *truth, const float *goodness,
                          struct ff_sums *sums);
/* (B): adds ROWS rows from row FIRST on to SUMS, and replaces their goodness by the coefficients of
 * the outputs under the labels, (2/n) dL/dG, for the mean over BATCH_ROWS rows. Returns the sum of
 * these rows' losses divided by BATCH_ROWS. */
double ff_conditioned_weigh(struct ff_conditioned *conditioned, const struct ff_loss *loss,
                            const struct ff_loss_params *params, size_t first, size_t rows,
                            size_t batch_rows, struct ff_sums *sums);

#endif
