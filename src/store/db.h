/*
 * A thin layer over LMDB: one file, one unnamed table, keys in byte order. Hides what binds users
 * of LMDB 0.9:
 *
 *  - A write transaction keeps its dirty values on the heap: ff_db_put() commits by itself before
 *    more than FF_DB_DIRTY_BYTES are pending, and grows the map ahead of each transaction. (A
 *    single value larger than that is a transaction of its own.)
 *  - LMDB trusts the file it opens. Size, both meta pages and every page that the B-trees reach are
 *    checked first (db_check.h), and again for each later snapshot of a reader whose file was
 *    written to, so that a truncated or hostile file is an error and not a SIGBUS.
 *  - Readers use no lock file, and write nothing anywhere: readers_lock.h keeps their snapshots.
 *  - A short write is EIO to LMDB: the disk's free space and the limit of a file's size decide
 *    whether it was ENOSPC or EFBIG.
 *
 * A db belongs to one thread at a time; only ff_db_dont_need() and ff_db_will_need() may be called
 * from others meanwhile. No file may be open twice in one process, or stay open across fork().
 */
#ifndef FF_STORE_DB_H
#define FF_STORE_DB_H

#include "store/value.h"

#define FF_DB_DIRTY_BYTES ((size_t)4 << 20)

struct ff_db;

enum ff_db_mode {
    FF_DB_READ,           /* an existing file, read only; follows a writer in another process */
    FF_DB_WRITE,          /* an existing file, durable (every commit is synced); by one process at a
                             time, which the caller sees to */
    FF_DB_CREATE,         /* a new or empty file, durable; FF_EEXIST if there is more in it */
    FF_DB_SCRATCH,        /* a new file in place of any older one, not synced; disposable */
    FF_DB_SCRATCH_REOPEN, /* an existing scratch file, to read it */
};

/* Fails with FF_ENOTFOUND, FF_EEXIST, FF_EFORMAT (not LMDB's, or empty), FF_ECORRUPT, FF_EFULL,
 * FF_EFBIG, FF_ELOCKED (FF_DB_WRITE: a reader has a snapshot from before the last commits), FF_EIO,
 * FF_ENOMEM. */
FF_CHECK int ff_db_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode,
                        struct ff_db **out);
/* The same for a file that the caller has open: at FD, for reading and, unless MODE is FF_DB_READ,
 * for writing. FD serves this db alone; it stays the caller's to close, after the db. */
FF_CHECK int ff_db_open_fd(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_mode mode,
                           struct ff_db **out);
/* Closes; what was put since the last commit is dropped. NULL-safe. */
void ff_db_close(struct ff_db *db);

/*
 * Writing. The first write after a commit ends the snapshot of reads: pointers into the map die.
 * When a write or commit fails, what was pending is lost, so every write and commit after it fails
 * with the same status until ff_db_abort(): nothing can be committed that builds on what was lost.
 */

/* Stores a copy of VALUE under KEY (1 .. FF_KEY_MAX bytes), replacing. May commit (see above). */
FF_CHECK int ff_db_put(struct ff_db *db, struct ff_bytes key, struct ff_bytes value);
/* Makes room for SIZE bytes under KEY and gives where to write them: valid until the next call on
 * DB. May commit what was pending before. */
FF_CHECK int ff_db_reserve(struct ff_db *db, struct ff_bytes key, size_t size, void **out);
/* Removes KEY; absent is fine. May commit. */
FF_CHECK int ff_db_delete(struct ff_db *db, struct ff_bytes key);
/* Commits what is pending: durable on return for FF_DB_WRITE and FF_DB_CREATE. */
FF_CHECK int ff_db_commit(struct ff_db *db);
/* Drops what is pending since the last commit (explicit or by itself), and forgets a failure. */
void ff_db_abort(struct ff_db *db);

/*
 * Finds KEY: *OUT points into the map. Reads see one snapshot from the first call on until
 * ff_db_unpin(); the pointers live as long. While something is pending reads see that too, and
 * pointers live until the next write or commit. FF_ENOTFOUND without a message if absent.
 */
FF_CHECK int ff_db_get(struct ff_db *db, struct ff_bytes key, struct ff_bytes *out);
/* The first key at or after KEY within the same snapshot. FF_ENOTFOUND at the end. */
FF_CHECK int ff_db_seek(struct ff_db *db, struct ff_bytes key, struct ff_bytes *found,
                        struct ff_bytes *out);
/* The key after the one last found by ff_db_seek() or ff_db_next(), with no write, commit or unpin
 * between. */
FF_CHECK int ff_db_next(struct ff_db *db, struct ff_bytes *found, struct ff_bytes *out);
/* Ends the snapshot: pointers die, the next read sees what was committed since. */
void ff_db_unpin(struct ff_db *db);

/* For the planner, whose figures are UINT64_MAX if they would be more: so many values of so many
 * bytes. */
struct ff_db_writes {
    size_t bytes;
    uint64_t count;
};
/* Most bytes that are pending, and metered, at a time when N kinds of WRITES are made in turn,
 * ROUNDS times over. */
uint64_t ff_db_pending(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
/* The same where sizes are not certain: at most, for writes of COST in all and LARGEST bytes. */
uint64_t ff_db_cost(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
uint64_t ff_db_pending_bound(uint64_t cost, size_t largest);
/* Likewise, about: bytes of the file that they fill, and bytes that are written for it. */
uint64_t ff_db_stored(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
uint64_t ff_db_written(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
/* Adds what an open db takes, its path aside. */
void ff_db_needs(struct ff_needs *needs);
/* Adds the map of an open file, which stays mapped if it is small. It has about STORED bytes at
 * most: down to a half of that if its last chunk is short, to an eighth if its values are PACKED.
 * Returns whether it is small even so: then nothing else of it is mapped by the way. */
bool ff_db_map_needs(uint64_t stored, bool packed, struct ff_needs *needs);
/* Adds the map of a file that has about FIRST bytes after its first commit, and grows. */
void ff_db_growing_map_needs(uint64_t first, struct ff_needs *needs);

/* Tells the kernel that BYTES (in the map) will be needed soon, unless the file is small.
 * Thread-safe while DB is only read. */
void ff_db_will_need(struct ff_db *db, struct ff_bytes bytes);
/* Tells it that no page of the map is needed now. Pages of values still in use are read again at no
 * harm. A small file stays mapped. Thread-safe likewise. */
void ff_db_dont_need(struct ff_db *db);

/* With one page a fault maps as much as this on either side of it. */
#define FF_DB_FOLIO_BYTES ((size_t)2 << 20)
/* Unmaps the whole pages of the map between FROM and TO, which may lie outside it; none of a small
 * file. Thread-safe likewise. */
void ff_db_let_go(struct ff_db *db, const void *from, const void *to);

struct ff_db_usage {
    uint64_t file_bytes; /* size of the file */
    uint64_t page_bytes; /* size of a page */
    uint64_t used_pages; /* of them in use by trees and values (and LMDB's two meta pages) */
    uint64_t free_pages; /* the others: reusable */
};
FF_CHECK int ff_db_usage(struct ff_db *db, struct ff_db_usage *out);

#endif
