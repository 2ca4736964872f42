/*
 * LD_PRELOAD library that makes the N-th call of a class fail, transfer half, or be the last one of
 * the process: see faults.h. Calls count from main() on, those of the libraries included; calls of
 * the loader and of the libraries' constructors do not.
 *
 * libc's own streams call read() and write() internally, where nothing can be interposed. So
 * fopen(), fdopen() and standard output are replaced by streams of fopencookie(). fsync() and
 * fdatasync() are counted and not passed on: the tests cover killed processes and failed calls, not
 * power cuts, and run several times as fast without.
 */
#include "preload/faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_STREAMS 64
#define MOST_PARTS 64 /* of a vector that is cut */

/* NULL: nothing is counted. */
static struct faults_page *page;

/* ---- The plan ---- */

enum verdict { GO, FAIL, SHORT, KILL_AFTER };

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool transfers(enum faults_class class)
{
    return class == FAULTS_READ || class == FAULTS_WRITE || class == FAULTS_STDOUT;
}

/* True if this call of CLASS is one that the plan strikes. */
static bool is_struck(enum faults_class class)
{
    uint64_t n = atomic_fetch_add(&page->counts[class], 1) + 1;

    if (class != FAULTS_MALLOC && page->class == FAULTS_ANY)
        n = atomic_fetch_add(&page->counts[FAULTS_ANY], 1) + 1;
    else if (class != FAULTS_MALLOC)
        atomic_fetch_add(&page->counts[FAULTS_ANY], 1);
    if (page->action == FAULTS_COUNT)
        return false;
    if (page->class != class && (page->class != FAULTS_ANY || class == FAULTS_MALLOC))
        return false;
    return n == page->n || (page->action == FAULTS_FAIL_ALWAYS && n > page->n);
}

static void note(const char *call, const char *path, int fd)
{
    char link[64], target[160] = "";
    ssize_t n = 0;

    if (!path && fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        path = target;
    }
    snprintf(page->what, sizeof page->what, "%s(%s)", call, path ? path : "");
}

/* Counts a call; kills the process if that is due before it. */
static enum verdict judge(enum faults_class class, const char *call, const char *path, int fd)
{
    if (!page || !is_struck(class))
        return GO;
    if (atomic_fetch_add(&page->fired, 1) == 0 && class != FAULTS_MALLOC)
        note(call, path, fd);
    switch (page->action) {
    case FAULTS_FAIL:
    case FAULTS_FAIL_ALWAYS:
        errno = page->error;
        return FAIL;
    case FAULTS_SHORT:
        return transfers(class) ? SHORT : GO;
    case FAULTS_KILL_WITHIN:
        return class == FAULTS_WRITE || class == FAULTS_STDOUT ? SHORT : KILL_AFTER;
    case FAULTS_KILL_AFTER:
        return KILL_AFTER;
    default:
        die();
    }
    return GO;
}

/* Ends the process after the call if that is the plan. */
static void settle(enum verdict verdict)
{
    if (verdict == KILL_AFTER || (verdict == SHORT && page->action == FAULTS_KILL_WITHIN))
        die();
}

static void find(void **real, const char *name)
{
    if (!*real)
        *real = dlsym(RTLD_NEXT, name);
}

