#include "store/writer_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0666 /* before the umask */

/* Beyond any data: on some network file systems a lock prevents others from reading these bytes. */
#define WRITER_BYTE ((off_t)1 << 62)

static struct flock lock_of(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = WRITER_BYTE, .l_len = 1};
}

static int take(struct ff_ctx *ctx, const char *path, int fd)
{
    struct flock lock = lock_of(F_WRLCK);

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return FF_OK;
    if (errno != EAGAIN && errno != EACCES)
        return ff_fail_errno(ctx, errno, "%s: cannot lock", path);
    if (ff_writer_lock_held(fd))
        return ff_fail(ctx, FF_ELOCKED, "%s: is in training in another process", path);
    return ff_fail(ctx, FF_ELOCKED, "%s: is locked by another process", path);
}

/* Between open and lock the file may have been replaced, or published by the process that trains
 * it.
 */
static int check_locked(struct ff_ctx *ctx, const char *path, int fd)
{
    struct stat ours, there;

    if (fstat(fd, &ours) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open", path);
    if (stat(path, &there) != 0 || ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return ff_fail(ctx, FF_ELOCKED, "%s: is being replaced by another process", path);
    if (!S_ISREG(ours.st_mode))
        return ff_fail(ctx, FF_EFORMAT, "%s: not a file", path);
    return FF_OK;
}

int ff_writer_lock_open(struct ff_ctx *ctx, const char *path, enum ff_lock_mode mode, int *fd)
{
    /* O_NONBLOCK: does not block if PATH is a FIFO. */
    int flags = O_CLOEXEC | O_NONBLOCK | (mode == FF_LOCK_NONE ? O_RDONLY : O_RDWR);
    int rc = FF_OK;

    *fd = open(path, flags | (mode == FF_LOCK_CREATE ? O_CREAT | O_NOFOLLOW : 0), FILE_MODE);
    if (*fd < 0 && errno == EISDIR)
        return ff_fail(ctx, FF_EFORMAT, "%s: not a file", path);
    if (*fd < 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open", path);
    if (mode != FF_LOCK_NONE) {
        rc = take(ctx, path, *fd);
        if (rc == FF_OK)
            rc = check_locked(ctx, path, *fd);
    }
    if (rc != FF_OK) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

bool ff_writer_lock_held(int fd)
{
    struct flock lock = lock_of(F_RDLCK); /* conflicts only with a write lock */

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
