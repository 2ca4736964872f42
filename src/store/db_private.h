/*
 * Shared by db.c, db_env.c, db_read.c and db_write.c only.
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
    MDB_txn *write;         /* the pending writes; NULL: none */
    MDB_txn *kept;          /* a writer's snapshot for readers (readers_lock.h); NULL: none */
    MDB_cursor *cursor;     /* in WRITE if that is not NULL, else in READ; NULL: none */
    size_t dirty_bytes;     /* estimated heap memory of WRITE; metered */
    uint64_t written_bytes; /* estimated bytes that a commit of WRITE will write */
    uint8_t *map;           /* address of the map; NULL: not known yet */
    size_t map_bytes;
    bool stays_mapped; /* the file is small */
    int broken;        /* status of the write or commit that failed; FF_OK: none */
    enum ff_db_mode mode;
    int fd;                                 /* the file; readers lock it through this descriptor */
    bool closes_fd;                         /* the db opened it */
    uint8_t checked_meta[FF_DB_META_BYTES]; /* of the snapshot whose trees were checked last */
    uint32_t page_bytes;
    size_t path_bytes;
    char path[];
};

/* Reports LMDB's error CODE of the operation WHAT ("read"), and returns its status. */
int ff_db_fail(struct ff_db *db, int code, const char *what);
/* Opens the environment on the file of DB with a map of MAP_BYTES, which overrides the map size
 * stored in the file. */
FF_CHECK int ff_db_open_env(struct ff_db *db, size_t map_bytes);
/* Frees the cursor, if any. */
void ff_db_close_cursor(struct ff_db *db);
/* Begins the read snapshot unless there is one. */
FF_CHECK int ff_db_pin(struct ff_db *db);

static inline bool ff_db_is_scratch(enum ff_db_mode mode)
{
    return mode == FF_DB_SCRATCH || mode == FF_DB_SCRATCH_REOPEN;
}

/* Drops the clean pages of the file from the page cache; after a synced commit these are all pages.
 * Data written by one call is cached in folios of up to FF_DB_FOLIO_BYTES, and a fault on one page
 * of a folio maps all of it. Pages read again later are cached and mapped one by one. */
void ff_db_drop_cache(struct ff_db *db);

/* Sets stays_mapped by the size of the file. Call at the beginning of a transaction, when the meta
 * pages have been read. */
void ff_db_note_small(struct ff_db *db);

/* Derives the address of the map from WITHIN, a pointer into it. Only while no write is pending. */
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
