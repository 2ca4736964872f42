/* Opening and closing, errors, file usage. */
#include "store/db_private.h"
#include "store/readers_lock.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0666 /* before the umask */

#define MARGIN ((uint64_t)64 * 1024) /* file systems may keep some blocks free */

static bool size_limit_is_reached(const struct ff_db *db)
{
    struct stat st;
    struct rlimit limit;

    return fstat(db->fd, &st) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY &&
           (uint64_t)st.st_size + db->dirty_bytes + MARGIN >= limit.rlim_cur;
}

static bool disk_is_full(const struct ff_db *db)
{
    struct statvfs fs;

    return fstatvfs(db->fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize <= db->dirty_bytes + MARGIN;
}

/* LMDB reports a short write as EIO or ENOSPC, both for a full disk and for the file size limit.
 * Returns the actual errno. */
static int errno_of_write(const struct ff_db *db, int code)
{
    if (disk_is_full(db))
        return ENOSPC;
    return size_limit_is_reached(db) ? EFBIG : code;
}

int ff_db_fail(struct ff_db *db, int code, const char *what)
{
    switch (code) {
    case MDB_NOTFOUND:
        return FF_ENOTFOUND;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return ff_fail(db->ctx, FF_ECORRUPT, "%s: damaged: %s", db->path, mdb_strerror(code));
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return ff_fail(db->ctx, FF_EFORMAT, "%s: %s", db->path, mdb_strerror(code));
    case EIO:
    case ENOSPC:
        code = errno_of_write(db, code);
        break;
    }
    if (code > 0)
        return ff_fail_errno(db->ctx, code, "%s: cannot %s", db->path, what);
    return ff_fail(db->ctx, FF_EIO, "%s: cannot %s: %s", db->path, what, mdb_strerror(code));
}

static int open_descriptor(struct ff_db *db)
{
    /* O_NONBLOCK: does not block if PATH is a FIFO. */
    static const int flags[] = {
        [FF_DB_READ] = O_RDONLY | O_NONBLOCK,           [FF_DB_WRITE] = O_RDWR | O_NONBLOCK,
        [FF_DB_CREATE] = O_RDWR | O_NONBLOCK | O_CREAT, [FF_DB_SCRATCH] = O_RDWR | O_CREAT | O_EXCL,
        [FF_DB_SCRATCH_REOPEN] = O_RDONLY | O_NONBLOCK,
    };
    bool creates = flags[db->mode] & O_CREAT;

    if (db->mode == FF_DB_SCRATCH && unlink(db->path) != 0 && errno != ENOENT)
        return ff_fail_errno(db->ctx, errno, "%s: cannot remove", db->path);
    db->fd = open(db->path, flags[db->mode] | O_CLOEXEC, FILE_MODE);
    db->closes_fd = true;
    if (db->fd >= 0)
        return FF_OK;
    if (errno == EISDIR)
        return ff_fail(db->ctx, creates ? FF_EEXIST : FF_EFORMAT, "%s: not a file", db->path);
    return ff_fail_errno(db->ctx, errno, "%s: cannot %s", db->path, creates ? "create" : "open");
}

static int check_new(struct ff_db *db)
{
    struct stat st;

    if (fstat(db->fd, &st) != 0)
        return ff_fail_errno(db->ctx, errno, "%s: cannot create", db->path);
    if (!S_ISREG(st.st_mode) || st.st_size != 0)
        return ff_fail(db->ctx, FF_EEXIST, "%s: exists already", db->path);
    return FF_OK;
}

/* A new reader records the number of its snapshot within microseconds. */
#define READER_TRIES 100
#define READER_PAUSE_NS 10000000L /* 10 ms */

/* To be called before the first transaction after TRANSACTION, see readers_lock.h. */
static int wait_for_readers(struct ff_db *db, uint64_t transaction)
{
    const struct timespec pause = {0, READER_PAUSE_NS};

    for (int i = 0; i < READER_TRIES; i++) {
        if (!ff_readers_lock_held_before(db->fd, transaction > 0 ? transaction - 1 : 0))
            return FF_OK;
        nanosleep(&pause, NULL);
    }
    return ff_fail(db->ctx, FF_ELOCKED,
                   "%s: another process still reads an earlier state of it; try again later",
                   db->path);
}

/* Checks the file, except for the trees if ff_db_pin() checks them. */
static int check_file(struct ff_db *db, struct ff_db_head *head)
{
    int rc;

    switch (db->mode) {
    case FF_DB_CREATE:
        return check_new(db);
    case FF_DB_SCRATCH:
        return FF_OK;
    case FF_DB_READ:
        return ff_db_check_head(db->ctx, db->fd, db->path, head);
    case FF_DB_WRITE:
    case FF_DB_SCRATCH_REOPEN:
        break;
    }
    rc = ff_db_check(db->ctx, db->fd, db->path, head);
    if (rc == FF_OK && db->mode == FF_DB_WRITE)
        rc = wait_for_readers(db, head->transaction);
    return rc;
}

static int open_table(struct ff_db *db)
{
    MDB_stat stat;
    int rc, code;

    code = mdb_env_stat(db->env, &stat);
    if (code != 0)
        return ff_db_fail(db, code, "open");
    db->page_bytes = stat.ms_psize;
    rc = ff_db_pin(db);
    if (rc != FF_OK)
        return rc;
    code = mdb_dbi_open(db->read, NULL, 0, &db->table);
    ff_db_unpin(db);
    return code == 0 ? FF_OK : ff_db_fail(db, code, "open");
}

static int open_file(struct ff_db *db)
{
    struct ff_db_head head = {.page_bytes = 4096};
    int rc = db->fd < 0 ? open_descriptor(db) : FF_OK;

    if (rc == FF_OK)
        rc = check_file(db, &head);
    if (rc == FF_OK)
        rc = ff_db_open_env(db, (size_t)(head.pages * head.page_bytes) + FF_DB_DIRTY_BYTES);
    return rc == FF_OK ? open_table(db) : rc;
}

/* Opens PATH if FD < 0. */
static int open_db(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_mode mode,
                   struct ff_db **out)
{
    size_t path_bytes = strlen(path) + 1;
    struct ff_db *db;
    int rc;

    *out = NULL;
    db = ff_alloc(ctx, FF_MEM_OTHER, sizeof *db + path_bytes);
    if (!db)
        return ff_alloc_status(ctx);
    db->ctx = ctx;
    db->mode = mode;
    db->fd = fd;
    db->path_bytes = path_bytes;
    memcpy(db->path, path, path_bytes);
    rc = open_file(db);
    if (rc != FF_OK) {
        ff_db_close(db);
        return rc;
    }
    *out = db;
    return FF_OK;
}

int ff_db_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode, struct ff_db **out)
{
    return open_db(ctx, -1, path, mode, out);
}

