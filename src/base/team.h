/*
 * The team: the processes (ranks) that train a layer together. Once the goodness of a step is
 * known, all work is local to a tile, so each rank holds a range of a layer's tiles. What the tiles
 * give to all is gathered, and every rank then adds it in the order of the tiles: no sum is left to
 * the engine, which would add in an order of its own. So a team of any size computes the bits of
 * one process.
 *
 * All ranks make the same calls in the same order, with buffers of the same sizes. A rank whose
 * call fails ends the team (fftool/team.h); the others need not learn of it.
 */
#ifndef FF_BASE_TEAM_H
#define FF_BASE_TEAM_H

#include "base/context.h"

/* Items FIRST .. END - 1. */
struct ff_range {
    uint32_t first, end;
};

/* The range of N items that RANK of a team of SIZE holds. Ranges follow each other by rank and have
 * the same length; the first N % size ones have one item more. */
struct ff_range ff_team_share(unsigned rank, unsigned size, uint32_t n);

/* The rank that holds ITEM of N in the team of CTX. */
unsigned ff_team_holder(const struct ff_ctx *ctx, uint32_t n, uint32_t item);

/* Gathers N items of BYTES each in ITEMS: every rank has set those of its share. */
FF_CHECK int ff_team_gather(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n);
/* Copies DATA from rank ROOT to all. */
FF_CHECK int ff_team_broadcast(struct ff_ctx *ctx, unsigned root, void *data, size_t bytes);

/* A matrix (rows, columns) of elements of BYTES whose columns are divided into tiles, all of the
 * same size but the last. */
struct ff_team_columns {
    size_t bytes;
    uint32_t rows, columns, tile_columns, tiles;
};
/* Gathers MATRIX: every rank has set the columns of its share of tiles. */
FF_CHECK int ff_team_gather_columns(struct ff_ctx *ctx, const struct ff_team_columns *columns,
                                    void *matrix);

/*
 * Exchanges that one thread may make while another makes those above. They wait without using the
 * processor, and are no part of the time that the team has waited.
 */
/* The same as ff_team_gather(). */
FF_CHECK int ff_team_gather_beside(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n);
/* Every rank has set the columns of its share of the tiles of MATRIX, and gets the rows of its
 * share of the rows whole. */
FF_CHECK int ff_team_complete_rows(struct ff_ctx *ctx, const struct ff_team_columns *columns,
                                   void *matrix);
/* Adds SECONDS to the time that the team has waited. */
void ff_team_waited(struct ff_ctx *ctx, double seconds);

/* Between two ranks of a team that is not alone: each send has its receive. */
FF_CHECK int ff_team_send(struct ff_ctx *ctx, unsigned to, const void *data, size_t bytes);
FF_CHECK int ff_team_receive(struct ff_ctx *ctx, unsigned from, void *data, size_t bytes);

/* *BITS become those that any rank has given. */
FF_CHECK int ff_team_agree(struct ff_ctx *ctx, uint32_t *bits);
/* The same without waiting: *BITS become those of the vote before (at first none), and what was
 * given is known to all at the next call. A process that is alone keeps its own. */
FF_CHECK int ff_team_vote(struct ff_ctx *ctx, uint32_t *bits);

/* Most bytes of a text that is compared. */
#define FF_TEAM_TEXT 512
/* Fails with FF_EMISMATCH on ranks whose TEXT, a line that describes WHAT, is not rank 0's. */
FF_CHECK int ff_team_check_same(struct ff_ctx *ctx, const char *what, const char *text);

#endif
