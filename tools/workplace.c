#include "workplace.h"
#include "heap.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".work"
#define LOCK "lock"
#define INSIDE "point"
#define MOST_OPEN_FOLDERS 16

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path) != 0 && errno != ENOENT ? errno : 0;
}

/* Returns 0 or an errno. */
static int remove_tree(const char *path)
{
    int why = nftw(path, remove_one, MOST_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);

    if (why < 0)
        why = errno;
    return why == ENOENT ? 0 : why;
}

static char *folder_path(const char *results, const char *scratch)
{
    const char *slash = strrchr(results, '/');

    if (scratch == NULL)
        return heap_format("%s" SUFFIX, results);
    return heap_format("%s/%s" SUFFIX, scratch, slash != NULL ? slash + 1 : results);
}

/*
 * Makes the folder and locks it. A folder that is there is one of ours only if it holds the lock:
 * what it holds otherwise is none of our business.
 */
static int make_and_lock(const struct cli *cli, struct workplace *place)
{
    bool made = mkdir(place->folder, 0777) == 0;
    char *path;

    if (!made && errno != EEXIST)
        return report_failure(cli, "%s: %s", place->folder, strerror(errno));
    path = heap_format("%s/" LOCK, place->folder);
    place->lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (made ? O_CREAT : 0), 0666);
    free(path);
    if (place->lock < 0 && errno == ENOENT)
        return report_failure(cli, "%s: is there, and not a temporary folder of this command",
                              place->folder);
    if (place->lock < 0)
        return report_failure(cli, "%s: %s", place->folder, strerror(errno));
    /* A file system without locks is no reason not to measure. */
    if (flock(place->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(place->lock);
        place->lock = -1;
        return report_failure(cli, "%s: another `fftool %s` is at work there", place->folder,
                              cli->command);
    }
    return EXIT_DONE;
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
    result = make_and_lock(cli, out);
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
    int why = remove_tree(place->inside);

    if (why == 0 && mkdir(place->inside, 0777) != 0)
        why = errno;
    return why == 0 ? EXIT_DONE : report_failure(cli, "%s: %s", place->inside, strerror(why));
}

void workplace_close(struct workplace *place)
{
    if (place->folder == NULL)
        return;
    remove_tree(place->folder);
    close(place->lock);
    forget(place);
}
