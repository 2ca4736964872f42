/*
 * Opening LMDB's environment on a file that is already open: through /proc/self/fd, so that LMDB
 * gets the file that was checked and locked, even if its name now belongs to another file.
 *
 * A writer of a model also needs LMDB's lock file, for the reader table in which it keeps snapshots
 * (readers_lock.h). LMDB creates that file beside the data file, under a fixed name, follows
 * symbolic links, and maps it. Therefore both are placed in a private temporary directory, the data
 * file as a symbolic link, and the directory is removed as soon as LMDB has opened them: nothing is
 * created or followed beside the model. The blocks of the lock file are allocated before it is
 * mapped, because writing through a map on a full disk raises SIGBUS.
 */
#include "store/db_private.h"

#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Parents of the temporary directory, tried in order. The first is in memory and rarely full. */
static const char *const places[] = {"/dev/shm", "/tmp"};
#define PREFIX "fftool-lock-"
#define UNIQUE "XXXXXX" /* what mkdtemp() fills in */
/* A directory exists for milliseconds, unless its process was killed. */
#define SURELY_ABANDONED_S 60

#define FILE_MODE 0666 /* before the umask */

enum {
    LOCK_FILE_BYTES = 4096,
    READERS = 2, /* the read snapshot of the db, and the one kept for other processes */
    DIRECTORY_BYTES = 32,
    NAME_BYTES = DIRECTORY_BYTES + sizeof "/data-lock",
};

/* The temporary directory, and the names in it. */
struct nest {
    char directory[DIRECTORY_BYTES];
    char data[NAME_BYTES];
    char lock[NAME_BYTES];
};

static unsigned flags_of(enum ff_db_mode mode)
{
    /* MDB_NOTLS: a snapshot belongs to the db, not to the thread that began it. */
    const unsigned always = MDB_NOSUBDIR | MDB_NOTLS;

    switch (mode) {
    case FF_DB_WRITE:
    case FF_DB_CREATE:
        return always;
    case FF_DB_SCRATCH:
        return always | MDB_NOLOCK | MDB_NOSYNC;
    case FF_DB_READ:
    case FF_DB_SCRATCH_REOPEN:
        break;
    }
    return always | MDB_NOLOCK | MDB_RDONLY;
}

/* True if LMDB opened the file of DB: without /proc it opens by name. */
static bool is_the_file(struct ff_db *db)
{
    mdb_filehandle_t fd;
    struct stat ours, theirs;

    return mdb_env_get_fd(db->env, &fd) == 0 && fstat(db->fd, &ours) == 0 &&
           fstat(fd, &theirs) == 0 && ff_same_file(&ours, &theirs);
}

static int open_env(struct ff_db *db, const char *path, size_t map_bytes)
{
    int code = mdb_env_create(&db->env), rc = FF_OK;

    if (code == 0)
        code = mdb_env_set_mapsize(db->env, map_bytes);
    if (code == 0)
        code = mdb_env_set_maxreaders(db->env, READERS);
    if (code == 0)
        code = mdb_env_open(db->env, path, flags_of(db->mode), FILE_MODE);
    if (code == MDB_INVALID) /* LMDB's code for any failure; the file itself has been checked */
        rc = ff_fail(db->ctx, FF_EIO, "%s: cannot open: it cannot be read or locked", db->path);
    else if (code != 0)
        rc = ff_db_fail(db, code, "open");
    else if (!is_the_file(db))
        rc = ff_fail(db->ctx, FF_ELOCKED, "%s: is being replaced by another process", db->path);
    if (rc != FF_OK) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return rc;
}

/* Creates the file PATH and allocates its blocks. Returns an errno. */
static int create_lock_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int code;

    if (fd < 0)
        return errno;
    code = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    close(fd);
    return code;
}

static void remove_nest(const struct nest *nest)
{
    unlink(nest->data);
    unlink(nest->lock);
    rmdir(nest->directory);
}

/* Sets the names of the files in the directory. */
static void name_files(struct nest *nest)
{
    snprintf(nest->data, sizeof nest->data, "%s/data", nest->directory);
    snprintf(nest->lock, sizeof nest->lock, "%s/data-lock", nest->directory);
}

static bool is_nest(const char *name)
{
    return strlen(name) == strlen(PREFIX UNIQUE) && strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* True if the directory was left by a killed process of this user and has no other purpose. */
static bool is_abandoned(const struct nest *nest)
{
    struct stat directory, data;

    return lstat(nest->directory, &directory) == 0 && S_ISDIR(directory.st_mode) &&
           directory.st_uid == geteuid() && time(NULL) - directory.st_mtime > SURELY_ABANDONED_S &&
           (lstat(nest->data, &data) != 0 || S_ISLNK(data.st_mode));
}

/* Removes the directories that killed processes of this user have left in PLACE. */
static void reclaim(const char *place)
{
    DIR *dir = opendir(place);
    const struct dirent *entry;
    struct nest nest;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (!is_nest(entry->d_name))
            continue;
        if (snprintf(nest.directory, sizeof nest.directory, "%s/%s", place, entry->d_name) >=
            (int)sizeof nest.directory)
            continue;
        name_files(&nest);
        if (is_abandoned(&nest))
            remove_nest(&nest);
    }
    if (dir)
        closedir(dir);
}

/* Creates the directory, and in it the link to TARGET and the lock file. Returns an errno. */
static int make_nest(struct nest *nest, const char *place, const char *target)
{
    int code;

    snprintf(nest->directory, sizeof nest->directory, "%s/" PREFIX UNIQUE, place);
    if (!mkdtemp(nest->directory))
        return errno;
    name_files(nest);
    code = symlink(target, nest->data) == 0 ? create_lock_file(nest->lock) : errno;
    if (code != 0)
        remove_nest(nest);
    return code;
}

/* For a writer of a model: with a lock file. */
static int open_nested(struct ff_db *db, const char *target, size_t map_bytes)
{
    struct nest nest;
    int code = 0, rc;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        reclaim(places[i]);
        code = make_nest(&nest, places[i], target);
        if (code == 0)
            break;
    }
    if (code != 0)
        return ff_fail_errno(
            db->ctx, code, "%s: cannot create a temporary lock file in /dev/shm or /tmp", db->path);
    rc = open_env(db, nest.data, map_bytes);
    remove_nest(&nest);
    return rc;
}

static int open_by_link(struct ff_db *db, size_t map_bytes)
{
    bool nested = !(flags_of(db->mode) & MDB_NOLOCK);
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/proc/self/fd/%d", db->fd);
    if (access(path, F_OK) == 0)
        return nested ? open_nested(db, path, map_bytes) : open_env(db, path, map_bytes);
    if (!nested)
        return open_env(db, db->path, map_bytes);
    if (!realpath(db->path, path))
        return ff_fail_errno(db->ctx, errno, "%s: cannot open", db->path);
    return open_nested(db, path, map_bytes);
}

int ff_db_open_env(struct ff_db *db, size_t map_bytes)
{
    int rc = open_by_link(db, map_bytes);

    return rc == FF_ENOTFOUND ? FF_EIO : rc; /* the file is open, so another one is missing */
}
