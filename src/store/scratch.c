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
#define DIRECTORY_MODE 0777 /* before the umask */
#define PRIVATE_MODE 0700
#define TEMPORARY_MODE 0600

/* The boundary that represents the temporary file: if it keeps its name, it is removed with the
 * sets.
 */
#define TEMPORARY (UINT32_MAX - 2)
#define TEMPORARY_FILE "import.tmp"

struct directory {
    struct ff_ctx *ctx;
    int lock;        /* a descriptor of the directory; holds its lock */
    bool is_private; /* created for one job, where other users may write */
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

/* The boundary of the file NAME; false if NAME is not the name of a scratch file. */
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

static int open_set(struct directory *directory, uint32_t boundary, enum ff_db_mode mode,
                    struct ff_set **out)
{
    size_t path_bytes = directory->bytes + NAME_BYTES;
    char name[NAME_BYTES];
    char *path = ff_alloc(directory->ctx, FF_MEM_OTHER, path_bytes);
    int rc;

    *out = NULL;
    if (!path)
        return ff_alloc_status(directory->ctx);
    file_name(boundary, name);
    snprintf(path, path_bytes, "%s/%s", directory->path, name);
    rc = ff_file_set_open(directory->ctx, path, mode, out);
    ff_free(directory->ctx, FF_MEM_OTHER, path, path_bytes);
    return rc;
}

/* True if the path still is the locked directory: it may be deleted at any time, and another
 * training may create one of the same name. */
static bool is_in_place(const struct directory *directory)
{
    struct stat ours, there;

    return fstat(directory->lock, &ours) == 0 &&
           (directory->is_private ? lstat : stat)(directory->path, &there) == 0 &&
           ff_same_file(&ours, &there);
}

/* Creates the directory if it is absent, and locks it: two trainings in one directory would
 * overwrite each other's sets. */
static int lock_directory(struct ff_ctx *ctx, const char *path, bool is_private, int *lock)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_private ? O_NOFOLLOW : 0);
    struct stat st;

    if (mkdir(path, is_private ? PRIVATE_MODE : DIRECTORY_MODE) != 0 && errno != EEXIST)
        return ff_fail_errno(ctx, errno, "%s: cannot create the scratch directory", path);
    *lock = open(path, flags);
    if (*lock < 0 && errno == ENOTDIR)
        return ff_fail(ctx, FF_EIO, "%s: cannot be the scratch directory: not a directory", path);
    if (*lock < 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open the scratch directory", path);
    if (is_private && (fstat(*lock, &st) != 0 || st.st_uid != geteuid())) {
        close(*lock);
        return ff_fail(ctx, FF_EIO, "%s: the scratch directory belongs to another user", path);
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 && fstat(*lock, &st) == 0 && st.st_nlink > 0)
        return FF_OK;
    close(*lock);
    return ff_fail(ctx, FF_ELOCKED, "%s: the scratch directory is in use by another training",
                   path);
}

/* Creates and locks the directory again if it was deleted. */
static int restore_directory(struct directory *directory)
{
    int lock, rc;

    if (is_in_place(directory))
        return FF_OK;
    rc = lock_directory(directory->ctx, directory->path, directory->is_private, &lock);
    if (rc != FF_OK)
        return rc;
    close(directory->lock);
    directory->lock = lock;
    return FF_OK;
}

static int create_once(struct directory *directory, uint32_t boundary, struct ff_set **out)
{
    int rc = restore_directory(directory);

    return rc == FF_OK ? open_set(directory, boundary, FF_DB_SCRATCH, out) : rc;
}

/* Attempts to create a file while other processes delete the directory. */
#define TRIES 5

static int directory_create(void *self, uint32_t boundary, struct ff_set **out)
{
    int rc = FF_ENOTFOUND;

    *out = NULL;
    for (int i = 0; i < TRIES && rc == FF_ENOTFOUND; i++)
        rc = create_once(self, boundary, out);
    return rc;
}

static int directory_open(void *self, uint32_t boundary, struct ff_set **out)
{
    struct directory *directory = self;
    int rc;

    *out = NULL;
    if (!is_in_place(directory))
        return ff_fail(directory->ctx, FF_ENOTFOUND, "%s: the scratch directory was deleted",
                       directory->path);
    rc = open_set(directory, boundary, FF_DB_SCRATCH_REOPEN, out);
    /* A scratch file by its name, so other content is damage. */
    return rc == FF_EFORMAT ? FF_ECORRUPT : rc;
}

static int temporary_once(struct directory *directory, int *fd)
{
    char path[PATH_MAX];
    int rc = restore_directory(directory);

    if (rc != FF_OK)
        return rc;
    if (snprintf(path, sizeof path, "%s/" TEMPORARY_FILE, directory->path) >= (int)sizeof path)
        return ff_fail(directory->ctx, FF_EINVAL, "%s: the path is too long", directory->path);
    if (unlink(path) != 0 && errno != ENOENT)
        return ff_fail_errno(directory->ctx, errno, "%s: cannot remove", path);
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, TEMPORARY_MODE);
    if (*fd < 0)
        return ff_fail_errno(directory->ctx, errno, "%s: cannot create", path);
    (void)unlink(path); /* if that fails, it is removed with the sets */
    return FF_OK;
}

