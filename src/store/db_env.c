/*
 * Opening LMDB's environment on a file that is open already: through /proc/self/fd, so that LMDB
 * gets the file that was checked and locked, whatever has its name by now.
 *
 * A writer of a model also needs LMDB's lock file, for the table of readers in which it keeps
 * snapshots (readers_lock.h). LMDB puts that file beside the data file, under a fixed name and
 * through symbolic links, and maps it. So here both lie in a temporary directory of the process's
 * own, the data file as a link, and the directory goes as soon as LMDB has opened them: beside the
 * model nothing is created, followed or in the way. The lock file's blocks are allocated before: to
 * store through the map what a full disk has no block for is a SIGBUS.
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

/* Where the temporary directory may be. The first lies in memory: it hardly ever fills up. */
static const char *const places[] = {"/dev/shm", "/tmp"};
#define PREFIX "fftool-lock-"
#define UNIQUE "XXXXXX" /* what mkdtemp() fills in */
/* A directory lives for milliseconds, unless its process was killed meanwhile. */
#define SURELY_ABANDONED_S 60

#define FILE_MODE 0666 /* before the umask */

enum {
    LOCK_FILE_BYTES = 4096,
    READERS = 2, /* the snapshot of the db's own reads, and the one kept for other processes */
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

/* Whether LMDB opened the file of DB: without /proc it goes by the name. */
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
    if (code == MDB_INVALID) /* so it says of any failure; the file itself has been checked */
        rc = ff_fail(db->ctx, FF_EIO, "%s: cannot open: it cannot be read, or not be locked",
                     db->path);
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

/* Of a nest whose directory is known. */
static void name_files(struct nest *nest)
{
    snprintf(nest->data, sizeof nest->data, "%s/data", nest->directory);
    snprintf(nest->lock, sizeof nest->lock, "%s/data-lock", nest->directory);
}

static bool is_nest(const char *name)
{
    return strlen(name) == strlen(PREFIX UNIQUE) && strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* Whether it is of a process of this user's, and no directory of another purpose. */
static bool is_abandoned(const struct nest *nest)
{
    struct stat directory, data;

    return lstat(nest->directory, &directory) == 0 && S_ISDIR(directory.st_mode) &&
           directory.st_uid == geteuid() && time(NULL) - directory.st_mtime > SURELY_ABANDONED_S &&
           (lstat(nest->data, &data) != 0 || S_ISLNK(data.st_mode));
}

/* Removes what killed processes of this user have left in PLACE. */
static void sweep(const char *place)
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

/* Makes the directory, the link to TARGET and the lock file in it. Returns an errno. */
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
        sweep(places[i]);
        code = make_nest(&nest, places[i], target);
        if (code == 0)
            break;
    }
    if (code != 0)
        return ff_fail_errno(db->ctx, code,
                             "%s: cannot make a temporary lock file in /dev/shm or /tmp", db->path);
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

    return rc == FF_ENOTFOUND ? FF_EIO : rc; /* something else is missing: the file is open */
}
