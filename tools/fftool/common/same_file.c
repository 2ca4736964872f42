#include "common/same_file.h"
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40 /* symbolic links to follow, as Linux does */

/* Writes the absolute path that PATH leads to, whose last component need not exist, to OUT. */
static bool resolve(const char *path, char out[PATH_MAX])
{
    char at[PATH_MAX], copy[PATH_MAX], directory[PATH_MAX], target[PATH_MAX];
    ssize_t length = 0;
    int links, size;

    if (snprintf(at, sizeof at, "%s", path) >= PATH_MAX)
        return false;
    for (links = 0; links < MOST_LINKS; links++) {
        strcpy(copy, at);
        if (realpath(dirname(copy), directory) == NULL)
            return false;
        length = readlink(at, target, sizeof target - 1);
        if (length < 0)
            break;
        target[length] = '\0';
        size = *target == '/' ? snprintf(at, sizeof at, "%s", target)
                              : snprintf(at, sizeof at, "%s/%s", directory, target);
        if (size >= PATH_MAX)
            return false;
    }
    strcpy(copy, at);
    return length < 0 && snprintf(out, PATH_MAX, "%s/%s", directory, basename(copy)) < PATH_MAX;
}

bool same_file(const char *a, const char *b)
{
    char path_a[PATH_MAX], path_b[PATH_MAX];
    struct stat stat_a, stat_b;

    if (stat(a, &stat_a) == 0 && stat(b, &stat_b) == 0)
        return stat_a.st_dev == stat_b.st_dev && stat_a.st_ino == stat_b.st_ino;
    return resolve(a, path_a) && resolve(b, path_b) && strcmp(path_a, path_b) == 0;
}
