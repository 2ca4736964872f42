/*
 * What the naive trainings share: chance, from the generator that the library uses, and steps.
 */
#ifndef TESTS_NAIVE_PARTS_H
#define TESTS_NAIVE_PARTS_H

#include "base/rng.h"
#include "naive/network.h"

/* The factor of the learning rate for the step after DONE of TOTAL. */
double naive_schedule(const char *name, size_t done, size_t total);
/* The dataset's row at each place of the stored order; to be freed. */
size_t *naive_order(uint64_t seed, size_t rows);
/* Normal numbers for the N columns of W from FIRST on: four a block, each neuron beginning a block
 * of its own. */
void naive_normal(struct ff_rng rng, size_t first, size_t n, double deviation,
                  struct oracle_layer *layer);
/* W ~ N(0, GAIN / fan_in) of layer NUMBER, from 1. */
void naive_seed(uint64_t seed, uint32_t number, double gain, struct oracle_layer *layer);
/* Drops some of the WIDTH inputs X of layer NUMBER in the row at PLACE, and scales the others. */
void naive_drop(const struct ff_recipe *recipe, uint32_t number, uint32_t epoch, size_t place,
                size_t width, double *x);

/* The weight of each class by the labels of the dataset's N ROWS, as RECIPE has it. To be freed. */
double *naive_class_weights(const struct ff_recipe *recipe, const struct naive_data *data, size_t n,
                            const size_t *rows);

#define NAIVE_SLOPE_STEP 1e-6 /* of the numeric derivative of a loss */
/* The derivatives of the loss of one pair by its two goodnesses, and the loss. */
double naive_slopes(const struct ff_loss *loss, const struct ff_loss_params *params, double g_pos,
                    double g_neg, double *c_pos, double *c_neg);

/* dW += dz' x for one row, dz_j = SCALE y_j. dw: (units, fan_in), db: (units) */
void naive_add_gradient(const struct oracle_layer *layer, double scale, const double *y,
                        const double *x, double *dw, double *db);

/* Gradient and optimizer state of a layer. */
struct naive_descent {
    float *g, *gb;
    double *m, *v, *mb, *vb;
};
struct naive_descent naive_descent_make(const struct oracle_layer *layer);
void naive_descent_free(struct naive_descent *d);
/* The step number STEP of LAYER with its gradient DW (units, fan_in), DB (units). */
void naive_update(const char *optimizer, const struct ff_optimizer_params *params, size_t step,
                  double lr, struct oracle_layer *layer, const double *dw, const double *db,
                  struct naive_descent *d);

/* The largest difference of the weights of two layers, or of their biases, in deviations of initial
 * weights: infinite if one is not finite. */
double naive_difference(const struct oracle_layer *a, const struct oracle_layer *b);

#endif
