/* The scratch directory: its lock, its files boundary-K.lmdb and tiles.lmdb, and their removal. */
#include "store/file_set.h"

#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_FORMAT "boundary-%" PRIu32 ".lmdb"
#define TILES_FILE "tiles.lmdb"
#define NAME_BYTES (sizeof FILE_FORMAT + 16)
#define FOLDER_MODE 0777 /* before the umask */
#define PRIVATE_MODE 0700
#define TEMPORARY_MODE 0600

/* The number of the temporary file among the sets, whose fate it shares if it keeps its name. */
#define TEMPORARY (UINT32_MAX - 2)
#define TEMPORARY_FILE "import.tmp"

struct folder {
    struct ff_ctx *ctx;
    int lock;        /* a descriptor of the folder; holds its lock */
    bool is_private; /* made for one job, in a place that others may write to */
    size_t bytes;    /* of this struct, with PATH */
    char path[];
};

static void file_name(uint32_t boundary, char out[NAME_BYTES])
{
    if (boundary == FF_BOUNDARY_TILES)
        strcpy(out, TILES_FILE);
    else if (boundary == TEMPORARY)
        strcpy(out, TEMPORARY_FILE);
    else
        snprintf(out, NAME_BYTES, FILE_FORMAT, boundary);
}

/* The boundary that NAME is the file of; false if it is none of ours. */
static bool boundary_of(const char *name, uint32_t *boundary)
{
    char same[NAME_BYTES];

    if (sscanf(name, FILE_FORMAT, boundary) != 1)
        *boundary = strcmp(name, TEMPORARY_FILE) == 0 ? TEMPORARY : FF_BOUNDARY_TILES;
    file_name(*boundary, same);
    return strcmp(name, same) == 0;
}

bool ff_scratch_has_name(const char *path)
{
    static const char any[] = FILE_FORMAT;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    return strncmp(name, any, strcspn(any, "%")) == 0 ||
           strncmp(name, TILES_FILE, strlen(TILES_FILE)) == 0 ||
           strncmp(name, TEMPORARY_FILE, strlen(TEMPORARY_FILE)) == 0;
}

static int open_set(struct folder *folder, uint32_t boundary, enum ff_db_mode mode,
                    struct ff_set **out)
{
    size_t path_bytes = folder->bytes + NAME_BYTES;
    char name[NAME_BYTES];
    char *path = ff_alloc(folder->ctx, FF_MEM_OTHER, path_bytes);
    int rc;

    *out = NULL;
    if (!path)
        return ff_alloc_status(folder->ctx);
    file_name(boundary, name);
    snprintf(path, path_bytes, "%s/%s", folder->path, name);
    rc = ff_file_set_open(folder->ctx, path, mode, out);
    ff_free(folder->ctx, FF_MEM_OTHER, path, path_bytes);
    return rc;
}

/* True if the path still leads to the folder that is locked: it may be deleted at any time, and
 * another training may make one of the same name. */
static bool is_in_place(const struct folder *folder)
{
    struct stat ours, there;

    return fstat(folder->lock, &ours) == 0 &&
           (folder->is_private ? lstat : stat)(folder->path, &there) == 0 &&
           ff_same_file(&ours, &there);
}

/* Makes the folder if it is absent, and locks it. Sets of two trainings in one folder would replace
 * each other. */
static int lock_folder(struct ff_ctx *ctx, const char *path, bool is_private, int *lock)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_private ? O_NOFOLLOW : 0);
    struct stat st;

    if (mkdir(path, is_private ? PRIVATE_MODE : FOLDER_MODE) != 0 && errno != EEXIST)
        return ff_fail_errno(ctx, errno, "%s: cannot create the scratch folder", path);
    *lock = open(path, flags);
    if (*lock < 0 && errno == ENOTDIR)
        return ff_fail(ctx, FF_EIO, "%s: cannot be the scratch folder: is no folder", path);
    if (*lock < 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open the scratch folder", path);
    if (is_private && (fstat(*lock, &st) != 0 || st.st_uid != geteuid())) {
        close(*lock);
        return ff_fail(ctx, FF_EIO, "%s: this scratch folder is somebody else's", path);
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 && fstat(*lock, &st) == 0 && st.st_nlink > 0)
        return FF_OK;
    close(*lock);
    return ff_fail(ctx, FF_ELOCKED, "%s: the scratch folder is in use by another training", path);
}

