/* The networks of `fftool plan`: every combination of its lists, planned one after another. */
#ifndef CLI_COMMANDS_PLANNING_H
#define CLI_COMMANDS_PLANNING_H

#include "commands/plan_output.h"
#include "profile/list.h"

#define PLANNING_MOST_RANKS 1024
#define PLANNING_MOST_NUMBERS 64

/* Widths, or numbers of processes, as they were given. */
struct planning_numbers {
    uint32_t values[PLANNING_MOST_NUMBERS];
    size_t n;
};

/* A network's plan. */
struct planning_row {
    const char *mode;
    uint32_t layers, units; /* UNITS of the first layer */
    uint32_t ranks;
    struct ff_plan plan;
    struct plan_times times;
    bool fits;
};

/* All networks to be planned, and their plans. */
struct planning {
    struct cli *cli;
    struct ff_train_opts opts; /* with the link of the team */
    struct ff_plan_data data;
    const char *hidden;
    struct profile_modes modes;
    struct profile_depths depths;          /* n 0: the layers of HIDDEN */
    struct planning_numbers widths, ranks; /* WIDTHS n 0: that of HIDDEN */
    bool json;
    const char *plot; /* NULL: no figure */
    struct planning_row *rows;
    size_t n_rows;
    bool one; /* a single network: printed in detail */
};

/* Reads TEXT, numbers from 1 to MOST with commas between them, given with --OPTION. Returns
 * EXIT_DONE, or EXIT_USAGE with the reason printed. */
int planning_parse_numbers(const char *command, const char *option, const char *text, uint32_t most,
                           struct planning_numbers *out);
/* Reads BANDWIDTH, such as 10G, and LATENCY, such as 50us, into the options of PLANNING. */
int planning_parse_link(const char *command, const char *bandwidth, const char *latency,
                        struct planning *planning);
/* Plans all networks. Returns EXIT_DONE, or an exit code with the reason printed. */
int planning_run(struct planning *planning);
/* Prints and draws what is planned. Returns EXIT_DONE; EXIT_BUDGET if a network does not fit; or
 * another exit code with the reason printed. */
int planning_print(const struct planning *planning);
void planning_release(struct planning *planning);

#endif
