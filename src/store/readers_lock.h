/*
 * The readers' lock of a model file: OFD read locks (fcntl(2)) on bytes beyond the end of the file,
 * which a reader in another process than the writer holds as long as it has a snapshot. They stand
 * in for LMDB's table of readers, which lies in a file that every reader must create, map and write
 * to. A read lock needs a descriptor open for reading only, and ends with the process.
 *
 * Why snapshots stay intact. Transaction N of LMDB frees pages that snapshots before N use, and
 * those from N on do not. A transaction reuses the pages freed by transactions before the oldest
 * snapshot that it knows of, which is the last commit at the latest (mdb_find_oldest(), 0.9.24). So
 * transaction N reuses pages freed by N - 2 and before: no snapshot from N - 2 on uses them. Before
 * each transaction N the writer asks for this lock:
 *
 *  - It is free: whoever takes it afterwards gets a snapshot of commit N - 1 or later, which N
 *    leaves intact.
 *  - It is held: the writer begins a snapshot of its own, unless it has one, and keeps it until it
 *    finds the lock free. Its snapshot is of commit N - 1 at first, so that no transaction from N
 *    on reuses more than what N - 2 and before freed. The readers have N - 2 or later, because the
 *    lock was free before N - 1.
 *
 * For the first transaction of a writer the last reason does not hold: a reader may have begun long
 * before. A reader therefore locks the byte of its snapshot's number once it knows that, and a
 * writer begins only when no reader of another snapshot than the last two is left.
 */
#ifndef FF_STORE_READERS_LOCK_H
#define FF_STORE_READERS_LOCK_H

#include "base/context.h"

/* Takes the lock through FD, before the snapshot is begun; PATH is for messages. FF_ELOCKED if
 * another process keeps readers out, which none of ours does; FF_EIO. */
FF_CHECK int ff_readers_lock_take(struct ff_ctx *ctx, const char *path, int fd);
/* Says that the snapshot is of TRANSACTION. */
FF_CHECK int ff_readers_lock_settle(struct ff_ctx *ctx, const char *path, int fd,
                                    uint64_t transaction);
/* After the end of the snapshot. Harmless if the lock is not held. */
void ff_readers_lock_release(int fd);
/* True if someone holds the lock through another descriptor than FD, or if that is unknown. */
bool ff_readers_lock_held(int fd);
/* The same for readers of snapshots before TRANSACTION, and readers yet to say which they have. */
bool ff_readers_lock_held_before(int fd, uint64_t transaction);

#endif
