/* The engine of a team: MPI. The library is built with it by `make MPI=1`. */
#ifdef FF_MPI
#include "base/clock.h"
#include "base/team.h"
#include "base/team_engine.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

/* Bytes of one message; longer ones are sent in parts, as MPI counts with int. */
#define MOST_BYTES ((size_t)1 << 30)

/* Between two looks at an exchange beside others. */
#define NAP_NS 50000

static MPI_Comm beside; /* all processes, for the exchanges beside */
static MPI_Request vote;
static uint32_t votes_given, votes_found;

/* Turns RC of MPI function NAME into a status. */
static int status_of(struct ff_ctx *ctx, int rc, const char *name)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;

    if (rc == MPI_SUCCESS)
        return FF_OK;
    MPI_Error_string(rc, text, &length);
    return ff_fail(ctx, FF_EIO, "%s: %.*s", name, length, text);
}

/* The same after an exchange that BEGAN, for which the process has waited. */
static int done(struct ff_ctx *ctx, double began, int rc, const char *name)
{
    ff_team_waited(ctx, ff_now() - began);
    return status_of(ctx, rc, name);
}

/* Waits for the N REQUESTS of an exchange beside others, the result of whose beginning is RC. */
static int done_beside(struct ff_ctx *ctx, int n, MPI_Request *requests, int rc, const char *name)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};
    int is_done = 0;

    while (rc == MPI_SUCCESS && !is_done) {
        rc = MPI_Testall(n, requests, &is_done, MPI_STATUSES_IGNORE);
        if (!is_done)
            nanosleep(&nap, NULL);
    }
    return status_of(ctx, rc, name);
}

static void count(struct ff_ctx *ctx, uint64_t sent, uint64_t received)
{
    atomic_fetch_add(&ctx->team.sent, sent);
    atomic_fetch_add(&ctx->team.received, received);
}

/* The shares of N items; an item is a type of its own, so that any number of them can be counted.
 */
struct shares {
    int *counts, *starts;
    MPI_Datatype item;
};

/* Counts the bytes of gathering, too. */
static int make_shares(struct ff_ctx *ctx, size_t bytes, uint32_t n, struct shares *out)
{
    const struct ff_team *team = &ctx->team;
    struct ff_range own = ff_team_share(team->rank, team->size, n);

    if (bytes > INT_MAX)
        return ff_fail(ctx, FF_EINVAL,
                       "%zu bytes for each tile are more than MPI exchanges at a time; use a "
                       "smaller batch or micro-batch",
                       bytes);
    out->counts = malloc(2 * team->size * sizeof *out->counts);
    if (!out->counts)
        return ff_fail(ctx, FF_ENOMEM, "out of memory");
    out->starts = out->counts + team->size;
    for (unsigned rank = 0; rank < team->size; rank++) {
        struct ff_range share = ff_team_share(rank, team->size, n);

        out->counts[rank] = (int)(share.end - share.first);
        out->starts[rank] = (int)share.first;
    }
    MPI_Type_contiguous((int)bytes, MPI_BYTE, &out->item);
    MPI_Type_commit(&out->item);
    count(ctx, (own.end - own.first) * (uint64_t)bytes * (team->size - 1),
          (n - (own.end - own.first)) * (uint64_t)bytes);
    return FF_OK;
}

static void free_shares(struct shares *shares)
{
    MPI_Type_free(&shares->item);
    free(shares->counts);
}

static int gather(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n)
{
    double began = ff_now();
    struct shares shares;
    int rc, status = make_shares(ctx, bytes, n, &shares);

    if (status != FF_OK)
        return status;
    rc = MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, items, shares.counts, shares.starts,
                        shares.item, MPI_COMM_WORLD);
    free_shares(&shares);
    return done(ctx, began, rc, "MPI_Allgatherv");
}

static int gather_beside(struct ff_ctx *ctx, void *items, size_t bytes, uint32_t n)
{
    MPI_Request request;
    struct shares shares;
    int rc, status = make_shares(ctx, bytes, n, &shares);

    if (status != FF_OK)
        return status;
    rc = MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, items, shares.counts, shares.starts,
                         shares.item, beside, &request);
    status = done_beside(ctx, 1, &request, rc, "MPI_Iallgatherv");
    free_shares(&shares);
    return status;
}

/* The type of BLOCK's bytes from its start on. */
static MPI_Datatype block_type(const struct ff_team_block *block)
{
    MPI_Datatype type;

    MPI_Type_vector((int)block->rows, (int)block->row_bytes, (int)block->stride, MPI_BYTE, &type);
    MPI_Type_commit(&type);
    return type;
}

/* Begins to exchange blocks with RANK, empty ones, too. */
static int begin_swap(unsigned rank, const struct ff_team_block *given,
                      const struct ff_team_block *taken, MPI_Request request[2])
{
    MPI_Datatype type = block_type(taken);
    int rc = MPI_Irecv(taken->start, 1, type, (int)rank, 0, beside, &request[0]);

    MPI_Type_free(&type);
    if (rc != MPI_SUCCESS)
        return rc;
    type = block_type(given);
    rc = MPI_Isend(given->start, 1, type, (int)rank, 0, beside, &request[1]);
    MPI_Type_free(&type);
    return rc;
}

static int swap_beside(struct ff_ctx *ctx, const struct ff_team_block *given,
                       const struct ff_team_block *taken)
{
    unsigned size = ctx->team.size;
    MPI_Request *requests = malloc(2 * size * sizeof *requests);
    int rc = MPI_SUCCESS, n = 0, status;

    if (!requests)
        return ff_fail(ctx, FF_ENOMEM, "out of memory");
    for (unsigned rank = 0; rank < size && rc == MPI_SUCCESS; rank++) {
        if (rank == ctx->team.rank)
            continue;
        rc = begin_swap(rank, &given[rank], &taken[rank], requests + n);
        count(ctx, given[rank].rows * given[rank].row_bytes,
              taken[rank].rows * taken[rank].row_bytes);
        n += 2;
    }
    status = done_beside(ctx, n, requests, rc, "MPI_Isend");
    free(requests);
    return status;
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

static int broadcast_block(struct ff_ctx *ctx, unsigned root, const struct ff_team_block *block)
{
    double began = ff_now();
    MPI_Datatype type = block_type(block);
    int rc = MPI_Bcast(block->start, 1, type, (int)root, MPI_COMM_WORLD);

    MPI_Type_free(&type);
    count_broadcast(ctx, root, block->rows * block->row_bytes);
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
    MPI_Comm_free(&beside);
    MPI_Finalize();
}

static const struct ff_team_engine mpi = {
    .gather = gather,
    .gather_beside = gather_beside,
    .swap_beside = swap_beside,
    .broadcast = broadcast,
    .broadcast_block = broadcast_block,
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
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &threads) != MPI_SUCCESS)
        return ff_fail(ctx, FF_EIO, "MPI_Init_thread failed");
    if (threads != MPI_THREAD_MULTIPLE)
        return ff_fail(ctx, FF_EINVAL, "this MPI cannot be used by several threads");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (MPI_Comm_dup(MPI_COMM_WORLD, &beside) != MPI_SUCCESS)
        return ff_fail(ctx, FF_EIO, "MPI_Comm_dup failed");
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
