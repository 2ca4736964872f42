/*
 * The work of a job in operations on whole blocks of rows, for the estimate of time. Learners and
 * the forward pass list them (struct ff_work, job.h); plan/speed.h measures how long each takes.
 */
#ifndef FF_LEARN_OPERATION_H
#define FF_LEARN_OPERATION_H

#include "learn/feed_opts.h"

#include <stdbool.h>

enum ff_operation_kind {
    FF_OPERATION_FORWARD,  /* outputs of a layer, and their goodness: one product */
    FF_OPERATION_LEARN,    /* a step of a layer: outputs, gradient, optimizer: two products */
    FF_OPERATION_DELTAS,   /* deltas of the layer below: one product */
    FF_OPERATION_LOAD,     /* inputs from a boundary, decoded, formed, with noise */
    FF_OPERATION_STORE,    /* outputs, encoded */
    FF_OPERATION_EXCHANGE, /* data between the ranks of a team */
};

/* What rank 0 of a team exchanges at a time: it holds most tiles, so that the others wait for it.
 */
struct ff_exchange {
    double sent, received; /* bytes */
    double messages;       /* that follow each other */
    bool beside;           /* while other operations of the batch are computed */
};

struct ff_operation {
    enum ff_operation_kind kind;
    uint32_t fan_in, units; /* of the layer; of stored rows: units are their columns */
    uint32_t own;           /* of the layer's UNITS, those whose products a rank computes: all,
                               or the most that one of a team holds */
    uint32_t classes;       /* of a label-conditioned layer; else 0 */
    uint32_t boundary;      /* to load from */
    enum ff_feed_use use;   /* of what is loaded */
    uint32_t blocks;        /* of a chunk's rows each, at a time */
    double times;           /* how often in a batch */
    struct ff_exchange exchange;
};

typedef void ff_operation_fn(void *arg, const struct ff_operation *operation);

/* Floating-point operations of a rank's matrix products of OPERATION in a batch, with CHUNK_ROWS
 * rows in a block. */
double ff_operation_flops(const struct ff_operation *operation, uint32_t chunk_rows);

#endif
