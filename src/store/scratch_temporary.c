/*
 * Temporary scratch directories of one job, and the removal of those that killed jobs have left. A
 * directory is locked as long as its job runs; an unlocked one is abandoned.
 */
#include "store/activations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIQUE "-XXXXXX" /* what mkdtemp() fills in */
#define TRIES 100        /* another process may reclaim a new directory before it is locked */

static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Removes the directory PATH if it belongs to this user and is not locked. */
static void remove_abandoned(const char *path)
{
    int fd = open_directory(path);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        ff_scratch_empty(fd);
        (void)rmdir(path);
    }
    close(fd);
}

void ff_scratch_reclaim(const char *prefix)
{
    const char *slash = strrchr(prefix, '/'), *name = slash ? slash + 1 : prefix;
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *parent;

    if (snprintf(path, sizeof path, "%.*s", slash ? (int)(slash - prefix + 1) : 1,
                 slash ? prefix : ".") >= (int)sizeof path)
        return;
    parent = opendir(path);
    while (parent && (entry = readdir(parent))) {
        bool ours = strlen(entry->d_name) == strlen(name) + strlen(UNIQUE) &&
                    strncmp(entry->d_name, name, strlen(name)) == 0 &&
                    entry->d_name[strlen(name)] == UNIQUE[0];

        if (ours && snprintf(path, sizeof path, "%.*s%s", (int)(name - prefix), prefix,
                             entry->d_name) < (int)sizeof path)
            remove_abandoned(path);
    }
    if (parent)
        closedir(parent);
}

/* Creates a directory and locks it. LOCK becomes negative if another process has reclaimed it in
 * between. */
static int make_directory(struct ff_ctx *ctx, const char *prefix, char directory[PATH_MAX],
                          int *lock)
{
    struct stat st;

    *lock = -1;
    if (snprintf(directory, PATH_MAX, "%s" UNIQUE, prefix) >= PATH_MAX)
        return ff_fail(ctx, FF_EINVAL, "%s: the path is too long", prefix);
    if (!mkdtemp(directory))
        return ff_fail_errno(ctx, errno,
                             "%s" UNIQUE ": cannot create a directory for temporary files", prefix);
    *lock = open_directory(directory);
    if (*lock < 0 && errno != ENOENT) {
        int why = errno;

        (void)rmdir(directory);
        return ff_fail_errno(ctx, why, "%s: cannot open the directory for temporary files",
                             directory);
    }
    if (*lock < 0)
        return FF_OK;
    /* Reclaiming holds the lock for a moment. On a file system without locks it removes nothing. */
    while (flock(*lock, LOCK_EX) != 0 && errno == EINTR)
        continue;
    if (fstat(*lock, &st) == 0 && st.st_nlink > 0)
        return FF_OK;
    close(*lock);
    *lock = -1;
    return FF_OK;
}

static int open_temporary(struct ff_ctx *ctx, const char *prefix, struct ff_scratch *out)
{
    int status = FF_OK, lock = -1;
    char directory[PATH_MAX];

    for (int i = 0; i < TRIES && status == FF_OK && lock < 0; i++)
        status = make_directory(ctx, prefix, directory, &lock);
    if (status != FF_OK)
        return status;
    if (lock < 0)
        return ff_fail(ctx, FF_EIO, "%s" UNIQUE ": is removed as soon as it is created", prefix);
    status = ff_scratch_adopt(ctx, directory, lock, out);
    if (status != FF_OK)
        (void)rmdir(directory);
    return status;
}

int ff_scratch_temporary(struct ff_ctx *ctx, const char *prefix, struct ff_scratch *out)
{
    *out = (struct ff_scratch){0};
    ff_scratch_reclaim(prefix);
    return ff_about(ctx, open_temporary(ctx, prefix, out), FF_ABOUT_SCRATCH);
}
