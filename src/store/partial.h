/*
 * Files that come into being, or take the place of another, as a whole. Such a file is written
 * beside its name, as NAME.partial, and gets the name by one rename: whatever happens, there is the
 * old file or the new one under it. Whoever writes a NAME.partial holds its writer's lock
 * (writer_lock.h): one that nobody holds was left by a process that was killed.
 *
 * And the other side of it: a file that is written for hours may lose its name meanwhile, to rm, mv
 * or another file. ff_partial_check_place() tells.
 */
#ifndef FF_STORE_PARTIAL_H
#define FF_STORE_PARTIAL_H

#include "base/context.h"

#include <limits.h>

#define FF_PARTIAL_SUFFIX ".partial"

/* Where PATH leads: symbolic links are followed, also one to nothing yet, so that a rename replaces
 * the file and not the link. FF_EINVAL: too long; FF_EIO: links that end nowhere. */
FF_CHECK int ff_partial_resolve(struct ff_ctx *ctx, const char *path, char out[PATH_MAX]);
/* The name of the partial file of PATH, which is resolved. FF_EINVAL: too long. */
FF_CHECK int ff_partial_name(struct ff_ctx *ctx, const char *path, char out[PATH_MAX]);

/* Creates the file PARTIAL, empty, and takes its writer's lock through *FD; one that a killed
 * process left is taken over. FF_ELOCKED: another process writes it; FF_EEXIST: it is not ours. */
FF_CHECK int ff_partial_create(struct ff_ctx *ctx, const char *partial, int *fd);
/* Removes PARTIAL if it is the file open at FD. */
void ff_partial_discard(const char *partial, int fd);
/* Removes PARTIAL if a killed process left it. */
void ff_partial_sweep(struct ff_ctx *ctx, const char *partial);

/* FF_EREPLACED, and a message that says what has happened and what can be done, unless PATH still
 * leads to the file open at FD. */
FF_CHECK int ff_partial_check_place(struct ff_ctx *ctx, const char *path, int fd);

/* What is to get which name. */
struct ff_publication {
    const char *name;    /* as the user gave it */
    const char *path;    /* the same, resolved */
    const char *partial; /* of PATH */
    int fd;              /* of PARTIAL, whose content is durable */
    int replaced;        /* of the file that is at PATH now; -1: none is */
};
/* Renames PARTIAL to PATH, durably. Fails with FF_EREPLACED as above, or if there is a file where
 * none is to be, and leaves every file as it is. */
FF_CHECK int ff_partial_publish(struct ff_ctx *ctx, const struct ff_publication *publication);

#endif
