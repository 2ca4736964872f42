#include "team.h"
#include "common/interrupt.h"
#include <fftool/team.h>
#include <stdio.h>
#include <time.h>

#define WAIT_MS 700 /* for each rank below */

int team_join(struct cli *cli)
{
    int status = ff_team_join(cli->ctx);

    cli->rank = ff_team_rank(cli->ctx);
    if (status == FF_OK && cli->rank > 0 && freopen("/dev/null", "w", stdout) == NULL)
        return report_failure(cli, "/dev/null cannot be opened");
    return report_status(cli, status);
}

bool team_speaks(const struct cli *cli)
{
    long ms = (long)cli->rank * WAIT_MS;
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    if (cli->rank == 0)
        return true;
    nanosleep(&time, NULL); /* ended early by the signal that ends the team */
    return !interrupt_asked(NULL);
}

void team_take_turn(const struct cli *cli, unsigned turn)
{
    if ((cli->rank == 0) == (turn == 1))
        ff_team_wait(cli->ctx);
}

void team_end(const struct cli *cli, int result)
{
    if (result > EXIT_DONE && result != EXIT_INTERRUPTED) {
        fflush(stderr);
        ff_team_abort(cli->ctx, result);
    }
}
