#include "base/sized.h"

#include "base/context.h"

#include <string.h>

/* No structure is that large: a larger size is an uninitialized one. */
#define MOST_BYTES 65536

static size_t size_of(const void *structure)
{
    size_t size;

    memcpy(&size, structure, sizeof size);
    return size;
}

int ff_sized_check(struct ff_ctx *ctx, const char *name, const void *out, size_t least)
{
    size_t size = size_of(out);

    /* No version of a structure ends within a member. */
    if (size >= least && size <= MOST_BYTES && size % _Alignof(void *) == 0)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "struct %s: size %zu: set it to sizeof(struct %s)", name, size,
                   name);
}

int ff_sized_take(struct ff_ctx *ctx, const char *name, const void *given, size_t least, void *own,
                  size_t bytes)
{
    const unsigned char *at = given;
    int status = ff_sized_check(ctx, name, given, least);
    size_t size;

    if (status != FF_OK)
        return status;
    size = size_of(given);
    for (size_t i = bytes; i < size; i++) {
        if (at[i] != 0)
            return ff_fail(
                ctx, FF_EINVAL,
                "struct %s: %zu bytes, of which this version of libfftool knows %zu, and "
                "the others are not 0; use the version that the program was built with",
                name, size, bytes);
    }
    memset(own, 0, bytes);
    memcpy(own, given, size < bytes ? size : bytes);
    memcpy(own, &bytes, sizeof bytes);
    return FF_OK;
}

void ff_sized_give(const void *own, size_t bytes, void *out)
{
    size_t size = size_of(out);

    memset(out, 0, size);
    memcpy(out, own, size < bytes ? size : bytes);
    memcpy(out, &size, sizeof size);
}
