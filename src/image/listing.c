#include "image/listing.h"

#include "image/picture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_ROOM 16u
#define FIRST_TEXT_BYTES ((size_t)256)

static bool is_kind(int directory, const struct dirent *entry, mode_t kind, unsigned char type)
{
    struct stat st;

    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == type;
    return fstatat(directory, entry->d_name, &st, 0) == 0 && (st.st_mode & S_IFMT) == kind;
}

static bool is_wanted(DIR *directory, const struct dirent *entry, enum ff_listing_what what)
{
    if (what == FF_LIST_DIRECTORIES)
        return is_kind(dirfd(directory), entry, S_IFDIR, DT_DIR);
    return ff_picture_has_name(entry->d_name) && is_kind(dirfd(directory), entry, S_IFREG, DT_REG);
}

/* The next entry that is not hidden; NULL at the end, or on an error, which is in errno. */
static const struct dirent *next_entry(DIR *directory)
{
    const struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(directory);
    } while (entry && entry->d_name[0] == '.');
    return entry;
}

bool ff_listing_has(const char *path, enum ff_listing_what what)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    bool found = false;

    while (directory && !found && (entry = next_entry(directory)) != NULL)
        found = is_wanted(directory, entry, what);
    if (directory)
        closedir(directory);
    return found;
}

uint64_t ff_listing_count(const char *path, enum ff_listing_what what, char first[NAME_MAX + 1])
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    uint64_t n = 0;

    while (directory && (entry = next_entry(directory)) != NULL) {
        if (!is_wanted(directory, entry, what))
            continue;
        if (n++ == 0 || strcmp(entry->d_name, first) < 0)
            snprintf(first, NAME_MAX + 1, "%s", entry->d_name);
    }
    if (directory)
        closedir(directory);
    return n;
}

/* Moves the block *BLOCK of OLD bytes to one of twice as many, at least FIRST. */
static int double_block(struct ff_ctx *ctx, void *block, size_t *room, size_t first, size_t unit)
{
    size_t more = *room > 0 ? 2 * *room : first;
    void *old, *moved = ff_alloc_array(ctx, FF_MEM_IO, more, unit);

    if (!moved)
        return ff_alloc_status(ctx);
    memcpy(&old, block, sizeof old);
    if (old)
        memcpy(moved, old, *room * unit);
    ff_free(ctx, FF_MEM_IO, old, *room * unit);
    memcpy(block, &moved, sizeof moved);
    *room = more;
    return FF_OK;
}

static int add(struct ff_listing *listing, const char *path, const char *name)
{
    size_t bytes = strlen(name) + 1, room = listing->room;
    int status = FF_OK;

    if (listing->n == FF_LISTING_MOST)
        return ff_fail(listing->ctx, FF_EINVAL,
                       "%s: more than %u files or directories; divide it into several directories",
                       path, FF_LISTING_MOST);
    if (listing->n == listing->room)
        status = double_block(listing->ctx, &listing->at, &room, FIRST_ROOM, sizeof *listing->at);
    listing->room = (uint32_t)room;
    /* A name is no longer than the first text. */
    if (status == FF_OK && listing->text_room - listing->text_bytes < bytes)
        status =
            double_block(listing->ctx, &listing->text, &listing->text_room, FIRST_TEXT_BYTES, 1);
    if (status != FF_OK)
        return status;
    memcpy(listing->text + listing->text_bytes, name, bytes);
    listing->at[listing->n++] = listing->text_bytes;
    listing->text_bytes += bytes;
    return FF_OK;
}

static int compare(const void *a, const void *b, void *text)
{
    const char *names = text;

    return strcmp(names + *(const size_t *)a, names + *(const size_t *)b);
}

/* The C library sorts in a copy. */
static int sort(struct ff_listing *listing)
{
    size_t bytes = listing->n * sizeof *listing->at;
    int status = ff_meter_reserve(listing->ctx, FF_MEM_IO, bytes);

    if (status != FF_OK)
        return status;
    qsort_r(listing->at, listing->n, sizeof *listing->at, compare, listing->text);
    ff_meter_sub(listing->ctx, FF_MEM_IO, bytes);
    return FF_OK;
}

int ff_listing_read(struct ff_ctx *ctx, const char *path, enum ff_listing_what what,
                    struct ff_listing *listing)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int status = FF_OK;

    *listing = (struct ff_listing){.ctx = ctx};
    if (!directory)
        return ff_fail_errno(ctx, errno, "%s: cannot open this directory", path);
    while (status == FF_OK && (entry = next_entry(directory)) != NULL) {
        if (is_wanted(directory, entry, what))
            status = add(listing, path, entry->d_name);
        else
            listing->others++;
    }
    if (status == FF_OK && errno != 0)
        status = ff_fail_errno(ctx, errno, "%s: cannot read this directory", path);
    closedir(directory);
    return status == FF_OK && listing->n > 0 ? sort(listing) : status;
}

void ff_listing_release(struct ff_listing *listing)
{
    if (!listing->ctx)
        return;
    ff_free(listing->ctx, FF_MEM_IO, listing->at, listing->room * sizeof *listing->at);
    ff_free(listing->ctx, FF_MEM_IO, listing->text, listing->text_room);
    *listing = (struct ff_listing){.ctx = NULL};
}
