/* The metered allocator and the context: exact accounts, limits, failures, one-line messages. */
#include "base/context.h"
#include "base/pool.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Both sides of every border: empty, a cache line, a page, and a mapping of its own. */
static const size_t sizes[] = {0,    1,      63,     64,     65,     4095,   4096,
                               4097, 262143, 262144, 262145, 266240, 1000003};
#define SIZES (sizeof sizes / sizeof *sizes)

static struct ff_ctx *new_ctx(void)
{
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    return ctx;
}

static struct ff_memory figures(struct ff_ctx *ctx)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    return memory;
}

START_TEST(memory_is_zeroed_and_aligned)
{
    struct ff_ctx *ctx = new_ctx();

    for (int round = 0; round < 2; round++) { /* the second time the heap gives used memory */
        for (size_t i = 0; i < SIZES; i++) {
            unsigned char *bytes = ff_alloc(ctx, FF_MEM_OTHER, sizes[i]);
            size_t dirty = 0;

            ck_assert_ptr_nonnull(bytes);
            ck_assert_uint_eq((uintptr_t)bytes % 64, 0);
            for (size_t j = 0; j < sizes[i]; j++)
                dirty += bytes[j] != 0;
            ck_assert_uint_eq(dirty, 0);
            memset(bytes, 0xa5, sizes[i]);
            ff_free(ctx, FF_MEM_OTHER, bytes, sizes[i]);
        }
    }
    ff_free(ctx, FF_MEM_OTHER, NULL, 99);
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 0);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(accounts_are_exact_for_each_category)
{
    struct ff_ctx *ctx = new_ctx();
    void *blocks[FF_MEM_CATEGORIES][SIZES];
    uint64_t each = 0;

    for (size_t i = 0; i < SIZES; i++) {
        for (int c = 0; c < FF_MEM_CATEGORIES; c++) {
            blocks[c][i] = ff_alloc(ctx, (enum ff_category)c, sizes[i]);
            ck_assert_ptr_nonnull(blocks[c][i]);
        }
        each += sizes[i];
        ck_assert_uint_eq(figures(ctx).accounted_bytes, FF_MEM_CATEGORIES * each);
    }
    for (int c = 0; c < FF_MEM_CATEGORIES; c++) {
        for (size_t i = 0; i < SIZES; i++)
            ff_free(ctx, (enum ff_category)c, blocks[c][i], sizes[i]);
    }
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 0);
    ck_assert_uint_eq(figures(ctx).accounted_peak_bytes, FF_MEM_CATEGORIES * each);
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        ck_assert_uint_eq(figures(ctx).category_peak_bytes[c], each);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(peaks_are_of_the_moment_not_of_the_sum)
{
    struct ff_ctx *ctx = new_ctx();
    void *block = ff_alloc(ctx, FF_MEM_WEIGHTS, 1000);

    ff_free(ctx, FF_MEM_WEIGHTS, block, 1000);
    block = ff_alloc(ctx, FF_MEM_IO, 600);
    ff_meter_add(ctx, FF_MEM_IO, 50); /* a codec's own memory */
    ff_meter_sub(ctx, FF_MEM_IO, 50);
    ff_free(ctx, FF_MEM_IO, block, 600);
    ck_assert_uint_eq(figures(ctx).accounted_peak_bytes, 1000);
    ck_assert_uint_eq(figures(ctx).category_peak_bytes[FF_MEM_IO], 650);
    ck_assert_uint_eq(figures(ctx).category_peak_bytes[FF_MEM_OTHER], 0);
    ff_ctx_free(ctx);
}
END_TEST

/* What others allocate for the library is within the limit, too, or is not counted. */
START_TEST(the_limit_holds_for_what_others_allocate)
{
    struct ff_ctx *ctx = new_ctx();

    ff_memory_limit(ctx, 1000);
    ck_assert_int_eq(ff_meter_reserve(ctx, FF_MEM_IO, 600), FF_OK);
    ck_assert_int_eq(ff_meter_reserve(ctx, FF_MEM_IO, 401), FF_EBUDGET);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "1000"));
    ck_assert_int_eq(ff_meter_reserve(ctx, FF_MEM_OTHER, 400), FF_OK);
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 1000);
    ck_assert_uint_eq(figures(ctx).category_peak_bytes[FF_MEM_IO], 600);
    ff_meter_sub(ctx, FF_MEM_IO, 600);
    ff_meter_sub(ctx, FF_MEM_OTHER, 400);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(limit_is_kept_to_the_byte)
{
    struct ff_ctx *ctx = new_ctx();
    void *first, *second;

    ff_memory_limit(ctx, 1000);
    first = ff_alloc(ctx, FF_MEM_WEIGHTS, 600);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(ff_alloc(ctx, FF_MEM_IO, 401));
    ck_assert_int_eq(ff_alloc_status(ctx), FF_EBUDGET);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "1000"));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "io"));
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 600);
    ck_assert_uint_eq(figures(ctx).accounted_peak_bytes, 600);
    second = ff_alloc(ctx, FF_MEM_IO, 400);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(ff_alloc(ctx, FF_MEM_IO, SIZE_MAX));
    ff_memory_limit(ctx, 500); /* below what is in use: nothing fits */
    ck_assert_ptr_null(ff_alloc(ctx, FF_MEM_IO, 1));
    ff_memory_limit(ctx, 0); /* none */
    ff_free(ctx, FF_MEM_IO, second, 400);
    second = ff_alloc(ctx, FF_MEM_IO, 5000);
    ck_assert_ptr_nonnull(second);
    ff_free(ctx, FF_MEM_IO, second, 5000);
    ff_free(ctx, FF_MEM_WEIGHTS, first, 600);
    ff_ctx_free(ctx);
}
END_TEST