/* Declares `real`, the function that NAME is without this library. */
#define REAL(name)                 \
    static __typeof__(&name) real; \
    find((void **)&real, #name)

/* The rest of a function whose last statement is a call of CLASS. */
#define CALL(type, failure, class, path, fd, call)               \
    do {                                                         \
        enum verdict verdict = judge(class, __func__, path, fd); \
        type result;                                             \
                                                                 \
        if (verdict == FAIL)                                     \
            return failure;                                      \
        result = call;                                           \
        settle(verdict);                                         \
        return result;                                           \
    } while (0)

/* Half of SIZE, where it can be halved. */
static size_t half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

static enum faults_class class_of_write(int fd)
{
    return fd == STDOUT_FILENO ? FAULTS_STDOUT : FAULTS_WRITE;
}

/* ---- Reading and writing ---- */

ssize_t read(int fd, void *data, size_t size)
{
    REAL(read);
    enum verdict verdict = judge(FAULTS_READ, __func__, NULL, fd);
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    result = real(fd, data, verdict == SHORT ? half(size) : size);
    settle(verdict);
    return result;
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    REAL(pread);
    enum verdict verdict = judge(FAULTS_READ, __func__, NULL, fd);
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    result = real(fd, data, verdict == SHORT ? half(size) : size, offset);
    settle(verdict);
    return result;
}

ssize_t pread64(int fd, void *data, size_t size, off_t offset)
{
    return pread(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    enum verdict verdict = fd == STDERR_FILENO ? GO : judge(class_of_write(fd), __func__, NULL, fd);
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    result = real(fd, data, verdict == SHORT ? half(size) : size);
    settle(verdict);
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    REAL(pwrite);
    enum verdict verdict = judge(FAULTS_WRITE, __func__, NULL, fd);
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    result = real(fd, data, verdict == SHORT ? half(size) : size, offset);
    settle(verdict);
    return result;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

/* Copies N parts to OUT, cut to half their bytes. Returns how many parts are left. */
static int cut(const struct iovec *parts, int n, struct iovec out[MOST_PARTS])
{
    size_t left = 0;
    int kept = 0;

    for (int i = 0; i < n; i++)
        left += parts[i].iov_len;
    left = half(left);
    for (int i = 0; i < n && i < MOST_PARTS && left > 0; i++, kept++) {
        out[i] = parts[i];
        if (out[i].iov_len > left)
            out[i].iov_len = left;
        left -= out[i].iov_len;
    }
    return kept;
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
    REAL(pwritev);
    enum verdict verdict = judge(FAULTS_WRITE, __func__, NULL, fd);
    struct iovec halves[MOST_PARTS];
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    if (verdict == SHORT)
        result = real(fd, halves, cut(parts, n, halves), offset);
    else
        result = real(fd, parts, n, offset);
    settle(verdict);
    return result;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t offset)
{
    return pwritev(fd, parts, n, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    REAL(writev);
    enum verdict verdict = fd == STDERR_FILENO ? GO : judge(class_of_write(fd), __func__, NULL, fd);
    struct iovec halves[MOST_PARTS];
    ssize_t result;

    if (verdict == FAIL)
        return -1;
    if (verdict == SHORT)
        result = real(fd, halves, cut(parts, n, halves));
    else
        result = real(fd, parts, n);
    settle(verdict);
    return result;
}

/* ---- Opening ---- */

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(args, mode_t) : 0;
}

/* A failure that only a new file can meet is of no other. */
static bool may_fail_open(int flags)
{
    return !page || page->error != ENOSPC || (flags & (O_CREAT | O_TMPFILE)) != 0;
}

static int open_counted(int folder, const char *path, int flags, mode_t mode)
{
    REAL(openat);
    enum verdict verdict = judge(FAULTS_OPEN, "open", path, -1);
    int result;

    if (verdict == FAIL && may_fail_open(flags))
        return -1;
    result = real(folder, path, flags, mode);
    settle(verdict);
    return result;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(folder, path, flags, mode);
}

DIR *opendir(const char *path)
{
    REAL(opendir);
    CALL(DIR *, NULL, FAULTS_OPEN, path, -1, real(path));
}

int mkstemp(char *path)
{
    REAL(mkstemp);
    CALL(int, -1, FAULTS_OPEN, path, -1, real(path));
}

int mkstemp64(char *path)
{
    return mkstemp(path);
}

int mkostemp(char *path, int flags)
{
    REAL(mkostemp);
    CALL(int, -1, FAULTS_OPEN, path, -1, real(path, flags));
}

int mkostemp64(char *path, int flags)
{
    return mkostemp(path, flags);
}

int memfd_create(const char *name, unsigned flags)
{
    REAL(memfd_create);
    CALL(int, -1, FAULTS_OPEN, name, -1, real(name, flags));
}

/* ---- Streams ---- */

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

/* A counted stream of FD. */
static FILE *stream_of(int fd, const char *mode)
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

/* ---- Whole files ---- */

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap);
    CALL(void *, MAP_FAILED, FAULTS_MMAP, NULL, fd, real(at, size, protection, flags, fd, offset));
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate);
    CALL(int, -1, FAULTS_TRUNCATE, NULL, fd, real(fd, size));
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    REAL(fallocate);
    CALL(int, -1, FAULTS_TRUNCATE, NULL, fd, real(fd, mode, offset, size));
}

int fallocate64(int fd, int mode, off_t offset, off_t size)
{
    return fallocate(fd, mode, offset, size);
}

/* Returns the error, which it leaves errno alone with. */
int posix_fallocate(int fd, off_t offset, off_t size)
{
    REAL(posix_fallocate);
    CALL(int, page->error, FAULTS_TRUNCATE, NULL, fd, real(fd, offset, size));
}

int posix_fallocate64(int fd, off_t offset, off_t size)
{
    return posix_fallocate(fd, offset, size);
}

