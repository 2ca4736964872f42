/*
 * Forward-Forward losses, of two kinds. A pair loss takes the goodness of a positive and a negative
 * row of the same sample; a label loss takes the goodness of one row for several labels
 * (nn/labels.h). Both compute the loss and its derivatives. To add a loss, add a row to the table
 * in loss.c.
 */
#ifndef FF_NN_LOSS_H
#define FF_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct ff_loss_params {
    float goodness_scale;  /* gs: multiplies the goodness */
    float threshold;       /* theta; losses without one ignore it, and have 0 as default */
    float label_smoothing; /* ls, for label losses; others ignore it, and have 0 as default */
};

/* Weights of the rows of a label loss: w_i = of_class[classes[i]]. */
struct ff_row_weights {
    const uint16_t *classes; /* (rows): the class of each row */
    const float *of_class;   /* weights of the classes (nn/class_weights.h); NULL: all 1 */
};

struct ff_loss {
    const char *name;
    const char *formula;            /* for --help and the man page */
    struct ff_loss_params defaults; /* chosen by measurement */
    float learning_rate;            /* Adam's default with this loss, chosen likewise */
    /* Exactly one of the two functions is set; the other is NULL. */
    /*
     * For PAIRS pairs: *LOSS = the mean over the pairs (sum divided by BATCH, which may exceed
     * PAIRS), c_pos[i] = dL/dG_pos[i], c_neg[i] = dL/dG_neg[i], both for that mean. The loss is
     * summed in double in the order of i. Any finite goodness gives finite results; NaN gives a
     * loss of NaN.
     */
    void (*pairs)(const struct ff_loss_params *params, size_t pairs, size_t batch,
                  const float *g_pos, const float *g_neg, float *c_pos, float *c_neg, double *loss);
    /*
     * For ROWS rows of N labels each: g[i n + c] is the goodness of row i for its label c, and
     * TRUTH[i] is the index of the true one (TRUTH NULL: the first). The loss of a row is
     * multiplied by its weight (WEIGHTS NULL: 1). C becomes dL/dG, for the mean over BATCH rows,
     * and may be G. Otherwise as above.
     */
    void (*labels)(const struct ff_loss_params *params, size_t rows, size_t n, size_t batch,
                   const uint16_t *truth, const struct ff_row_weights *weights, const float *g,
                   float *c, double *loss);
};

/* Finds a loss by name; NULL if there is none. */
const struct ff_loss *ff_loss_find(const char *name);
/* The table of losses; *COUNT rows. */
const struct ff_loss *ff_losses(size_t *count);

#endif
