#include "workplace.h"
#include "heap.h"
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
#define TRIES 100 /* where others remove the folder as soon as it is made */

/* Calls VISIT for each entry of the open FOLDER until one returns an errno. Returns that, an errno
 * of its own, or 0. Unlike readdir(), needs no memory: temporary files are removed where there is
 * none left, too. */
static int each_entry(int folder, int (*visit)(int folder, const char *name))
{
    alignas(struct dirent64) char entries[ENTRIES_BYTES];
    ssize_t bytes;
    int why = 0;

    (void)lseek(folder, 0, SEEK_SET);
    while (why == 0 && (bytes = getdents64(folder, entries, sizeof entries)) != 0) {
        if (bytes < 0)
            return errno == ENOENT ? 0 : errno; /* the folder is gone */
        for (ssize_t at = 0; why == 0 && at < bytes;) {
            const struct dirent64 *entry = (const void *)(entries + at);

            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                why = visit(folder, entry->d_name);
            at += entry->d_reclen;
        }
    }
    return why;
}

/* A file, or a folder with all that is in it. Returns 0 or an errno. */
static int remove_entry(int folder, const char *name)
{
    int fd, why;

    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return errno;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    why = each_entry(fd, remove_entry);
    close(fd);
    return why == 0 && unlinkat(folder, name, AT_REMOVEDIR) != 0 ? errno : why;
}

static char *folder_path(const char *results, const char *scratch)
{
    const char *slash = strrchr(results, '/');

    if (scratch == NULL)
        return heap_format("%s" SUFFIX, results);
    return heap_format("%s/%s" SUFFIX, scratch, slash != NULL ? slash + 1 : results);
}

/* Returns 0 if NAME is what a job puts there, else ENOTEMPTY. */
static int check_ours(int folder, const char *name)
{
    (void)folder;
    return strcmp(name, INSIDE) == 0 ? 0 : ENOTEMPTY;
}

/* Makes the folder, if it is not there, and locks it. Returns 0; or an errno: EBUSY if
 * another job has it, EAGAIN if that has just removed it. */
static int make_and_lock(struct workplace *place)
{
    bool made = mkdir(place->folder, 0777) == 0;
    struct stat st;
    int why = 0;

    if (!made && errno != EEXIST)
        return errno;
    place->lock = open(place->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place->lock < 0) {
        why = errno;
        if (made)
            rmdir(place->folder);
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
        return report_failure(cli, "%s: another `fftool %s` is at work there", place->folder,
                              cli->command);
    case ENOTEMPTY:
    case ENOTDIR:
    case ELOOP:
        return report_failure(cli, "%s: is there, and not a temporary folder of this command",
                              place->folder);
    default:
        return report_failure(cli, "%s: %s", place->folder, strerror(why));
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
    free(place->folder);
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
    out->folder = folder_path(results, scratch);
    out->inside = heap_format("%s/" INSIDE, out->folder);
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
    if (place->folder == NULL)
        return;
    remove_inside(place);
    rmdir(place->folder);
    opened.place = NULL;
    forget(place);
}
