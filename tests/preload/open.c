/* Opening files, directories and temporary files. */
#include "preload/calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(args, mode_t) : 0;
}

/* A failure that only a new file can meet is of no other. */
static bool may_fail_open(int flags)
{
    return !page || page->error != ENOSPC || (flags & (O_CREAT | O_TMPFILE)) != 0;
}

int open_counted(int directory, const char *path, int flags, mode_t mode)
{
    REAL(openat);
    enum verdict verdict = judge(FAULTS_OPEN, "open", path, -1);
    int result;

    if (verdict == FAIL && may_fail_open(flags))
        return -1;
    result = real(directory, path, flags, mode);
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

int openat(int directory, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_counted(directory, path, flags, mode);
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
