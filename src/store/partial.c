#include "store/partial.h"

#include "base/path.h"
#include "store/db_check.h"
#include "store/writer_lock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int too_long(struct ff_ctx *ctx, const char *path)
{
    return ff_fail(ctx, FF_EINVAL, "%s: the path is too long", path);
}

int ff_partial_resolve(struct ff_ctx *ctx, const char *path, char out[PATH_MAX])
{
    int why = ff_path_resolve(path, out);

    if (why == ENAMETOOLONG)
        return too_long(ctx, path);
    return why == 0 ? FF_OK : ff_fail_errno(ctx, why, "%s: cannot open", path);
}

int ff_partial_name(struct ff_ctx *ctx, const char *path, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s" FF_PARTIAL_SUFFIX, path) >= PATH_MAX)
        return too_long(ctx, path);
    return FF_OK;
}

/* Empties a partial file that a killed process left; the caller holds its lock. Fails if the file
 * is of another kind. */
static int empty_stale(struct ff_ctx *ctx, const char *partial, int fd)
{
    enum ff_db_kind kind;
    struct stat st;
    int rc;

    if (fstat(fd, &st) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot create", partial);
    if (st.st_size == 0)
        return FF_OK;
    rc = ff_db_look(ctx, fd, partial, &kind);
    if (rc != FF_OK)
        return rc;
    if (kind == FF_DB_IS_FOREIGN)
        return ff_fail(ctx, FF_EEXIST,
                       "%s: exists and is not an unfinished model; rename or remove it", partial);
    if (ftruncate(fd, 0) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot truncate", partial);
    return FF_OK;
}

int ff_partial_create(struct ff_ctx *ctx, const char *partial, int *fd)
{
    int rc = ff_writer_lock_open(ctx, partial, FF_LOCK_CREATE, fd);

    if (rc == FF_OK) {
        rc = empty_stale(ctx, partial, *fd);
        if (rc != FF_OK) {
            close(*fd);
            *fd = -1;
        }
    }
    if (rc != FF_OK && rc != FF_EEXIST && rc != FF_ELOCKED)
        ff_partial_reclaim(ctx, partial); /* the file may have been created but not locked */
    return rc;
}

void ff_partial_discard(const char *partial, int fd)
{
    struct stat ours, there;

    if (fstat(fd, &ours) == 0 && lstat(partial, &there) == 0 && ff_same_file(&ours, &there))
        unlink(partial);
}

void ff_partial_reclaim(struct ff_ctx *ctx, const char *partial)
{
    enum ff_db_kind kind;
    struct stat st;
    int fd;

    if (lstat(partial, &st) != 0 || !S_ISREG(st.st_mode) ||
        ff_writer_lock_open(ctx, partial, FF_LOCK_TAKE, &fd) != FF_OK)
        return;
    if (ff_db_look(ctx, fd, partial, &kind) == FF_OK && kind != FF_DB_IS_FOREIGN)
        ff_partial_discard(partial, fd);
    close(fd);
}

/* The present name of the file open at FD; false if it is unknown. */
static bool find_name(int fd, char out[PATH_MAX])
{
    char link[32];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, out, PATH_MAX - 1);
    if (length < 0)
        return false;
    out[length] = '\0';
    return true;
}

int ff_partial_check_place(struct ff_ctx *ctx, const char *path, int fd)
{
    char now[PATH_MAX];
    struct stat ours, there;
    bool occupied;

    if (fstat(fd, &ours) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot check", path);
    occupied = stat(path, &there) == 0;
    if (occupied && ff_same_file(&ours, &there))
        return FF_OK;
    if (!occupied && errno != ENOENT && errno != ENOTDIR)
        return ff_fail_errno(ctx, errno, "%s: cannot be found anymore", path);
    if (ours.st_nlink == 0 && occupied)
        return ff_fail(ctx, FF_EREPLACED,
                       "%s: was replaced by another file during training; that file is unchanged, "
                       "and the trained model is lost",
                       path);
    if (ours.st_nlink == 0)
        return ff_fail(ctx, FF_EREPLACED,
                       "%s: was deleted during training; the trained model is lost", path);
    if (!find_name(fd, now))
        strcpy(now, "a file of another name");
    return ff_fail(ctx, FF_EREPLACED,
                   "%s: was renamed during training%s; its last checkpoint is in %s, which "
                   "`fftool resume` continues",
                   path, occupied ? ", and another file has taken its place" : "", now);
}

/* Makes a rename durable. Best effort: some file systems cannot sync a directory. */
static void sync_directory(const char *path)
{
    char directory[PATH_MAX];
    int fd;

    ff_path_directory(path, directory);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!fsync(fd);
    close(fd);
}

/* Renames PARTIAL to PATH unless PATH exists. Returns an errno. */
static int rename_to_free(const char *partial, const char *path)
{
    struct stat st;

    if (renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* The file system cannot do both atomically. */
    if (lstat(path, &st) == 0)
        return EEXIST;
    return rename(partial, path) == 0 ? 0 : errno;
}

int ff_partial_publish(struct ff_ctx *ctx, const struct ff_publication *publication)
{
    const char *name = publication->name, *path = publication->path;
    const char *partial = publication->partial;
    int rc = ff_partial_check_place(ctx, partial, publication->fd), code;

    if (rc == FF_OK && publication->replaced >= 0)
        rc = ff_partial_check_place(ctx, name, publication->replaced);
    if (rc != FF_OK)
        return rc;
    if (publication->replaced >= 0)
        code = rename(partial, path) == 0 ? 0 : errno;
    else
        code = rename_to_free(partial, path);
    if (code == EEXIST)
        return ff_fail(ctx, FF_EREPLACED,
                       "%s: another process has created this file; it is not overwritten", name);
    if (code != 0)
        return ff_fail_errno(ctx, code, "%s: cannot be renamed to %s", partial, name);
    sync_directory(path);
    return FF_OK;
}
