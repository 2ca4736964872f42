#include "train/space.h"

#include "base/arithmetic.h"
#include "base/path.h"
#include "store/activations.h"
#include "train/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK_BYTES 512u /* of st_blocks */
#define MIB 1048576.0

/* A place for files of the training. */
struct room {
    char directory[PATH_MAX];
    dev_t device;
    uint64_t needed, held, free;
    bool known;
};

static void measure_room(struct room *room)
{
    struct statvfs fs;
    struct stat st;

    /* Some file systems do not count blocks. */
    if (stat(room->directory, &st) != 0 || statvfs(room->directory, &fs) != 0 || fs.f_blocks == 0)
        return;
    room->device = st.st_dev;
    room->free = ff_times(fs.f_bavail, fs.f_frsize);
    room->known = true;
}

/* Bytes of the files of scratch in DIRECTORY. */
static uint64_t bytes_in(const char *directory)
{
    DIR *entries = opendir(directory);
    uint64_t bytes = 0;
    struct dirent *entry;
    struct stat st;

    while (entries && (entry = readdir(entries)) != NULL)
        if (ff_scratch_has_name(entry->d_name) &&
            fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_blocks * BLOCK_BYTES;
    if (entries)
        closedir(entries);
    return bytes;
}

static int check_room(struct ff_ctx *ctx, const struct room *room, const char *what)
{
    uint64_t more = room->needed > room->held ? room->needed - room->held : 0;

    if (!room->known || more <= room->free)
        return FF_OK;
    return ff_fail(ctx, FF_EFULL,
                   "%s: too little disk space: %s will take up to %.1fM more, and %.1fM are free; "
                   "--no-disk-check skips this check",
                   room->directory, what, (double)more / MIB, (double)room->free / MIB);
}

int ff_space_check(struct ff_ctx *ctx, const struct ff_train_opts *opts, const struct ff_plan *plan)
{
    struct room model = {.needed = plan->model_bytes},
                scratch = {.needed = plan->scratch_peak_bytes};
    struct stat st;
    int status = ff_place_scratch(ctx, opts->model, opts->scratch, scratch.directory);

    if (status != FF_OK)
        return status;
    ff_path_directory(opts->model, model.directory);
    measure_room(&model);
    measure_room(&scratch);
    scratch.held = bytes_in(scratch.directory);
    if (stat(opts->model, &st) == 0 && !opts->force)
        model.held = (uint64_t)st.st_blocks * BLOCK_BYTES;
    if (model.known && scratch.known && model.device == scratch.device) {
        scratch.needed = ff_plus(scratch.needed, model.needed);
        scratch.held += model.held;
        return check_room(ctx, &scratch, "stored activations and the model");
    }
    status = check_room(ctx, &scratch, "stored activations");
    return status == FF_OK ? check_room(ctx, &model, "the model") : status;
}
