/* Scratch for the length of one job, and the remains of jobs that were killed. */
#include "store/activations.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define UNIQUE "-XXXXXX" /* what mkdtemp() fills in */
/* A younger folder may be one that another process has made and not locked yet. */
#define SURELY_LOCKED_S 60

static bool is_old(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           time(NULL) - st.st_mtime > SURELY_LOCKED_S;
}

/* Removes the folder PATH if no process holds it. */
static void remove_abandoned(struct ff_ctx *ctx, const char *path)
{
    struct ff_scratch scratch;

    if (!is_old(path) || ff_scratch_open(ctx, path, &scratch) != FF_OK)
        return;
    ff_scratch_remove(path);
    ff_scratch_close(&scratch);
}

/* All folders PREFIX-?????? in the folder of PREFIX. */
static void remove_all_abandoned(struct ff_ctx *ctx, const char *prefix)
{
    const char *slash = strrchr(prefix, '/'), *name = slash ? slash + 1 : prefix;
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *parent;

    if (snprintf(path, sizeof path, "%.*s", slash ? (int)(slash - prefix + 1) : 1,
                 slash ? prefix : ".") >= (int)sizeof path)
        return;
    parent = opendir(path);
    while (parent && (entry = readdir(parent))) {
        bool ours = strlen(entry->d_name) == strlen(name) + strlen(UNIQUE) &&
                    strncmp(entry->d_name, name, strlen(name)) == 0 &&
                    entry->d_name[strlen(name)] == UNIQUE[0];

        if (ours && snprintf(path, sizeof path, "%.*s%s", (int)(name - prefix), prefix,
                             entry->d_name) < (int)sizeof path)
            remove_abandoned(ctx, path);
    }
    if (parent)
        closedir(parent);
}

int ff_scratch_temporary(struct ff_ctx *ctx, const char *prefix, char folder[PATH_MAX],
                         struct ff_scratch *out)
{
    int status;

    *out = (struct ff_scratch){0};
    remove_all_abandoned(ctx, prefix);
    if (snprintf(folder, PATH_MAX, "%s" UNIQUE, prefix) >= PATH_MAX)
        return ff_fail(ctx, FF_EINVAL, "%s: the path is too long", prefix);
    if (!mkdtemp(folder))
        return ff_fail_errno(ctx, errno, "%s" UNIQUE ": no folder for temporary files", prefix);
    status = ff_scratch_open(ctx, folder, out);
    if (status != FF_OK)
        ff_scratch_remove(folder);
    return status;
}
