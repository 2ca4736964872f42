/*
 * A directory for the temporary files of a job that keeps its results in a file: beside that file
 * or in a given directory, and named after it. It is locked while the job runs, so that two jobs
 * never work on the same results; one that a killed job has left is cleared and reused. A directory
 * with anything else in it is left unchanged.
 */
#ifndef CLI_WORKPLACE_H
#define CLI_WORKPLACE_H

#include "common/cli.h"

struct workplace {
    char *directory; /* NULL: none */
    char *inside;    /* a directory in it, for what workplace_clear() removes */
    int lock;
    int contents; /* a descriptor of INSIDE, so that removing it needs none; -1: none */
};

/* Creates the directory for RESULTS, in SCRATCH (NULL: beside RESULTS), and removes it if the
 * program exits before workplace_close(). One at a time. Returns EXIT_DONE, or EXIT_FAILED with the
 * reason printed. */
int workplace_open(const struct cli *cli, const char *results, const char *scratch,
                   struct workplace *out);
/* Removes what the job has created inside. Returns EXIT_DONE, or EXIT_FAILED with the reason
 * printed.
 */
int workplace_clear(const struct cli *cli, struct workplace *place);
/* Removes everything. */
void workplace_close(struct workplace *place);

#endif
