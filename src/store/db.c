/* Opening and closing, errors, figures. */
#include "store/db_check.h"
#include "store/db_private.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MODE 0666 /* before the umask */

bool ff_db_is_lockless(const struct ff_db *db)
{
    return db->lockless;
}

/* LMDB reports a short write as EIO: of a disk that fills, or at the process's limit for files. */
static bool disk_is_full(const struct ff_db *db)
{
    const uint64_t margin = 64 * 1024; /* file systems do not fill to the last block */
    struct statvfs fs;
    struct stat st;
    struct rlimit limit;

    if (statvfs(db->path, &fs) == 0 &&
        (uint64_t)fs.f_bavail * fs.f_frsize <= db->dirty_bytes + margin)
        return true;
    return stat(db->path, &st) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY &&
           (uint64_t)st.st_size + db->dirty_bytes + margin >= limit.rlim_cur;
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
    case EFBIG:
    case EIO:
        if (disk_is_full(db))
            code = ENOSPC;
        break;
    }
    if (code > 0)
        return ff_fail_errno(db->ctx, code, "%s: cannot %s", db->path, what);
    return ff_fail(db->ctx, FF_EIO, "%s: cannot %s: %s", db->path, what, mdb_strerror(code));
}

/* A new file's name is durable once its folder is. Best effort: some file systems refuse. */
static void sync_folder(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    if (strlen(path) >= sizeof copy)
        return;
    strcpy(copy, path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!fsync(fd);
    close(fd);
}

static int create_file(struct ff_db *db)
{
    struct stat st;
    int fd;

    if (db->mode == FF_DB_SCRATCH && unlink(db->path) != 0 && errno != ENOENT)
        return ff_fail_errno(db->ctx, errno, "%s: cannot remove", db->path);
    fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd >= 0) {
        close(fd);
        if (db->mode == FF_DB_CREATE)
            sync_folder(db->path);
        return FF_OK;
    }
    if (errno != EEXIST)
        return ff_fail_errno(db->ctx, errno, "%s: cannot create", db->path);
    if (stat(db->path, &st) != 0)
        return ff_fail_errno(db->ctx, errno, "%s: cannot create", db->path);
    if (!S_ISREG(st.st_mode) || st.st_size != 0)
        return ff_fail(db->ctx, FF_EEXIST, "%s: exists already", db->path);
    return FF_OK;
}

static int check_file(struct ff_db *db, struct ff_db_geometry *geometry)
{
    /* O_NONBLOCK: a FIFO of this name does not hang us. */
    int fd = open(db->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return ff_fail_errno(db->ctx, errno, "%s: cannot open", db->path);
    rc = ff_db_check(db->ctx, fd, db->path, db->mode != FF_DB_READ_LIVE, geometry);
    close(fd);
    return rc;
}

static unsigned flags_of(enum ff_db_mode mode)
{
    /* MDB_NOTLS: a snapshot belongs to the db, not to the thread that began it. */
    const unsigned always = MDB_NOSUBDIR | MDB_NOTLS;

    switch (mode) {
    case FF_DB_READ:
    case FF_DB_READ_LIVE:
        return always | MDB_RDONLY;
    case FF_DB_WRITE:
    case FF_DB_CREATE:
        return always;
    case FF_DB_SCRATCH:
        return always | MDB_NOLOCK | MDB_NOSYNC;
    case FF_DB_SCRATCH_REOPEN:
        return always | MDB_NOLOCK | MDB_RDONLY;
    }
    return always;
}

/* Returns LMDB's code. MAP_BYTES is never left to the file. */
static int open_env(struct ff_db *db, unsigned flags, size_t map_bytes)
{
    int code = mdb_env_create(&db->env);

    if (code != 0)
        return code;
    code = mdb_env_set_mapsize(db->env, map_bytes);
    if (code == 0)
        code = mdb_env_open(db->env, db->path, flags, FILE_MODE);
    if (code != 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return code;
}

static int open_table(struct ff_db *db)
{
    MDB_stat stat;
    int rc, code, dead;

    if (db->mode == FF_DB_WRITE) {
        code = mdb_reader_check(db->env, &dead); /* readers that were killed keep pages alive */
        if (code != 0)
            return ff_db_fail(db, code, "open");
    }
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
    struct ff_db_geometry geometry = {.page_bytes = 4096};
    unsigned flags = flags_of(db->mode);
    size_t map_bytes;
    int rc, code;

    if (db->mode == FF_DB_CREATE || db->mode == FF_DB_SCRATCH)
        rc = create_file(db);
    else
        rc = check_file(db, &geometry);
    if (rc != FF_OK)
        return rc;
    map_bytes = (size_t)(geometry.pages * geometry.page_bytes) + FF_DB_DIRTY_BYTES;
    code = open_env(db, flags, map_bytes);
    /* The file itself could be read: it is the lock file that cannot be written. */
    if ((code == EACCES || code == EPERM || code == EROFS) && (flags & MDB_RDONLY)) {
        db->lockless = true;
        code = open_env(db, flags | MDB_NOLOCK, map_bytes);
    }
    return code == 0 ? open_table(db) : ff_db_fail(db, code, "open");
}

int ff_db_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode, struct ff_db **out)
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

void ff_db_close(struct ff_db *db)
{
    if (!db)
        return;
    if (db->env) {
        ff_db_abort(db);
        ff_db_unpin(db);
        mdb_env_close(db->env);
    }
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