int fsync(int fd)
{
    REAL(fsync);
    CALL(int, -1, FAULTS_SYNC, NULL, fd, page ? 0 : real(fd));
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    CALL(int, -1, FAULTS_SYNC, NULL, fd, page ? 0 : real(fd));
}

int msync(void *at, size_t size, int flags)
{
    REAL(msync);
    CALL(int, -1, FAULTS_SYNC, "", -1, page ? 0 : real(at, size, flags));
}

/* ---- Names ---- */

int unlink(const char *path)
{
    REAL(unlink);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(path));
}

int unlinkat(int folder, const char *path, int flags)
{
    REAL(unlinkat);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(folder, path, flags));
}

int rmdir(const char *path)
{
    REAL(rmdir);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(path));
}

int remove(const char *path)
{
    REAL(remove);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(path));
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    CALL(int, -1, FAULTS_RENAME, to, -1, real(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(renameat);
    CALL(int, -1, FAULTS_RENAME, to, -1, real(from_folder, from, to_folder, to));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    REAL(renameat2);
    CALL(int, -1, FAULTS_RENAME, to, -1, real(from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to)
{
    REAL(link);
    CALL(int, -1, FAULTS_RENAME, to, -1, real(from, to));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL(linkat);
    CALL(int, -1, FAULTS_RENAME, to, -1, real(from_folder, from, to_folder, to, flags));
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    CALL(int, -1, FAULTS_MKDIR, path, -1, real(path, mode));
}

char *mkdtemp(char *path)
{
    REAL(mkdtemp);
    enum verdict verdict = judge(FAULTS_MKDIR, __func__, path, -1);
    char *result;

    if (verdict == FAIL)
        return NULL;
    result = real(path);
    if (page && result && *result == '/')
        snprintf(page->made, sizeof page->made, "%s", result);
    settle(verdict);
    return result;
}

/* ---- Locks ---- */

int flock(int fd, int operation)
{
    REAL(flock);
    CALL(int, -1, FAULTS_LOCK, NULL, fd, real(fd, operation));
}

static bool locks(int command)
{
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
           command == F_OFD_SETLKW;
}

int fcntl(int fd, int command, ...)
{
    REAL(fcntl);
    va_list args;
    void *arg;

    va_start(args, command);
    arg = va_arg(args, void *); /* an int of other commands is passed on as it came */
    va_end(args);
    if (!locks(command))
        return real(fd, command, arg);
    CALL(int, -1, FAULTS_LOCK, NULL, fd, real(fd, command, arg));
}

int fcntl64(int fd, int command, ...)
{
    va_list args;
    void *arg;

    va_start(args, command);
    arg = va_arg(args, void *);
    va_end(args);
    return fcntl(fd, command, arg);
}

/* ---- Processes and threads ---- */

pid_t fork(void)
{
    REAL(fork);
    CALL(pid_t, -1, FAULTS_SPAWN, "", -1, real());
}

int pipe(int fds[2])
{
    REAL(pipe);
    CALL(int, -1, FAULTS_SPAWN, "", -1, real(fds));
}

int pipe2(int fds[2], int flags)
{
    REAL(pipe2);
    CALL(int, -1, FAULTS_SPAWN, "", -1, real(fds, flags));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                   void *arg)
{
    REAL(pthread_create);
    CALL(int, page->error, FAULTS_SPAWN, "", -1, real(thread, attributes, fn, arg));
}

/* ---- Memory: libc's own names, for dlsym() itself allocates ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_calloc(n, size));
}

void *realloc(void *old, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_realloc(old, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at;

    if (judge(FAULTS_MALLOC, __func__, "", -1) == FAIL)
        return ENOMEM;
    at = __libc_memalign(alignment, size);
    if (!at)
        return ENOMEM;
    *out = at;
    return 0;
}

/* ---- The start ---- */

static struct faults_page *map_page(const char *path)
{
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at;

    if (fd < 0)
        return NULL;
    at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **env)
{
    struct faults_page *mapped = NULL;

    if (strcmp(program_invocation_short_name, FAULTS_PROGRAM) == 0)
        mapped = map_page(getenv(FAULTS_VARIABLE));
    if (mapped) {
        FILE *out = stream_of(STDOUT_FILENO, "w");

        if (out)
            stdout = out;
    }
    page = mapped;
    return real_main(argc, argv, env);
}

/* What libc starts a program by. */
int __libc_start_main(int (*main_fn)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end);
int __libc_start_main(int (*main_fn)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end)
{
    REAL(__libc_start_main);

    real_main = main_fn;
    return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
