#include "overwrite.h"
#include "heap.h"
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOKED_AT 16384 /* bytes at the beginning: more than the first line of a log */

bool overwrite_holds(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

int overwrite_check(const struct cli *cli, const char *option, const char *path,
                    const struct overwrite_kind *kind)
{
    char text[LOOKED_AT];
    FILE *in;

    if (!overwrite_holds(path))
        return EXIT_DONE;
    in = fopen(path, "re");
    if (in == NULL)
        return report_failure(cli, "--%s: %s: %s", option, path, strerror(errno));
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    if (kind->begins(text))
        return EXIT_DONE;
    return report_failure(cli,
                          "--%s: %s is there and is no %s; it is left as it is: give another name",
                          option, path, kind->name);
}

static bool same_place(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Of files that are not there yet: the same name in the same folder. */
static bool same_name(const char *a, const char *b)
{
    char *a_name = heap_copy(a), *b_name = heap_copy(b);
    char *a_folder = heap_copy(a), *b_folder = heap_copy(b);
    struct stat a_stat, b_stat;
    bool same = strcmp(basename(a_name), basename(b_name)) == 0 &&
                stat(dirname(a_folder), &a_stat) == 0 && stat(dirname(b_folder), &b_stat) == 0 &&
                same_place(&a_stat, &b_stat);

    free(a_name);
    free(b_name);
    free(a_folder);
    free(b_folder);
    return same;
}

bool overwrite_same(const char *a, const char *b)
{
    struct stat a_stat, b_stat;
    bool a_there = stat(a, &a_stat) == 0, b_there = stat(b, &b_stat) == 0;

    if (a_there && b_there)
        return same_place(&a_stat, &b_stat);
    return !a_there && !b_there && same_name(a, b);
}
