/*
 * A file that appears under its name when it is complete. Until then it has no name (O_TMPFILE), so
 * that a killed process leaves nothing, or, where a file system cannot do without, a temporary one.
 */
#ifndef FF_EXCHANGE_OUTPUT_H
#define FF_EXCHANGE_OUTPUT_H

#include "base/context.h"

#include <limits.h>
#include <stdio.h>

struct ff_output {
    struct ff_ctx *ctx;
    const char *name;         /* as given by the user */
    char path[PATH_MAX];      /* the same, resolved */
    char temporary[PATH_MAX]; /* "": no name yet */
    FILE *file;               /* open for writing, seekable */
    bool force;               /* overwrites an existing file */
};

/* Begins the file NAME. FF_EEXIST: it exists, and FORCE is not set. On error nothing is left to
 * end. */
FF_CHECK int ff_output_begin(struct ff_ctx *ctx, const char *name, bool force,
                             struct ff_output *out);
/* Ends it: if STATUS is FF_OK the complete file gets its name, durably, and *BYTES its size. Else
 * it is removed and STATUS returned. */
FF_CHECK int ff_output_end(struct ff_output *output, int status, uint64_t *bytes);
/* The failure of a write to the file, by errno. */
int ff_output_failed(struct ff_output *output);

#endif
