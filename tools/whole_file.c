#include "whole_file.h"
#include "heap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536
#define PERMISSIONS 07777 /* of st_mode */

int whole_file_read(const struct cli *cli, const char *path, size_t most, char **text,
                    size_t *bytes)
{
    FILE *in = fopen(path, "re");
    int result = EXIT_DONE;
    size_t n;

    *text = NULL;
    *bytes = 0;
    if (in == NULL)
        return report_failure(cli, "%s: %s", path, strerror(errno));
    do {
        *text = heap_resize(*text, *bytes + CHUNK_BYTES + 1, 1);
        n = fread(*text + *bytes, 1, CHUNK_BYTES, in);
        *bytes += n;
    } while (n > 0 && *bytes <= most);
    (*text)[*bytes] = '\0';
    if (ferror(in)) {
        result = report_failure(cli, "%s: %s", path, strerror(errno));
    } else if (*bytes > most) {
        report_failure(cli, "%s: more than %zu MiB; this is no such file", path, most >> 20);
        result = EXIT_DAMAGED;
    }
    fclose(in);
    return result;
}

/* Writes TEXT to FD and closes it. Returns 0 or an errno. */
static int write_and_close(int fd, const char *text, size_t bytes, bool sync)
{
    int why = 0;

    while (bytes > 0 && why == 0) {
        ssize_t n = write(fd, text, bytes);

        if (n >= 0) {
            text += n;
            bytes -= (size_t)n;
        } else if (errno != EINTR) {
            why = errno;
        }
    }
    if (why == 0 && sync && fsync(fd) != 0)
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    return why;
}

/* The mode that a new file would get. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

/* Returns 0 or an errno. MODE are the permissions. */
static int replace(const char *path, mode_t mode, const char *text, size_t bytes)
{
    char *temporary = heap_format("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC), why;

    if (fd < 0) {
        why = errno;
        free(temporary);
        return why;
    }
    fchmod(fd, mode); /* at worst it is private */
    why = write_and_close(fd, text, bytes, true);
    if (why == 0 && rename(temporary, path) != 0)
        why = errno;
    if (why != 0)
        unlink(temporary);
    free(temporary);
    return why;
}

/* Returns 0 or an errno. */
static int write_in_place(const char *path, const char *text, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : write_and_close(fd, text, bytes, false);
}

/* Replaces the file that PATH leads to. Returns 0 or an errno. */
static int replace_target(const char *path, mode_t mode, const char *text, size_t bytes)
{
    char *target = realpath(path, NULL);
    int why = target != NULL ? replace(target, mode, text, bytes) : errno;

    free(target);
    return why;
}

int whole_file_write(const struct cli *cli, const char *path, const char *text, size_t bytes)
{
    struct stat st;
    int why;

    if (stat(path, &st) != 0)
        why = replace(path, usual_mode(), text, bytes);
    else if (S_ISREG(st.st_mode))
        why = replace_target(path, st.st_mode & PERMISSIONS, text, bytes);
    else
        why = write_in_place(path, text, bytes);
    return why == 0 ? EXIT_DONE : report_failure(cli, "%s: %s", path, strerror(why));
}
