#include "exchange/output.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define FILE_MODE 0666 /* before the umask */
#define TRIES 100      /* of temporary names that are taken */
#define BUFFER_BYTES (64 << 10)

int ff_output_failed(struct ff_output *output)
{
    return ff_fail_errno(output->ctx, errno ? errno : EIO, "%s: cannot write", output->name);
}

static int exists(struct ff_output *output)
{
    return ff_fail(output->ctx, FF_EEXIST, "%s exists and is not overwritten", output->name);
}

/* FF_OK if there is nothing at the path, or a file that may be overwritten. */
static int check_place(struct ff_output *output)
{
    struct stat st;

    if (lstat(output->path, &st) != 0)
        return FF_OK;
    if (!S_ISREG(st.st_mode))
        return ff_fail(output->ctx, FF_EEXIST, "%s is not a regular file; give another name",
                       output->name);
    return output->force ? FF_OK : exists(output);
}

/* A temporary name beside the path; false if it is too long. */
static bool make_name(struct ff_output *output)
{
    char directory[PATH_MAX];
    uint32_t number = 0;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = (uint32_t)getpid();
    ff_path_directory(output->path, directory);
    return snprintf(output->temporary, sizeof output->temporary, "%s/.fftool-%08x", directory,
                    number) < (int)sizeof output->temporary;
}

/* Calls GIVE with temporary names until one is free. Returns 0 or an errno. */
static int name_temporarily(struct ff_output *output, int fd,
                            int (*give)(const char *name, int *fd), int *named)
{
    int why = EEXIST;

    *named = fd;
    for (int i = 0; i < TRIES && why == EEXIST; i++) {
        if (!make_name(output))
            why = ENAMETOOLONG;
        else
            why = give(output->temporary, named) == 0 ? 0 : errno;
    }
    if (why != 0)
        *output->temporary = '\0';
    return why;
}

static int create_at(const char *name, int *fd)
{
    *fd = open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE);
    return *fd < 0 ? -1 : 0;
}

static int link_at(const char *name, int *fd)
{
    char unnamed[32];

    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", *fd);
    return linkat(AT_FDCWD, unnamed, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* Returns 0 or an errno. */
static int open_file(struct ff_output *output)
{
    char directory[PATH_MAX];
    int fd = -1, why = 0;

    ff_path_directory(output->path, directory);
    if (access("/proc/self/fd", X_OK) == 0)
        fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        why = name_temporarily(output, -1, create_at, &fd);
    if (why != 0)
        return why;
    (void)!flock(fd, LOCK_EX | LOCK_NB); /* a file without it counts as left by a killed process */
    output->file = fdopen(fd, "w+");
    if (output->file)
        return 0;
    if (*output->temporary)
        unlink(output->temporary);
    close(fd);
    return ENOMEM;
}

int ff_output_begin(struct ff_ctx *ctx, const char *name, bool force, struct ff_output *out)
{
    int why, status;

    *out = (struct ff_output){.ctx = ctx, .name = name, .force = force};
    why = ff_path_resolve(name, out->path);
    if (why != 0)
        return ff_fail_errno(ctx, why, "%s: cannot create", name);
    status = check_place(out);
    if (status != FF_OK)
        return status;
    why = open_file(out);
    if (why != 0)
        return ff_fail_errno(ctx, why, "%s: cannot create", name);
    setvbuf(out->file, NULL, _IOFBF, BUFFER_BYTES);
    return FF_OK;
}

/* Gives the file its name. Returns 0 or an errno. */
static int publish(struct ff_output *output)
{
    int fd = fileno(output->file), why = 0;

    if (!*output->temporary && !output->force)
        return link_at(output->path, &fd) == 0 ? 0 : errno;
    if (!*output->temporary)
        why = name_temporarily(output, fd, link_at, &fd);
    if (why != 0)
        return why;
    if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path,
                  output->force ? 0 : RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || rename(output->temporary, output->path) != 0))
        return errno;
    *output->temporary = '\0';
    return 0;
}

static int complete(struct ff_output *output, uint64_t *bytes)
{
    struct stat st;
    int why;

    errno = 0;
    if (fflush(output->file) != 0 || ferror(output->file) || fsync(fileno(output->file)) != 0 ||
        fstat(fileno(output->file), &st) != 0)
        return ff_output_failed(output);
    *bytes = (uint64_t)st.st_size;
    ff_meter_wrote(output->ctx, *bytes);
    why = publish(output);
    if (why == EEXIST)
        return exists(output);
    return why == 0 ? FF_OK : ff_fail_errno(output->ctx, why, "%s: cannot create", output->name);
}

int ff_output_end(struct ff_output *output, int status, uint64_t *bytes)
{
    *bytes = 0;
    if (status == FF_OK)
        status = complete(output, bytes);
    if (*output->temporary)
        unlink(output->temporary);
    fclose(output->file);
    return status;
}
