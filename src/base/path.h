/* Resolving paths. */
#ifndef FF_BASE_PATH_H
#define FF_BASE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

static inline bool ff_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Follows symbolic links in the last component of PATH, dangling ones too, and writes the path they
 * lead to. Returns 0 or an errno: ENAMETOOLONG, or ELOOP for more links than Linux follows. */
int ff_path_resolve(const char *path, char out[PATH_MAX]);
/* True if A and B are the same file or, if neither exists, would be once created. Symbolic links
 * are followed, dangling ones too. */
bool ff_path_same(const char *a, const char *b);
/* Writes the directory part of PATH, which is shorter than PATH_MAX. */
void ff_path_directory(const char *path, char out[PATH_MAX]);

#endif
