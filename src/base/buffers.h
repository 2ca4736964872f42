/*
 * The working memory of a module as one list of buffers. The same list serves to allocate them, to
 * free them, and to estimate their size in the planner.
 */
#ifndef FF_BASE_BUFFERS_H
#define FF_BASE_BUFFERS_H

#include "base/context.h"

struct ff_buffer {
    void *where; /* address of the pointer to the buffer */
    enum ff_category category;
    size_t count, size; /* items, and bytes of one */
};

/* Memory in use at one moment, in bytes. */
struct ff_needs {
    uint64_t bytes[FF_MEM_CATEGORIES]; /* allocated */
    uint64_t mapped;                   /* pages of files that stay mapped at this moment */
    uint64_t kept;                     /* those of MAPPED that stay until their file is closed */
    uint64_t passing;   /* the largest of the mappings that are used in turn, one at a time */
    bool out_of_memory; /* memory ran out while they were counted: the bytes are too few */
};

/* Allocates all N buffers, zeroed. On error some may be allocated: call ff_buffers_free() on the
 * whole list. */
FF_CHECK int ff_buffers_alloc(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers);
/* Frees the buffers that are allocated and sets their pointers to NULL. */
void ff_buffers_free(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers);
/* Adds the sizes of the buffers. */
void ff_buffers_count(size_t n, const struct ff_buffer *buffers, struct ff_needs *needs);

void ff_needs_add(struct ff_needs *needs, const struct ff_needs *more);
/* Counts BYTES of a file that stays mapped while it is open. */
void ff_needs_keep(struct ff_needs *needs, uint64_t bytes);
/* Counts BYTES that are mapped temporarily, never together with another such mapping. */
void ff_needs_pass(struct ff_needs *needs, uint64_t bytes);
/* The sum of all categories, without mapped pages. */
uint64_t ff_needs_total(const struct ff_needs *needs);

/* The peak over several moments. Zero-initialize. */
struct ff_peak {
    struct ff_needs needs; /* of the moment with the most bytes; its MAPPED includes PASSING, and
                              OUT_OF_MEMORY is that of all moments */
    uint64_t accounted;    /* the highest total without mapped pages; maybe of another moment */
};
void ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment);

#endif
