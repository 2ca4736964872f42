/*
 * The working memory of a module, told once as a list of buffers: by the same list it is allocated,
 * freed, and counted by the planner beforehand.
 */
#ifndef FF_BASE_BUFFERS_H
#define FF_BASE_BUFFERS_H

#include "base/context.h"

struct ff_buffer {
    void *where; /* address of the pointer to it */
    enum ff_category category;
    size_t count, size; /* items, and bytes of one */
};

/* Bytes in use at one moment, by category, and beside them pages of files that are read where they
 * lie in the map: those that stay, and the most of those that come and go, one use after the other.
 * Of those that stay, KEPT are mapped as long as their file is open.
 */
struct ff_needs {
    uint64_t bytes[FF_MEM_CATEGORIES];
    uint64_t mapped, kept, passing;
};

/* Allocates all N buffers, zeroed. On error those that came first are there: free them all. */
FF_CHECK int ff_buffers_alloc(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers);
/* Frees the buffers that are there and sets their pointers to NULL. */
void ff_buffers_free(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers);
/* Adds what the buffers will take. */
void ff_buffers_count(size_t n, const struct ff_buffer *buffers, struct ff_needs *needs);

void ff_needs_add(struct ff_needs *needs, const struct ff_needs *more);
/* Counts BYTES of a file that stays mapped while it is open. */
void ff_needs_keep(struct ff_needs *needs, uint64_t bytes);
/* Counts BYTES that are mapped while nothing else is that comes and goes. */
void ff_needs_pass(struct ff_needs *needs, uint64_t bytes);
/* Of all categories, without what is mapped. */
uint64_t ff_needs_total(const struct ff_needs *needs);

/* The worst of several moments, mapped pages included, and the most bytes of all categories at any
 * of them, which may be another one. Begins with all zero. What passes is among what is mapped. */
struct ff_peak {
    struct ff_needs needs;
    uint64_t accounted;
};
void ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment);

#endif
