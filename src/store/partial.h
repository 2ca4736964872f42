/*
 * Files that are created or replaced atomically. Such a file is written as NAME.partial and gets
 * its name by one rename: at any moment NAME is the old file or the complete new one. The process
 * that writes NAME.partial holds its writer's lock (writer_lock.h); an unlocked NAME.partial was
 * left by a killed process.
 *
 * A file that is written for hours may also be deleted, renamed or replaced by others in that time.
 * ff_partial_check_place() detects that.
 */
#ifndef FF_STORE_PARTIAL_H
#define FF_STORE_PARTIAL_H

#include "base/context.h"

#include <limits.h>

#define FF_PARTIAL_SUFFIX ".partial"

/* Follows symbolic links in PATH, dangling ones too, so that a rename replaces the file and not the
 * link. FF_EINVAL: too long; FF_EIO: too many links. */
FF_CHECK int ff_partial_resolve(struct ff_ctx *ctx, const char *path, char out[PATH_MAX]);
/* The name of the partial file of PATH, which must be resolved. FF_EINVAL: too long. */
FF_CHECK int ff_partial_name(struct ff_ctx *ctx, const char *path, char out[PATH_MAX]);

/* Creates the file PARTIAL, or empties one that a killed process left, and takes its writer's lock
 * through *FD. FF_ELOCKED: another process writes it; FF_EEXIST: it is not an unfinished model. */
FF_CHECK int ff_partial_create(struct ff_ctx *ctx, const char *partial, int *fd);
/* Removes PARTIAL if it is the file open at FD. */
void ff_partial_discard(const char *partial, int fd);
/* Removes PARTIAL if a killed process left it. */
void ff_partial_reclaim(struct ff_ctx *ctx, const char *partial);

/* FF_OK if PATH is still the file open at FD. Else FF_EREPLACED, and the message says what happened
 * and what can be done. */
FF_CHECK int ff_partial_check_place(struct ff_ctx *ctx, const char *path, int fd);

/* A rename to be done. */
struct ff_publication {
    const char *name;    /* as given by the user */
    const char *path;    /* the same, resolved */
    const char *partial; /* the partial file of PATH */
    int fd;              /* of PARTIAL, whose content is durable */
    int replaced;        /* of the existing file at PATH; -1: none */
};
/* Renames PARTIAL to PATH, durably. Fails with FF_EREPLACED as above, or if REPLACED is -1 and PATH
 * exists; then no file is changed. */
FF_CHECK int ff_partial_publish(struct ff_ctx *ctx, const struct ff_publication *publication);

#endif
