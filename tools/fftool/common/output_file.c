#include "common/output_file.h"
#include "common/heap.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0666    /* before the umask */
#define PERMISSIONS 07777 /* of st_mode */
#define DIGITS "0123456789abcdef"
#define TRIES 100 /* of names that are taken, or of files that are removed at once */

static void make_name(char out[OUTPUT_FILE_NAME_BYTES])
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = (uint32_t)getpid();
    snprintf(out, OUTPUT_FILE_NAME_BYTES, OUTPUT_FILE_TEMPORARY "%08x", number);
}

static bool is_temporary(const char *name)
{
    size_t prefix = strlen(OUTPUT_FILE_TEMPORARY);

    return strncmp(name, OUTPUT_FILE_TEMPORARY, prefix) == 0 &&
           strlen(name) == OUTPUT_FILE_NAME_BYTES - 1 &&
           strspn(name + prefix, DIGITS) == OUTPUT_FILE_NAME_BYTES - 1 - prefix;
}

/* Removes the temporary file NAME if its process has ended: it is not locked. */
static void remove_abandoned(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat ours, there;

    if (fd < 0)
        return;
    if (fstat(fd, &ours) == 0 && S_ISREG(ours.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == there.st_dev &&
        ours.st_ino == there.st_ino)
        unlinkat(directory, name, 0);
    close(fd);
}

static void remove_all_abandoned(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (is_temporary(entry->d_name))
            remove_abandoned(directory, entry->d_name);
    if (entries != NULL)
        closedir(entries);
    else if (fd >= 0)
        close(fd);
}

/* Returns a descriptor of a file without a name; negative where there can be none. */
static int open_unnamed(int directory)
{
    /* By way of /proc it gets its name in the end. */
    if (access("/proc/self/fd", X_OK) != 0)
        return -1;
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
}

/* Returns a descriptor of a file with a temporary name, which goes to NAME; or negative, with errno
 * set. A clean-up may have removed the file as abandoned before it was locked.
 */
static int open_named(int directory, char name[OUTPUT_FILE_NAME_BYTES])
{
    struct stat st;
    int fd, i;

    for (i = 0; i < TRIES; i++) {
        make_name(name);
        fd = openat(directory, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd < 0)
            continue;
        flock(fd, LOCK_EX); /* without locks no file is removed as abandoned */
        if (fstat(fd, &st) == 0 && st.st_nlink > 0)
            return fd;
        close(fd);
    }
    errno = EEXIST;
    return -1;
}

/* Resolves PATH, and finds out what exists there. Returns 0 or an errno. */
static int find_place(struct output_file *file)
{
    struct stat st;
    char *target, *slash;
    int why = 0;

    if (stat(file->path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return EISDIR;
        if (!S_ISREG(st.st_mode))
            return 0;
        file->mode = st.st_mode & PERMISSIONS;
        target = realpath(file->path, NULL);
        if (target == NULL)
            return errno;
    } else {
        target = heap_copy(file->path);
    }
    slash = strrchr(target, '/');
    file->name = heap_copy(slash != NULL ? slash + 1 : target);
    if (slash != NULL)
        slash[slash == target] = '\0'; /* the root's slash stays */
    file->directory = open(slash != NULL ? target : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file->directory < 0)
        why = errno;
    else if (*file->name == '\0')
        why = EISDIR;
    free(target);
    return why;
}

static void forget(struct output_file *file)
{
    if (file->directory >= 0)
        close(file->directory);
    free(file->name);
    file->directory = -1;
    file->name = NULL;
}

int output_file_check(const char *path)
{
    struct output_file file = {.path = path, .directory = -1};
    int why = find_place(&file);

    if (why == 0 && file.name == NULL)
        why = access(path, W_OK) == 0 ? 0 : errno;
    else if (why == 0)
        why = faccessat(file.directory, ".", W_OK | X_OK, 0) == 0 ? 0 : errno;
    forget(&file);
    return why;
}

static int open_temporary(struct output_file *file)
{
    int fd;

    remove_all_abandoned(file->directory);
    fd = open_unnamed(file->directory);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    else
        fd = open_named(file->directory, file->temporary);
    if (fd < 0)
        return errno;
    if (file->mode != 0)
        fchmod(fd, file->mode); /* at worst it is as for a new file */
    file->out = fdopen(fd, "w");
    if (file->out != NULL)
        return 0;
    if (*file->temporary != '\0')
        unlinkat(file->directory, file->temporary, 0);
    close(fd);
    return ENOMEM;
}

int output_file_open_in_place(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | flags, FILE_MODE), why;

    if (fd < 0 || fcntl(fd, F_SETFL, flags) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Returns 0 or an errno. */
static int open_in_place(struct output_file *file)
{
    int fd = output_file_open_in_place(file->path, O_TRUNC);

    if (fd < 0)
        return errno;
    file->out = fdopen(fd, "w");
    if (file->out != NULL)
        return 0;
    close(fd);
    return ENOMEM;
}

int output_file_open(const char *path, struct output_file *file)
{
    int why;

    *file = (struct output_file){.path = path, .directory = -1};
    why = find_place(file);
    if (why == 0)
        why = file->name == NULL ? open_in_place(file) : open_temporary(file);
    if (why != 0)
        forget(file);
    return why;
}

/* Gives the file without a name NAME, which must be free. Returns 0 or an errno. */
static int link_to(const struct output_file *file, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file->out));
    return linkat(AT_FDCWD, path, file->directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Gives the file without a name a temporary one. Returns 0 or an errno. */
static int link_temporarily(struct output_file *file)
{
    char name[OUTPUT_FILE_NAME_BYTES];
    int why = EEXIST, i;

    for (i = 0; i < TRIES && why == EEXIST; i++) {
        make_name(name);
        why = link_to(file, name);
    }
    if (why == 0)
        memcpy(file->temporary, name, sizeof name);
    return why;
}

/* Gives the file its name. Returns 0 or an errno. */
static int give_name(struct output_file *file)
{
    int why;

    if (*file->temporary == '\0') {
        why = link_to(file, file->name);
        if (why == EEXIST)
            why = link_temporarily(file);
        else if (why == 0)
            return 0;
        if (why != 0)
            return why;
    }
    if (renameat(file->directory, file->temporary, file->directory, file->name) != 0)
        return errno;
    *file->temporary = '\0';
    return 0;
}

/* Returns 0 when all of it is written and on disk; or an errno. */
static int flush(struct output_file *file)
{
    errno = 0;
    if (fflush(file->out) != 0 || ferror(file->out))
        return errno != 0 ? errno : EIO;
    if (file->name != NULL && fsync(fileno(file->out)) != 0 && errno != EINVAL)
        return errno;
    return 0;
}

int output_file_close(struct output_file *file, bool keep)
{
    int why = keep ? flush(file) : 0;

    if (file->name != NULL && keep && why == 0)
        why = give_name(file);
    if (*file->temporary != '\0')
        unlinkat(file->directory, file->temporary, 0);
    fclose(file->out);
    forget(file);
    return why;
}