/* Makes and locks the folder again if it has been deleted. */
static int restore_folder(struct folder *folder)
{
    int lock, rc;

    if (is_in_place(folder))
        return FF_OK;
    rc = lock_folder(folder->ctx, folder->path, folder->is_private, &lock);
    if (rc != FF_OK)
        return rc;
    close(folder->lock);
    folder->lock = lock;
    return FF_OK;
}

static int create_once(struct folder *folder, uint32_t boundary, struct ff_set **out)
{
    int rc = restore_folder(folder);

    return rc == FF_OK ? open_set(folder, boundary, FF_DB_SCRATCH, out) : rc;
}

/* The folder may be deleted while a file is created in it, too. */
#define TRIES 5

static int folder_create(void *self, uint32_t boundary, struct ff_set **out)
{
    int rc = FF_ENOTFOUND;

    *out = NULL;
    for (int i = 0; i < TRIES && rc == FF_ENOTFOUND; i++)
        rc = create_once(self, boundary, out);
    return rc;
}

static int folder_open(void *self, uint32_t boundary, struct ff_set **out)
{
    struct folder *folder = self;
    int rc;

    *out = NULL;
    if (!is_in_place(folder))
        return ff_fail(folder->ctx, FF_ENOTFOUND, "%s: the scratch folder was deleted",
                       folder->path);
    rc = open_set(folder, boundary, FF_DB_SCRATCH_REOPEN, out);
    /* A file of ours by its name: whatever is in it instead is damage. */
    return rc == FF_EFORMAT ? FF_ECORRUPT : rc;
}

static int temporary_once(struct folder *folder, int *fd)
{
    char path[PATH_MAX];
    int rc = restore_folder(folder);

    if (rc != FF_OK)
        return rc;
    if (snprintf(path, sizeof path, "%s/" TEMPORARY_FILE, folder->path) >= (int)sizeof path)
        return ff_fail(folder->ctx, FF_EINVAL, "%s: the path is too long", folder->path);
    if (unlink(path) != 0 && errno != ENOENT)
        return ff_fail_errno(folder->ctx, errno, "%s: cannot remove", path);
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, TEMPORARY_MODE);
    if (*fd < 0)
        return ff_fail_errno(folder->ctx, errno, "%s: cannot create", path);
    (void)unlink(path); /* if that fails, it goes with the sets */
    return FF_OK;
}

static int folder_temporary(void *self, int *fd)
{
    int rc = FF_ENOTFOUND;

    for (int i = 0; i < TRIES && rc == FF_ENOTFOUND; i++)
        rc = temporary_once(self, fd);
    return rc;
}

#define ENTRIES_BYTES 4096

/* Calls FN for every file of ours among ENTRIES, BYTES long, of a folder. */
static void each_of(const char *entries, size_t bytes, int folder,
                    void (*fn)(void *arg, int folder, const char *name, uint32_t boundary),
                    void *arg)
{
    for (size_t at = 0; at < bytes;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        uint32_t boundary;

        if (boundary_of(entry->d_name, &boundary))
            fn(arg, folder, entry->d_name, boundary);
        at += entry->d_reclen;
    }
}

/* Calls FN for every file of ours in the open FOLDER. Unlike opendir(), this needs neither memory
 * nor a descriptor, so it also works when there are none left. */
