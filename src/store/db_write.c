/* Writing in transactions of bounded size. */
#include "store/db_private.h"

#include "base/arithmetic.h"
#include "store/readers_lock.h"
#include <string.h>
#include <unistd.h>

/* Pages that a write dirties besides those of its value: at most a leaf of the tree; and pages that
 * any transaction dirties: paths through the trees. */
#define PAGES_PER_WRITE 1
#define PAGES_PER_TRANSACTION 4
/* Map space reserved for pages of the trees, in addition to the values of a transaction. */
#define MAP_MARGIN ((size_t)8 << 20)

/* Estimated heap memory of writing SIZE bytes, until the commit. */
static size_t cost_of(size_t page_bytes, size_t size)
{
    return size / page_bytes * page_bytes + PAGES_PER_WRITE * page_bytes;
}

/* True if a transaction of PENDING bytes has room for COST more bytes. */
static bool fits(size_t pending, size_t cost)
{
    return pending + cost <= FF_DB_DIRTY_BYTES;
}

/* Pages that a commit writes besides those of its values: a path through each of the two trees, and
 * a meta page. */
#define PAGES_PER_COMMIT 5
#define NODE_BYTES 24 /* of a tree: header, a key of 8 bytes, a page number */

/* Estimated bytes of the file for a value of SIZE bytes; a large value has its own pages. */
static uint64_t place_of(size_t page_bytes, size_t size)
{
    const size_t page_header = 16;

    if (size + NODE_BYTES <= page_bytes / 2)
        return size + NODE_BYTES;
    return (page_header + size + page_bytes - 1) / page_bytes * page_bytes + NODE_BYTES;
}

uint64_t ff_db_cost(size_t n, const struct ff_db_writes *writes, uint64_t rounds)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum = ff_plus(
            sum, ff_times(ff_times(cost_of(page_bytes, writes[i].bytes), writes[i].count), rounds));
    return sum;
}

uint64_t ff_db_stored(size_t n, const struct ff_db_writes *writes, uint64_t rounds)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes = ff_plus(
            bytes,
            ff_times(ff_times(place_of(page_bytes, writes[i].bytes), writes[i].count), rounds));
    return bytes;
}

uint64_t ff_db_written(size_t n, const struct ff_db_writes *writes, uint64_t rounds)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t commits = ff_db_cost(n, writes, rounds) / FF_DB_DIRTY_BYTES + 1;

    return ff_plus(ff_db_stored(n, writes, rounds),
                   ff_times(commits, PAGES_PER_COMMIT * page_bytes));
}

uint64_t ff_db_pending_bound(uint64_t cost, size_t largest)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), base = PAGES_PER_TRANSACTION * page_bytes;
    uint64_t most = base + cost_of(page_bytes, largest);

    if (most < FF_DB_DIRTY_BYTES)
        most = FF_DB_DIRTY_BYTES;
    return ff_plus(cost, base) < most ? cost + base : most;
}

/* Limits of the simulation; the pattern has repeated by then. */
#define MOST_COMMITS 100
#define MOST_WRITES 10000

uint64_t ff_db_pending(size_t n, const struct ff_db_writes *writes, uint64_t rounds)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), pending = 0, commits = 0, done = 0;
    uint64_t most = 0;

    for (uint64_t round = 0; round < rounds && commits < MOST_COMMITS; round++) {
        for (size_t i = 0; i < n; i++) {
            size_t cost = cost_of(page_bytes, writes[i].bytes);

            for (uint64_t j = 0; j < writes[i].count && done < MOST_WRITES; j++, done++) {
                if (pending == 0 || !fits(pending, cost)) {
                    pending = PAGES_PER_TRANSACTION * page_bytes;
                    commits++;
                }
                pending += cost;
                most = pending > most ? pending : most;
            }
        }
        if (done == MOST_WRITES)
            break;
    }
    return most;
}

static void end_write(struct ff_db *db)
{
    ff_meter_sub(db->ctx, FF_MEM_IO, db->dirty_bytes);
    db->dirty_bytes = 0;
    db->written_bytes = 0;
    db->write = NULL;
}

/* Discards pending writes; every later write fails with STATUS. */
static int break_off(struct ff_db *db, int status)
{
    ff_db_close_cursor(db);
    if (db->write)
        mdb_txn_abort(db->write);
    end_write(db);
    db->broken = status;
    return status;
}

/* Ensures that the map has room for a transaction of NEED bytes: LMDB cannot grow the map during a
 * transaction. The map costs only address space, so it grows in large steps. The snapshot kept for
 * readers is not affected, because nothing is read through it. */
static int grow_map(struct ff_db *db, size_t need)
{
    MDB_envinfo info;
    size_t used, room;
    int code = mdb_env_info(db->env, &info);

    if (code != 0)
        return code;
    used = (info.me_last_pgno + 1) * db->page_bytes;
    /* Twice: freed pages are listed, and scattered free pages may force allocation at the end. */
    room = 2 * need + used / 64 + MAP_MARGIN;
    if (info.me_mapsize >= used + room)
        return 0;
    db->map = NULL;
    return mdb_env_set_mapsize(db->env, used + used / 2 + 2 * room);
}

/* Before a transaction: begins or ends the snapshot kept for readers, see readers_lock.h. */
static int keep_for_readers(struct ff_db *db)
{
    bool is_model = db->mode == FF_DB_WRITE || db->mode == FF_DB_CREATE;
    bool is_read = is_model && ff_readers_lock_held(db->fd);

    if (is_read && !db->kept)
        return mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->kept);
    if (!is_read) {
        mdb_txn_abort(db->kept);
        db->kept = NULL;
    }
    return 0;
}

