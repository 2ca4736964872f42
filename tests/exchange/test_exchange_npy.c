/* NumPy archives and directories of NumPy files: what is written is complete or not there, and
 * nothing else is overwritten. tests/cli/export.sh compares their contents with safetensors. */
#include "support/each_allocation.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 120
#define HIDDEN "140,20" /* two tiles, then one */

static const char *const outputs[] = {"m.npz", "arrays/"};
#define OUTPUTS ((int)(sizeof outputs / sizeof *outputs))

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    train_named("conditioned", &recipe);
    train_ok(ctx, &recipe, &opts);
}

static struct ff_export_opts export_opts(int output)
{
    return (struct ff_export_opts){.size = sizeof(struct ff_export_opts),
                                   .model = opts.model,
                                   .output = train_path(directory, outputs[output])};
}

static int run(const struct ff_export_opts *export)
{
    struct ff_export_result result = {.size = sizeof result};

    return ff_export(ctx, export, &result);
}

/* The entries of the test's directory. */
static int entries(void)
{
    DIR *dir = opendir(directory);
    int n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void touch(const char *name)
{
    FILE *file = fopen(train_path(directory, name), "we");

    ck_assert_ptr_nonnull(file);
    fclose(file);
}

START_TEST(an_existing_output_stays_unless_forced)
{
    struct ff_export_opts export = export_opts(_i);
    int before;

    ck_assert_msg(run(&export) == FF_OK, "%s", ff_ctx_message(ctx));
    before = entries();
    ck_status(run(&export), FF_EEXIST, "exists");
    export.force = true;
    ck_assert_msg(run(&export) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(entries(), before);
}
END_TEST

static bool stop(void *arg)
{
    long *left = arg;

    return --*left <= 0;
}

START_TEST(an_interrupted_export_leaves_nothing)
{
    struct ff_export_opts export = export_opts(_i);
    const int before = entries();

    for (long tiles = 1; tiles < 6; tiles++) {
        long left = tiles;

        export.interrupted = stop;
        export.arg = &left;
        ck_status(run(&export), FF_EINTERRUPTED, "interrupted");
        ck_assert_int_eq(entries(), before);
    }
}
END_TEST

static int use_export(void *arg)
{
    return run(arg);
}

START_TEST(a_failed_allocation_is_reported)
{
    struct ff_export_opts export = export_opts(_i);

    export.force = true;
    ck_assert_int_gt(fail_each_allocation(ctx, use_export, &export, 200), 1);
}
END_TEST

START_TEST(numpy_has_no_bf16)
{
    struct ff_export_opts export = export_opts(_i);
    const int before = entries();

    export.dtype = FF_EXPORT_BF16;
    ck_status(run(&export), FF_EINVAL, "NumPy has no type bf16");
    export.dtype = FF_EXPORT_F16;
    ck_assert_msg(run(&export) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(entries(), before + 1);
}
END_TEST

START_TEST(a_directory_with_other_files_is_not_overwritten)
{
    struct ff_export_opts export = export_opts(1);

    ck_assert_int_eq(mkdir(train_path(directory, "arrays"), 0777), 0);
    touch("arrays/notes.txt");
    export.force = true;
    ck_status(run(&export), FF_EEXIST, "not a directory of exported files alone");
    ck_assert_int_eq(access(train_path(directory, "arrays/notes.txt"), F_OK), 0);
    unlink(train_path(directory, "arrays/notes.txt"));
    touch("arrays/layers.9.weight.npy");
    ck_assert_msg(run(&export) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_ne(access(train_path(directory, "arrays/layers.9.weight.npy"), F_OK), 0);
}
END_TEST

START_TEST(an_unfinished_directory_is_taken_over_unless_in_use)
{
    struct ff_export_opts export = export_opts(1);
    int fd;

    ck_assert_int_eq(mkdir(train_path(directory, "arrays.partial"), 0777), 0);
    touch("arrays.partial/layers.1.weight.npy");
    fd = open(train_path(directory, "arrays.partial"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_status(run(&export), FF_ELOCKED, "another process writes it");
    close(fd);
    touch("arrays.partial/notes.txt");
    ck_status(run(&export), FF_EEXIST, "holds other files");
    unlink(train_path(directory, "arrays.partial/notes.txt"));
    ck_assert_msg(run(&export) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_ne(access(train_path(directory, "arrays.partial"), F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange: NumPy");
    TCase *tests = tcase_create("export");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, training_end);
    tcase_add_loop_test(tests, an_existing_output_stays_unless_forced, 0, OUTPUTS);
    tcase_add_loop_test(tests, an_interrupted_export_leaves_nothing, 0, OUTPUTS);
    tcase_add_loop_test(tests, a_failed_allocation_is_reported, 0, OUTPUTS);
    tcase_add_loop_test(tests, numpy_has_no_bf16, 0, OUTPUTS);
    tcase_add_test(tests, a_directory_with_other_files_is_not_overwritten);
    tcase_add_test(tests, an_unfinished_directory_is_taken_over_unless_in_use);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
