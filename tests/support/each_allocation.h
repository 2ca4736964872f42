/* Every allocation fails once. */
#ifndef EACH_ALLOCATION_H
#define EACH_ALLOCATION_H

#include <fftool/fftool.h>

/* Calls USE with ARG while the first allocation of METERED fails, then the second, and so on, until
 * a call needs no more. Fails the test if a call gives anything but FF_OK or FF_ENOMEM or leaves
 * memory in use, or if there are MOST calls. Returns their number. */
int64_t fail_each_allocation(struct ff_ctx *metered, int (*use)(void *arg), void *arg,
                             int64_t most);

#endif
