#include "reference.h"
#include "common/address_space.h"
#include "common/heap.h"
#include "common/progress.h"
#include "hints.h"
#include <cblas.h>
#include <stdlib.h>
#include <sys/mman.h>

/* What OpenBLAS takes for each thread, and what stays free beside it. */
#define THREAD_BYTES ((size_t)128 << 20)
#define MARGIN_BYTES ((size_t)64 << 20)

/* OpenBLAS does not survive it where there is none. */
static bool has_address_space(unsigned threads)
{
    size_t bytes = threads * THREAD_BYTES + MARGIN_BYTES;
    void *probe;

    if (!address_space_is_limited())
        return true;
    probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (probe == MAP_FAILED)
        return false;
    munmap(probe, bytes);
    return true;
}

/* Numbers as of normalised activations: from -1 to 1, those below LEAST are 0. */
static float *make_numbers(size_t n, float least)
{
    float *numbers = heap_resize(NULL, n, sizeof *numbers);
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u; /* Knuth's linear congruential generator */
        numbers[i] = (float)(state >> 8) / (1 << 23) - 1;
        if (numbers[i] < least)
            numbers[i] = 0;
    }
    return numbers;
}

int reference_init(const struct cli *cli, uint32_t units, uint32_t batch, unsigned threads,
                   struct reference *out)
{
    size_t rows = (size_t)2 * batch, square = (size_t)units * units;

    if (!has_address_space(threads)) {
        report_failure(cli, "out of address space: OpenBLAS needs %zu MiB more",
                       (threads * THREAD_BYTES + MARGIN_BYTES) >> 20);
        print_hint_for(cli, FF_ENOMEM);
        return EXIT_FAILED;
    }
    *out = (struct reference){.units = units, .batch = batch, .threads = threads};
    out->x = make_numbers(rows * units, 0);
    out->weights = make_numbers(square, -1);
    out->y = make_numbers(rows * units, 0);
    out->gradient = make_numbers(square, -1);
    return EXIT_DONE;
}

void reference_release(struct reference *reference)
{
    free(reference->x);
    free(reference->weights);
    free(reference->y);
    free(reference->gradient);
    *reference = (struct reference){.units = 0};
}

double reference_step_flops(uint32_t units, uint32_t batch)
{
    return 8.0 * batch * (double)units * units;
}

/* y = x W', dW = y' x. */
static void multiply(const struct reference *reference)
{
    blasint n = (blasint)reference->units, rows = (blasint)(2 * reference->batch);

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n, n, 1, reference->x, n,
                reference->weights, n, 0, reference->y, n);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, n, rows, 1, reference->y, n,
                reference->x, n, 0, reference->gradient, n);
}

double reference_measure(const struct reference *reference, double seconds,
                         bool (*interrupted)(void *arg))
{
    double elapsed = 0, began;
    bool stopped = false;
    uint64_t count;

    openblas_set_num_threads((int)reference->threads);
    multiply(reference); /* to warm up */
    began = now_s();
    for (count = 0; elapsed < seconds && !stopped; count++) {
        multiply(reference);
        elapsed = now_s() - began;
        stopped = interrupted(NULL);
    }
    openblas_set_num_threads(1); /* as the library has it */
    if (stopped)
        return 0;
    return reference_step_flops(reference->units, reference->batch) * (double)count / elapsed *
           1e-9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
