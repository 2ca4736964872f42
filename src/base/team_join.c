/* Joining a team: whether there is one, and by which engine. */
#include "base/team.h"

#include "base/team_engine.h"

#include <stdlib.h>

/* The number of processes as launchers put it into the environment of each: OpenMPI's mpirun, that
 * of MPICH and those like it, and Slurm's srun. */
static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

bool ff_team_is_launched(void)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *size = getenv(sizes[i]);

        if (size && strtoul(size, NULL, 10) > 1)
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
