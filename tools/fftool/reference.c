#include "reference.h"
#include "common/address_space.h"
#include "common/heap.h"
#include "common/progress.h"
#include "hints.h"
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
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

void reference_init(const struct cli *cli, unsigned threads, struct reference *out)
{
    *out = (struct reference){.cli = cli, .threads = threads};
}

void reference_release(struct reference *reference)
{
    free(reference->x);
    free(reference->weights);
    free(reference->y);
    free(reference->gradient);
    reference_init(reference->cli, reference->threads, reference);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Makes room for SHAPE. */
static int fit(struct reference *reference, const struct reference_shape *shape)
{
    struct reference_shape *room = &reference->room, old = *room;

    room->rows = larger(old.rows, shape->rows);
    room->units = larger(old.units, shape->units);
    room->fan_in = larger(old.fan_in, shape->fan_in);
    if (memcmp(&old, room, sizeof old) == 0)
        return EXIT_DONE;
    if (!has_address_space(reference->threads)) {
        report_failure(reference->cli, "out of address space: OpenBLAS needs %zu MiB more",
                       (reference->threads * THREAD_BYTES + MARGIN_BYTES) >> 20);
        print_hint_for(reference->cli, FF_ENOMEM);
        return EXIT_FAILED;
    }
    old = *room;
    reference_release(reference);
    *room = old;
    reference->x = make_numbers((size_t)room->rows * room->fan_in, 0);
    reference->weights = make_numbers((size_t)room->units * room->fan_in, -1);
    reference->y = make_numbers((size_t)room->rows * room->units, 0);
    reference->gradient = make_numbers((size_t)room->units * room->fan_in, -1);
    return EXIT_DONE;
}

static void multiply(const struct reference *reference, const struct reference_shape *shape)
{
    blasint rows = (blasint)shape->rows, units = (blasint)shape->units,
            fan_in = (blasint)shape->fan_in;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, units, fan_in, 1, reference->x,
                fan_in, reference->weights, fan_in, 0, reference->y, units);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, units, fan_in, rows, 1, reference->y,
                units, reference->x, fan_in, 0, reference->gradient, fan_in);
}

int reference_measure(struct reference *reference, const struct reference_shape *shape,
                      double seconds, bool (*interrupted)(void *arg), double *gflops)
{
    double elapsed = 0, began, operations = 4.0 * shape->rows * shape->units * shape->fan_in;
    bool stopped = false;
    int result = fit(reference, shape);
    uint64_t count;

    *gflops = 0;
    if (result != EXIT_DONE)
        return result;
    openblas_set_num_threads((int)reference->threads);
    multiply(reference, shape); /* to warm up */
    began = now_s();
    for (count = 0; elapsed < seconds && !stopped; count++) {
        multiply(reference, shape);
        elapsed = now_s() - began;
        stopped = interrupted(NULL);
    }
    openblas_set_num_threads(1); /* as the library has it */
    if (!stopped)
        *gflops = operations * (double)count / elapsed * 1e-9;
    return EXIT_DONE;
}

void reference_hint(void)
{
#if defined(__x86_64__)
    const char *core = openblas_get_corename();

    __builtin_cpu_init();
    if ((strcmp(core, "Haswell") == 0 || strcmp(core, "Zen") == 0) &&
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        report_hint("OpenBLAS uses its kernels for %s on a processor with AVX-512; try "
                    "OPENBLAS_CORETYPE=%s in the environment (other last bits of the weights)",
                    core, __builtin_cpu_supports("avx512bf16") ? "Cooperlake" : "SkylakeX");
#endif
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double quantile(double *values, size_t n, double at)
{
    double place = at * (double)(n - 1);
    size_t below = (size_t)place;

    qsort(values, n, sizeof *values, compare_doubles);
    if (below + 1 == n)
        return values[below];
    return values[below] + (place - (double)below) * (values[below + 1] - values[below]);
}
