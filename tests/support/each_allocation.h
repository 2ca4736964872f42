/* Allocations that fail. */
#ifndef EACH_ALLOCATION_H
#define EACH_ALLOCATION_H

#include <fftool/fftool.h>

/* The library's COUNT-th allocation from now on fails, once, in whatever context; the linker's
 * --wrap leads aligned_alloc() and mmap() through here. Negative: none. */
void fail_allocation(int64_t count);

/* Calls USE with ARG while the first allocation fails, then the second, and so on, until a call
 * needs no more. Fails the test if a call gives anything but FF_OK or FF_ENOMEM or leaves memory of
 * METERED in use, or if there are MOST calls. Returns their number. */
int64_t fail_each_allocation(struct ff_ctx *metered, int (*use)(void *arg), void *arg,
                             int64_t most);

#endif