static void each_file(int folder,
                      void (*fn)(void *arg, int folder, const char *name, uint32_t boundary),
                      void *arg)
{
    alignas(struct dirent64) char entries[ENTRIES_BYTES];
    ssize_t bytes;

    (void)lseek(folder, 0, SEEK_SET);
    while ((bytes = getdents64(folder, entries, sizeof entries)) > 0)
        each_of(entries, (size_t)bytes, folder, fn, arg);
}

static void remove_one(void *arg, int folder, const char *name, uint32_t boundary)
{
    const uint32_t *only = arg;

    if (boundary == *only)
        (void)unlinkat(folder, name, 0);
}

static void remove_others(void *arg, int folder, const char *name, uint32_t boundary)
{
    const uint32_t *kept = arg;

    if (boundary != *kept)
        (void)unlinkat(folder, name, 0);
}

static void add_size(void *arg, int folder, const char *name, uint32_t boundary)
{
    uint64_t *sum = arg;
    struct stat st;

    (void)boundary;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *sum += (uint64_t)st.st_size;
}

static void folder_drop(void *self, uint32_t boundary)
{
    const struct folder *folder = self;

    each_file(folder->lock, remove_one, &boundary);
}

static void folder_drop_others(void *self, uint32_t kept)
{
    const struct folder *folder = self;

    each_file(folder->lock, remove_others, &kept);
}

static uint64_t folder_bytes(void *self)
{
    const struct folder *folder = self;
    uint64_t sum = 0;

    each_file(folder->lock, add_size, &sum);
    return sum;
}

static void folder_free(void *self)
{
    struct folder *folder = self;

    close(folder->lock);
    ff_free(folder->ctx, FF_MEM_OTHER, folder, folder->bytes);
}

static const struct ff_scratch_ops folder_ops = {
    .create = folder_create,
    .open = folder_open,
    .drop = folder_drop,
    .drop_others = folder_drop_others,
    .temporary = folder_temporary,
    .bytes = folder_bytes,
    .free = folder_free,
};

static int adopt(struct ff_ctx *ctx, const char *path, int lock, bool is_private,
                 struct ff_scratch *out)
{
    size_t bytes = sizeof(struct folder) + strlen(path) + 1;
    struct folder *folder;

    *out = (struct ff_scratch){0};
    folder = ff_alloc(ctx, FF_MEM_OTHER, bytes);
    if (!folder) {
        close(lock);
        return ff_alloc_status(ctx);
    }
    folder->ctx = ctx;
    folder->lock = lock;
    folder->is_private = is_private;
    folder->bytes = bytes;
    strcpy(folder->path, path);
    out->ops = &folder_ops;
    out->self = folder;
    out->name = folder->path;
    return FF_OK;
}

int ff_scratch_open(struct ff_ctx *ctx, const char *path, struct ff_scratch *out)
{
    int lock = -1, rc;

    *out = (struct ff_scratch){0};
    rc = ff_about(ctx, lock_folder(ctx, path, false, &lock), FF_ABOUT_SCRATCH);
    return rc == FF_OK ? adopt(ctx, path, lock, false, out) : rc;
}

int ff_scratch_adopt(struct ff_ctx *ctx, const char *path, int lock, struct ff_scratch *out)
{
    return adopt(ctx, path, lock, true, out);
}

void ff_scratch_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_OTHER] += sizeof(struct folder);
}

void ff_scratch_close(struct ff_scratch *scratch)
{
    if (scratch->ops)
        scratch->ops->free(scratch->self);
    *scratch = (struct ff_scratch){0};
}

void ff_scratch_remove(struct ff_scratch *scratch)
{
    const struct folder *folder = scratch->self;

    if (!scratch->ops)
        return;
    scratch->ops->drop_others(scratch->self, FF_NO_BOUNDARY);
    if (scratch->ops == &folder_ops && is_in_place(folder))
        (void)rmdir(folder->path);
    ff_scratch_close(scratch);
}

void ff_scratch_empty(int folder)
{
    uint32_t none = FF_NO_BOUNDARY;

    each_file(folder, remove_others, &none);
}