static int directory_temporary(void *self, int *fd)
{
    int rc = FF_ENOTFOUND;

    for (int i = 0; i < TRIES && rc == FF_ENOTFOUND; i++)
        rc = temporary_once(self, fd);
    return rc;
}

#define ENTRIES_BYTES 4096

/* Calls FN for every scratch file among ENTRIES, BYTES long, of a directory. */
static void each_of(const char *entries, size_t bytes, int directory,
                    void (*fn)(void *arg, int directory, const char *name, uint32_t boundary),
                    void *arg)
{
    for (size_t at = 0; at < bytes;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        uint32_t boundary;

        if (boundary_of(entry->d_name, &boundary))
            fn(arg, directory, entry->d_name, boundary);
        at += entry->d_reclen;
    }
}

/* Calls FN for every scratch file in the open DIRECTORY. Unlike opendir(), this needs no memory and
 * no descriptor, so it also works when these are exhausted. */
static void each_file(int directory,
                      void (*fn)(void *arg, int directory, const char *name, uint32_t boundary),
                      void *arg)
{
    alignas(struct dirent64) char entries[ENTRIES_BYTES];
    ssize_t bytes;

    (void)lseek(directory, 0, SEEK_SET);
    while ((bytes = getdents64(directory, entries, sizeof entries)) > 0)
        each_of(entries, (size_t)bytes, directory, fn, arg);
}

static void remove_one(void *arg, int directory, const char *name, uint32_t boundary)
{
    const uint32_t *only = arg;

    if (boundary == *only)
        (void)unlinkat(directory, name, 0);
}

static void remove_others(void *arg, int directory, const char *name, uint32_t boundary)
{
    const uint32_t *kept = arg;

    if (boundary != *kept)
        (void)unlinkat(directory, name, 0);
}

static void add_size(void *arg, int directory, const char *name, uint32_t boundary)
{
    uint64_t *sum = arg;
    struct stat st;

    (void)boundary;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *sum += (uint64_t)st.st_size;
}

static void directory_drop(void *self, uint32_t boundary)
{
    const struct directory *directory = self;

    each_file(directory->lock, remove_one, &boundary);
}

static void directory_drop_others(void *self, uint32_t kept)
{
    const struct directory *directory = self;

    each_file(directory->lock, remove_others, &kept);
}

static uint64_t directory_bytes(void *self)
{
    const struct directory *directory = self;
    uint64_t sum = 0;

    each_file(directory->lock, add_size, &sum);
    return sum;
}

static void directory_free(void *self)
{
    struct directory *directory = self;

    close(directory->lock);
    ff_free(directory->ctx, FF_MEM_OTHER, directory, directory->bytes);
}

static const struct ff_scratch_ops directory_ops = {
    .create = directory_create,
    .open = directory_open,
    .drop = directory_drop,
    .drop_others = directory_drop_others,
    .temporary = directory_temporary,
    .bytes = directory_bytes,
    .free = directory_free,
};

static int adopt(struct ff_ctx *ctx, const char *path, int lock, bool is_private,
                 struct ff_scratch *out)
{
    size_t bytes = sizeof(struct directory) + strlen(path) + 1;
    struct directory *directory;

    *out = (struct ff_scratch){0};
    directory = ff_alloc(ctx, FF_MEM_OTHER, bytes);
    if (!directory) {
        close(lock);
        return ff_alloc_status(ctx);
    }
    directory->ctx = ctx;
    directory->lock = lock;
    directory->is_private = is_private;
    directory->bytes = bytes;
    strcpy(directory->path, path);
    out->ops = &directory_ops;
    out->self = directory;
    out->name = directory->path;
    return FF_OK;
}

int ff_scratch_open(struct ff_ctx *ctx, const char *path, struct ff_scratch *out)
{
    int lock = -1, rc;

    *out = (struct ff_scratch){0};
    rc = ff_about(ctx, lock_directory(ctx, path, false, &lock), FF_ABOUT_SCRATCH);
    return rc == FF_OK ? adopt(ctx, path, lock, false, out) : rc;
}

int ff_scratch_adopt(struct ff_ctx *ctx, const char *path, int lock, struct ff_scratch *out)
{
    return adopt(ctx, path, lock, true, out);
}

void ff_scratch_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_OTHER] += sizeof(struct directory);
}

void ff_scratch_close(struct ff_scratch *scratch)
{
    if (scratch->ops)
        scratch->ops->free(scratch->self);
    *scratch = (struct ff_scratch){0};
}

void ff_scratch_remove(struct ff_scratch *scratch)
{
    const struct directory *directory = scratch->self;

    if (!scratch->ops)
        return;
    scratch->ops->drop_others(scratch->self, FF_NO_BOUNDARY);
    if (scratch->ops == &directory_ops && is_in_place(directory))
        (void)rmdir(directory->path);
    ff_scratch_close(scratch);
}

void ff_scratch_empty(int directory)
{
    uint32_t none = FF_NO_BOUNDARY;

    each_file(directory, remove_others, &none);
}
