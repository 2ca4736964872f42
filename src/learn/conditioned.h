/*
 * A label-conditioned layer at work (nn/labels.h): phases (A) and (B) of a step, and the forward
 * pass. The rows of the stored stream are label-free; z = x W' + b is the only product, and each
 * tile meets the labels while it is in cache:
 *
 *     y_ic = relu(z_i + s v_c),  G_ic = mean of y_ic^2         for the labels c of row i
 *
 * The true label's row is the positive one, all others are negatives, each weighted by how
 * convincing it is. Where there are few classes a row meets every label. Where there are more it
 * meets the true one and some wrong ones of its own: half of them the hardest by the goodness of a
 * few units of the layer, others in each batch, and half at random. So what a step costs grows with
 * the classes for those few units only.
 */
#ifndef FF_LEARN_CONDITIONED_H
#define FF_LEARN_CONDITIONED_H

#include "base/rng.h"
#include "model/layer.h"
#include "model/manifest.h"
#include "model/workers.h"
#include "nn/labels.h"
#include "nn/loss.h"

/* The outputs that the layer above gets. */
enum ff_pass_on {
    FF_PASS_ON_LABEL_FREE, /* relu(z) */
    FF_PASS_ON_MEAN,       /* mean over the labels of y */
    FF_PASS_ON_POSTERIOR,  /* the same weighed by softmax(gs G) */
};

struct ff_conditioned {
    struct ff_workers *workers;
    const struct ff_layer *layer; /* not owned */
    float label_scale;            /* s */
    uint32_t n_labels;            /* that a row meets */
    bool sampled;                 /* they are a list of the row's own; else every class */
    enum ff_pass_on pass_on;      /* what ff_conditioned_outputs() makes of z */
    float goodness_scale;
    size_t max_rows;
    float *sums;      /* (tiles, max_rows, n_labels) */
    float *goodness;  /* (max_rows, n_labels) */
    uint16_t *truth;  /* (max_rows): the true labels; set by the caller before learning */
    uint16_t *labels; /* (max_rows, n_labels); only if SAMPLED */
    float *mixture;   /* (max_rows, n_labels); only where outputs under labels are passed on */
};

/* What recipe and data decide of LAYER at work on MAX_ROWS rows: for training or, if not, with
 * every label. Nothing is allocated. */
struct ff_conditioned ff_conditioned_make(const struct ff_manifest *manifest,
                                          const struct ff_layer *layer, size_t max_rows,
                                          bool training);
/* Allocates; on error release what is there. */
FF_CHECK int ff_conditioned_init(struct ff_conditioned *conditioned, struct ff_workers *workers);
void ff_conditioned_release(struct ff_conditioned *conditioned);
/* Adds what it takes. */
void ff_conditioned_needs(const struct ff_conditioned *conditioned, struct ff_needs *needs);

/* Rows as they come in one call. */
struct ff_conditioned_rows {
    const struct ff_block *blocks;
    size_t n_blocks, all_rows;
    float *z;          /* (all_rows, units): gets x W' + b */
    struct ff_rng rng; /* of wrong labels at random */
    uint64_t first;    /* number of the first row, in stored order */
    uint64_t turn; /* chooses the tile, one with as many, whose first 64 units tell hard labels */
};
/* (A): z, the labels that each row meets, and the goodness under them. */
FF_CHECK int ff_conditioned_forward(struct ff_conditioned *conditioned,
                                    const struct ff_conditioned_rows *rows);

/* Makes of z, after the forward pass with every label, the outputs that are passed on. */
FF_CHECK int ff_conditioned_outputs(struct ff_conditioned *conditioned,
                                    const struct ff_conditioned_rows *rows);

/* How labels meet the rows from row FIRST on, for nn/labels.h; of TILE's label weights. */
struct ff_labels ff_conditioned_labels(const struct ff_conditioned *conditioned, size_t first,
                                       uint32_t tile);

/* Counts in SUMS, of ROWS rows with the GOODNESS (rows, n) of N labels each, that of the true one,
 * which TRUTH tells (NULL: the first), the mean of the others', and the rows that another one wins.
 */
void ff_conditioned_count(size_t rows, uint32_t n, const uint16_t *truth, const float *goodness,
                          struct ff_sums *sums);
/* (B): counts ROWS rows from row FIRST on in SUMS, and puts in the place of their goodness what it
 * weighs the labels' outputs with, (2/n) dL/dG, for the mean over BATCH_ROWS rows. Returns the sum
 * of these rows' losses divided by BATCH_ROWS. */
double ff_conditioned_weigh(struct ff_conditioned *conditioned, const struct ff_loss *loss,
                            const struct ff_loss_params *params, size_t first, size_t rows,
                            size_t batch_rows, struct ff_sums *sums);

#endif
