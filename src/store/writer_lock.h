/*
 * The writer's lock of a model file: an OFD write lock (fcntl(2)) on one byte beyond the end of the
 * file. It ends with the process, however that ends. A write lock needs a descriptor open for
 * writing, so nobody who may only read the file passes for its trainer; asking takes no lock, so
 * nobody who asks gets in a trainer's way. OFD locks and not the POSIX ones, which a process loses
 * as soon as it closes any descriptor of the file: LMDB opens and closes its own.
 */
#ifndef FF_STORE_WRITER_LOCK_H
#define FF_STORE_WRITER_LOCK_H

#include "base/context.h"

enum ff_lock_mode {
    FF_LOCK_NONE,   /* open PATH for reading */
    FF_LOCK_TAKE,   /* open PATH for writing and take the lock */
    FF_LOCK_CREATE, /* the same, creating PATH if it is absent, and following no symbolic link */
};

/* *FD becomes a descriptor, for close(). FF_ELOCKED if another has the lock, FF_ENOTFOUND, FF_EIO.
 */
FF_CHECK int ff_writer_lock_open(struct ff_ctx *ctx, const char *path, enum ff_lock_mode mode,
                                 int *fd);
/* True if someone holds the lock, through another descriptor than FD. */
bool ff_writer_lock_held(int fd);

#endif
