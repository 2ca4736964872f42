/*
 * The share of the matrix product: how near training comes to the speed of plain matrix
 * multiplication.
 */
#ifndef FFTOOL_BENCH_H
#define FFTOOL_BENCH_H

#include <fftool/context.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FF_BENCH_MAX_UNITS 65536u
#define FF_BENCH_MAX_BATCH 65536u
#define FF_BENCH_MAX_ROUNDS 1000u
#define FF_BENCH_MAX_SECONDS 3600.0

struct ff_bench_opts {
    uint32_t units;      /* width of the layer and of its inputs, 1 .. FF_BENCH_MAX_UNITS */
    uint32_t batch;      /* samples, 1 .. FF_BENCH_MAX_BATCH; twice as many rows */
    unsigned threads;    /* 0: as many as the process may use */
    unsigned rounds;     /* alternations of the two measurements, 1 .. FF_BENCH_MAX_ROUNDS; medians
                            are reported */
    double seconds;      /* per measurement, about; above 0, up to FF_BENCH_MAX_SECONDS */
    const char *scratch; /* folder for temporary files; NULL: the temporary folder */
    bool (*interrupted)(void *arg);
    void *arg;
};

struct ff_bench_result {
    unsigned threads;
    double train_gflops; /* streamed training steps, optimizer and reading from LMDB included */
    double gemm_gflops;  /* OpenBLAS's own threaded sgemm, the same products as whole matrices */
    double ratio;        /* median of the ratios of the rounds */
};

void ff_bench_opts_init(struct ff_bench_opts *out);
FF_CHECK int ff_bench_gemm_share(struct ff_ctx *ctx, const struct ff_bench_opts *opts,
                                 struct ff_bench_result *result);

#ifdef __cplusplus
}
#endif
#endif