#define SHARED_BYTES ((size_t)100000) /* takes a while to clear, so that threads meet */

static void alloc_and_free(void *arg, size_t task, unsigned worker)
{
    struct ff_ctx *ctx = arg;
    enum ff_category category = (enum ff_category)(task % FF_MEM_CATEGORIES);

    (void)worker;
    for (int i = 0; i < 200; i++)
        ff_free(ctx, category, ff_alloc(ctx, category, SHARED_BYTES), SHARED_BYTES);
}

START_TEST(threads_share_one_account_and_one_limit)
{
    struct ff_ctx *workers = new_ctx(), *ctx = new_ctx();
    struct ff_pool *pool;

    ck_assert_int_eq(ff_pool_new(workers, 4, &pool), FF_OK);
    ff_memory_limit(ctx, 2 * SHARED_BYTES - 1); /* one fits, two do not */
    ff_pool_run(pool, 16, alloc_and_free, ctx);
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 0);
    ck_assert_uint_eq(figures(ctx).accounted_peak_bytes, SHARED_BYTES);
    ff_pool_free(pool);
    ff_ctx_free(ctx);
    ff_ctx_free(workers);
}
END_TEST

START_TEST(the_chosen_allocation_fails_once)
{
    for (int64_t n = 0; n < 5; n++) {
        struct ff_ctx *ctx = new_ctx();

        fail_allocation(n);
        for (int64_t i = 0; i < 8; i++) {
            void *block = ff_alloc(ctx, FF_MEM_OTHER, 10);

            if (i == n) {
                ck_assert_ptr_null(block);
                ck_assert_int_eq(ff_alloc_status(ctx), FF_ENOMEM);
                ck_assert_uint_eq(figures(ctx).accounted_bytes, 0);
            } else {
                ck_assert_ptr_nonnull(block);
            }
            ff_free(ctx, FF_MEM_OTHER, block, 10);
        }
        ff_ctx_free(ctx);
    }
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
    struct ff_ctx *ctx = new_ctx();
    void *array;

    ck_assert_ptr_null(ff_alloc(ctx, FF_MEM_OTHER, SIZE_MAX));
    ck_assert_int_eq(ff_alloc_status(ctx), FF_ENOMEM);
    ck_assert_ptr_null(ff_alloc(ctx, FF_MEM_OTHER, SIZE_MAX / 2));
    ck_assert_ptr_null(ff_alloc_array(ctx, FF_MEM_OTHER, SIZE_MAX / 8 + 1, 8));
    ck_assert_int_eq(ff_alloc_status(ctx), FF_ENOMEM);
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 0);
    array = ff_alloc_array(ctx, FF_MEM_OTHER, 7, 9);
    ck_assert_ptr_nonnull(array);
    ck_assert_uint_eq(figures(ctx).accounted_bytes, 63);
    ff_free(ctx, FF_MEM_OTHER, array, 63);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(metrics_of_the_process_are_plausible)
{
    struct ff_ctx *ctx = new_ctx();
    const size_t bytes = (size_t)32 << 20;
    uint64_t before = figures(ctx).peak_anon_bytes;
    unsigned char *block = ff_alloc(ctx, FF_MEM_ACTIVATIONS, bytes);
    uint64_t high;

    ck_assert_ptr_nonnull(block);
    if (access("/proc/self/statm", R_OK) != 0) {
        printf("SKIPPED: figures of the process: no /proc is mounted here\n");
        ff_free(ctx, FF_MEM_ACTIVATIONS, block, bytes);
        ff_ctx_free(ctx);
        return;
    }
    memset(block, 1, bytes);
    ff_memory_sample(ctx);
    ff_free(ctx, FF_MEM_ACTIVATIONS, block, bytes);
    high = figures(ctx).peak_anon_bytes;
    ck_assert_uint_ge(high, before + bytes - bytes / 8);
    ck_assert_uint_gt(figures(ctx).peak_rss_bytes, bytes);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(every_category_has_a_name)
{
    for (int c = 0; c < FF_MEM_CATEGORIES; c++) {
        ck_assert_ptr_nonnull(ff_memory_category((enum ff_category)c));
        for (int d = 0; d < c; d++)
            ck_assert_str_ne(ff_memory_category((enum ff_category)c),
                             ff_memory_category((enum ff_category)d));
    }
}
END_TEST

static void check_one_line(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (; *bytes; bytes++) {
        ck_assert_uint_ge(*bytes, 0x20);
        ck_assert_uint_ne(*bytes, 0x7f);
        /* In UTF-8, C2 80 to C2 9F are control characters: C2 9B starts a terminal's command. */
        ck_assert(bytes[0] != 0xc2 || bytes[1] < 0x80 || bytes[1] > 0x9f);
    }
}

START_TEST(messages_are_one_line_whatever_names_hold)
{
    struct ff_ctx *ctx = new_ctx();
    char name[3000];

    ck_assert_int_eq(ff_fail(ctx, FF_ECORRUPT, "%s: truncated",
                             "a\nb\r\x1b[2J\x7f\xc2\x9b"
                             "2Jz"),
                     FF_ECORRUPT);
    check_one_line(ff_ctx_message(ctx));
    ck_assert_str_eq(ff_ctx_message(ctx), "a\\nb\\r\\x1b[2J\\x7f\\u009b2Jz: truncated");
    ff_fail(ctx, FF_EINVAL, "%s", "Z\xc3\xbcrich"); /* other characters stay */
    ck_assert_str_eq(ff_ctx_message(ctx), "Z\xc3\xbcrich");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ff_fail(ctx, FF_EIO, "%s", name);
    ck_assert_uint_lt(strlen(ff_ctx_message(ctx)), FF_MESSAGE_BYTES);
    ff_fail(ctx, FF_EIO, "again: %s", ff_ctx_message(ctx)); /* its own message as an argument */
    ck_assert_int_eq(strncmp(ff_ctx_message(ctx), "again: xxx", 10), 0);
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(system_errors_become_statuses)
{
    struct ff_ctx *ctx = new_ctx();

    ck_assert_int_eq(ff_fail_errno(ctx, ENOSPC, "x"), FF_EFULL);
    ck_assert_int_eq(ff_fail_errno(ctx, EDQUOT, "x"), FF_EFULL);
    ck_assert_int_eq(ff_fail_errno(ctx, EFBIG, "x"), FF_EFBIG);
    ck_assert_int_eq(ff_fail_errno(ctx, ENOMEM, "x"), FF_ENOMEM);
    ck_assert_int_eq(ff_fail_errno(ctx, EIO, "x"), FF_EIO);
    ck_assert_int_eq(ff_fail_errno(ctx, ENOENT, "reading %s", "f"), FF_ENOTFOUND);
    ck_assert_str_eq(ff_ctx_message(ctx), "reading f: No such file or directory");
    ff_ctx_free(ctx);
}
END_TEST

static void keep_warning(void *arg, const char *text)
{
    char *kept = arg;

    strcpy(kept, text);
}

static void drop_warnings(void *arg, const char *text)
{
    (void)text;
    ff_ctx_on_warning(arg, NULL, NULL);
}

START_TEST(the_hook_may_call_the_context)
{
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ff_ctx_on_warning(ctx, drop_warnings, ctx);
    ff_warn(ctx, "once");
    ff_warn(ctx, "dropped");
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(warnings_reach_the_hook_in_one_line)
{
    struct ff_ctx *ctx = new_ctx();
    char kept[FF_MESSAGE_BYTES] = "";

    ff_warn(ctx, "dropped");
    ff_ctx_on_warning(ctx, keep_warning, kept);
    ff_warn(ctx, "odd\n%d", 7);
    ck_assert_str_eq(kept, "odd\\n7");
    ff_ctx_on_warning(ctx, NULL, NULL);
    ff_warn(ctx, "dropped");
    ck_assert_str_eq(kept, "odd\\n7");
    ff_ctx_free(ctx);
}
END_TEST

START_TEST(every_status_has_a_text)
{
    for (int status = FF_OK; status >= FF_EFBIG; status--)
        ck_assert_str_ne(ff_status_text((enum ff_status)status), "unknown status");
    ck_assert_str_eq(ff_status_text((enum ff_status) - 99), "unknown status");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: memory");
    TCase *tests = tcase_create("memory");

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, memory_is_zeroed_and_aligned);
    tcase_add_test(tests, accounts_are_exact_for_each_category);
    tcase_add_test(tests, peaks_are_of_the_moment_not_of_the_sum);
    tcase_add_test(tests, limit_is_kept_to_the_byte);
    tcase_add_test(tests, the_limit_holds_for_what_others_allocate);
    tcase_add_test(tests, threads_share_one_account_and_one_limit);
    tcase_add_test(tests, the_chosen_allocation_fails_once);
    tcase_add_test(tests, impossible_sizes_are_refused);
    tcase_add_test(tests, metrics_of_the_process_are_plausible);
    tcase_add_test(tests, every_category_has_a_name);
    tcase_add_test(tests, messages_are_one_line_whatever_names_hold);
    tcase_add_test(tests, system_errors_become_statuses);
    tcase_add_test(tests, warnings_reach_the_hook_in_one_line);
    tcase_add_test(tests, the_hook_may_call_the_context);
    tcase_add_test(tests, every_status_has_a_text);
    return run_suite(suite);
}
