/*
 * The writer's lock of a model file: an OFD write lock (fcntl(2)) on one byte beyond the end of the
 * file. It ends with the process, even if that is killed. A write lock requires a descriptor open
 * for writing, so a process without write permission cannot hold it; testing the lock does not take
 * it, so it never blocks a training. Not POSIX locks: a process loses these when it closes any
 * descriptor of the file, and LMDB opens and closes its own.
 */
#ifndef FF_STORE_WRITER_LOCK_H
#define FF_STORE_WRITER_LOCK_H

#include "base/context.h"

enum ff_lock_mode {
    FF_LOCK_NONE,   /* open PATH for reading */
    FF_LOCK_TAKE,   /* open PATH for writing and take the lock */
    FF_LOCK_CREATE, /* the same, but creates PATH if absent, and does not follow symbolic links */
};

/* Opens PATH; the caller closes *FD. FF_ELOCKED if another process has the lock, FF_ENOTFOUND,
 * FF_EFORMAT (not a regular file), FF_EIO. */
FF_CHECK int ff_writer_lock_open(struct ff_ctx *ctx, const char *path, enum ff_lock_mode mode,
                                 int *fd);
/* True if the lock is held through another descriptor than FD. */
bool ff_writer_lock_held(int fd);

#endif
