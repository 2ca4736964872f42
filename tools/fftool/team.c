#include "team.h"
#include <fftool/team.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

/* How long a rank waits for each one below it to end the team. OpenMPI continues all processes at
 * once, and terminates them a second later. */
#define WAIT_S 2
#define MOST_WAIT_S 10

static void wake(int number)
{
    (void)number; /* only ends the wait */
}

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
    unsigned seconds = cli->rank * WAIT_S;
    struct timespec wait = {.tv_sec = seconds < MOST_WAIT_S ? seconds : MOST_WAIT_S};

    if (cli->rank == 0)
        return true;
    signal(SIGCONT, wake);
    signal(SIGTERM, wake);
    return nanosleep(&wait, NULL) == 0;
}

void team_take_turn(const struct cli *cli, unsigned turn)
{
    if ((cli->rank == 0) == (turn == 1))
        ff_team_wait(cli->ctx);
}

int team_refuse(const struct cli *cli, const char *why)
{
    return ff_team_is_launched() ? report_failure(cli, "%s", why) : EXIT_DONE;
}

void team_end(const struct cli *cli, int result)
{
    if (result > EXIT_DONE && result != EXIT_INTERRUPTED) {
        fflush(NULL);
        ff_team_abort(cli->ctx, result);
    }
}
