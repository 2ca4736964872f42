#include "store/readers_lock.h"

#include <errno.h>
#include <fcntl.h>

/* The byte after the writer's (writer_lock.c), for readers that have not recorded the number of
 * their snapshot. The bytes after it are those of the snapshots. */
#define FIRST_BYTE (((off_t)1 << 62) + 1)
#define MAX_TRANSACTION (((uint64_t)1 << 61))
#define TO_THE_END 0

static struct flock lock_of(short type, off_t first, off_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = length};
}

/* The number of bytes of snapshots before TRANSACTION, including the byte without a number. Only a
 * hostile file reaches the bound. */
static off_t bytes_before(uint64_t transaction)
{
    return 1 + (off_t)(transaction < MAX_TRANSACTION ? transaction : MAX_TRANSACTION);
}

static int take(struct ff_ctx *ctx, const char *path, int fd, off_t byte)
{
    struct flock lock = lock_of(F_RDLCK, byte, 1);

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return FF_OK;
    if (errno == EAGAIN || errno == EACCES)
        return ff_fail(ctx, FF_ELOCKED, "%s: is locked by another process", path);
    return ff_fail_errno(ctx, errno, "%s: cannot lock", path);
}

int ff_readers_lock_take(struct ff_ctx *ctx, const char *path, int fd)
{
    return take(ctx, path, fd, FIRST_BYTE);
}

int ff_readers_lock_settle(struct ff_ctx *ctx, const char *path, int fd, uint64_t transaction)
{
    struct flock unnumbered = lock_of(F_UNLCK, FIRST_BYTE, 1);
    int rc = take(ctx, path, fd, FIRST_BYTE + bytes_before(transaction));

    if (rc == FF_OK && fcntl(fd, F_OFD_SETLK, &unnumbered) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot lock", path);
    return rc;
}

void ff_readers_lock_release(int fd)
{
    struct flock lock = lock_of(F_UNLCK, FIRST_BYTE, TO_THE_END);

    (void)fcntl(fd, F_OFD_SETLK, &lock);
}

/* True if another descriptor has a lock on the first LENGTH bytes. */
static bool is_held(int fd, off_t length)
{
    struct flock lock = lock_of(F_WRLCK, FIRST_BYTE, length); /* conflicts with any lock */

    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool ff_readers_lock_held(int fd)
{
    return is_held(fd, TO_THE_END);
}

bool ff_readers_lock_held_before(int fd, uint64_t transaction)
{
    return is_held(fd, bytes_before(transaction));
}
