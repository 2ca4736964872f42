/*
 * A naive network beside the real one: the dataset and every stream of activations in memory, one
 * loop for each index, doubles, formulas as they stand in the papers. Tests train
 * and score with both. Only what is a matter of chance (initial weights, orders, wrong labels) is
 * taken from the same generator.
 */
#ifndef TESTS_NAIVE_NETWORK_H
#define TESTS_NAIVE_NETWORK_H

#include "model/layer.h"
#include "naive/oracle.h"

#include "recipe/recipe.h"

struct naive_data {
    size_t rows;
    uint32_t features, classes;
    uint32_t height, width; /* of an image */
    double *values;         /* (rows, features); bytes are divided by 255 */
    uint16_t *labels;
    bool is_float;          /* inputs are standardised as a whole, and a constant one is added */
    double mean, deviation; /* of all values */
};

/* Reads the split ("train" or "t10k") of the IDX files in DIRECTORY. */
void naive_data_read(const char *directory, const char *split, uint32_t classes,
                     struct naive_data *out);
/* Keeps the N rows that a limit of N leaves. */
void naive_data_limit(struct naive_data *data, size_t n);
/* Measures mean and deviation over the values of N ROWS, in two passes. */
void naive_data_measure(struct naive_data *data, size_t n, const size_t *rows);
void naive_data_release(struct naive_data *data);

/* What was measured of an epoch, or of a layer as trained. */
struct naive_figures {
    double loss, goodness_pos, goodness_neg, error;
    size_t dead_units; /* of a layer as trained */
};

struct naive_network {
    uint32_t layers, first_head;  /* first_head 0: no heads; backpropagation: LAYERS, the output */
    uint32_t inputs;              /* of layer 1, the first of its fan-in */
    uint32_t label_inputs;        /* of every layer, behind the others; see naive_conditioned.h */
    struct oracle_layer *layer;   /* [layers] */
    struct oracle_layer *head;    /* [layers]; without weights below first_head */
    struct naive_figures *epochs; /* (layers, epochs), of the training; NULL if it was read */
    struct naive_figures *final;  /* [layers], likewise */
};

/* Trains the network of RECIPE, which is complete, with Forward-Forward. naive_train.c */
void naive_train(const struct ff_recipe *recipe, const struct naive_data *data,
                 struct naive_network *out);
/* The same of a recipe of the mode ff-full: EPOCHS are of the network (one for each epoch), there
 * is no FINAL. naive_full.c */
void naive_train_full(const struct ff_recipe *recipe, const struct naive_data *data,
                      struct naive_network *out);
/* LAYER in double; its label weights, if it has any, are behind the other inputs. Makes OUT. */
void naive_copy(const struct ff_layer *layer, struct oracle_layer *out);
/* Reads a model that is complete, or the layers of it that are. */
void naive_read(const char *model, struct naive_network *out);
void naive_release(struct naive_network *network);

#define NAIVE_NEUTRAL UINT32_MAX /* instead of a label */

/* True if layers learn without labels, from images and hybrid ones. */
bool naive_is_unsupervised(const struct ff_recipe *recipe);
/* True if no label is among the inputs of layer 1: it conditions every layer, or none. */
bool naive_is_label_free(const struct ff_recipe *recipe);
/* True if negatives of pairs change with what the layers below take a row for. */
bool naive_is_hard(const struct ff_recipe *recipe);
/* Inputs of layer 1, but for those of labels that condition it. */
uint32_t naive_inputs(const struct ff_recipe *recipe, const struct naive_data *data);
/* The values of a row that the network gets: standardised, with a constant one, if they are floats.
 * out: (naive_encoded()) */
uint32_t naive_encoded(const struct naive_data *data);
void naive_encode(const struct naive_data *data, const double *values, double *out);
/* The input of layer 1 for one row of VALUES (features), label embedded if it is to be, scaled to
 * RMS 1. out: (inputs) */
void naive_embed_values(const struct ff_recipe *recipe, const struct naive_data *data,
                        const double *values, uint32_t label, double *out);
/* The same for a row of the dataset. */
void naive_embed(const struct ff_recipe *recipe, const struct naive_data *data, size_t row,
                 uint32_t label, double *out);
/* y = relu(x W' + b) for one row; returns its goodness. */
double naive_forward(const struct oracle_layer *layer, const double *x, double *y);
/* y becomes y sqrt(n) / (|y| + 1e-6). */
void naive_normalise(size_t n, double *y);
/* The goodness of one row in every layer under LABEL. out: (layers) */
void naive_goodness(const struct naive_network *network, const struct ff_recipe *recipe,
                    const struct naive_data *data, size_t row, uint32_t label, double *out);
/* The head's logits of one row. out: (classes) */
void naive_logits(const struct naive_network *network, const struct ff_recipe *recipe,
                  const struct naive_data *data, size_t row, double *out);

/* Parts that reading and training share. */
void *naive_alloc(size_t count, size_t size); /* zeroed, never NULL */
/* A network for data of this shape, whose LAYERS layers are yet to be made. */
void naive_init(struct naive_network *out, const struct ff_recipe *recipe, uint32_t layers,
                const struct naive_data *data);
void naive_layer_init(struct oracle_layer *layer, size_t fan_in, size_t units);
/* logits += x V' + c for one row */
void naive_add_logits(const struct oracle_layer *head, const double *x, double *logits);

#endif
