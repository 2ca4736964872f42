/* The program as one of a team of processes (fftool/team.h): rank 0 speaks for all. */
#ifndef CLI_TEAM_H
#define CLI_TEAM_H

#include "common/cli.h"

/* Joins the team, if there is one. Ranks other than 0 then print nothing but failures of their own.
 * Returns an exit code, with the reason printed. */
int team_join(struct cli *cli);
/* True if this process is to print a failure. Most are met by all processes of a team: those other
 * than rank 0 wait until it would have ended the team. */
bool team_speaks(const struct cli *cli);
#define TEAM_BROADCAST_HELP \
    "of several processes only the first reads the data, and gives them to the others"

/*
 * Makes the ranks other than 0 do something after rank 0, which then has succeeded or ended the
 * team: all call it with TURN 0 before and with TURN 1 after that.
 */
void team_take_turn(const struct cli *cli, unsigned turn);
/* Refuses a command that was started as one of a team; WHY says why, and what to do. Returns an
 * exit code, with that printed. */
int team_refuse(const struct cli *cli, const char *why);
/* Ends the team if RESULT is the exit code of a failure, which the others may not know of. */
void team_end(const struct cli *cli, int result);

#endif
