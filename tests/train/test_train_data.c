/* A model resumes only on the data that it was trained on: corrected files are distinguished from
 * such as were merely written again, moved or unpacked. */
#include "data/dataset.h"
#include "fixtures/data_fixture.h"
#include "model/manifest.h"
#include "store/model_file.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 200
#define HIDDEN "24x2"
#define LABELS "train-labels-idx1-ubyte"
#define IMAGES "train-images-idx3-ubyte"
#define SOME_LABEL 100 /* where one is in the file of labels */

static struct ff_train_result result = {.size = sizeof result};

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

/* Trains for AT questions of whether to stop. */
static void train_part(long at)
{
    long left = at;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    opts.interrupted = NULL;
}

static int resume(bool named)
{
    struct ff_train_opts own = opts;

    if (!named)
        own.data = (struct ff_data_source){.path = NULL};
    return ff_train_resume(ctx, &own, &result);
}

/* Changes a label in the file NAME of the directory. */
static void correct_label(const char *name)
{
    FILE *file = fopen(train_path(directory, name), "r+b");
    int label;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, SOME_LABEL, SEEK_SET), 0);
    label = fgetc(file);
    ck_assert_int_eq(fseek(file, SOME_LABEL, SEEK_SET), 0);
    fputc((label + 1) % TRAIN_CLASSES, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void copy_data(const char *name, const char *to)
{
    struct data_bytes bytes = data_read(train_path(directory, "data"), name);

    data_write(train_path(directory, to), name, &bytes);
}

START_TEST(corrected_labels_are_not_trained_past)
{
    train_part(60);
    correct_label("data/" LABELS);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH,
              LABELS " (208 bytes then and now) has changed");
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "--force"));
    ck_status(resume(false), FF_EMISMATCH, LABELS);
    ck_status(resume(true), FF_EMISMATCH, LABELS);
    ck_assert_ptr_null(strstr(ff_ctx_message(ctx), IMAGES));
    opts.force = true;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert(!result.resumed);
}
END_TEST

START_TEST(a_complete_model_is_not_one_of_corrected_data)
{
    train_ok(ctx, &recipe, &opts);
    correct_label("data/" LABELS);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH, LABELS);
    ck_status(resume(true), FF_EMISMATCH, LABELS);
    ck_assert_int_eq(resume(false), FF_OK);
    ck_assert(result.was_complete);
}
END_TEST

static int64_t recorded_mtime(const char *name)
{
    struct ff_data_file_info file = {.size = sizeof file};
    struct ff_model *model;
    int64_t mtime = -1;

    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
    for (uint32_t i = 0; ff_model_data_file(model, i, &file) == FF_OK; i++) {
        if (strcmp(file.name, name) == 0)
            mtime = file.mtime_ns;
    }
    ff_model_close(model);
    return mtime;
}

