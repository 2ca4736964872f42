#include "exchange/output_directory.h"

#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DIRECTORY_MODE 0777 /* before the umask */
#define FILE_MODE 0666
#define PARTIAL ".partial"

/* ---- Existing directories ---- */

static bool is_exported(const char *name)
{
    static const char *const suffixes[] = {".npy", ".json"};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix = strlen(suffixes[i]);

        if (*name != '.' && length > suffix && strcmp(name + length - suffix, suffixes[i]) == 0)
            return true;
    }
    return false;
}

/* Opens a directory; negative: it is none. */
static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Visits the entries of the directory FD, to remove them, or until one is no exported file. Returns
 * whether all are. */
static bool each_entry(int fd, bool remove)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again >= 0 ? fdopendir(again) : NULL;
    struct dirent *entry;
    bool all = entries;

    while (all && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (remove)
            (void)!unlinkat(fd, entry->d_name, 0);
        else
            all = is_exported(entry->d_name);
    }
    if (entries)
        closedir(entries);
    else if (again >= 0)
        close(again);
    return all;
}

/* Removes the directory PATH with its exported files. */
static void remove_directory(const char *path)
{
    int fd = open_directory(path);

    if (fd < 0)
        return;
    if (each_entry(fd, false))
        each_entry(fd, true);
    close(fd);
    (void)!rmdir(path);
}

static int exists(struct ff_output_directory *directory)
{
    return ff_fail(directory->ctx, FF_EEXIST, "%s exists and is not overwritten", directory->name);
}

/* FF_OK if there is nothing at the path, or a directory that may be overwritten. */
static int check_place(struct ff_output_directory *directory)
{
    struct stat st;
    bool ours;
    int fd;

    if (lstat(directory->path, &st) != 0)
        return FF_OK;
    if (!directory->force)
        return exists(directory);
    fd = open_directory(directory->path);
    ours = fd >= 0 && each_entry(fd, false);
    if (fd >= 0)
        close(fd);
    return ours ? FF_OK
                : ff_fail(directory->ctx, FF_EEXIST,
                          "%s is not a directory of exported files alone; give another name",
                          directory->name);
}

/* ---- The new one ---- */

static int resolve(struct ff_output_directory *directory)
{
    char trimmed[PATH_MAX];
    size_t length = strlen(directory->name);
    int why;

    while (length > 1 && directory->name[length - 1] == '/')
        length--;
    if (length >= sizeof trimmed)
        return ENAMETOOLONG;
    memcpy(trimmed, directory->name, length);
    trimmed[length] = '\0';
    why = ff_path_resolve(trimmed, directory->path);
    if (why == 0 && snprintf(directory->partial, sizeof directory->partial, "%s" PARTIAL,
                             directory->path) >= (int)sizeof directory->partial)
        why = ENAMETOOLONG;
    return why;
}

/* Creates the partial directory, or takes over one that a killed process left, and locks it. */
static int create(struct ff_output_directory *directory)
{
    int why = mkdir(directory->partial, DIRECTORY_MODE) == 0 || errno == EEXIST ? 0 : errno;

    if (why == 0) {
        directory->fd = open_directory(directory->partial);
        why = directory->fd < 0 ? errno : 0;
    }
    if (why != 0)
        return ff_fail_errno(directory->ctx, why, "%s: cannot create", directory->partial);
    if (flock(directory->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return ff_fail(directory->ctx, FF_ELOCKED, "%s: another process writes it",
                       directory->partial);
    if (!each_entry(directory->fd, false))
        return ff_fail(directory->ctx, FF_EEXIST,
                       "%s: exists and holds other files; rename or remove it", directory->partial);
    each_entry(directory->fd, true);
    return FF_OK;
}

int ff_output_directory_begin(struct ff_ctx *ctx, const char *name, bool force,
                              struct ff_output_directory *out)
{
    int why, status;

    *out = (struct ff_output_directory){.ctx = ctx, .name = name, .fd = -1, .force = force};
    why = resolve(out);
    if (why != 0)
        return ff_fail_errno(ctx, why, "%s: cannot create", name);
    status = check_place(out);
    if (status == FF_OK)
        status = create(out);
    if (status != FF_OK && out->fd >= 0)
        close(out->fd);
    return status;
}

int ff_output_directory_failed(struct ff_output_directory *directory)
{
    return ff_fail_errno(directory->ctx, errno ? errno : EIO, "%s: cannot write", directory->name);
}

int ff_output_directory_file(struct ff_output_directory *directory, const char *name,
                             int (*fill)(void *arg, FILE *file), void *arg)
{
    int fd = openat(directory->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, FILE_MODE);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    int status;
    off_t end;

    if (!file) {
        status = ff_output_directory_failed(directory);
        if (fd >= 0)
            close(fd);
        return status;
    }
    status = fill(arg, file);
    end = ftello(file);
    errno = 0;
    if (fclose(file) != 0 && status == FF_OK)
        status = ff_output_directory_failed(directory);
    if (status == FF_OK)
        directory->bytes += (uint64_t)end;
    return status;
}

/* Gives the directory its name; an existing one has the partial name then. Returns 0 or an errno.
 */
static int publish(struct ff_output_directory *directory)
{
    const char *partial = directory->partial, *path = directory->path;
    struct stat st;

    if (directory->force && lstat(path, &st) == 0) {
        if (renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
            return 0;
        remove_directory(path); /* the file system cannot exchange names */
    }
    if (renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    return errno != EINVAL || rename(partial, path) == 0 ? errno : 0;
}

static int complete(struct ff_output_directory *directory)
{
    int why;

    if (syncfs(directory->fd) != 0)
        return ff_output_directory_failed(directory);
    ff_meter_wrote(directory->ctx, directory->bytes);
    why = publish(directory);
    if (why == EEXIST)
        return exists(directory);
    return why == 0 ? FF_OK
                    : ff_fail_errno(directory->ctx, why, "%s: cannot create", directory->name);
}

int ff_output_directory_end(struct ff_output_directory *directory, int status)
{
    if (status == FF_OK)
        status = complete(directory);
    remove_directory(directory->partial); /* the incomplete directory, or the overwritten one */
    close(directory->fd);
    return status;
}
