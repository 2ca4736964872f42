#include "common/overwrite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LOOKED_AT 1024

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
    return report_failure(
        cli, "--%s: %s exists and is not a %s; it is left unchanged: give another name", option,
        path, kind->name);
}
