/* Streams. libc's own call read() and write() internally, where nothing can be interposed. So
 * fopen(), fdopen() and standard output are replaced by streams of fopencookie(). */
#include "preload/calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_STREAMS 64

struct stream {
    FILE *file; /* NULL: free */
    int fd;
};

static struct stream streams[MOST_STREAMS];
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t stream_read(void *cookie, char *data, size_t size)
{
    return read(((struct stream *)cookie)->fd, data, size);
}

/* As libc's own: writes on until all is written. */
static ssize_t stream_write(void *cookie, const char *data, size_t size)
{
    size_t left = size;

    while (left > 0) {
        ssize_t n = write(((struct stream *)cookie)->fd, data, left);

        if (n < 0)
            break;
        data += n;
        left -= (size_t)n;
    }
    return (ssize_t)(size - left);
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    off64_t at = lseek64(((struct stream *)cookie)->fd, *offset, whence);

    if (at < 0)
        return -1;
    *offset = at;
    return 0;
}

static int stream_close(void *cookie)
{
    struct stream *stream = cookie;

    stream->file = NULL;
    return close(stream->fd);
}

static struct stream *free_stream(void)
{
    struct stream *out = NULL;

    pthread_mutex_lock(&streams_lock);
    for (int i = 0; i < MOST_STREAMS && !out; i++)
        if (!streams[i].file) {
            out = &streams[i];
            out->file = stderr; /* taken */
        }
    pthread_mutex_unlock(&streams_lock);
    return out;
}

FILE *stream_of(int fd, const char *mode)
{
    const cookie_io_functions_t functions = {stream_read, stream_write, stream_seek, stream_close};
    struct stream *stream = free_stream();

    if (!stream)
        abort(); /* the table is too small */
    stream->fd = fd;
    stream->file = fopencookie(stream, mode, functions);
    return stream->file;
}

static int flags_of(const char *mode)
{
    int flags = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

    if (*mode == 'w')
        flags |= O_CREAT | O_TRUNC;
    if (*mode == 'a')
        flags |= O_CREAT | O_APPEND;
    if (strchr(mode, 'e'))
        flags |= O_CLOEXEC;
    if (strchr(mode, 'x'))
        flags |= O_EXCL;
    return flags;
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);
    FILE *file;
    int fd;

    if (!page)
        return real(path, mode);
    fd = open_counted(AT_FDCWD, path, flags_of(mode), 0666);
    if (fd < 0)
        return NULL;
    if (*mode == 'a')
        lseek(fd, 0, SEEK_END);
    file = stream_of(fd, mode);
    if (!file)
        close(fd);
    return file;
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
    REAL(fdopen);

    return page ? stream_of(fd, mode) : real(fd, mode);
}

int fileno(FILE *file)
{
    REAL(fileno);

    for (int i = 0; i < MOST_STREAMS; i++)
        if (file && streams[i].file == file && file != stderr)
            return streams[i].fd;
    return real(file);
}