/* Finds the address of the map by the first value, before any page is on the heap. */
static void find_map(struct ff_db *db)
{
    MDB_val key, value;
    MDB_cursor *cursor;

    if (db->map || mdb_cursor_open(db->write, db->table, &cursor) != 0)
        return;
    if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0)
        ff_db_note_map(db, key.mv_data);
    mdb_cursor_close(cursor);
}

static int begin(struct ff_db *db, size_t need)
{
    int code;

    ff_db_unpin(db);
    code = grow_map(db, need > FF_DB_DIRTY_BYTES ? need : FF_DB_DIRTY_BYTES);
    if (code == 0)
        code = keep_for_readers(db);
    if (code == 0)
        code = mdb_txn_begin(db->env, NULL, 0, &db->write);
    if (code == 0) {
        ff_db_note_small(db);
        find_map(db);
        return FF_OK;
    }
    db->write = NULL;
    return break_off(db, ff_db_fail(db, code, "write"));
}

/* Ensures that the pending transaction has room for COST bytes; commits it first if it has not. */
static int make_room(struct ff_db *db, size_t cost)
{
    int rc = FF_OK;

    if (db->mode == FF_DB_READ || db->mode == FF_DB_SCRATCH_REOPEN)
        return ff_fail(db->ctx, FF_EINVAL, "%s: is open for reading only", db->path);
    if (db->broken)
        return ff_fail(db->ctx, (enum ff_status)db->broken, "%s: an earlier write failed",
                       db->path);
    ff_db_close_cursor(db);
    if (db->write && !fits(db->dirty_bytes, cost))
        rc = ff_db_commit(db);
    if (rc == FF_OK && !db->write) {
        cost += PAGES_PER_TRANSACTION * (size_t)db->page_bytes;
        rc = begin(db, cost);
    }
    if (rc != FF_OK)
        return rc;
    rc = ff_meter_reserve(db->ctx, FF_MEM_IO, cost);
    if (rc != FF_OK)
        return break_off(db, rc);
    db->dirty_bytes += cost;
    return FF_OK;
}

static int check_sizes(struct ff_db *db, struct ff_bytes key, size_t size)
{
    if (key.size < 1 || key.size > FF_KEY_MAX)
        return ff_fail(db->ctx, FF_EINVAL, "%s: a key of %zu bytes: must have 1 to %d bytes",
                       db->path, key.size, FF_KEY_MAX);
    if (size > FF_VALUE_HEADER + FF_VALUE_MAX_BYTES)
        return ff_fail(db->ctx, FF_EINVAL, "%s: a value of %zu bytes is too large", db->path, size);
    return FF_OK;
}

int ff_db_reserve(struct ff_db *db, struct ff_bytes key, size_t size, void **out)
{
    MDB_val name = ff_db_val(key), value = {.mv_size = size};
    int rc, code;

    rc = check_sizes(db, key, size);
    if (rc == FF_OK)
        rc = make_room(db, cost_of(db->page_bytes, size));
    if (rc != FF_OK)
        return rc;
    code = mdb_put(db->write, db->table, &name, &value, MDB_RESERVE);
    if (code != 0)
        return break_off(db, ff_db_fail(db, code, "write"));
    db->written_bytes += place_of(db->page_bytes, size);
    ff_db_dont_need(db); /* pages of the tree, and those mapped with them */
    *out = value.mv_data;
    return FF_OK;
}

int ff_db_put(struct ff_db *db, struct ff_bytes key, struct ff_bytes value)
{
    void *to = NULL;
    int rc = ff_db_reserve(db, key, value.size, &to);

    if (rc == FF_OK)
        memcpy(to, value.data, value.size);
    return rc;
}

int ff_db_delete(struct ff_db *db, struct ff_bytes key)
{
    MDB_val name = ff_db_val(key), value;
    int rc, code;

    rc = check_sizes(db, key, 0);
    if (rc == FF_OK)
        rc = make_room(db, cost_of(db->page_bytes, 0));
    if (rc != FF_OK)
        return rc;
    code = mdb_get(db->write, db->table, &name, &value);
    if (code == 0) {
        /* The freed pages are listed on the heap and then in a value. */
        size_t listed = value.mv_size / db->page_bytes * 2 * sizeof(size_t);

        ff_meter_add(db->ctx, FF_MEM_IO, listed);
        db->dirty_bytes += listed;
        code = mdb_del(db->write, db->table, &name, NULL);
        ff_db_dont_need(db); /* LMDB read the first page of the value */
    }
    if (code != 0 && code != MDB_NOTFOUND)
        return break_off(db, ff_db_fail(db, code, "write"));
    return FF_OK;
}

int ff_db_commit(struct ff_db *db)
{
    int rc = FF_OK, code;

    if (db->broken)
        return ff_fail(db->ctx, (enum ff_status)db->broken, "%s: an earlier write failed",
                       db->path);
    if (!db->write)
        return FF_OK;
    ff_db_close_cursor(db);
    code = mdb_txn_commit(db->write); /* ends the transaction even if it fails */
    if (ff_db_is_scratch(db->mode))
        ff_db_dont_need(db);
    else
        ff_db_drop_cache(db);
    if (code != 0)
        rc = ff_db_fail(db, code, "write");
    else
        ff_meter_wrote(db->ctx, db->written_bytes + PAGES_PER_COMMIT * db->page_bytes);
    end_write(db);
    db->broken = rc;
    return rc;
}

void ff_db_abort(struct ff_db *db)
{
    break_off(db, FF_OK);
}
