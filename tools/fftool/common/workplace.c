#include "common/workplace.h"
#include "common/heap.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".work"
#define INSIDE "point"
#define ENTRIES_BYTES 4096
#define TRIES 100 /* if others remove the directory as soon as it is created */

/* Calls VISIT for each entry of the open DIRECTORY until one returns an errno. Returns that, an
 * errno of its own, or 0. Unlike readdir(), needs no memory: temporary files are removed where
 * there is none left, too. */
static int each_entry(int directory, int (*visit)(int directory, const char *name))
{
    alignas(struct dirent64) char entries[ENTRIES_BYTES];
    ssize_t bytes;
    int why = 0;

    (void)lseek(directory, 0, SEEK_SET);
    while (why == 0 && (bytes = getdents64(directory, entries, sizeof entries)) != 0) {
        if (bytes < 0)
            return errno == ENOENT ? 0 : errno; /* the directory is gone */
        for (ssize_t at = 0; why == 0 && at < bytes;) {
            const struct dirent64 *entry = (const void *)(entries + at);

            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                why = visit(directory, entry->d_name);
            at += entry->d_reclen;
        }
    }
    return why;
}

/* Removes a file, or a directory with its contents. Returns 0 or an errno. */
static int remove_entry(int directory, const char *name)
{
    int fd, why;

    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return errno;
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    why = each_entry(fd, remove_entry);
    close(fd);
    return why == 0 && unlinkat(directory, name, AT_REMOVEDIR) != 0 ? errno : why;
}

static char *directory_path(const char *results, const char *scratch)
{
    const char *slash = strrchr(results, '/');

    if (scratch == NULL)
        return heap_format("%s" SUFFIX, results);
    return heap_format("%s/%s" SUFFIX, scratch, slash != NULL ? slash + 1 : results);
}

/* Returns 0 if NAME is a file of a job, else ENOTEMPTY. */
static int check_ours(int directory, const char *name)
{
    (void)directory;
    return strcmp(name, INSIDE) == 0 ? 0 : ENOTEMPTY;
}

/* Creates the directory, if it does not exist, and locks it. Returns 0; or an errno: EBUSY if
 * another job has it, EAGAIN if that has just removed it. */
static int make_and_lock(struct workplace *place)
{
    bool made = mkdir(place->directory, 0777) == 0;
    struct stat st;
    int why = 0;

    if (!made && errno != EEXIST)
        return errno;
    place->lock = open(place->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place->lock < 0) {
        why = errno;
        if (made)
            rmdir(place->directory);
        return why == ENOENT ? EAGAIN : why;
    }
    /* A file system without locks is no reason not to measure. */
    if (flock(place->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        why = EBUSY;
    else if (fstat(place->lock, &st) != 0 || st.st_nlink == 0)
        why = EAGAIN;
    else
        why = each_entry(place->lock, check_ours);
    if (why != 0) {
        close(place->lock);
        place->lock = -1;
    }
    return why;
}

static int open_and_lock(const struct cli *cli, struct workplace *place)
{
    int why = EAGAIN, i;

    for (i = 0; i < TRIES && why == EAGAIN; i++)
        why = make_and_lock(place);
    switch (why) {
    case 0:
        return EXIT_DONE;
    case EBUSY:
        return report_failure(cli, "%s: in use by another `fftool %s`", place->directory,
                              cli->command);
    case ENOTEMPTY:
    case ENOTDIR:
    case ELOOP:
        return report_failure(cli, "%s: exists, and is not a temporary directory of this command",
                              place->directory);
    default:
        return report_failure(cli, "%s: %s", place->directory, strerror(why));
    }
}

/* For exit(): the open workplace, and the process that opened it. */
static struct {
    struct workplace *place; /* NULL: none */
    pid_t owner;
} opened;

static void close_at_exit(void)
{
    if (opened.place != NULL && opened.owner == getpid())
        workplace_close(opened.place);
}

static void forget(struct workplace *place)
{
    if (place->contents >= 0)
        close(place->contents);
    if (place->lock >= 0)
        close(place->lock);
    free(place->directory);
    free(place->inside);
    *place = (struct workplace){.lock = -1, .contents = -1};
}

int workplace_open(const struct cli *cli, const char *results, const char *scratch,
                   struct workplace *out)
{
    int result;

    *out = (struct workplace){.lock = -1, .contents = -1};
    if (atexit(close_at_exit) != 0)
        return report_failure(cli, "out of memory");
    out->directory = directory_path(results, scratch);
    out->inside = heap_format("%s/" INSIDE, out->directory);
    result = open_and_lock(cli, out);
    if (result != EXIT_DONE) {
        forget(out);
        return result;
    }
    opened.place = out;
    opened.owner = getpid();
    result = workplace_clear(cli, out);
    if (result != EXIT_DONE)
        workplace_close(out);
    return result;
}

/* By the descriptor, if there is one. Returns 0 or an errno. */
static int remove_inside(struct workplace *place)
{
    int why;

    if (place->contents < 0)
        return remove_entry(AT_FDCWD, place->inside);
    why = each_entry(place->contents, remove_entry);
    return why == 0 && rmdir(place->inside) != 0 && errno != ENOENT ? errno : why;
}

/* Returns 0 or an errno. */
static int make_inside(struct workplace *place)
{
    int fd;

    if (mkdir(place->inside, 0777) != 0)
        return errno;
    fd = open(place->inside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        int why = errno;

        rmdir(place->inside);
        return why;
    }
    if (place->contents >= 0)
        close(place->contents);
    place->contents = fd;
    return 0;
}

int workplace_clear(const struct cli *cli, struct workplace *place)
{
    int why = remove_inside(place);

    if (why == 0)
        why = make_inside(place);
    return why == 0 ? EXIT_DONE : report_failure(cli, "%s: %s", place->inside, strerror(why));
}

void workplace_close(struct workplace *place)
{
    if (place->directory == NULL)
        return;
    remove_inside(place);
    rmdir(place->directory);
    opened.place = NULL;
    forget(place);
}
