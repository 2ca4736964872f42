/*
 * The writer's lock: flock(LOCK_EX) on the model file itself, through a descriptor of its own. It
 * ends with the process, however that ends. LMDB locks its lock file only, and with fcntl(): the
 * two do not meet.
 */
#ifndef FF_STORE_WRITER_LOCK_H
#define FF_STORE_WRITER_LOCK_H

#include "base/context.h"

enum ff_lock_mode {
    FF_LOCK_NONE,   /* open PATH for asking ff_writer_lock_held() */
    FF_LOCK_TAKE,   /* open PATH for writing and take the lock */
    FF_LOCK_CREATE, /* the same, creating PATH, which may exist if it is empty: FF_EEXIST */
};

/* *FD becomes a descriptor, for close(). FF_ELOCKED if another has the lock, FF_ENOTFOUND, FF_EIO.
 */
FF_CHECK int ff_writer_lock_open(struct ff_ctx *ctx, const char *path, enum ff_lock_mode mode,
                                 int *fd);
/* True if someone holds the lock, through another descriptor than FD (open with FF_LOCK_NONE). */
bool ff_writer_lock_held(int fd);

#endif
