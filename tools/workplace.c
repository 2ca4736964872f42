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

static int remove_entry(int folder, const char *name);

/* Returns 0 or an errno. Takes no memory, as readdir() would: what was made is removed where there
 * is none left, too. */
static int remove_contents(int folder)
{
    alignas(struct dirent64) char entries[ENTRIES_BYTES];
    ssize_t bytes;
    int why = 0;

    while (why == 0 && (bytes = getdents64(folder, entries, sizeof entries)) != 0) {
        if (bytes < 0)
            return errno;
        for (ssize_t at = 0; why == 0 && at < bytes;) {
            const struct dirent64 *entry = (const void *)(entries + at);

            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                why = remove_entry(folder, entry->d_name);
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
    if (errno != EISDIR && errno != EPERM)
        return errno;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    why = remove_contents(fd);
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

/* Returns true if FOLDER, open as FD, holds nothing but what a job puts there. */
static bool is_ours(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *entry;
    bool ours = entries != NULL;

    while (ours && (entry = readdir(entries)) != NULL)
        ours = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
               strcmp(entry->d_name, INSIDE) == 0;
    if (entries != NULL)
        closedir(entries);
    else if (copy >= 0)
        close(copy);
    return ours;
}

/* Makes the folder, if it is not there, and locks it. Returns 0; or an errno: EBUSY if
 * another job has it, EAGAIN if that has just removed it. */
static int make_and_lock(struct workplace *place)
{
    struct stat st;
    int why = 0;

    if (mkdir(place->folder, 0777) != 0 && errno != EEXIST)
        return errno;
    place->lock = open(place->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place->lock < 0)
        return errno == ENOENT ? EAGAIN : errno;
    /* A file system without locks is no reason not to measure. */
    if (flock(place->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        why = EBUSY;
    else if (fstat(place->lock, &st) != 0 || st.st_nlink == 0)
        why = EAGAIN;
    else if (!is_ours(place->lock))
        why = ENOTEMPTY;
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

static void forget(struct workplace *place)
{
    free(place->folder);
    free(place->inside);
    *place = (struct workplace){.lock = -1};
}

int workplace_open(const struct cli *cli, const char *results, const char *scratch,
                   struct workplace *out)
{
    int result;

    *out = (struct workplace){.folder = folder_path(results, scratch), .lock = -1};
    out->inside = heap_format("%s/" INSIDE, out->folder);
    result = open_and_lock(cli, out);
    if (result != EXIT_DONE) {
        forget(out);
        return result;
    }
    result = workplace_clear(cli, out);
    if (result != EXIT_DONE)
        workplace_close(out);
    return result;
}

int workplace_clear(const struct cli *cli, struct workplace *place)
{
    int why = remove_entry(AT_FDCWD, place->inside);

    if (why == 0 && mkdir(place->inside, 0777) != 0)
        why = errno;
    return why == 0 ? EXIT_DONE : report_failure(cli, "%s: %s", place->inside, strerror(why));
}

void workplace_close(struct workplace *place)
{
    if (place->folder == NULL)
        return;
    remove_entry(AT_FDCWD, place->inside);
    rmdir(place->folder);
    close(place->lock);
    forget(place);
}
