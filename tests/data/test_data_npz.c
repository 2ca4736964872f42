/* NumPy's .npz: which arrays are taken, by which names, and what is said about archives that are
 * damaged or hold something else. */
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MEMBERS 12 /* most of an archive here */

/* ---- Archives as NumPy writes them ---- */

/* Writes an archive of the arrays that NAMES lists, "x y z"; number i, from 0, has 10 + i / 2 rows,
 * so that each two have as many, and begins with i. */
static const char *save_arrays(const char *name, const char *names, bool deflated)
{
    struct data_member members[MEMBERS];
    char copy[256], files[MEMBERS][64], *rest = copy, *array;
    size_t n = 0;

    snprintf(copy, sizeof copy, "%s", names);
    while ((array = strtok_r(rest, " ", &rest))) {
        ck_assert_uint_lt(n, MEMBERS);
        snprintf(files[n], sizeof files[n], "%s.npy", array);
        members[n] =
            (struct data_member){files[n], digits_array(10 + n / 2, (unsigned)n), deflated};
        n++;
    }
    data_write_zip(directory, name, n, members);
    return data_path(directory, name);
}

/* Opens SPEC; returns the rows, and in *FIRST the first feature. */
static uint64_t opened(const struct ff_dataset_spec *spec, unsigned *first)
{
    struct ff_dataset *dataset;
    unsigned char features[64];
    uint16_t labels[64];
    uint64_t rows;
    size_t n;

    ck_assert_msg(ff_dataset_open(ctx, spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_str_eq(dataset->info.format, "npz");
    rows = dataset->info.rows;
    ck_assert_int_eq(ff_dataset_read(dataset, 64, features, labels, &n), FF_OK);
    ck_assert_uint_eq(n, rows);
    *first = features[0];
    ff_dataset_close(dataset);
    return rows;
}

/* ---- Which arrays ---- */

static const struct {
    const char *arrays; /* of the archive */
    unsigned train, test;
} usual[] = {
    {"x_train y_train x_test y_test", 0, 2},
    {"X_train y_train X_test y_test", 0, 2},
    {"train_images train_labels test_images test_labels", 0, 2},
    {"x y", 0, 0},
    {"y X", 1, 1},
    {"data labels", 0, 0},
    {"images labels", 0, 0},
    {"arr_0 arr_1", 0, 0},
    {"x y x_test y_test", 0, 2},
    {"x_train y_train x y", 0, 2},
};

START_TEST(arrays_of_usual_names_are_found_in_either_split)
{
    struct ff_dataset_spec spec = {.split = FF_SPLIT_TRAIN};
    unsigned first;

    spec.path = save_arrays("data.npz", usual[_i].arrays, _i % 2 > 0);
    opened(&spec, &first);
    ck_assert_uint_eq(first, usual[_i].train);
    spec.split = FF_SPLIT_TEST;
    opened(&spec, &first);
    ck_assert_uint_eq(first, usual[_i].test);
}
END_TEST

START_TEST(a_directory_has_an_archive_for_each_split)
{
    struct ff_dataset_spec spec = {.path = directory, .split = FF_SPLIT_TRAIN};
    unsigned first;

    save_arrays("train.npz", "x y", true);
    save_arrays("test.npz", "a b x_test y_test", false);
    ck_assert_uint_eq(opened(&spec, &first), 10);
    spec.split = FF_SPLIT_TEST;
    ck_assert_uint_eq(opened(&spec, &first), 11);
}
END_TEST

START_TEST(arrays_are_chosen_by_name)
{
    struct ff_dataset_spec spec = {.path = save_arrays("data.npz", "x y one two x_test y_test", 0)};
    unsigned first;

    spec.arrays = "one,two";
    ck_assert_uint_eq(opened(&spec, &first), 11);
    ck_assert_uint_eq(first, 2);
    spec.arrays = "x_test"; /* the labels of its usual name */
    ck_assert_uint_eq(opened(&spec, &first), 12);
    spec.unlabelled = true;
    spec.arrays = "two";
    ck_assert_uint_eq(opened(&spec, &first), 11);
    ck_assert_uint_eq(first, 3);
}
END_TEST

START_TEST(the_only_array_needs_no_name_without_labels)
{
    struct ff_dataset_spec spec = {.path = save_arrays("new.npz", "new", true), .unlabelled = true};
    unsigned first;

    ck_assert_uint_eq(opened(&spec, &first), 10);
    spec.unlabelled = false;
    ck_refused(&spec, FF_EFORMAT, "of these: new");
}
END_TEST

static const struct {
    const char *arrays, *chosen;
    bool unlabelled;
    const char *says;
} unclear[] = {
    {"a b", NULL, false,
     "x_train and y_train, or x and y; give --array IMAGES,LABELS, of these: a, b"},
    {"a b", NULL, true, "give --array NAME, of these: a, b"},
    {"x z", NULL, false, "of these: x, z"},
    {"x_test y_test", NULL, false, "of these: x_test, y_test"},
    {"x y images labels", NULL, false, "several of its arrays have usual names"},
    {"X x y", NULL, false, "several"},
    {"x_train y_train train_images train_labels", NULL, false, "several"},
    {"arr_0 arr_1 arr_2 arr_3", NULL, false, "of these: arr_0, arr_1, arr_2, arr_3"},
    {"a b", "a", false, "the name of the labels is missing"},
    {"a b", "a,", false, "the name of the labels is missing"},
    {"a b", "a,c", false, "has no array \"c\""},
    {"a b", "c,b", false, "has no array \"c\""},
    {"a b", "", false, "has no array \"\""},
    {"a b", "a.npy,b.npy", false, "has no array \"a.npy\""},
    {"x z", "x", false, "has no array \"y\""},
};

START_TEST(names_that_are_not_clear_are_refused_with_a_list)
{
    const struct ff_dataset_spec spec = {.path = save_arrays("data.npz", unclear[_i].arrays, false),
                                         .arrays = unclear[_i].chosen,
                                         .unlabelled = unclear[_i].unlabelled};

    ck_refused(&spec, spec.arrays ? FF_EINVAL : FF_EFORMAT, unclear[_i].says);
}
END_TEST

START_TEST(a_long_name_is_refused)
{
    char name[1000];
    struct ff_dataset_spec spec = {.path = save_arrays("data.npz", "x y", false), .arrays = name};

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_refused(&spec, FF_EINVAL, "too long");
    memcpy(name, "x,", 2);
    ck_refused(&spec, FF_EINVAL, "too long");
}
END_TEST

START_TEST(other_options_and_formats_are_refused)
{
    struct ff_dataset_spec spec = {.path = save_arrays("data.npz", "x y", false),
                                   .labels = "y.npy"};
    struct data_bytes plain = digits_array(5, 0);

    ck_refused(&spec, FF_EINVAL, "--labels is not supported");
    data_write(directory, "x.npy", &plain);
    spec = (struct ff_dataset_spec){
        .path = data_path(directory, "x.npy"), .unlabelled = true, .arrays = "x"};
    ck_refused(&spec, FF_EINVAL, "--array is for archives of arrays (.npz); this is npy");
}
END_TEST

/* ---- Arrays ---- */

START_TEST(images_and_labels_must_be_as_many)
{
    const struct ff_dataset_spec spec = {.path = save_arrays("data.npz", "a b c", true),
                                         .arrays = "b,c"};

    ck_refused(&spec, FF_EMISMATCH, "data.npz: c.npy: 11 labels for the 10 images of ");
}
END_TEST

/* An archive of a 3 x 2 array "x" in Fortran order. */
static const char *save_fortran(bool deflated)
{
    struct data_member member = {
        "x.npy", data_npy(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2)}"), deflated};

    data_put(&member.bytes, "abcdef", 6);
    data_write_zip(directory, "fortran.npz", 1, &member);
    return data_path(directory, "fortran.npz");
}

START_TEST(only_a_stored_array_may_be_in_fortran_order)
{
    struct ff_dataset_spec spec = {.path = save_fortran(false), .unlabelled = true};
    unsigned first;

    ck_assert_uint_eq(opened(&spec, &first), 3);
    spec.path = save_fortran(true);
    ck_refused(&spec, FF_EFORMAT, "Fortran order cannot be read row by row");
}
END_TEST

/* Replaces the bytes WAS, which occur once, by as many of NOW. */
static void patch(const char *name, const char *was, const char *now)
{
    struct data_bytes bytes = data_read(directory, name);
    unsigned char *found = memmem(bytes.at, bytes.n, was, strlen(was));

    ck_assert_ptr_nonnull(found);
    memcpy(found, now, strlen(was));
    data_write(directory, name, &bytes);
}

START_TEST(a_wrong_checksum_is_found_in_any_order)
{
    struct ff_dataset_spec spec = {.path = save_fortran(false), .unlabelled = true};

    patch("fortran.npz", "abcdef", "abcdeg");
    ck_refused(&spec, FF_ECORRUPT, "x.npy: its checksum (CRC-32) is wrong");
    spec.path = save_arrays("data.npz", "x y", false);
    patch("data.npz", "\1\2\3\4\5\6\7\10\11", "\1\2\3\4\5\6\7\10\10");
    ck_refused(&spec, FF_ECORRUPT, "x.npy: its checksum (CRC-32) is wrong");
}
END_TEST

START_TEST(an_archive_of_other_things_lists_them)
{
    struct data_member members[] = {{"mimetype", {0}, false}, {"content.xml", {0}, false}};
    const struct ff_dataset_spec spec = {.path = data_path(directory, "other.zip")};

    for (int i = 0; i < 2; i++)
        data_put(&members[i].bytes, "text", 4);
    data_write_zip(directory, "other.zip", 2, members);
    ck_refused(&spec, FF_EFORMAT, "holds no NumPy arrays (.npy), but mimetype, content.xml");
}
END_TEST

START_TEST(a_member_that_is_no_array_says_so)
{
    struct data_member member = {"x.npy", {0}, true};
    const struct ff_dataset_spec spec = {.path = data_path(directory, "x.npz"), .unlabelled = true};

    data_put(&member.bytes, "no array of NumPy", 17);
    data_write_zip(directory, "x.npz", 1, &member);
    ck_refused(&spec, FF_EFORMAT, "x.npz: x.npy: not a .npy file");
}
END_TEST

#define COUNT(rows) ((int)(sizeof rows / sizeof *rows))

int main(void)
{
    Suite *suite = suite_create("data: NumPy archives");
    TCase *tc = dataset_tcase(suite, "arrays");

    tcase_add_loop_test(tc, arrays_of_usual_names_are_found_in_either_split, 0, COUNT(usual));
    tcase_add_test(tc, a_directory_has_an_archive_for_each_split);
    tcase_add_test(tc, arrays_are_chosen_by_name);
    tcase_add_test(tc, the_only_array_needs_no_name_without_labels);
    tcase_add_loop_test(tc, names_that_are_not_clear_are_refused_with_a_list, 0, COUNT(unclear));
    tcase_add_test(tc, a_long_name_is_refused);
    tcase_add_test(tc, other_options_and_formats_are_refused);
    tcase_add_test(tc, images_and_labels_must_be_as_many);
    tcase_add_test(tc, only_a_stored_array_may_be_in_fortran_order);
    tcase_add_test(tc, a_wrong_checksum_is_found_in_any_order);
    tcase_add_test(tc, an_archive_of_other_things_lists_them);
    tcase_add_test(tc, a_member_that_is_no_array_says_so);
    return run_suite(suite);
}
