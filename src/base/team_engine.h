/* An engine: a way in which processes exchange data. There is one, MPI. */
#ifndef FF_BASE_TEAM_ENGINE_H
#define FF_BASE_TEAM_ENGINE_H

#include "base/context.h"

/* All return FF_OK, or FF_EIO with the message set, and count the context's traffic. See team.h. */
struct ff_team_engine {
    int (*gather)(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n);
    int (*broadcast)(struct ff_ctx *ctx, unsigned root, void *data, size_t bytes);
    /* The same for ROWS x COLUMNS floats, rows STRIDE floats apart. */
    int (*broadcast_matrix)(struct ff_ctx *ctx, unsigned root, float *matrix, size_t rows,
                            uint32_t columns, size_t stride);
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
