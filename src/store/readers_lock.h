/*
 * The readers' lock of a model file: OFD read locks (fcntl(2)) on bytes beyond the end of the file.
 * A reader in another process than the writer holds one while it has a snapshot. They replace
 * LMDB's reader table, a file that every reader must create, map and write to. A read lock only
 * needs a descriptor open for reading, and ends with the process.
 *
 * Why snapshots stay intact. Transaction N of LMDB frees pages that snapshots before N use and
 * those from N on do not. A transaction reuses the pages freed by transactions before the oldest
 * snapshot that it knows of, at the latest the last commit (mdb_find_oldest(), 0.9.24). So
 * transaction N reuses pages freed by N - 2 and before: no snapshot from N - 2 on uses them. Before
 * each transaction N the writer tests this lock:
 *
 *  - It is free: a reader that takes it later gets a snapshot of commit N - 1 or later, which N
 *    leaves intact.
 *  - It is held: the writer begins its own snapshot, unless it has one, and keeps it until it finds
 *    the lock free. That snapshot is of commit N - 1, so no transaction from N on reuses more than
 *    the pages freed by N - 2 and before. The readers have snapshot N - 2 or later, because the
 * lock was free before N - 1.
 *
 * This does not cover the first transaction of a writer: a reader may have begun long before. A
 * reader therefore locks the byte with the number of its snapshot as soon as it knows the number,
 * and a writer begins only when all readers have one of the last two snapshots.
 */
#ifndef FF_STORE_READERS_LOCK_H
#define FF_STORE_READERS_LOCK_H

#include "base/context.h"

/* Takes the lock through FD. Call before the snapshot begins; PATH is for messages. FF_ELOCKED if
 * another process has a write lock on these bytes, which fftool never takes; FF_EIO. */
FF_CHECK int ff_readers_lock_take(struct ff_ctx *ctx, const char *path, int fd);
/* Records that the snapshot is of TRANSACTION. */
FF_CHECK int ff_readers_lock_settle(struct ff_ctx *ctx, const char *path, int fd,
                                    uint64_t transaction);
/* Releases the lock. Call after the end of the snapshot. Does nothing if the lock is not held. */
void ff_readers_lock_release(int fd);
/* True if the lock is held through another descriptor than FD, or if that is unknown. */
bool ff_readers_lock_held(int fd);
/* The same for readers of snapshots before TRANSACTION, and readers whose snapshot is not recorded
 * yet. */
bool ff_readers_lock_held_before(int fd, uint64_t transaction);

#endif
