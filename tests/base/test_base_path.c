/* Paths that lead to one file, existing or not. */
#include "base/path.h"
#include "support/suite.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[PATH_MAX];

static void enter(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(directory, sizeof directory, "%s/fftool-path-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(mkdir("d", 0700), 0);
    ck_assert_int_eq(symlink("d", "e"), 0);
}

static void leave(void)
{
    static const char *const names[] = {"file", "hard", "link", "e/link", "chain", "loop", "e"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    ck_assert_int_eq(rmdir("d"), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

START_TEST(files_that_exist_are_the_same_by_inode)
{
    close(open("file", O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(link("file", "hard"), 0);
    ck_assert_int_eq(symlink("../file", "d/link"), 0);
    ck_assert(ff_path_same("file", "hard"));
    ck_assert(ff_path_same("e/link", "./file"));
    ck_assert(!ff_path_same("file", "d"));
    ck_assert(!ff_path_same("file", "absent"));
}
END_TEST

START_TEST(files_that_do_not_exist_are_the_same_by_name)
{
    ck_assert_int_eq(symlink("../absent", "d/link"), 0);
    ck_assert_int_eq(symlink("e/link", "chain"), 0);
    ck_assert(ff_path_same("absent", "./d/../absent"));
    ck_assert(ff_path_same("d/absent", "e/absent"));
    ck_assert(ff_path_same("e/link", "absent"));
    ck_assert(ff_path_same("absent", "chain"));
    ck_assert(!ff_path_same("absent", "d/absent"));
    ck_assert(!ff_path_same("absent", "another"));
    ck_assert(!ff_path_same("none/absent", "none/absent")); /* it cannot be created */
}
END_TEST

START_TEST(links_that_end_nowhere_are_no_file)
{
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    ck_assert(!ff_path_same("loop", "loop"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: path");
    TCase *tc = tcase_create("same");

    tcase_add_checked_fixture(tc, enter, leave);
    tcase_add_test(tc, files_that_exist_are_the_same_by_inode);
    tcase_add_test(tc, files_that_do_not_exist_are_the_same_by_name);
    tcase_add_test(tc, links_that_end_nowhere_are_no_file);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
