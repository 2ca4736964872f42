/* Where paths lead. */
#ifndef FF_BASE_PATH_H
#define FF_BASE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

static inline bool ff_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Where PATH leads: symbolic links in its last component are followed, dangling ones too. Returns 0
 * or an errno: ENAMETOOLONG, or ELOOP for links that end nowhere. */
int ff_path_resolve(const char *path, char out[PATH_MAX]);
/* True if A and B lead to one file, or would once it exists: symbolic links are followed, dangling
 * ones too. */
bool ff_path_same(const char *a, const char *b);
/* The directory of PATH, which fits OUT. */
void ff_path_directory(const char *path, char out[PATH_MAX]);

#endif
