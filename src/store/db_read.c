/* Reading: the snapshot, the cursor, hints about pages. */
#include "store/db_private.h"

#include "base/arithmetic.h"
#include "store/readers_lock.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A reader maps this much beyond the end of the file, so that it need not map it again each time a
 * writer has grown it. */
#define READ_AHEAD_MAP ((size_t)8 << 20)
/* Attempts to map a file that a writer in another process grows at the same time. */
#define MAX_REMAPS 100
/* Attempts to begin a snapshot while a writer commits at the same time. */
#define MAX_SNAPSHOTS 1000

void ff_db_close_cursor(struct ff_db *db)
{
    if (db->cursor)
        mdb_cursor_close(db->cursor);
    db->cursor = NULL;
}

static void end_snapshot(struct ff_db *db)
{
    ff_db_close_cursor(db);
    mdb_txn_abort(db->read);
    db->read = NULL;
}

void ff_db_unpin(struct ff_db *db)
{
    end_snapshot(db);
    if (db->mode == FF_DB_READ)
        ff_readers_lock_release(db->fd);
}

/* Maps the pages that another process has added. No transaction may be active. */
static int remap(struct ff_db *db)
{
    MDB_envinfo info;
    int code = mdb_env_info(db->env, &info);

    if (code != 0)
        return code;
    db->map = NULL;
    return mdb_env_set_mapsize(db->env, (info.me_last_pgno + 1) * db->page_bytes + READ_AHEAD_MAP);
}

static int begin_snapshot(struct ff_db *db)
{
    int code = MDB_MAP_RESIZED;

    for (int i = 0; i < MAX_REMAPS && code == MDB_MAP_RESIZED; i++) {
        code = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->read);
        if (code == MDB_MAP_RESIZED) {
            db->read = NULL;
            code = remap(db);
            if (code == 0)
                code = MDB_MAP_RESIZED;
        }
    }
    if (code == 0) {
        ff_db_note_small(db);
        return FF_OK;
    }
    db->read = NULL;
    return ff_db_fail(db, code, "read");
}

/*
 * Begins a snapshot; *HEAD becomes its meta page. LMDB copies the meta page from the map while a
 * writer may change it, and without a lock file it cannot detect that. But if reads before and
 * after give the same valid page, LMDB has read the same.
 */
static int begin_known_snapshot(struct ff_db *db, struct ff_db_head *head)
{
    struct ff_db_head before;
    int rc = FF_OK;

    for (int i = 0; i < MAX_SNAPSHOTS; i++) {
        rc = ff_db_check_head(db->ctx, db->fd, db->path, &before);
        if (rc == FF_OK)
            rc = begin_snapshot(db);
        if (rc == FF_OK)
            rc = ff_db_check_head(db->ctx, db->fd, db->path, head);
        if (rc == FF_OK && mdb_txn_id(db->read) == head->transaction &&
            memcmp(before.meta, head->meta, sizeof head->meta) == 0)
            return FF_OK;
        end_snapshot(db);
        if (rc != FF_OK && rc != FF_ECORRUPT) /* a page that is being written looks damaged */
            return rc;
    }
    return rc != FF_OK
               ? rc
               : ff_fail(db->ctx, FF_EIO, "%s: cannot read: it changes constantly", db->path);
}

/* Checks the trees of the snapshot with HEAD, unless they are those checked last. */
static int check_snapshot(struct ff_db *db, const struct ff_db_head *head)
{
    int rc = FF_OK;

    if (memcmp(head->meta, db->checked_meta, sizeof head->meta) != 0)
        rc = ff_db_check_trees(db->ctx, db->fd, db->path, head);
    if (rc == FF_OK)
        memcpy(db->checked_meta, head->meta, sizeof head->meta);
    return rc;
}

int ff_db_pin(struct ff_db *db)
{
    struct ff_db_head head;
    int rc;

    if (db->read || db->write)
        return FF_OK;
    if (db->mode != FF_DB_READ)
        return begin_snapshot(db);
    rc = ff_readers_lock_take(db->ctx, db->path, db->fd);
    if (rc == FF_OK)
        rc = begin_known_snapshot(db, &head);
    if (rc == FF_OK)
        rc = ff_readers_lock_settle(db->ctx, db->path, db->fd, head.transaction);
    if (rc == FF_OK)
        rc = check_snapshot(db, &head);
    if (rc != FF_OK)
        ff_db_unpin(db);
    return rc;
}

static void give(const MDB_val *val, struct ff_bytes *out)
{
    *out = (struct ff_bytes){val->mv_data, val->mv_size};
}

int ff_db_get(struct ff_db *db, struct ff_bytes key, struct ff_bytes *out)
{
    MDB_val name = ff_db_val(key), value;
    int rc, code;

    rc = ff_db_pin(db);
    if (rc != FF_OK)
        return rc;
    code = mdb_get(db->write ? db->write : db->read, db->table, &name, &value);
    if (code != 0)
        return ff_db_fail(db, code, "read");
    if (!db->write)
        ff_db_note_map(db, value.mv_data);
    give(&value, out);
    return FF_OK;
}

static int move(struct ff_db *db, MDB_val *name, MDB_cursor_op op, struct ff_bytes *found,
                struct ff_bytes *out)
{
    MDB_val value;
    int code = mdb_cursor_get(db->cursor, name, &value, op);

    if (code != 0)
        return ff_db_fail(db, code, "read");
    if (!db->write)
        ff_db_note_map(db, name->mv_data);
    give(name, found);
    give(&value, out);
    return FF_OK;
}

