/*
 * The speed of plain matrix products: sgemm of a layer's shapes by OpenBLAS with its own threads,
 * the reference that training is measured against.
 */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "common/cli.h"
#include <stdbool.h>
#include <stdint.h>

struct reference {
    uint32_t units, batch; /* of a layer and its inputs; of a step, which has twice as many rows */
    unsigned threads;
    float *x, *weights, *y, *gradient;
};

/* Returns EXIT_DONE, or EXIT_FAILED with the reason printed; there is nothing to release then. */
int reference_init(const struct cli *cli, uint32_t units, uint32_t batch, unsigned threads,
                   struct reference *out);
/* Computes the products of training steps for about SECONDS. Returns 1e9 operations per second; 0
 * if INTERRUPTED, which is asked between steps, says so. Nothing else uses OpenBLAS meanwhile. */
double reference_measure(const struct reference *reference, double seconds,
                         bool (*interrupted)(void *arg));
/* Operations of the products of a training step: forward and backward, both streams. */
double reference_step_flops(uint32_t units, uint32_t batch);
void reference_release(struct reference *reference);

/* The median of VALUES, which are sorted. */
double median(double *values, size_t n);

#endif
