/* Reading and writing by descriptor: whole or half. */
#include "preload/calls.h"

#include <sys/uio.h>
#include <unistd.h>

#define MOST_PARTS 64 /* of a vector that is cut */

/* Half of SIZE, where it can be halved. */
static size_t half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

static enum faults_class class_of_write(int fd)
{
    return fd == STDOUT_FILENO ? FAULTS_STDOUT : FAULTS_WRITE;
}

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
