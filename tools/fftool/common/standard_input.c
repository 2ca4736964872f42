#include "common/standard_input.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (64 * 1024)
#define FILE_MODE 0600
#define SIGNAL_MS 200 /* a signal just before poll() is noticed after this time */

/* Returns a descriptor of a file without a name; negative, with errno set. */
static int open_unnamed(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    char *path;

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    path = heap_format("%s/fftool.input.XXXXXX", directory);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

/* Waits for standard input; a signal restarts read(), but ends poll(). */
static int await(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    while (!interrupt_asked(NULL)) {
        int ready = poll(&input, 1, SIGNAL_MS);

        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return errno;
    }
    return EINTR;
}

/* Copies standard input to FD. Returns 0, or an errno: EINTR after a signal. */
static int copy_to(int fd)
{
    static char piece[PIECE_BYTES];
    int why = 0;

    for (ssize_t got = 1; got != 0 && why == 0;) {
        why = await();
        if (why == 0)
            got = read(STDIN_FILENO, piece, sizeof piece);
        if (why == 0 && got < 0)
            why = errno;
        if (why == 0)
            why = write_all(fd, piece, (size_t)got);
    }
    return why;
}

int standard_input_keep(const struct cli *cli, const char *const *directories, size_t n)
{
    int fd = -1, why = 0;
    struct stat st;

    /* The path leads to the beginning of a file. */
    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
        lseek(STDIN_FILENO, 0, SEEK_CUR) == 0)
        return EXIT_DONE;
    for (size_t i = 0; i < n && fd < 0; i++) {
        fd = open_unnamed(directories[i]);
        if (fd < 0 && why == 0)
            why = errno;
    }
    if (fd < 0)
        return report_failure(cli, "%s: no temporary file for standard input: %s", directories[0],
                              strerror(why));
    why = copy_to(fd);
    if (why == 0 && dup2(fd, STDIN_FILENO) < 0)
        why = errno;
    close(fd);
    if (why == EINTR) {
        (void)report_failure(cli, "interrupted while standard input was read");
        return EXIT_INTERRUPTED;
    }
    return why == 0 ? EXIT_DONE : report_failure(cli, "standard input: %s", strerror(why));
}