int ff_db_open_fd(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_mode mode,
                  struct ff_db **out)
{
    return open_db(ctx, fd, path, mode, out);
}

void ff_db_close(struct ff_db *db)
{
    if (!db)
        return;
    if (db->env) {
        ff_db_abort(db);
        ff_db_unpin(db);
        mdb_txn_abort(db->kept);
        mdb_env_close(db->env);
    }
    if (db->closes_fd && db->fd >= 0)
        close(db->fd);
    ff_free(db->ctx, FF_MEM_OTHER, db, sizeof *db + db->path_bytes);
}

void ff_db_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_OTHER] += sizeof(struct ff_db);
}

/* Counts the pages in LMDB's free list (table 0). */
static int count_free(struct ff_db *db, MDB_txn *txn, uint64_t *pages)
{
    MDB_cursor *cursor;
    MDB_val key, list;
    int code;

    *pages = 0;
    code = mdb_cursor_open(txn, 0, &cursor);
    if (code != 0)
        return ff_db_fail(db, code, "read");
    while ((code = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        size_t count;

        memcpy(&count, list.mv_data, sizeof count);
        *pages += count;
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? FF_OK : ff_db_fail(db, code, "read");
}

int ff_db_usage(struct ff_db *db, struct ff_db_usage *out)
{
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct stat st;
    uint64_t listed, pages;
    int rc;

    rc = ff_db_pin(db);
    if (rc != FF_OK)
        return rc;
    rc = count_free(db, db->write ? db->write : db->read, &listed);
    if (rc != FF_OK)
        return rc;
    if (mdb_env_info(db->env, &info) != 0 || mdb_env_get_fd(db->env, &fd) != 0 ||
        fstat(fd, &st) != 0)
        return ff_fail_errno(db->ctx, errno, "%s: cannot read", db->path);
    pages = (uint64_t)info.me_last_pgno + 1;
    out->file_bytes = (uint64_t)st.st_size;
    out->page_bytes = db->page_bytes;
    out->used_pages = pages > listed ? pages - listed : 0;
    out->free_pages = out->file_bytes / out->page_bytes;
    out->free_pages -= out->free_pages > out->used_pages ? out->used_pages : out->free_pages;
    return FF_OK;
}
