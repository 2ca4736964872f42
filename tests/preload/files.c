/* Whole files: mapped, sized, synced, locked. fsync(), fdatasync() and msync() are counted and not
 * passed on: the tests cover killed processes and failed calls, not power cuts, and run several
 * times as fast without. */
#include "preload/calls.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

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
