/*
 * The speed of plain matrix products: sgemm by OpenBLAS with its own threads, the reference that
 * training is measured against.
 */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "common/cli.h"
#include <stdbool.h>
#include <stdint.h>

/* The products of a training step of a layer: forward Y (rows, units) = X (rows, fan_in) W', and
 * gradient dW (units, fan_in) = Y' X, of as many operations. */
struct reference_shape {
    uint32_t rows, units, fan_in;
};

struct reference {
    const struct cli *cli;
    unsigned threads;
    struct reference_shape room; /* that the buffers have */
    float *x, *weights, *y, *gradient;
};

/* For products with THREADS threads. Allocates nothing. */
void reference_init(const struct cli *cli, unsigned threads, struct reference *out);
/* Computes products of SHAPE for about SECONDS and sets *GFLOPS to 1e9 operations per second, or to
 * 0 if INTERRUPTED, which is asked between them, says so. Nothing else uses OpenBLAS meanwhile.
 * Returns EXIT_DONE, or EXIT_FAILED with the reason printed. */
int reference_measure(struct reference *reference, const struct reference_shape *shape,
                      double seconds, bool (*interrupted)(void *arg), double *gflops);
void reference_release(struct reference *reference);

/* Prints a hint if OpenBLAS, which knows fewer processors than there are, uses kernels without
 * AVX-512 on a processor that has it. */
void reference_hint(void);

/* The value below which a fraction AT (0.5: the median) of N VALUES are, which get sorted. */
double quantile(double *values, size_t n, double at);

#endif
