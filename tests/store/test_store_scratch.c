/* Scratch directories: what is removed from them, and temporary ones. */
#include "fixtures/store_fixture.h"
#include "store/activations.h"
#include "support/suite.h"

#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void open_scratch(struct ff_scratch *out)
{
    must(store_ctx, ff_scratch_open(store_ctx, store_path("scratch"), out));
}

/* Leaves the file of an empty set. */
static void make_set(struct ff_scratch *scratch, uint32_t boundary)
{
    struct ff_set *set;

    must(store_ctx, scratch->ops->create(scratch->self, boundary, &set));
    ff_set_close(set);
}

START_TEST(removing_scratch_takes_its_own_files_only)
{
    const char *const kept[] = {"scratch/boundary-x.lmdb", "scratch/boundary-01.lmdb",
                                "scratch/boundary-1.lmdb.bak", "scratch/notes"};
    struct ff_scratch scratch;

    open_scratch(&scratch);
    make_set(&scratch, 0);
    make_set(&scratch, 1234567);
    for (size_t i = 0; i < 4; i++)
        store_write_file(store_path(kept[i]), "x", 1);
    ff_scratch_remove(&scratch);
    ck_assert_int_ne(access(store_path("scratch/boundary-0.lmdb"), F_OK), 0);
    ck_assert_int_ne(access(store_path("scratch/boundary-1234567.lmdb"), F_OK), 0);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(access(store_path(kept[i]), F_OK), 0);
        ck_assert_int_eq(unlink(store_path(kept[i])), 0);
    }
    open_scratch(&scratch);
    ff_scratch_remove(&scratch);
    ck_assert_int_ne(access(store_path("scratch"), F_OK), 0);
}
END_TEST

START_TEST(an_impossible_scratch_directory_is_an_error)
{
    struct ff_scratch scratch;

    store_write_file(store_path("file"), "x", 1);
    must_be(store_ctx, FF_EIO, ff_scratch_open(store_ctx, store_path("file"), &scratch));
    must_be(store_ctx, FF_ENOTFOUND, ff_scratch_open(store_ctx, store_path("no/where"), &scratch));
    ff_scratch_close(&scratch);
}
END_TEST

/* Makes directory NAME with a file of a set in it. */
static void make_remains(const char *name)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s", store_path(name));
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/boundary-0.lmdb");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

/* The temporary directories of the prefix "job"; returns how many, OUT is the first. */
static size_t find_temporary(char out[PATH_MAX])
{
    glob_t found;
    size_t n;

    if (glob(store_path("job-??????"), 0, NULL, &found) != 0)
        return 0;
    n = found.gl_pathc;
    snprintf(out, PATH_MAX, "%s", found.gl_pathv[0]);
    globfree(&found);
    return n;
}

struct reclaimer {
    char prefix[512];
    atomic_bool stop;
};

static void *reclaim(void *arg)
{
    struct reclaimer *reclaimer = arg;

    while (!atomic_load(&reclaimer->stop))
        ff_scratch_reclaim(reclaimer->prefix);
    return NULL;
}

START_TEST(temporary_scratch_is_never_taken_for_a_remain)
{
    struct reclaimer reclaimer = {.stop = false};
    struct ff_scratch scratch;
    char path[PATH_MAX];
    struct ff_set *set;
    pthread_t thread;

    snprintf(reclaimer.prefix, sizeof reclaimer.prefix, "%s", store_path("job"));
    ck_assert_int_eq(pthread_create(&thread, NULL, reclaim, &reclaimer), 0);
    for (int i = 0; i < 200; i++) {
        must(store_ctx, ff_scratch_temporary(store_ctx, reclaimer.prefix, &scratch));
        ck_assert_uint_eq(find_temporary(path), 1);
        must(store_ctx, scratch.ops->create(scratch.self, 0, &set));
        set->ops->close(set);
        ck_assert_uint_eq(find_temporary(path), 1);
        ff_scratch_remove(&scratch);
        ck_assert_uint_eq(find_temporary(path), 0);
    }
    atomic_store(&reclaimer.stop, true);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(temporary_scratch_removes_what_killed_jobs_left)
{
    char prefix[512], directory[PATH_MAX];
    struct ff_scratch held, mine;

    snprintf(prefix, sizeof prefix, "%s", store_path("job"));
    make_remains("job-aaaaaa"); /* a moment old: nobody holds it */
    make_remains("job-bbbbbb");
    make_remains("job-other-dddddd"); /* of another prefix */
    make_remains("job-backup");       /* with a file of somebody else */
    fclose(fopen(store_path("job-backup/notes.txt"), "w"));
    must(store_ctx, ff_scratch_open(store_ctx, store_path("job-bbbbbb"), &held));
    must(store_ctx, ff_scratch_temporary(store_ctx, prefix, &mine));
    ck_assert_int_ne(access(store_path("job-aaaaaa"), F_OK), 0);
    ck_assert_int_eq(access(store_path("job-bbbbbb"), F_OK), 0);
    ck_assert_int_eq(access(store_path("job-backup/notes.txt"), F_OK), 0);
    ck_assert_int_eq(access(store_path("job-other-dddddd"), F_OK), 0);
    ck_assert_uint_eq(find_temporary(directory), 3); /* two were there, one is new */
    ff_scratch_close(&held);
    ff_scratch_remove(&mine);
    ck_assert_uint_eq(find_temporary(directory), 2);
}
END_TEST

/* Where others may write, they may rename the directory and put something else in its place. */
START_TEST(temporary_scratch_is_restored_for_its_user_alone)
{
    char prefix[512], directory[PATH_MAX];
    struct ff_scratch scratch;
    struct ff_set *set;
    struct stat st;

    snprintf(prefix, sizeof prefix, "%s", store_path("job"));
    make_remains("others");
    must(store_ctx, ff_scratch_temporary(store_ctx, prefix, &scratch));
    ck_assert_uint_eq(find_temporary(directory), 1);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(symlink(store_path("others"), directory), 0);
    must_be(store_ctx, FF_EIO, scratch.ops->create(scratch.self, 0, &set));
    scratch.ops->drop_others(scratch.self, FF_NO_BOUNDARY);
    ck_assert(store_is_there("others/boundary-0.lmdb"));

    ck_assert_int_eq(unlink(directory), 0);
    must(store_ctx, scratch.ops->create(scratch.self, 0, &set));
    ff_set_close(set);
    ck_assert_int_eq(lstat(directory, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
    ff_scratch_remove(&scratch);
    ck_assert_uint_eq(find_temporary(directory), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: scratch");
    TCase *tc = tcase_create("scratch");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, removing_scratch_takes_its_own_files_only);
    tcase_add_test(tc, an_impossible_scratch_directory_is_an_error);
    tcase_add_test(tc, temporary_scratch_is_never_taken_for_a_remain);
    tcase_add_test(tc, temporary_scratch_removes_what_killed_jobs_left);
    tcase_add_test(tc, temporary_scratch_is_restored_for_its_user_alone);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
