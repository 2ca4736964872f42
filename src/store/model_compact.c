/* Compaction: copies a model file tile by tile, without free pages, and replaces it by the copy. */
#include "store/model_file_private.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes per commit of a copy; more would only need more memory. */
#define COPY_BYTES ((size_t)256 << 10)

/* Verifies the value STORED and puts it under KEY: a damaged one must not replace the original. */
static int copy_tile(struct ff_model_file *from, struct ff_model_file *to, struct ff_bytes key,
                     struct ff_bytes stored)
{
    char name[FF_TILE_NAME_BYTES];
    struct ff_tile_key tile;
    struct ff_value value;
    int rc;

    if (!ff_tile_key_decode(key, &tile))
        return ff_fail(from->ctx, FF_ECORRUPT, "%s: damaged: an unknown key", from->path);
    ff_tile_key_name(&tile, from->path, name, sizeof name);
    ff_db_will_need(from->db, stored);
    rc = ff_value_open(from->ctx, key, stored, true, name, &value);
    return rc == FF_OK ? ff_db_put(to->db, key, stored) : rc;
}

/* Puts every tile of FROM into TO, in the order of keys. */
static int copy_tiles(struct ff_model_file *from, struct ff_model_file *to, bool (*stop)(void *arg),
                      void *arg)
{
    struct ff_bytes key = {"", 1}, stored; /* the byte 0 precedes every key */
    size_t pending = 0;
    int rc = ff_db_seek(from->db, key, &key, &stored);

    while (rc == FF_OK) {
        if (stop && stop(arg))
            return ff_fail(from->ctx, FF_EINTERRUPTED, "%s: interrupted while it is compacted",
                           from->path);
        if (!ff_model_file_is_manifest(key)) {
            rc = copy_tile(from, to, key, stored);
            pending += stored.size;
        }
        ff_db_dont_need(from->db);
        if (rc == FF_OK && pending >= COPY_BYTES) {
            rc = ff_db_commit(to->db);
            pending = 0;
        }
        if (rc == FF_OK)
            rc = ff_db_next(from->db, &key, &stored);
    }
    return rc == FF_ENOTFOUND ? FF_OK : rc;
}

/* Syncs COPY once, not at each commit, and opens it like any model, which checks its trees. */
static int finish_copy(struct ff_model_file *copy)
{
    int rc = ff_db_commit(copy->db);

    if (rc != FF_OK)
        return rc;
    ff_db_close(copy->db);
    copy->db = NULL;
    if (fsync(copy->fd) != 0)
        return ff_fail_errno(copy->ctx, errno, "%s: cannot write", copy->path);
    return ff_db_open_fd(copy->ctx, copy->fd, copy->path, FF_DB_WRITE, &copy->db);
}

/* Swaps the open files: FILE continues with the copy, COPY has the replaced file. */
static void swap_files(struct ff_model_file *file, struct ff_model_file *copy)
{
    struct ff_db *db = file->db;
    int fd = file->fd;

    file->db = copy->db;
    file->fd = copy->fd;
    copy->db = db;
    copy->fd = fd;
}

/* Gives COPY the owner and the permissions of FILE, as far as this process is permitted to. */
static void copy_permissions(const struct ff_model_file *file, const struct ff_model_file *copy)
{
    struct stat st;

    if (fstat(file->fd, &st) != 0)
        return;
    if (fchown(copy->fd, st.st_uid, st.st_gid) != 0)
        (void)!fchown(copy->fd, (uid_t)-1, st.st_gid);
    (void)!fchmod(copy->fd, st.st_mode & 0777);
}

/* Copies FILE to COPY, with the manifest TEXT, and replaces FILE by it. */
static int replace_by_copy(struct ff_model_file *file, struct ff_model_file *copy, const char *text,
                           bool (*stop)(void *arg), void *arg)
{
    int rc = ff_coder_new(copy->ctx, &copy->coder);

    if (rc == FF_OK)
        rc = ff_model_file_open_partial(copy, FF_DB_SCRATCH);
    if (rc == FF_OK) {
        copy_permissions(file, copy);
        rc = copy_tiles(file, copy, stop, arg);
    }
    if (rc == FF_OK)
        rc = ff_model_file_put_manifest(copy, text);
    if (rc == FF_OK)
        rc = finish_copy(copy);
    return rc == FF_OK ? ff_model_file_give_name(copy, file->fd) : rc;
}

int ff_model_file_compact(struct ff_model_file *file, const char *text, bool (*stop)(void *arg),
                          void *arg)
{
    struct ff_model_file *copy;
    int rc = ff_model_file_new(file->ctx, file->path, true, &copy);

    if (rc != FF_OK)
        return rc;
    rc = ff_model_file_blame(file, replace_by_copy(file, copy, text, stop, arg));
    ff_db_unpin(file->db);
    if (rc == FF_OK)
        swap_files(file, copy);
    ff_model_file_close(copy);
    return rc;
}
