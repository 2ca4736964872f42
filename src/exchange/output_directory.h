/*
 * A directory of files that appears under its name when it is complete. Until then it is
 * NAME.partial, locked (flock); an unlocked one was left by a killed process and is taken over.
 * Directories are overwritten or taken over only if they hold nothing but exported files: .npy and
 * .json.
 */
#ifndef FF_EXCHANGE_OUTPUT_DIRECTORY_H
#define FF_EXCHANGE_OUTPUT_DIRECTORY_H

#include "base/context.h"

#include <limits.h>
#include <stdio.h>

struct ff_output_directory {
    struct ff_ctx *ctx;
    const char *name;       /* as given by the user */
    char path[PATH_MAX];    /* the same, resolved, without a slash at its end */
    char partial[PATH_MAX]; /* the directory that is written */
    int fd;                 /* of it */
    bool force;             /* overwrites an existing directory */
    uint64_t bytes;         /* of its files */
};

/* Begins the directory NAME, which may end in slashes. FF_EEXIST: it exists, and FORCE is not set,
 * or it holds other files; FF_ELOCKED: another process writes it. On error nothing is left to end.
 */
FF_CHECK int ff_output_directory_begin(struct ff_ctx *ctx, const char *name, bool force,
                                       struct ff_output_directory *out);
/* Creates the file NAME, fills it by FILL, and adds its size. */
FF_CHECK int ff_output_directory_file(struct ff_output_directory *directory, const char *name,
                                      int (*fill)(void *arg, FILE *file), void *arg);
/* The failure of a write, by errno. */
int ff_output_directory_failed(struct ff_output_directory *directory);
/* Ends it: if STATUS is FF_OK the complete directory gets its name, durably. Else it is removed and
 * STATUS returned. */
FF_CHECK int ff_output_directory_end(struct ff_output_directory *directory, int status);

#endif
