#include "base/path.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40 /* symbolic links to follow, as Linux does */

/* Replaces the last component of PATH, a symbolic link, by its TARGET; false if it is too long. */
static bool follow(char path[PATH_MAX], const char *target)
{
    const char *slash = *target == '/' ? NULL : strrchr(path, '/');
    size_t kept = slash ? (size_t)(slash - path) + 1 : 0;

    if (kept + strlen(target) >= PATH_MAX)
        return false;
    strcpy(path + kept, target);
    return true;
}

int ff_path_resolve(const char *path, char out[PATH_MAX])
{
    if (strlen(path) >= PATH_MAX)
        return ENAMETOOLONG;
    strcpy(out, path);
    for (int i = 0; i < MOST_LINKS; i++) {
        char target[PATH_MAX];
        ssize_t length = readlink(out, target, sizeof target - 1);

        if (length < 0)
            return 0; /* not a link; opening the file reports any other error */
        target[length] = '\0';
        if (!follow(out, target))
            return ENAMETOOLONG;
    }
    return ELOOP;
}

void ff_path_directory(const char *path, char out[PATH_MAX])
{
    char copy[PATH_MAX];

    strcpy(copy, path);
    strcpy(out, dirname(copy));
}

/* True if A and B are the same name in the same directory. */
static bool same_name(const char *a, const char *b)
{
    char directory_a[PATH_MAX], directory_b[PATH_MAX], copy_a[PATH_MAX], copy_b[PATH_MAX];
    struct stat stat_a, stat_b;

    strcpy(copy_a, a);
    strcpy(copy_b, b);
    ff_path_directory(a, directory_a);
    ff_path_directory(b, directory_b);
    return strcmp(basename(copy_a), basename(copy_b)) == 0 && stat(directory_a, &stat_a) == 0 &&
           stat(directory_b, &stat_b) == 0 && ff_same_file(&stat_a, &stat_b);
}

bool ff_path_same(const char *a, const char *b)
{
    char at_a[PATH_MAX], at_b[PATH_MAX];
    struct stat stat_a, stat_b;
    bool exists_a = stat(a, &stat_a) == 0, exists_b = stat(b, &stat_b) == 0;

    if (exists_a && exists_b)
        return ff_same_file(&stat_a, &stat_b);
    return !exists_a && !exists_b && ff_path_resolve(a, at_a) == 0 &&
           ff_path_resolve(b, at_b) == 0 && same_name(at_a, at_b);
}
