/*
 * A thin layer over LMDB: one file, one unnamed table, keys in byte order. It handles these
 * properties of LMDB 0.9:
 *
 *  - A write transaction keeps its dirty values on the heap: ff_db_put() commits automatically
 * before more than FF_DB_DIRTY_BYTES are pending, and grows the map before each transaction. (A
 * larger single value gets its own transaction.)
 *  - LMDB trusts the file it opens. Size, both meta pages and every page of the B-trees are checked
 *    first (db_check.h), and again for each later snapshot of a reader if the file was written, so
 *    that a truncated or hostile file is an error and not a SIGBUS.
 *  - Readers need no lock file and write nothing: readers_lock.h protects their snapshots.
 *  - LMDB reports a short write as EIO: the free disk space and the file size limit decide whether
 *    the cause was ENOSPC or EFBIG.
 *
 * A db is used by one thread at a time; only ff_db_dont_need() and ff_db_will_need() may be called
 * from others at the same time. A file must not be open twice in one process, or across fork().
 */
#ifndef FF_STORE_DB_H
#define FF_STORE_DB_H

#include "store/value.h"

#define FF_DB_DIRTY_BYTES ((size_t)4 << 20)

struct ff_db;

enum ff_db_mode {
    FF_DB_READ,           /* an existing file, read only; sees the commits of another process */
    FF_DB_WRITE,          /* an existing file, durable (every commit is synced); the caller must
                             ensure that only one process writes */
    FF_DB_CREATE,         /* a new or empty file, durable; FF_EEXIST if it is not empty */
    FF_DB_SCRATCH,        /* a new file, replacing any older one, not synced; disposable */
    FF_DB_SCRATCH_REOPEN, /* an existing scratch file, read only */
};

/* Opens PATH. Fails with FF_ENOTFOUND, FF_EEXIST, FF_EFORMAT (not an LMDB file, or empty),
 * FF_ECORRUPT, FF_EFULL, FF_EFBIG, FF_ELOCKED (FF_DB_WRITE: a reader has a snapshot older than the
 * last commits), FF_EIO, FF_ENOMEM. */
FF_CHECK int ff_db_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode,
                        struct ff_db **out);
/* The same for a file that the caller has opened at FD, for reading and, unless MODE is FF_DB_READ,
 * for writing. FD is used by this db only; the caller closes it after the db. */
FF_CHECK int ff_db_open_fd(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_mode mode,
                           struct ff_db **out);
/* Closes DB and discards uncommitted writes. NULL-safe. */
void ff_db_close(struct ff_db *db);

/*
 * Writing. The first write after a commit ends the read snapshot and invalidates pointers into the
 * map. If a write or commit fails, all pending writes are lost. Every later write and commit then
 * fails with the same status until ff_db_abort(), so that no commit contains only part of them.
 */

/* Stores a copy of VALUE under KEY (1 .. FF_KEY_MAX bytes), overwriting. May commit (see above). */
FF_CHECK int ff_db_put(struct ff_db *db, struct ff_bytes key, struct ff_bytes value);
/* Reserves SIZE bytes under KEY; *OUT is where the caller writes them, valid until the next call on
 * DB. May commit earlier writes. */
FF_CHECK int ff_db_reserve(struct ff_db *db, struct ff_bytes key, size_t size, void **out);
/* Removes KEY, if present. May commit. */
FF_CHECK int ff_db_delete(struct ff_db *db, struct ff_bytes key);
/* Commits pending writes. On return they are durable with FF_DB_WRITE and FF_DB_CREATE. */
FF_CHECK int ff_db_commit(struct ff_db *db);
/* Discards the writes since the last commit, automatic ones included, and clears a failure. */
void ff_db_abort(struct ff_db *db);

/*
 * Finds KEY: *OUT points into the map. The first read pins a snapshot; reads see it, and pointers
 * stay valid, until ff_db_unpin(). While writes are pending, reads see them too, and pointers are
 * valid until the next write or commit. FF_ENOTFOUND without a message if absent.
 */
FF_CHECK int ff_db_get(struct ff_db *db, struct ff_bytes key, struct ff_bytes *out);
/* The first key at or after KEY within the same snapshot. FF_ENOTFOUND at the end. */
FF_CHECK int ff_db_seek(struct ff_db *db, struct ff_bytes key, struct ff_bytes *found,
                        struct ff_bytes *out);
/* The key after the one last found by ff_db_seek() or ff_db_next(), with no write, commit or unpin
 * in between. FF_ENOTFOUND at the end. */
FF_CHECK int ff_db_next(struct ff_db *db, struct ff_bytes *found, struct ff_bytes *out);
/* Copies BYTES, a value found in the snapshot, to OUT: reads the file instead of mapping its pages.
 * FF_ECORRUPT if the file is too short; FF_EIO. Thread-safe while DB is only read. */
FF_CHECK int ff_db_copy(struct ff_db *db, struct ff_bytes bytes, void *out);
/* Ends the snapshot: invalidates pointers; the next read sees later commits. */
void ff_db_unpin(struct ff_db *db);

/* For the planner; all estimates saturate at UINT64_MAX. COUNT values of BYTES bytes each: */
struct ff_db_writes {
    size_t bytes;
    uint64_t count;
};
/* The peak of the pending, metered bytes while the N kinds of WRITES are made in order, ROUNDS
 * times over. */
uint64_t ff_db_pending(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
/* The same if sizes are not known exactly: an upper bound for writes with a sum of COST, as given
 * by ff_db_cost(), and a LARGEST value. */
uint64_t ff_db_cost(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
uint64_t ff_db_pending_bound(uint64_t cost, size_t largest);
/* Estimates for these writes: the bytes they occupy in the file, and the bytes written to disk. */
uint64_t ff_db_stored(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
uint64_t ff_db_written(size_t n, const struct ff_db_writes *writes, uint64_t rounds);
/* Adds the memory of an open db, without its path. */
void ff_db_needs(struct ff_needs *needs);
/* Adds the map of an open file, if the file is so small that it stays mapped. STORED is an upper
 * estimate of its bytes: it may have half of that if its last chunk is short, and an eighth if its
 * values are PACKED. Returns true if it is small even with STORED bytes; then it has no other
 * mapped pages. */
bool ff_db_map_needs(uint64_t stored, bool packed, struct ff_needs *needs);
/* Adds the map of a file that has about FIRST bytes after its first commit, and grows. */
void ff_db_growing_map_needs(uint64_t first, struct ff_needs *needs);

/* Hint to the kernel: BYTES (in the map) will be needed soon. Does nothing if the file is small.
 * Thread-safe while DB is only read. */
void ff_db_will_need(struct ff_db *db, struct ff_bytes bytes);
/* Unmaps all pages; those of values still in use are mapped again on access. A small file stays
 * mapped. Thread-safe while DB is only read. */
void ff_db_dont_need(struct ff_db *db);

/* A page fault may map this many bytes on either side of the page. */
#define FF_DB_FOLIO_BYTES ((size_t)2 << 20)
/* Unmaps the whole pages between FROM and TO, which may lie outside the map. A small file stays
 * mapped. Thread-safe while DB is only read. */
void ff_db_drop_pages(struct ff_db *db, const void *from, const void *to);

struct ff_db_usage {
    uint64_t file_bytes; /* size of the file */
    uint64_t page_bytes; /* size of a page */
    uint64_t used_pages; /* pages used by trees, values and LMDB's two meta pages */
    uint64_t free_pages; /* the others, which later writes reuse */
};
FF_CHECK int ff_db_usage(struct ff_db *db, struct ff_db_usage *out);

#endif
