/*
 * Naive label-conditioned layers: the label is among a layer's inputs, behind the others, as its
 * one-hot scaled by the strength; each row is copied for every label and passed through the whole
 * layer. What is passed on is the output without a label, when these inputs are 0, or a mean of
 * those under every label.
 */
#ifndef TESTS_NAIVE_CONDITIONED_H
#define TESTS_NAIVE_CONDITIONED_H

#include "naive/network.h"

bool naive_is_conditioned(const struct ff_recipe *recipe);
/* Inputs that the label adds to every layer: 0 if it conditions none. */
uint32_t naive_conditions(const struct ff_recipe *recipe, uint32_t classes);
/* Puts LABEL behind the WIDTH other inputs X. */
void naive_set_label(const struct ff_recipe *recipe, uint32_t classes, size_t width, uint32_t label,
                     double *x);
/* W ~ N(0, 1 / width) of layer NUMBER, from 1, and V ~ N(0, 1 / width) behind it, of CLASSES. */
void naive_seed_conditioned(uint64_t seed, uint32_t number, uint32_t classes,
                            struct oracle_layer *layer);
/* The outputs of LAYER, Y (units), that the next one gets, for the inputs X, whose label is lost.
 * Of a layer that no label conditions (CLASSES 0) they are just its outputs. */
void naive_pass_on(const struct ff_recipe *recipe, uint32_t classes,
                   const struct oracle_layer *layer, double *x, double *y);

/* The units of LAYER used to rank hard labels: the first 64 of the tile whose TURN it is, or all if
 * there are fewer; a tile of less has no turn. They lie in LAYER. */
struct oracle_layer naive_few_units(const struct oracle_layer *layer, size_t turn);

/* One row under its labels. */
struct naive_meeting {
    const struct ff_recipe *recipe;
    uint32_t classes;
    const double *x; /* (width) */
    uint16_t truth;
    double weight;     /* of the row's loss */
    double batch_rows; /* the gradient is that of the mean over so many */
    double all_rows;   /* and so are the figures, over so many */
    /* In a step, where there are many classes, these decide which labels the row meets; NUMBER, of
     * the layer, from 1, is 0 for a row that meets all. */
    uint32_t number, epoch;
    size_t batch, place; /* in stored order */
};
/* Adds the row to the gradient of LAYER, dw: (units, fan_in), db: (units), and to FIGURES. */
void naive_meet(const struct naive_meeting *meeting, const struct oracle_layer *layer, double *dw,
                double *db, struct naive_figures *figures);

#endif