int ff_db_seek(struct ff_db *db, struct ff_bytes key, struct ff_bytes *found, struct ff_bytes *out)
{
    MDB_val name = ff_db_val(key);
    int rc, code;

    rc = ff_db_pin(db);
    if (rc != FF_OK)
        return rc;
    if (!db->cursor) {
        code = mdb_cursor_open(db->write ? db->write : db->read, db->table, &db->cursor);
        if (code != 0) {
            db->cursor = NULL;
            return ff_db_fail(db, code, "read");
        }
    }
    return move(db, &name, MDB_SET_RANGE, found, out);
}

int ff_db_next(struct ff_db *db, struct ff_bytes *found, struct ff_bytes *out)
{
    MDB_val name;

    if (!db->cursor)
        return ff_fail(db->ctx, FF_EINVAL, "%s: no position to continue from: seek first",
                       db->path);
    return move(db, &name, MDB_NEXT, found, out);
}

int ff_db_copy(struct ff_db *db, struct ff_bytes bytes, void *out)
{
    const uint8_t *from = bytes.data;
    uint8_t *to = out;
    size_t done = 0;

    if (!db->map || from < db->map || from >= db->map + db->map_bytes) {
        memcpy(out, bytes.data, bytes.size); /* on the heap */
        return FF_OK;
    }
    while (done < bytes.size) {
        ssize_t n =
            pread(db->fd, to + done, bytes.size - done, (off_t)(from - db->map) + (off_t)done);

        if (n < 0 && errno != EINTR)
            return ff_fail_errno(db->ctx, errno, "%s: cannot read", db->path);
        if (n == 0)
            return ff_fail(db->ctx, FF_ECORRUPT, "%s: damaged: too short", db->path);
        done += n > 0 ? (size_t)n : 0;
    }
    return FF_OK;
}

void ff_db_note_map(struct ff_db *db, const void *within)
{
    const uintptr_t page_bytes = db->page_bytes;
    const uintptr_t page = (uintptr_t)within / page_bytes * page_bytes;
    MDB_envinfo info;
    uint64_t number;

    if (db->map || mdb_env_info(db->env, &info) != 0)
        return;
    /* An LMDB page of a tree, or the first one of a large value, begins with its own number. */
    memcpy(&number, (const uint8_t *)within - ((uintptr_t)within - page), sizeof number);
    if (number >= info.me_mapsize / page_bytes)
        return;
    db->map = (uint8_t *)(page - (uintptr_t)number * page_bytes);
    db->map_bytes = info.me_mapsize / page_bytes * page_bytes;
    /* A folio of 2 MiB mapped as one huge page could only be mapped and unmapped as a whole. */
    madvise(db->map, db->map_bytes, MADV_NOHUGEPAGE);
    /* Pages are then read into the cache one by one (ff_db_drop_cache). */
    if (!ff_db_is_scratch(db->mode))
        madvise(db->map, db->map_bytes, MADV_RANDOM);
}

/* For a file up to this size, unmapping is not worth the system calls and page faults. */
#define SMALL_BYTES ((uint64_t)256 << 10)
/* LMDB's own pages: two meta pages, and the root of each tree. */
#define FRAME_BYTES ((uint64_t)4 * 4096)

void ff_db_note_small(struct ff_db *db)
{
    MDB_envinfo info;

    db->stays_mapped = mdb_env_info(db->env, &info) == 0 &&
                       (info.me_last_pgno + 1) * (uint64_t)db->page_bytes <= SMALL_BYTES;
}

void ff_db_growing_map_needs(uint64_t first, struct ff_needs *needs)
{
    if (first / 2 <= SMALL_BYTES)
        ff_needs_keep(needs, SMALL_BYTES);
}

bool ff_db_map_needs(uint64_t stored, bool packed, struct ff_needs *needs)
{
    uint64_t most = ff_plus(stored, FRAME_BYTES), least = stored / (packed ? 8 : 2);

    if (stored > 0 && least <= SMALL_BYTES)
        ff_needs_keep(needs, ff_smaller(most, SMALL_BYTES));
    return most <= SMALL_BYTES;
}

void ff_db_drop_pages(struct ff_db *db, const void *from, const void *to)
{
    const uintptr_t page_bytes = db->page_bytes;
    const uintptr_t first = (uintptr_t)db->map, last = first + db->map_bytes;
    uintptr_t begin = ((uintptr_t)from + page_bytes - 1) / page_bytes * page_bytes;
    uintptr_t end = (uintptr_t)to / page_bytes * page_bytes;

    begin = begin < first ? first : begin;
    end = end > last ? last : end;
    if (db->map && begin < end && !db->stays_mapped)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/*
 * A page fault also maps the pages around it: 64 KiB, or all of a large folio, up to
 * FF_DB_FOLIO_BYTES with current kernels. Pages mapped beside the requested values would stay and
 * add up to the whole file. So this call unmaps everything; a page that is still in use costs a
 * minor fault.
 */
void ff_db_dont_need(struct ff_db *db)
{
    if (db->map)
        ff_db_drop_pages(db, db->map, db->map + db->map_bytes);
}

void ff_db_drop_cache(struct ff_db *db)
{
    mdb_filehandle_t fd;

    ff_db_dont_need(db); /* mapped pages would stay in the cache */
    if (mdb_env_get_fd(db->env, &fd) == 0)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* The kernel honors at least this much of one hint, on any disk. */
#define HINT_BYTES ((uintptr_t)128 << 10)

void ff_db_will_need(struct ff_db *db, struct ff_bytes bytes)
{
    const uintptr_t page_bytes = db->page_bytes;
    uintptr_t at = (uintptr_t)bytes.data / page_bytes * page_bytes;
    uintptr_t end = (uintptr_t)bytes.data + bytes.size;

    if (db->stays_mapped)
        return;
    for (; at < end; at += HINT_BYTES)
        madvise((void *)at, end - at < HINT_BYTES ? end - at : HINT_BYTES, MADV_WILLNEED);
}
