/* The benchmark of the matrix product's share: training steps as they are, beside plain sgemm of
 * the same shapes. */
#include <fftool/bench.h>

#include "base/clock.h"
#include "learn/import.h"
#include "learn/step.h"
#include "nn/gemm.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_UNITS 2000
#define DEFAULT_BATCH 128
#define DEFAULT_ROUNDS 7
#define DEFAULT_SECONDS 0.5
#define BATCHES 16 /* stored ones, visited in turn: more than any cache holds at 2000 units */
#define SEED 1

struct bench {
    struct ff_ctx *ctx;
    const struct ff_bench_opts *opts;
    struct ff_workers workers;
    struct ff_scratch scratch;
    struct ff_set *set;
    struct ff_geometry geometry;
    struct ff_feed *feed;
    struct ff_layer layer;
    struct ff_step *step;
    uint64_t steps;
    /* The whole matrices of the plain products */
    float *x, *y, *dw; /* (2 batch, units), (2 batch, units), (units, units) */
};

void ff_bench_opts_init(struct ff_bench_opts *out)
{
    *out = (struct ff_bench_opts){
        .units = DEFAULT_UNITS,
        .batch = DEFAULT_BATCH,
        .rounds = DEFAULT_ROUNDS,
        .seconds = DEFAULT_SECONDS,
    };
}

static int check_opts(struct ff_ctx *ctx, const struct ff_bench_opts *opts)
{
    const struct {
        const char *name;
        unsigned value, most;
    } counts[] = {
        {"units", opts->units, FF_BENCH_MAX_UNITS},
        {"batch", opts->batch, FF_BENCH_MAX_BATCH},
        {"rounds", opts->rounds, FF_BENCH_MAX_ROUNDS},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].value < 1 || counts[i].value > counts[i].most)
            return ff_fail(ctx, FF_EINVAL, "%s %u: must be 1 to %u", counts[i].name,
                           counts[i].value, counts[i].most);
    }
    if (!(opts->seconds > 0 && opts->seconds <= FF_BENCH_MAX_SECONDS))
        return ff_fail(ctx, FF_EINVAL, "seconds %g: must be above 0, and at most %g", opts->seconds,
                       FF_BENCH_MAX_SECONDS);
    return FF_OK;
}

static size_t rows_bytes(const struct bench *b)
{
    return (size_t)2 * b->opts->batch * b->opts->units * sizeof(float);
}

static size_t weight_bytes(const struct bench *b)
{
    return (size_t)b->opts->units * b->opts->units * sizeof(float);
}

/* Inputs like those of a deep layer: about half are zero. */
static void fill_rows(float *rows, size_t n, uint32_t stream)
{
    struct ff_rng rng = ff_rng_make(SEED, FF_RNG_WEIGHTS, stream, 0);

    for (size_t i = 0; i < n; i += 4) {
        float normal[4];

        ff_rng_normal(&rng, i / 4, normal);
        for (size_t j = 0; j < 4 && i + j < n; j++)
            rows[i + j] = normal[j] > 0 ? normal[j] : 0;
    }
}

static int store_rows(struct bench *b)
{
    struct ff_compression none = {FF_CODEC_NONE, 0};
    struct ff_seal seal = {.boundary = 1, .chunks = b->geometry.chunks};
    int status = b->scratch.ops->create(b->scratch.self, 1, &b->set);

    for (uint32_t chunk = 0; chunk < b->geometry.chunks && status == FF_OK; chunk++) {
        for (uint32_t stream = 0; stream < 2 && status == FF_OK; stream++) {
            struct ff_matrix matrix = {FF_F32, 0, b->opts->units, b->x};
            uint64_t first;

            ff_chunk_range(&b->geometry, chunk, &first, &matrix.rows);
            fill_rows(b->x, (size_t)matrix.rows * matrix.columns, 2 * chunk + stream);
            status = ff_set_put(b->set, chunk, FF_STREAM_INPUT + stream, &matrix, FF_F32, &none);
        }
    }
    return status == FF_OK ? ff_set_seal(b->set, &seal) : status;
}

static int open_scratch(struct bench *b)
{
    char prefix[PATH_MAX];
    const char *temporary = getenv("TMPDIR");
    const char *parent = b->opts->scratch ? b->opts->scratch : temporary ? temporary : P_tmpdir;

    snprintf(prefix, sizeof prefix, "%s/fftool-bench", parent);
    return ff_scratch_temporary(b->ctx, prefix, &b->scratch);
}

static int set_up_training(struct bench *b)
{
    const struct ff_loss *loss = ff_loss_find("symba");
    const struct ff_optimizer *optimizer = ff_optimizer_find("adam");
    struct ff_feed_opts feed = {
        .geometry = &b->geometry,
        .set = b->set,
        .boundary = 1,
        .width = b->opts->units,
    };
    struct ff_step_opts step = {
        .layer = &b->layer,
        .geometry = &b->geometry,
        .loss = loss,
        .loss_params = loss->defaults,
        .optimizer = optimizer,
        .optimizer_params = optimizer->defaults,
        .variants = 1,
    };
    int status =
        ff_layer_init(&b->layer, b->ctx, b->opts->units, b->opts->units, optimizer->states);

    if (status != FF_OK)
        return status;
    status = ff_layer_seed(&b->layer, b->workers.pool, SEED, 1, 1);
    step.micro_chunks = ff_micro_chunks(&b->geometry, &b->layer, 0);
    feed.max_pieces = ff_step_pieces(&b->layer, step.micro_chunks);
    if (status == FF_OK)
        status = ff_feed_new(&b->workers, &feed, &b->feed);
    step.feed = b->feed;
    return status == FF_OK ? ff_step_new(&b->workers, &step, &b->step) : status;
}

