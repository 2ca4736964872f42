/* The engine of a team: MPI. The library is built with it by `make MPI=1`. */
#ifdef FF_MPI
#include "base/clock.h"
#include "base/team.h"
#include "base/team_engine.h"

#include <mpi.h>
#include <stdlib.h>

/* Bytes of one message; longer ones are sent in parts, as MPI counts with int. */
#define MOST_BYTES ((size_t)1 << 30)

static MPI_Request vote;
static uint32_t votes_given, votes_found;

/* Notes the time of an exchange that BEGAN, and turns RC of MPI function NAME into a status. */
static int done(struct ff_ctx *ctx, double began, int rc, const char *name)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;

    ctx->team.traffic.waited += ff_now() - began;
    if (rc == MPI_SUCCESS)
        return FF_OK;
    MPI_Error_string(rc, text, &length);
    return ff_fail(ctx, FF_EIO, "rank %u: %s: %.*s", ctx->team.rank, name, length, text);
}

static void count(struct ff_ctx *ctx, uint64_t sent, uint64_t received)
{
    ctx->team.traffic.sent += sent;
    ctx->team.traffic.received += received;
}

/* An item as a type of its own, so that any number of items can be counted. */
static int gather(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n)
{
    const struct ff_team *team = &ctx->team;
    struct ff_range own = ff_team_share(team->rank, team->size, n);
    int *counts = malloc(2 * team->size * sizeof *counts), *starts = counts + team->size, rc;
    double began = ff_now();
    MPI_Datatype item;

    if (!counts)
        return ff_fail(ctx, FF_ENOMEM, "out of memory");
    for (unsigned rank = 0; rank < team->size; rank++) {
        struct ff_range share = ff_team_share(rank, team->size, n);

        counts[rank] = (int)(share.end - share.first);
        starts[rank] = (int)share.first;
    }
    MPI_Type_contiguous((int)bytes, MPI_BYTE, &item);
    MPI_Type_commit(&item);
    rc = MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, items, counts, starts, item,
                        MPI_COMM_WORLD);
    MPI_Type_free(&item);
    free(counts);
    count(ctx, (own.end - own.first) * (uint64_t)bytes * (team->size - 1),
          (n - (own.end - own.first)) * (uint64_t)bytes);
    return done(ctx, began, rc, "MPI_Allgatherv");
}

static void count_broadcast(struct ff_ctx *ctx, unsigned root, uint64_t bytes)
{
    if (ctx->team.rank == root)
        count(ctx, bytes * (ctx->team.size - 1), 0);
    else
        count(ctx, 0, bytes);
}

static int broadcast(struct ff_ctx *ctx, unsigned root, void *data, size_t bytes)
{
    double began = ff_now();
    int rc = MPI_SUCCESS;

    for (size_t at = 0; at < bytes && rc == MPI_SUCCESS; at += MOST_BYTES) {
        size_t part = bytes - at < MOST_BYTES ? bytes - at : MOST_BYTES;

        rc = MPI_Bcast((char *)data + at, (int)part, MPI_BYTE, (int)root, MPI_COMM_WORLD);
    }
    count_broadcast(ctx, root, bytes);
    return done(ctx, began, rc, "MPI_Bcast");
}

static int broadcast_matrix(struct ff_ctx *ctx, unsigned root, float *matrix, size_t rows,
                            uint32_t columns, size_t stride)
{
    double began = ff_now();
    MPI_Datatype block;
    int rc;

    MPI_Type_vector((int)rows, (int)columns, (int)stride, MPI_FLOAT, &block);
    MPI_Type_commit(&block);
    rc = MPI_Bcast(matrix, 1, block, (int)root, MPI_COMM_WORLD);
    MPI_Type_free(&block);
    count_broadcast(ctx, root, (uint64_t)rows * columns * sizeof *matrix);
    return done(ctx, began, rc, "MPI_Bcast");
}

static int send(struct ff_ctx *ctx, unsigned to, const void *data, size_t bytes)
{
    double began = ff_now();
    int rc = MPI_SUCCESS;

    for (size_t at = 0; at < bytes && rc == MPI_SUCCESS; at += MOST_BYTES) {
        size_t part = bytes - at < MOST_BYTES ? bytes - at : MOST_BYTES;

        rc = MPI_Send((const char *)data + at, (int)part, MPI_BYTE, (int)to, 0, MPI_COMM_WORLD);
    }
    count(ctx, bytes, 0);
    return done(ctx, began, rc, "MPI_Send");
}

static int receive(struct ff_ctx *ctx, unsigned from, void *data, size_t bytes)
{
    double began = ff_now();
    int rc = MPI_SUCCESS;

    for (size_t at = 0; at < bytes && rc == MPI_SUCCESS; at += MOST_BYTES) {
        size_t part = bytes - at < MOST_BYTES ? bytes - at : MOST_BYTES;

        rc = MPI_Recv((char *)data + at, (int)part, MPI_BYTE, (int)from, 0, MPI_COMM_WORLD,
                      MPI_STATUS_IGNORE);
    }
    count(ctx, 0, bytes);
    return done(ctx, began, rc, "MPI_Recv");
}

static int begin_vote(struct ff_ctx *ctx, uint32_t bits)
{
    double began = ff_now();
    int rc;

    votes_given = bits;
    rc =
        MPI_Iallreduce(&votes_given, &votes_found, 1, MPI_UINT32_T, MPI_BOR, MPI_COMM_WORLD, &vote);
    return done(ctx, began, rc, "MPI_Iallreduce");
}

static int finish_vote(struct ff_ctx *ctx, uint32_t *bits)
{
    double began = ff_now();
    int rc = MPI_Wait(&vote, MPI_STATUS_IGNORE);

    *bits = votes_found;
    return done(ctx, began, rc, "MPI_Wait");
}

static void abort_team(int code)
{
    MPI_Abort(MPI_COMM_WORLD, code);
}

static void leave(void)
{
    MPI_Finalize();
}

static const struct ff_team_engine mpi = {
    .gather = gather,
    .broadcast = broadcast,
    .broadcast_matrix = broadcast_matrix,
    .send = send,
    .receive = receive,
    .begin_vote = begin_vote,
    .finish_vote = finish_vote,
    .abort = abort_team,
    .leave = leave,
};

int ff_team_mpi_join(struct ff_ctx *ctx)
{
    int rank, size, joined, threads;

    MPI_Initialized(&joined);
    if (joined)
        return ff_fail(ctx, FF_EINVAL, "this process has joined its team already");
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &threads) != MPI_SUCCESS)
        return ff_fail(ctx, FF_EIO, "MPI_Init_thread failed");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    ctx->team.rank = (unsigned)rank;
    ctx->team.size = (unsigned)size;
    ctx->team.engine = &mpi;
    return FF_OK;
}
#else
typedef int ff_no_mpi; /* a file with nothing in it is not C */
#endif
