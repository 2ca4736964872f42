/* The manifest where memory runs out: it is read as it was written, or that is the error. */
#include "model/manifest.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 40

static long left; /* of the parser's allocations that succeed, before one that does not */

static void *fail_once(size_t size)
{
    if (left-- != 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

START_TEST(any_allocation_of_the_parser_may_fail)
{
    struct ff_manifest manifest, again;
    struct ff_model_file *file;
    char *text, *as_read;
    long n, failed = 0;

    training_begin(ROWS, "20x2");
    recipe.epochs = 1;
    train_ok(ctx, &recipe, &opts);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ff_model_file_close(file);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    for (n = 0, left = -1; left < 0; n++) {
        int status;

        left = n;
        json_set_alloc_funcs(fail_once, free);
        status = ff_manifest_read(ctx, "file", text, &again);
        json_set_alloc_funcs(malloc, free);
        failed += status != FF_OK;
        if (status != FF_OK) {
            ck_assert_msg(status == FF_ENOMEM, "%ld: %s", n, ff_ctx_message(ctx));
            continue;
        }
        ck_assert_int_eq(ff_manifest_write(ctx, &again, &as_read), FF_OK);
        ck_assert_str_eq(as_read, text);
        free(as_read);
        ff_manifest_release(&again);
    }
    ck_assert_int_gt(failed, 100);
    free(text);
    ff_manifest_release(&manifest);
    training_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: manifest, memory");
    TCase *tcase = tcase_create("manifest, memory");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_test(tcase, any_allocation_of_the_parser_may_fail);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
