/* An engine: a way in which processes exchange data. There is one, MPI. */
#ifndef FF_BASE_TEAM_ENGINE_H
#define FF_BASE_TEAM_ENGINE_H

#include "base/context.h"

/* A block of a matrix. */
struct ff_team_block {
    uint8_t *start;
    size_t rows, row_bytes;
    size_t stride; /* bytes from row to row */
};

/* All return FF_OK, or FF_EIO with the message set, and count the context's traffic. See team.h. */
struct ff_team_engine {
    int (*gather)(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n);
    int (*gather_beside)(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n);
    /* Sends GIVEN[r] to rank r, and receives TAKEN[r] from it. */
    int (*swap_beside)(struct ff_ctx *ctx, const struct ff_team_block *given,
                       const struct ff_team_block *taken);
    int (*broadcast)(struct ff_ctx *ctx, unsigned root, void *data, size_t bytes);
    int (*broadcast_block)(struct ff_ctx *ctx, unsigned root, const struct ff_team_block *block);
    int (*send)(struct ff_ctx *ctx, unsigned to, const void *data, size_t bytes);
    int (*receive)(struct ff_ctx *ctx, unsigned from, void *data, size_t bytes);
    /* Begins to combine the BITS of all ranks, and waits for the result. */
    int (*begin_vote)(struct ff_ctx *ctx, uint32_t bits);
    int (*finish_vote)(struct ff_ctx *ctx, uint32_t *bits);
    void (*abort)(int code);
    void (*leave)(void);
};

/* Sets the context's rank, size and engine. */
FF_CHECK int ff_team_mpi_join(struct ff_ctx *ctx);

#endif
