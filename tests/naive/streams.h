/*
 * The inputs of a layer of a naive network, every stream of them in memory: those that are stored,
 * and what noise makes of them while a layer learns. Which there are follows from the recipe:
 *
 * - the positive rows, K sets of negative ones, and the neutral ones, which are the head's;
 * - hard negatives: the rows under every label, and the neutral ones;
 * - without labels: the images, and K sets of hybrid ones;
 * - where labels condition every layer: copies of the images.
 */
#ifndef TESTS_NAIVE_STREAMS_H
#define TESTS_NAIVE_STREAMS_H

#include "naive/network.h"

struct naive_streams {
    const struct ff_recipe *recipe;
    struct naive_data
        measured; /* the dataset, with the moments of the rows that are learned from */
    const struct naive_data *data;
    size_t *row_at;        /* the dataset's row at each place of the stored order */
    size_t batch, batches; /* rows of a full batch; batches that are learned from */
    size_t learned;        /* rows of these; those behind are held out */
    double *class_weights; /* (classes): of the loss of a row */
    size_t label_inputs;   /* of every layer, behind the others, where labels condition it */
    size_t n, width;       /* streams; inputs of the layer at hand, label inputs included */
    double **x;            /* [n]: (rows, width), in stored order; label inputs are 0 */
    double *sums;          /* (rows, classes): goodness of the layers below, of hard negatives */
};

/* The streams of RECIPE, without inputs. */
void naive_streams_init(struct naive_streams *streams, const struct ff_recipe *recipe,
                        const struct naive_data *data);
void naive_streams_release(struct naive_streams *streams);
/* Makes them the inputs of layer 1, as a forward pass meets them. */
void naive_streams_import(struct naive_streams *streams);
/* Makes OUTPUTS [n], of WIDTH columns, the inputs of the next layer; takes them over. */
void naive_streams_replace(struct naive_streams *streams, double **outputs, size_t width);

/* The stream that the head learns from. */
size_t naive_streams_head(const struct naive_streams *streams);
/* Variants of the pairs or rows, visited in turn. */
size_t naive_streams_variants(const struct naive_streams *streams);
/* Rows of BATCH. */
size_t naive_streams_rows(const struct naive_streams *streams, size_t batch);
uint16_t naive_streams_truth(const struct naive_streams *streams, size_t place);

/* The row at PLACE of a stream as it is stored, or as layer NUMBER meets it while it learns in
 * EPOCH; to be freed. */
double *naive_streams_stored(const struct naive_streams *streams, size_t stream, size_t place);
double *naive_streams_learn(const struct naive_streams *streams, uint32_t number, uint32_t epoch,
                            size_t stream, size_t place);
/* The streams of the positive and the negative row of a pair, of hard negatives as layer NUMBER
 * draws it in EPOCH. */
size_t naive_streams_positive(const struct naive_streams *streams, size_t place);
size_t naive_streams_negative(const struct naive_streams *streams, uint32_t number, uint32_t epoch,
                              size_t variant, size_t place);
/* Adds the goodness of LAYER, whose inputs these are, to the sums. */
void naive_streams_add_goodness(struct naive_streams *streams, const struct oracle_layer *layer);

#endif
