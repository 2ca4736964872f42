/* The names in a directory, in ascending order of their bytes. Names that begin with a dot are
 * hidden: they are not there. */
#ifndef FF_IMAGE_LISTING_H
#define FF_IMAGE_LISTING_H

#include "base/context.h"

#include <limits.h>

#define FF_LISTING_MOST 1000000u /* names */

struct ff_listing {
    struct ff_ctx *ctx;
    uint32_t n;
    uint32_t others; /* entries that are not listed */
    size_t *at;      /* (n): places in the text */
    /* The rest is private. */
    uint32_t room;
    char *text;
    size_t text_bytes, text_room;
};

enum ff_listing_what { FF_LIST_DIRECTORIES, FF_LIST_IMAGES };

/* Lists the directories of PATH, or its regular files with the name of an image. Symbolic links are
 * followed. FF_EINVAL: more than FF_LISTING_MOST. LISTING is to be released also on error. */
FF_CHECK int ff_listing_read(struct ff_ctx *ctx, const char *path, enum ff_listing_what what,
                             struct ff_listing *listing);
/* True if PATH has such an entry. System errors count as none. */
bool ff_listing_has(const char *path, enum ff_listing_what what);
/* Counts such entries; FIRST gets the first name, if there is one. System errors count as none. */
uint64_t ff_listing_count(const char *path, enum ff_listing_what what, char first[NAME_MAX + 1]);
void ff_listing_release(struct ff_listing *listing); /* does nothing if LISTING is zeroed */
static inline const char *ff_listing_name(const struct ff_listing *listing, uint32_t i)
{
    return listing->text + listing->at[i];
}

#endif