static int set_up(struct bench *b)
{
    int status = ff_workers_init(&b->workers, b->ctx, b->opts->threads);

    if (status == FF_OK) /* OpenBLAS's own threads keep theirs */
        status = ff_gemm_reserve(b->ctx, 2 * b->workers.threads);
    if (status != FF_OK)
        return status;
    b->geometry = ff_geometry_make((uint64_t)BATCHES * b->opts->batch, b->opts->batch);
    b->x = ff_alloc(b->ctx, FF_MEM_ACTIVATIONS, rows_bytes(b));
    b->y = ff_alloc(b->ctx, FF_MEM_ACTIVATIONS, rows_bytes(b));
    b->dw = ff_alloc(b->ctx, FF_MEM_GRADIENT, weight_bytes(b));
    if (!b->x || !b->y || !b->dw)
        return ff_alloc_status(b->ctx);
    status = open_scratch(b);
    if (status == FF_OK)
        status = store_rows(b);
    if (status == FF_OK)
        status = set_up_training(b);
    fill_rows(b->x, rows_bytes(b) / sizeof *b->x, 0);
    return status;
}

static void release(struct bench *b)
{
    ff_step_free(b->step);
    ff_feed_free(b->feed);
    ff_set_close(b->set);
    ff_layer_release(&b->layer);
    ff_scratch_remove(&b->scratch);
    ff_free(b->ctx, FF_MEM_ACTIVATIONS, b->x, rows_bytes(b));
    ff_free(b->ctx, FF_MEM_ACTIVATIONS, b->y, rows_bytes(b));
    ff_free(b->ctx, FF_MEM_GRADIENT, b->dw, weight_bytes(b));
    ff_workers_release(&b->workers);
}

/* Operations of the matrix products of one batch: forward and backward, both streams. */
static double batch_flops(const struct bench *b)
{
    return 8.0 * b->opts->batch * (double)b->opts->units * b->opts->units;
}

static bool stopped(const struct bench *b)
{
    return b->opts->interrupted && b->opts->interrupted(b->opts->arg);
}

/* One training step, as in training: a learning rate that keeps the weights where they are would
 * save nothing. */
static int train_once(struct bench *b)
{
    struct ff_sums sums = {0};
    uint64_t number = ++b->steps;

    return ff_step_run(b->step, number % b->geometry.batches, 0, number, 1e-5f, &sums);
}

static int multiply_once(struct bench *b)
{
    size_t rows = (size_t)2 * b->opts->batch, n = b->opts->units;
    int threads = (int)b->workers.threads;

    ff_gemm_nt_threaded(threads, rows, n, n, b->x, n, b->layer.weights, n, b->y, n);
    ff_gemm_tn_threaded(threads, n, n, rows, b->y, n, b->x, n, b->dw, n);
    return FF_OK;
}

/* Repeats ONCE for about the time asked for; *RATE in 1e9 operations per second. */
static int measure(struct bench *b, int (*once)(struct bench *), double *rate)
{
    double began, elapsed = 0;
    uint64_t count = 0;
    int status = once(b); /* to warm up */

    began = ff_now();
    while (status == FF_OK && elapsed < b->opts->seconds) {
        status = stopped(b) ? ff_fail(b->ctx, FF_EINTERRUPTED, "interrupted") : once(b);
        count++;
        elapsed = ff_now() - began;
    }
    *rate = batch_flops(b) * (double)count / elapsed * 1e-9;
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The two are taken in turn, so that whatever else the machine does meets both. */
static int compare(struct bench *b, struct ff_bench_result *result)
{
    double train[FF_BENCH_MAX_ROUNDS], gemm[FF_BENCH_MAX_ROUNDS], ratio[FF_BENCH_MAX_ROUNDS];
    int status = FF_OK;

    for (unsigned i = 0; i < b->opts->rounds && status == FF_OK; i++) {
        status = measure(b, train_once, &train[i]);
        if (status == FF_OK)
            status = measure(b, multiply_once, &gemm[i]);
        if (status == FF_OK)
            ratio[i] = train[i] / gemm[i];
    }
    if (status != FF_OK)
        return status;
    result->threads = b->workers.threads;
    result->train_gflops = median(train, b->opts->rounds);
    result->gemm_gflops = median(gemm, b->opts->rounds);
    result->ratio = median(ratio, b->opts->rounds);
    return FF_OK;
}

int ff_bench_gemm_share(struct ff_ctx *ctx, const struct ff_bench_opts *opts,
                        struct ff_bench_result *result)
{
    struct bench b = {.ctx = ctx, .opts = opts};
    int status = check_opts(ctx, opts);

    memset(result, 0, sizeof *result);
    if (status != FF_OK)
        return status;
    status = set_up(&b);
    if (status == FF_OK)
        status = compare(&b, result);
    release(&b);
    return status;
}
