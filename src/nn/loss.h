/*
 * Losses of Forward-Forward, of two kinds. A loss of pairs sees the goodness of a positive and a
 * negative row of the same sample; a loss over labels sees the goodness of one row under several
 * labels (nn/labels.h). Both give the loss with its derivatives. One row in the table of loss.c is
 * all it takes to add one.
 */
#ifndef FF_NN_LOSS_H
#define FF_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct ff_loss_params {
    float goodness_scale;  /* gs: multiplies the goodness */
    float threshold;       /* theta; losses without one ignore it, and have 0 as default */
    float label_smoothing; /* ls, of losses over labels, likewise */
};

struct ff_loss {
    const char *name;
    const char *formula;            /* for --help and the man page */
    struct ff_loss_params defaults; /* measured to work */
    float learning_rate;            /* Adam's, likewise */
    /* One of the two kinds; the other is NULL. */
    /*
     * For PAIRS pairs: *LOSS = the mean over the pairs (sum divided by BATCH, which may exceed
     * PAIRS), c_pos[i] = dL/dG_pos[i], c_neg[i] = dL/dG_neg[i], both for that mean. Loss is added
     * up in double in the order of i. Goodness of any size gives finite results, NaN a loss of NaN.
     */
    void (*pairs)(const struct ff_loss_params *params, size_t pairs, size_t batch,
                  const float *g_pos, const float *g_neg, float *c_pos, float *c_neg, double *loss);
    /*
     * For ROWS rows of N labels each: g[i n + c] is the goodness of row i under its label c, and
     * TRUTH[i] says which of them is the true one (TRUTH NULL: the first). C gets dL/dG, for the
     * mean over BATCH rows, and may be G. Everything else as above.
     */
    void (*labels)(const struct ff_loss_params *params, size_t rows, size_t n, size_t batch,
                   const uint16_t *truth, const float *g, float *c, double *loss);
};

/* Finds a loss by name; NULL if there is none. */
const struct ff_loss *ff_loss_find(const char *name);
/* The table; *COUNT rows. */
const struct ff_loss *ff_losses(size_t *count);

#endif
