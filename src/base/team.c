#include "base/team.h"

#include "base/context.h"
#include "base/team_engine.h"

#include <stdio.h>
#include <string.h>

struct ff_range ff_team_share(unsigned rank, unsigned size, uint32_t n)
{
    uint32_t each = n / size, longer = n % size;
    uint32_t first = rank * each + (rank < longer ? rank : longer);

    return (struct ff_range){first, first + each + (rank < longer)};
}

unsigned ff_team_holder(const struct ff_ctx *ctx, uint32_t n, uint32_t item)
{
    unsigned rank = 0;

    while (ff_team_share(rank, ctx->team.size, n).end <= item)
        rank++;
    return rank;
}

int ff_team_gather(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n)
{
    const struct ff_team *team = &ctx->team;

    return team->engine ? team->engine->gather(ctx, items, bytes, n) : FF_OK;
}

int ff_team_broadcast(struct ff_ctx *ctx, unsigned root, void *data, size_t bytes)
{
    const struct ff_team *team = &ctx->team;

    return team->engine ? team->engine->broadcast(ctx, root, data, bytes) : FF_OK;
}

/* The columns of RANK's tiles, in the given ROWS. */
static struct ff_team_block columns_of(const struct ff_ctx *ctx, unsigned rank,
                                       const struct ff_team_columns *columns, void *matrix,
                                       struct ff_range rows)
{
    struct ff_range share = ff_team_share(rank, ctx->team.size, columns->tiles);
    uint32_t first = share.first * columns->tile_columns, end = share.end * columns->tile_columns;
    size_t stride = columns->columns * columns->bytes;

    first = first < columns->columns ? first : columns->columns;
    end = end < columns->columns ? end : columns->columns;
    return (struct ff_team_block){
        .start = (uint8_t *)matrix + rows.first * stride + first * columns->bytes,
        .rows = rows.end - rows.first,
        .row_bytes = (end - first) * columns->bytes,
        .stride = stride,
    };
}

int ff_team_gather_columns(struct ff_ctx *ctx, const struct ff_team_columns *columns, void *matrix)
{
    const struct ff_team *team = &ctx->team;
    struct ff_range all = {0, columns->rows};
    int status = FF_OK;

    for (unsigned rank = 0; team->engine && rank < team->size && status == FF_OK; rank++) {
        struct ff_team_block block = columns_of(ctx, rank, columns, matrix, all);

        if (block.row_bytes > 0)
            status = team->engine->broadcast_block(ctx, rank, &block);
    }
    return status;
}

int ff_team_gather_beside(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n)
{
    const struct ff_team *team = &ctx->team;

    return team->engine ? team->engine->gather_beside(ctx, items, bytes, n) : FF_OK;
}

int ff_team_complete_rows(struct ff_ctx *ctx, const struct ff_team_columns *columns, void *matrix)
{
    const struct ff_team *team = &ctx->team;
    struct ff_range own = ff_team_share(team->rank, team->size, columns->rows);
    size_t bytes = 2 * team->size * sizeof(struct ff_team_block);
    struct ff_team_block *given, *taken;
    int status;

    if (!team->engine)
        return FF_OK;
    given = ff_alloc(ctx, FF_MEM_OTHER, bytes);
    if (!given)
        return ff_alloc_status(ctx);
    taken = given + team->size;
    for (unsigned rank = 0; rank < team->size; rank++) {
        struct ff_range rows = ff_team_share(rank, team->size, columns->rows);

        given[rank] = columns_of(ctx, team->rank, columns, matrix, rows);
        taken[rank] = columns_of(ctx, rank, columns, matrix, own);
    }
    status = team->engine->swap_beside(ctx, given, taken);
    ff_free(ctx, FF_MEM_OTHER, given, bytes);
    return status;
}

void ff_team_waited(struct ff_ctx *ctx, double seconds)
{
    ctx->team.waited += seconds;
}

int ff_team_send(struct ff_ctx *ctx, unsigned to, const void *data, size_t bytes)
{
    return ctx->team.engine->send(ctx, to, data, bytes);
}

int ff_team_receive(struct ff_ctx *ctx, unsigned from, void *data, size_t bytes)
{
    return ctx->team.engine->receive(ctx, from, data, bytes);
}

int ff_team_vote(struct ff_ctx *ctx, uint32_t *bits)
{
    struct ff_team *team = &ctx->team;
    uint32_t before = 0;
    int status = FF_OK;

    if (!team->engine)
        return FF_OK;
    if (team->voting)
        status = team->engine->finish_vote(ctx, &before);
    team->voting = false;
    if (status == FF_OK)
        status = team->engine->begin_vote(ctx, *bits);
    if (status != FF_OK)
        return status;
    team->voting = true;
    *bits = before;
    return FF_OK;
}

int ff_team_agree(struct ff_ctx *ctx, uint32_t *bits)
{
    uint32_t before = *bits;
    int status = ff_team_vote(ctx, &before);

    if (status != FF_OK || !ctx->team.engine)
        return status;
    ctx->team.voting = false;
    status = ctx->team.engine->finish_vote(ctx, bits);
    *bits |= before;
    return status;
}

int ff_team_check_same(struct ff_ctx *ctx, const char *what, const char *text)
{
    char first[FF_TEAM_TEXT] = "";
    int status;

    snprintf(first, sizeof first, "%s", text);
    status = ff_team_broadcast(ctx, 0, first, sizeof first);
    if (status != FF_OK || strncmp(first, text, sizeof first - 1) == 0)
        return status;
    return ff_fail(ctx, FF_EMISMATCH, "this process has %s %s, but rank 0 has %s", what, text,
                   first);
}

void ff_team_leave(struct ff_ctx *ctx)
{
    struct ff_team *team = &ctx->team;
    uint32_t bits;

    if (!team->engine)
        return;
    if (team->voting)
        (void)!team->engine->finish_vote(ctx, &bits);
    team->engine->leave();
    ctx->team.engine = NULL;
    ctx->team.rank = 0;
    ctx->team.size = 1;
    ctx->team.voting = false;
    ctx->team.shares_data = false;
}

void ff_team_share_data(struct ff_ctx *ctx)
{
    ctx->team.shares_data = true;
}

void ff_team_wait(struct ff_ctx *ctx)
{
    uint32_t none = 0;

    (void)!ff_team_agree(ctx, &none);
}

void ff_team_abort(struct ff_ctx *ctx, int code)
{
    if (ctx->team.engine)
        ctx->team.engine->abort(code);
}

unsigned ff_team_rank(const struct ff_ctx *ctx)
{
    return ctx->team.rank;
}

unsigned ff_team_size(const struct ff_ctx *ctx)
{
    return ctx->team.size;
}

void ff_team_traffic(const struct ff_ctx *ctx, struct ff_team_traffic *out)
{
    const struct ff_team *team = &ctx->team;

    *out = (struct ff_team_traffic){team->sent, team->received, team->waited};
}
