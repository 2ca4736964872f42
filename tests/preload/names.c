/* Names of files and directories: made, changed, removed. */
#include "preload/calls.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int unlink(const char *path)
{
    REAL(unlink);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(path));
}

int unlinkat(int directory, const char *path, int flags)
{
    REAL(unlinkat);
    CALL(int, -1, FAULTS_UNLINK, path, -1, real(directory, path, flags));
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
