#include "common/whole_file.h"
#include "common/heap.h"
#include "common/output_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

/* Opens the file or pipe PATH into *OUT. Returns EXIT_DONE, or an exit code with the reason
 * printed. */
static int open_input(const struct cli *cli, const char *path, FILE **out)
{
    /* O_NONBLOCK: nothing waits for the writer of a FIFO. One that has none is empty. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    *out = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
        close(fd);
        report_failure(cli, "%s: not a file", path);
        return EXIT_DAMAGED;
    }
    if (fd >= 0 && fcntl(fd, F_SETFL, 0) == 0)
        *out = fdopen(fd, "r");
    if (*out != NULL)
        return EXIT_DONE;
    report_failure(cli, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return EXIT_FAILED;
}

int whole_file_read(const struct cli *cli, const char *path, size_t most, char **text,
                    size_t *bytes)
{
    FILE *in;
    int result = open_input(cli, path, &in);
    size_t n;

    *text = NULL;
    *bytes = 0;
    if (result != EXIT_DONE)
        return result;
    do {
        *text = heap_resize(*text, *bytes + CHUNK_BYTES + 1, 1);
        n = fread(*text + *bytes, 1, CHUNK_BYTES, in);
        *bytes += n;
    } while (n > 0 && *bytes <= most);
    (*text)[*bytes] = '\0';
    if (ferror(in)) {
        result = report_failure(cli, "%s: %s", path, strerror(errno));
    } else if (*bytes > most) {
        report_failure(cli, "%s: more than %zu MiB; not a file of this kind", path, most >> 20);
        result = EXIT_DAMAGED;
    }
    fclose(in);
    return result;
}

int whole_file_write(const struct cli *cli, const char *path, const char *text, size_t bytes)
{
    struct output_file file;
    int why = output_file_open(path, &file), written = 0;

    if (why == 0) {
        if (fwrite(text, 1, bytes, file.out) != bytes)
            written = errno;
        why = output_file_close(&file, written == 0);
    }
    if (written != 0)
        why = written;
    return why == 0 ? EXIT_DONE : report_failure(cli, "%s: %s", path, errno_text(why));
}
