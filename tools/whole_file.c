#include "whole_file.h"
#include "heap.h"
#include "output_file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES 65536

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
