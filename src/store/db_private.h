/*
 * What db.c, db_env.c, db_read.c and db_write.c share. No one else includes it.
 */
#ifndef FF_STORE_DB_PRIVATE_H
#define FF_STORE_DB_PRIVATE_H

#include "store/db.h"
#include "store/db_check.h"
#include <lmdb.h>

struct ff_db {
    struct ff_ctx *ctx;
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *read;          /* the snapshot; NULL: none */
    MDB_txn *write;         /* what is pending; NULL: nothing */
    MDB_txn *kept;          /* a writer's snapshot for readers (readers_lock.h); NULL: none */
    MDB_cursor *cursor;     /* in WRITE if there is one, else in READ; NULL: none */
    size_t dirty_bytes;     /* about what WRITE holds on the heap; metered */
    uint64_t written_bytes; /* that a commit of WRITE will write, about */
    uint8_t *map;           /* where the file is mapped; NULL: not known yet */
    size_t map_bytes;
    bool stays_mapped; /* the file is small */
    int broken;        /* status of the write or commit that failed; FF_OK: none did */
    enum ff_db_mode mode;
    int fd;                                 /* the file; readers lock it through this descriptor */
    bool closes_fd;                         /* it is the db's own */
    uint8_t checked_meta[FF_DB_META_BYTES]; /* of the snapshot whose trees were checked last */
    uint32_t page_bytes;
    size_t path_bytes;
    char path[];
};

/* Sets the message for LMDB's result CODE of doing WHAT ("read"), and returns its status. */
int ff_db_fail(struct ff_db *db, int code, const char *what);
/* Opens the environment on the file of DB, with room for MAP_BYTES, which are never left to the
 * file. */
FF_CHECK int ff_db_open_env(struct ff_db *db, size_t map_bytes);
/* Frees the cursor, if any. */
void ff_db_close_cursor(struct ff_db *db);
/* Begins the snapshot of reads unless there is one. */
FF_CHECK int ff_db_pin(struct ff_db *db);

static inline bool ff_db_is_scratch(enum ff_db_mode mode)
{
    return mode == FF_DB_SCRATCH || mode == FF_DB_SCRATCH_REOPEN;
}

/* Drops those pages of the file from the page cache that are clean, as all are after a commit that
 * is synced. What was written at once is cached in folios of up to FF_DB_FOLIO_BYTES, and a fault
 * on one page of a folio maps all of it; what is read page by page is cached and mapped as such. */
void ff_db_drop_cache(struct ff_db *db);

/* Notes whether the file stays mapped as a whole. At the beginning of a transaction, which has read
 * the meta pages anyhow. */
void ff_db_note_small(struct ff_db *db);

/* Notes where the map is, by WITHIN, a pointer into it. Only while nothing is pending. */
void ff_db_note_map(struct ff_db *db, const void *within);

static inline MDB_val ff_db_val(struct ff_bytes bytes)
{
    union {
        const void *in;
        void *out;
    } data = {.in = bytes.data}; /* LMDB does not write to it */

    return (MDB_val){.mv_size = bytes.size, .mv_data = data.out};
}

#endif