START_TEST(a_file_written_again_is_the_same_and_its_time_is_kept)
{
    const int64_t ns = 1000000000;

    for (int complete = 0; complete <= 1; complete++) {
        time_t written = TRAIN_MTIME + 10 + complete;

        if (complete)
            train_ok(ctx, &recipe, &opts);
        else
            train_part(60);
        ck_assert_int_eq(recorded_mtime(IMAGES), TRAIN_MTIME * ns);
        train_set_mtime(train_path(directory, "data/" LABELS), written);
        ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
        ck_assert(result.resumed);
        ck_assert_int_eq(recorded_mtime(LABELS), written * ns);
    }
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(reading_the_data_again_can_be_interrupted)
{
    train_part(60);
    train_set_mtime(train_path(directory, "data/" LABELS), TRAIN_MTIME + 1);
    train_part(0);
    ck_assert(result.resumed && result.saved);
    ck_assert_uint_eq(result.samples, ROWS);
    ck_assert_int_eq(recorded_mtime(LABELS), TRAIN_MTIME * INT64_C(1000000000));
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Which is seen by what would be found. */
START_TEST(files_of_the_same_size_and_time_are_not_read)
{
    train_part(60);
    correct_label("data/" LABELS);
    train_set_mtime(train_path(directory, "data/" LABELS), TRAIN_MTIME);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(data_at_another_place_is_compared_by_content)
{
    char *other = strdup(train_path(directory, "other"));

    ck_assert_int_eq(mkdir(other, 0700), 0);
    copy_data(IMAGES, "other");
    copy_data(LABELS, "other");
    train_set_mtime(train_path(directory, "other/" IMAGES), TRAIN_MTIME);
    train_set_mtime(train_path(directory, "other/" LABELS), TRAIN_MTIME);
    train_part(60);
    correct_label("other/" LABELS);
    train_set_mtime(train_path(directory, "other/" LABELS), TRAIN_MTIME);
    free((char *)(uintptr_t)opts.data.path);
    opts.data.path = other;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH, LABELS " (208 bytes");
    copy_data(LABELS, "other");
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(the_rows_count_not_how_they_are_packed)
{
    struct data_bytes bytes = data_read(train_path(directory, "data"), LABELS);

    train_part(60);
    ck_assert_int_eq(unlink(train_path(directory, "data/" LABELS)), 0);
    data_write_gz(train_path(directory, "data"), LABELS ".gz", &bytes);
    ck_assert_int_eq(resume(false), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* A plain file is found before a compressed one. */
START_TEST(a_file_beside_the_one_that_was_read_is_noticed)
{
    const char *data = train_path(directory, "data");
    struct data_bytes bytes = data_read(data, LABELS), same = data_read(data, LABELS);

    ck_assert_int_eq(unlink(train_path(directory, "data/" LABELS)), 0);
    data_write_gz(data, LABELS ".gz", &bytes);
    train_set_mtime(train_path(directory, "data/" LABELS ".gz"), TRAIN_MTIME);
    train_part(60);
    data_write(data, LABELS, &same);
    correct_label("data/" LABELS);
    ck_status(resume(false), FF_EMISMATCH, LABELS " (new)");
}
END_TEST

START_TEST(scratch_suffices_without_the_data)
{
    train_part(60);
    ck_assert_int_eq(rename(train_path(directory, "data"), train_path(directory, "gone")), 0);
    ck_assert_int_eq(resume(false), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Makes the model one of a version that kept neither files nor the number of all samples. */
static void make_older(void)
{
    struct ff_model_file *file;
    struct ff_manifest manifest;
    char *text;

    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_WRITE, &file), FF_OK);
    ck_assert_int_eq(ff_manifest_load(ctx, file, &manifest), FF_OK);
    ff_model_file_unpin(file);
    manifest.files.count = 0;
    manifest.all_samples = 0;
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(ff_model_file_flip(file, text), FF_OK);
    free(text);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
}

START_TEST(an_older_model_resumes_on_the_same_rows_only)
{
    train_part(60);
    make_older();
    correct_label("data/" LABELS);
    ck_status(resume(false), FF_EMISMATCH, "the data has changed");
    for (int i = 1; i < TRAIN_CLASSES; i++)
        correct_label("data/" LABELS);
    ck_assert_int_eq(resume(false), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
    ck_assert_int_ne(recorded_mtime(LABELS), -1);
}
END_TEST

START_TEST(an_older_model_of_limited_data_takes_the_first_rows)
{
    opts.limit_rows = 130;
    train_part(0);
    make_older();
    ck_assert_int_eq(resume(false), FF_OK);
    ck_assert_uint_eq(result.samples, 130);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, 130));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: the data of a model");
    TCase *tc = tcase_create("data");

    tcase_add_unchecked_fixture(tc, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tc, setup, training_end);
    tcase_add_test(tc, corrected_labels_are_not_trained_past);
    tcase_add_test(tc, a_complete_model_is_not_one_of_corrected_data);
    tcase_add_test(tc, a_file_written_again_is_the_same_and_its_time_is_kept);
    tcase_add_test(tc, reading_the_data_again_can_be_interrupted);
    tcase_add_test(tc, files_of_the_same_size_and_time_are_not_read);
    tcase_add_test(tc, data_at_another_place_is_compared_by_content);
    tcase_add_test(tc, the_rows_count_not_how_they_are_packed);
    tcase_add_test(tc, a_file_beside_the_one_that_was_read_is_noticed);
    tcase_add_test(tc, scratch_suffices_without_the_data);
    tcase_add_test(tc, an_older_model_resumes_on_the_same_rows_only);
    tcase_add_test(tc, an_older_model_of_limited_data_takes_the_first_rows);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
