/*
 * Three memory metrics, reported separately:
 *
 * - peak resident memory (RSS): the most physical memory that the process held (VmHWM of
 *   /proc/self/status), pages of mapped files included, which the kernel may reclaim at any time.
 * - peak anonymous memory: the most memory that belongs to the process alone (RssAnon), sampled
 *   where the library's memory is highest. A machine must have that much.
 * - accounted peak: the most bytes that the library's allocator had handed out, in total and by
 *   category.
 */
#ifndef FFTOOL_MEMORY_H
#define FFTOOL_MEMORY_H

#include <fftool/context.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_category {
    FF_MEM_WEIGHTS,     /* weights and biases in memory */
    FF_MEM_OPTIMIZER,   /* momentum, first and second moments */
    FF_MEM_GRADIENT,    /* gradients */
    FF_MEM_ACTIVATIONS, /* inputs and outputs of layers */
    FF_MEM_IO,          /* buffers of files, codecs and datasets */
    FF_MEM_OTHER,
    FF_MEM_CATEGORIES
};

struct ff_memory {
    uint64_t peak_rss_bytes;
    uint64_t peak_anon_bytes;
    uint64_t accounted_bytes; /* now */
    uint64_t accounted_peak_bytes;
    uint64_t category_peak_bytes[FF_MEM_CATEGORIES]; /* of each category, at different times */
};

/* Fills OUT with the metrics of the process and of CTX. Also samples anonymous memory. */
void ff_memory_read(struct ff_ctx *ctx, struct ff_memory *out);
/* Returns a category's name, such as "weights". */
const char *ff_memory_category(enum ff_category category);
/* Makes allocations that would raise the accounted bytes above LIMIT_BYTES fail with FF_EBUDGET.
 * 0: no limit. */
void ff_memory_limit(struct ff_ctx *ctx, uint64_t limit_bytes);

#ifdef __cplusplus
}
#endif
#endif
