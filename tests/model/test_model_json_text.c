/* Paths of any bytes in JSON, and JSON as text. */
#include "model/json_text.h"
#include "support/suite.h"

#include <check.h>
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

/* PATH by way of JSON text; malloc'd. */
static char *by_text(const char *path)
{
    json_t *object = json_object(), *copy;
    char *text, *back;

    ck_assert_int_eq(ff_json_set_path(object, "path", path), 0);
    text = ff_json_text(object, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    copy = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(copy != NULL, "%s", text);
    ck_assert_int_eq(ff_json_get_path(ctx, copy, "path", &back), FF_OK);
    json_decref(copy);
    json_decref(object);
    free(text);
    return back;
}

START_TEST(paths_of_any_bytes_are_read_back_exactly)
{
    static const char *const paths[] = {"/data/caf\xe9",
                                        "\xff",
                                        "/a\x80\xc0\xaf/\xed\xa0\x80",
                                        "\xc3\xa9\xe9\n\x01 \\xe9",
                                        "plain",
                                        "\\xe9",
                                        "Z\xc3\xbcrich"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *back = by_text(paths[i]);

        ck_assert_str_eq(back, paths[i]);
        free(back);
    }
    ck_assert_ptr_null(by_text(NULL));
}
END_TEST

START_TEST(every_byte_is_read_back_in_every_place)
{
    char path[4] = "abc";

    for (int place = 0; place < 3; place++) {
        for (int byte = 1; byte < 256; byte++) {
            char *back;

            strcpy(path, "abc");
            path[place] = (char)byte;
            back = by_text(path);
            ck_assert_str_eq(back, path);
            free(back);
        }
    }
}
END_TEST

START_TEST(paths_stay_readable)
{
    json_t *object = json_object();

    ck_assert_int_eq(ff_json_set_path(object, "path", "/caf\xe9"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(object, "path")), "/caf\\xe9");
    ck_assert_str_eq(json_string_value(json_object_get(object, "path_hex")), "2f636166e9");
    json_decref(object);
}
END_TEST

START_TEST(damaged_bytes_of_a_path_are_refused)
{
    static const char *const damaged[] = {"", "2", "2f2", "2g", "2F", "00", "2f00", "2f 0"};
    json_t *object = json_object();
    char *path;

    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        json_object_set_new(object, "path_hex", json_string(damaged[i]));
        ck_assert_int_eq(ff_json_get_path(ctx, object, "path", &path), FF_ECORRUPT);
        ck_assert_ptr_null(path);
    }
    json_object_set_new(object, "path_hex", json_integer(7));
    ck_assert_int_eq(ff_json_get_path(ctx, object, "path", &path), FF_ECORRUPT);
    json_object_del(object, "path_hex");
    json_object_set_new(object, "path", json_integer(7));
    ck_assert_int_eq(ff_json_get_path(ctx, object, "path", &path), FF_ECORRUPT);
    json_decref(object);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: JSON as text");
    TCase *tc = tcase_create("paths");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, paths_of_any_bytes_are_read_back_exactly);
    tcase_add_test(tc, every_byte_is_read_back_in_every_place);
    tcase_add_test(tc, paths_stay_readable);
    tcase_add_test(tc, damaged_bytes_of_a_path_are_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
