/* Writing in transactions of bounded size. */
#include "store/db_private.h"

#include "base/arithmetic.h"
#include "store/readers_lock.h"
#include <string.h>
#include <unistd.h>

/* What a write dirties beside its value: a leaf of the tree, if none before it did; and what a
 * transaction does, whatever it writes: paths through the trees. */
#define PAGES_PER_WRITE 1
#define PAGES_PER_TRANSACTION 4
/* Map kept free beyond what a transaction may write, for the tree's own pages. */
#define MAP_MARGIN ((size_t)8 << 20)

/* About what writing SIZE bytes holds on the heap until it is committed. */
static size_t cost_of(size_t page_bytes, size_t size)
{
    return size / page_bytes * page_bytes + PAGES_PER_WRITE * page_bytes;
}

/* Whether COST more bytes still go into a transaction of PENDING bytes. */
static bool fits(size_t pending, size_t cost)
{
    return pending + cost <= FF_DB_DIRTY_BYTES;
}

/* Pages that a commit writes beside those of its values: a path through each of the two trees, and
 * the one that says which trees they are. */
#define PAGES_PER_COMMIT 5
#define NODE_BYTES 24 /* of a tree, for a key of 8 bytes and what leads to its value */

/* About the bytes of the file that a value of SIZE fills: pages of its own if it is large. */
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

/* By then the pattern has repeated itself. */
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

/* Drops what is pending; from now on every write fails with STATUS. */
static int break_off(struct ff_db *db, int status)
{
    ff_db_close_cursor(db);
    if (db->write)
        mdb_txn_abort(db->write);
    end_write(db);
    db->broken = status;
    return status;
}

/* Makes sure that the map has room for a transaction of NEED bytes: LMDB cannot grow it within one.
 * It costs address space only, so it grows in large steps. The snapshot kept for readers, through
 * which nothing is read, does not mind. */
static int grow_map(struct ff_db *db, size_t need)
{
    MDB_envinfo info;
    size_t used, room;
    int code = mdb_env_info(db->env, &info);

    if (code != 0)
        return code;
    used = (info.me_last_pgno + 1) * db->page_bytes;
    /* Twice: freed pages are listed, and pages may be taken at the end while free ones scatter. */
    room = 2 * need + used / 64 + MAP_MARGIN;
    if (info.me_mapsize >= used + room)
        return 0;
    db->map = NULL;
    return mdb_env_set_mapsize(db->env, used + used / 2 + 2 * room);
}

/* Keeps a snapshot as long as anyone reads, before a transaction begins: see readers_lock.h. */
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

/* Finds out where the map is, from the first value, before there are pages on the heap. */
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

/* Makes COST bytes of room in the pending transaction: commits it if they would be too many. */
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
        return ff_fail(db->ctx, FF_EINVAL, "%s: a key of %zu bytes: not within 1 and %d", db->path,
                       key.size, FF_KEY_MAX);
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
    ff_db_dont_need(db); /* pages of the tree, and what came with them */
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
        /* Its pages are listed as free, on the heap and then in a value. */
        size_t listed = value.mv_size / db->page_bytes * 2 * sizeof(size_t);

        ff_meter_add(db->ctx, FF_MEM_IO, listed);
        db->dirty_bytes += listed;
        code = mdb_del(db->write, db->table, &name, NULL);
        ff_db_dont_need(db); /* it looked at the value's first page */
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
    code = mdb_txn_commit(db->write); /* ends it also when it fails */
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
