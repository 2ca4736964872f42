#include "support/each_allocation.h"

#include "base/context.h"

#include <check.h>
#include <stdatomic.h>
#include <sys/mman.h>

static _Atomic int64_t left = -1; /* allocations until one fails; negative: none does */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

static bool fails(void)
{
    return atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

void fail_allocation(int64_t count)
{
    atomic_store(&left, count);
}

int64_t fail_each_allocation(struct ff_ctx *metered, int (*use)(void *arg), void *arg, int64_t most)
{
    int status = FF_ENOMEM;
    int64_t n = 0;

    for (; status != FF_OK; n++) {
        struct ff_memory memory;

        fail_allocation(n);
        status = use(arg);
        fail_allocation(-1);
        ck_assert_msg(status == FF_OK || status == FF_ENOMEM, "allocation %lld: %d %s",
                      (long long)n, status, ff_ctx_message(metered));
        ff_memory_read(metered, &memory);
        ck_assert_uint_eq(memory.accounted_bytes, 0);
        ck_assert_int_lt(n, most);
    }
    return n;
}
