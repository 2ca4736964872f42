#include "support/each_allocation.h"

#include "base/context.h"

#include <check.h>

int64_t fail_each_allocation(struct ff_ctx *metered, int (*use)(void *arg), void *arg, int64_t most)
{
    int status = FF_ENOMEM;
    int64_t n = 0;

    for (; status != FF_OK; n++) {
        struct ff_memory memory;

        ff_meter_fail_after(metered, n);
        status = use(arg);
        ff_meter_fail_after(metered, -1);
        ck_assert_msg(status == FF_OK || status == FF_ENOMEM, "allocation %lld: %d %s",
                      (long long)n, status, ff_ctx_message(metered));
        ff_memory_read(metered, &memory);
        ck_assert_uint_eq(memory.accounted_bytes, 0);
        ck_assert_int_lt(n, most);
    }
    return n;
}
