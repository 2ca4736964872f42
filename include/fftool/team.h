/*
 * Teams: several processes, on one machine or more, that train or evaluate one model together. Each
 * holds a part of every layer's units, so that its memory and work are a fraction of one process's,
 * and the weights are those of one process, bit for bit. The engine is MPI, in a library built with
 * `make MPI=1`.
 *
 * Every process of the team makes the same calls with the same arguments. The first, rank 0, reads
 * and writes the model file; the others need none. All read the dataset, or with
 * ff_team_share_data() rank 0 alone. An interruption of one process is one of all, and each gets
 * FF_EINTERRUPTED. If a call fails otherwise in one process, the others may wait for it forever: it
 * must end the team with ff_team_abort().
 */
#ifndef FFTOOL_TEAM_H
#define FFTOOL_TEAM_H

#include <fftool/status.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ff_ctx;

/* What a process has exchanged with the others of its team. */
struct ff_team_traffic {
    uint64_t sent, received; /* bytes of data */
    double waited;           /* seconds in exchanges, waiting for others included */
};

/* True if a launcher (mpirun, srun) has started this process as one of several. */
bool ff_team_is_launched(void);
/*
 * Makes CTX that of a process of the team, which one context of a process may join, once. A process
 * that was not launched as one of a team stays alone. FF_EINVAL: it was, but the library is built
 * without MPI; FF_EMISMATCH: the team has several versions of the library, or of its kernels.
 */
FF_CHECK int ff_team_join(struct ff_ctx *ctx);
/* Lets rank 0 alone read datasets from now on, and give the rows to the others, which need no copy
 * of the data. All processes must call it. Does nothing if CTX is alone. */
void ff_team_share_data(struct ff_ctx *ctx);
/* Waits for the others and leaves the team. Call it before freeing CTX. */
void ff_team_leave(struct ff_ctx *ctx);
/* Waits until every process of the team calls it. */
void ff_team_wait(struct ff_ctx *ctx);
/* Ends all processes of CTX's team; the launcher's exit code is CODE. Returns if CTX is alone. */
void ff_team_abort(struct ff_ctx *ctx, int code);
/* This process's number, from 0, and the number of processes: 0 and 1 if CTX is alone. */
unsigned ff_team_rank(const struct ff_ctx *ctx);
unsigned ff_team_size(const struct ff_ctx *ctx);
void ff_team_traffic(const struct ff_ctx *ctx, struct ff_team_traffic *out);

#ifdef __cplusplus
}
#endif
#endif
