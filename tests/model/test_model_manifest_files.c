/* The files of the data in a manifest: they come back as they were, and what is none is refused. */
#include "model/manifest_files.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ff_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

/* Reads COUNT files, all like FILE. */
static int read_with_file(const char *file, int count)
{
    json_t *array = json_array();
    struct ff_data_files out;
    int status;

    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_loads(file, 0, NULL));
    status = ff_manifest_files_read(ctx, array, &out);
    ck_assert(status != FF_OK || out.count == (uint32_t)count);
    json_decref(array);
    return status;
}

#define HASH "\"hash\":\"0123456789abcdef0123456789abcdef\"}"

START_TEST(files_are_bounded)
{
    static const char good[] = "{\"name\":\"x\",\"bytes\":1,\"mtime\":-5," HASH;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"name\":\"\",\"bytes\":1,\"mtime\":1," HASH,
        "{\"name\":\"../x\",\"bytes\":1,\"mtime\":1," HASH,
        "{\"name\":5,\"bytes\":1,\"mtime\":1," HASH,
        "{\"name\":\"x\",\"bytes\":-1,\"mtime\":1," HASH,
        "{\"name\":\"x\",\"bytes\":1.5,\"mtime\":1," HASH,
        "{\"name\":\"x\",\"bytes\":1,\"mtime\":\"1\"," HASH,
        "{\"name\":\"x\",\"bytes\":1," HASH,
        "{\"name\":\"x\",\"bytes\":1,\"mtime\":1,\"hash\":\"\"}",
        "{\"name\":\"x\",\"bytes\":1,\"mtime\":1,\"hash\":"
        "\"0123456789abcdef0123456789abcdeg\"}",
        "{\"name\":\"x\",\"bytes\":1,\"mtime\":1,\"hash\":"
        "\"0123456789abcdef0123456789abcdef0\"}",
    };
    char *name;

    ck_assert_int_eq(read_with_file(good, 0), FF_OK);
    ck_assert_int_eq(read_with_file(good, FF_DATA_FILES), FF_OK);
    ck_assert_int_eq(read_with_file(good, FF_DATA_FILES + 1), FF_ECORRUPT);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(read_with_file(bad[i], 1) == FF_ECORRUPT, "%s", bad[i]);
    for (int length = 255; length <= 256; length++) {
        ck_assert_int_gt(
            asprintf(&name, "{\"name\":\"%0*d\",\"bytes\":1,\"mtime\":1," HASH, length, 0), 0);
        ck_assert_int_eq(read_with_file(name, 1), length == 255 ? FF_OK : FF_ECORRUPT);
        free(name);
    }
}
END_TEST

START_TEST(files_are_read_back_as_written)
{
    const struct ff_data_files files = {
        2,
        {{"images.npy", 784000, 1700000000123456789, "fedcba9876543210fedcba9876543210"},
         {"y_\xc3\xa4 \".npy", INT64_MAX, -1, "00000000000000000000000000000000"}}};
    json_t *array = ff_manifest_files_write(&files);
    struct ff_data_files back;

    ck_assert_int_eq(ff_manifest_files_read(ctx, array, &back), FF_OK);
    ck_assert(ff_data_files_equal(&back, &files));
    json_decref(array);
    ck_assert_int_eq(ff_manifest_files_read(ctx, NULL, &back), FF_OK);
    ck_assert_uint_eq(back.count, 0);
    array = json_object();
    ck_assert_int_eq(ff_manifest_files_read(ctx, array, &back), FF_ECORRUPT);
    json_decref(array);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: the files in a manifest");
    TCase *tc = tcase_create("files");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, files_are_bounded);
    tcase_add_test(tc, files_are_read_back_as_written);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
