/*
 * Structures that cross the library's boundary and may grow. Each begins with its size, as
 * <fftool/size.h> explains; inside the library all have the size of this version.
 */
#ifndef FF_BASE_SIZED_H
#define FF_BASE_SIZED_H

#include <fftool/context.h>
#include <fftool/size.h>
#include <stddef.h>

/* Bytes of TYPE up to the end of MEMBER. */
#define FF_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/*
 * Copies GIVEN, a structure called NAME, to OWN of BYTES bytes, whose size becomes BYTES. Members
 * beyond the end of GIVEN become 0. FF_EINVAL if GIVEN has fewer than LEAST bytes, or if any byte
 * beyond BYTES is not 0: it sets an option that this version does not have.
 */
FF_CHECK int ff_sized_take(struct ff_ctx *ctx, const char *name, const void *given, size_t least,
                           void *own, size_t bytes);
/* FF_EINVAL unless OUT, a structure called NAME, has a size that ff_sized_give() can fill, LEAST
 * bytes or more. */
FF_CHECK int ff_sized_check(struct ff_ctx *ctx, const char *name, const void *out, size_t least);
/* Copies OWN, of BYTES bytes, to OUT, up to the size of OUT, which it keeps. Bytes of OUT beyond
 * BYTES become 0. */
void ff_sized_give(const void *own, size_t bytes, void *out);

#endif
