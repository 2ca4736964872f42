/*
 * Memory, honestly measured. Three figures are kept apart:
 *
 * - peak RSS: most physical memory the process ever held (VmHWM of /proc/self/status). It counts
 *   pages of mapped files too, which the kernel may take back at any time.
 * - peak anonymous: most memory that belongs to the process alone (RssAnon), sampled at the points
 *   where the library's memory is highest. It is what a machine must have.
 * - accounted peak: most bytes that the library's own allocator had handed out, in all and for each
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
    FF_MEM_WEIGHTS,     /* weights and biases of the layer at work */
    FF_MEM_OPTIMIZER,   /* momentum, second moments */
    FF_MEM_GRADIENT,    /* gradients */
    FF_MEM_ACTIVATIONS, /* inputs and outputs of the layer at work */
    FF_MEM_IO,          /* buffers of files, codecs and datasets */
    FF_MEM_OTHER,
    FF_MEM_CATEGORIES
};

struct ff_memory {
    uint64_t peak_rss_bytes;
    uint64_t peak_anon_bytes;
    uint64_t accounted_bytes; /* now */
    uint64_t accounted_peak_bytes;
    uint64_t category_peak_bytes[FF_MEM_CATEGORIES]; /* each category's own peak; they need not
                                                        coincide */
};

/* Fills OUT with the figures of the process and of CTX. Also takes a sample of anonymous memory. */
void ff_memory_read(struct ff_ctx *ctx, struct ff_memory *out);
/* Returns a category's name, such as "weights". */
const char *ff_memory_category(enum ff_category category);
/* Refuses, with FF_EBUDGET, allocations that would bring the accounted bytes over LIMIT. 0: no
 * limit. */
void ff_memory_limit(struct ff_ctx *ctx, uint64_t limit_bytes);

#ifdef __cplusplus
}
#endif
#endif
