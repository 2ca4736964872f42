/* Joining a team: whether there is one, and by which engine. */
#include "base/team.h"

#include "base/team_engine.h"

#include <stdlib.h>

/* What launchers set in the environment of every process: OpenMPI, MPICH and those like it, and
 * resource managers. */
static const char *const launchers[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};

bool ff_team_is_launched(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (getenv(launchers[i]))
            return true;
    }
    return false;
}

int ff_team_join(struct ff_ctx *ctx)
{
    if (!ff_team_is_launched())
        return FF_OK;
#ifdef FF_MPI
    return ff_team_mpi_join(ctx);
#else
    return ff_fail(ctx, FF_EINVAL,
                   "started as one of several processes, but built without MPI: build with "
                   "`make MPI=1`");
#endif
}
