/*
 * What an output may overwrite: results of the same kind, and nothing else, so that a typing error
 * does not cost a model or a dataset.
 */
#ifndef CLI_OVERWRITE_H
#define CLI_OVERWRITE_H

#include "common/cli.h"

/* A kind of output. */
struct overwrite_kind {
    const char *name;                 /* "log of fftool" */
    bool (*begins)(const char *text); /* whether a file that begins with TEXT is of that kind */
};

/* True if PATH is a regular file and not empty. */
bool overwrite_holds(const char *path);
/* Returns EXIT_DONE if PATH, the value of --OPTION, is absent, empty or of KIND; else
 * EXIT_FAILED with the reason printed. */
int overwrite_check(const struct cli *cli, const char *option, const char *path,
                    const struct overwrite_kind *kind);

#endif
