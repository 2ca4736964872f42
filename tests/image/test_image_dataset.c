/* Directories of images as datasets: their layouts, classes, shapes, and how they are described. */
#include "data/image.h"
#include "fixtures/dataset_fixture.h"
#include "fixtures/image_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDE 4 /* pixels */

/* Writes DIRECTORY/NAME, an even grey image of SIDE x SIDE, or a coloured one. */
static void put(const char *name, unsigned char level, bool colour)
{
    unsigned char pixels[SIDE * SIDE * 3];

    memset(pixels, level, sizeof pixels);
    image_write_pnm(directory, name, SIDE, SIDE, colour ? 3 : 1, pixels);
}

/* Three images of two classes; levels are their numbers in the order of the dataset, from 1. */
static void put_pets(const char *prefix)
{
    char name[256];

    snprintf(name, sizeof name, "%s/dog/z.pgm", prefix);
    put(name, 3, false);
    snprintf(name, sizeof name, "%s/cat/b.PGM", prefix);
    put(name, 2, false);
    snprintf(name, sizeof name, "%s/cat/a10.pgm", prefix);
    put(name, 1, false);
}

/* What a dataset of at most 8 images is. */
struct content {
    struct ff_dataset_info info;
    struct ff_schema schema;
    struct ff_data_files files;
    unsigned char level[8][3]; /* the first values of each image */
    uint16_t label[8];
};

static int load(const struct ff_dataset_spec *spec, struct content *out)
{
    struct ff_dataset *dataset;
    unsigned char *values;
    size_t n, done = 0;
    int status = ff_dataset_open(ctx, spec, &dataset);

    memset(out, 0, sizeof *out);
    if (status != FF_OK)
        return status;
    out->info = dataset->info;
    ck_assert_uint_le(out->info.rows, 8);
    values = malloc(dataset->info.features);
    do {
        status = ff_dataset_read(dataset, 1, values, &out->label[done], &n);
        if (status == FF_OK && n > 0)
            memcpy(out->level[done], values, dataset->info.features < 3 ? 1 : 3);
        done += n;
    } while (status == FF_OK && n > 0);
    if (status == FF_OK)
        status = ff_dataset_describe(dataset, &out->files);
    out->schema = dataset->schema;
    dataset->schema = (struct ff_schema){.n_columns = 0};
    ff_dataset_close(dataset);
    free(values);
    if (status != FF_OK)
        ff_schema_release(&out->schema);
    return status;
}

static struct content take(const struct ff_dataset_spec *spec)
{
    struct content content;

    ck_assert_msg(load(spec, &content) == FF_OK, "%s", ff_ctx_message(ctx));
    return content;
}

static void ck_load(const struct ff_dataset_spec *spec, int status, const char *says)
{
    struct content content;

    ck_status(load(spec, &content), status, says);
}

static void ck_pets(const struct content *content)
{
    ck_assert_uint_eq(content->info.rows, 3);
    ck_assert_uint_eq(content->info.classes, 2);
    ck_assert_str_eq(content->schema.classes[0], "cat");
    ck_assert_str_eq(content->schema.classes[1], "dog");
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(content->level[i][0], i + 1);
        ck_assert_uint_eq(content->label[i], i == 2);
    }
}

/* ---- Layouts ---- */

START_TEST(each_layout_is_found)
{
    static const char *const prefixes[] = {".", "train", "test", "val", "valid"};
    struct ff_dataset_spec spec = {.path = directory,
                                   .split = _i < 2 ? FF_SPLIT_TRAIN : FF_SPLIT_TEST};
    struct content content;

    if (_i > 1)
        put("train/mouse/0.pgm", 9, false);
    put_pets(prefixes[_i]);
    content = take(&spec);
    ck_pets(&content);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_class_may_be_called_train)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct content content;

    put("train/0.pgm", 1, false);
    put("plane/0.pgm", 2, false);
    content = take(&spec);
    ck_assert_str_eq(content.schema.classes[1], "train");
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_missing_split_is_an_error)
{
    struct ff_dataset_spec spec = {.path = directory, .split = FF_SPLIT_TEST};

    put_pets("train");
    ck_load(&spec, FF_ENOTFOUND, "no directory test, val or valid");
    put("test/0.pgm", 1, false); /* without a class */
    ck_load(&spec, FF_ENOTFOUND, "no directory test, val or valid");
}
END_TEST

START_TEST(images_without_classes_are_for_prediction_only)
{
    struct ff_dataset_spec spec = {.path = directory};
    struct content content;

    put("b.pgm", 3, false);
    put("a10.pgm", 1, false);
    put("a9.pgm", 2, false);
    put(".hidden.pgm", 9, false);
    ck_load(&spec, FF_EFORMAT, "images without labels");
    spec.unlabelled = true;
    content = take(&spec);
    ck_assert_uint_eq(content.info.rows, 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(content.level[i][0], i + 1);
    ff_schema_release(&content.schema);
    spec.path = data_path(directory, "b.pgm");
    content = take(&spec);
    ck_assert_uint_eq(content.info.rows, 1);
    ck_assert_uint_eq(content.level[0][0], 3);
    ff_schema_release(&content.schema);
    spec.unlabelled = false;
    ck_load(&spec, FF_EFORMAT, "an image alone has no label");
}
END_TEST

START_TEST(other_formats_come_first)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const struct ff_dataset_spec spec = {.path = directory};
    struct ff_dataset *dataset;

    fixture->write(fixture, directory, 3);
    put_pets(".");
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    ck_assert_str_eq(dataset->info.format, "idx");
    ff_dataset_close(dataset);
}
END_TEST

START_TEST(what_is_no_image_is_counted_in_one_warning)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct data_bytes text = {0};
    struct content content;

    put_pets(".");
    data_put(&text, "x", 1);
    data_write(directory, "cat/notes.txt", &text);
    ck_assert_int_eq(mkdir(data_path(directory, "dog/more"), 0777), 0);
    put("dog/.hidden.pgm", 9, false);
    put(".cache/0.pgm", 9, false);
    keep_warnings();
    content = take(&spec);
    ck_pets(&content);
    ff_schema_release(&content.schema);
    ck_assert_ptr_nonnull(strstr(warnings, ": 2 entries in directories of classes are no images"));
    ck_assert_ptr_eq(strchr(warnings, '\n'), strrchr(warnings, '\n'));
}
END_TEST

START_TEST(images_beside_the_classes_are_counted_in_one_warning)
{
    const struct ff_image image = {.height = SIDE, .width = SIDE, .channels = 1};
    struct ff_dataset_spec spec = {.path = directory};
    struct content content, later;

    put_pets("train");
    put_pets("test");
    put("train/stray.pgm", 9, false);
    put("train/lost.pgm", 9, false);
    put("test/stray.pgm", 9, false);
    keep_warnings();
    content = take(&spec);
    ck_pets(&content);
    ck_assert_ptr_nonnull(
        strstr(warnings, "/train: 2 images beside the directories of classes (lost.pgm, for "
                         "example) are ignored"));
    ck_assert_ptr_eq(strchr(warnings, '\n'), strrchr(warnings, '\n'));
    keep_warnings();
    spec.schema = &content.schema;
    spec.image = &image;
    spec.split = FF_SPLIT_TEST;
    later = take(&spec);
    ck_assert_str_eq(warnings, "");
    ff_schema_release(&later.schema);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(a_class_without_images_is_an_error)
{
    const struct ff_dataset_spec spec = {.path = directory};

    put_pets(".");
    ck_assert_int_eq(mkdir(data_path(directory, "fish"), 0777), 0);
    ck_load(&spec, FF_EINVAL, "fish: a directory of a class without images");
}
END_TEST

START_TEST(names_of_classes_are_utf8)
{
    const struct ff_dataset_spec spec = {.path = directory};

    put("a/0.pgm", 1, false);
    put("\xff/0.pgm", 1, false);
    ck_load(&spec, FF_EINVAL, "not UTF-8");
}
END_TEST

START_TEST(labels_in_a_file_are_refused)
{
    const struct ff_dataset_spec spec = {.path = directory, .labels = "labels.npy"};

    put_pets(".");
    ck_load(&spec, FF_EINVAL, "--labels is not supported");
}
END_TEST

/* ---- Classes of a model ---- */

START_TEST(classes_are_those_of_the_model)
{
    static char ant[] = "ant", dog[] = "dog";
    char *classes[] = {ant, dog};
    const struct ff_schema schema = {.n_classes = 2, .classes = classes};
    const struct ff_dataset_spec spec = {.path = directory, .schema = &schema};
    struct content content;

    put_pets(".");
    content = take(&spec);
    ck_assert_uint_eq(content.info.classes, 2);
    ck_assert_uint_eq(content.label[0], FF_LABEL_UNSEEN);
    ck_assert_uint_eq(content.label[1], FF_LABEL_UNSEEN);
    ck_assert_uint_eq(content.label[2], 1);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(numbers_need_no_names)
{
    const struct ff_schema schema = {.n_classes = 12};
    struct ff_dataset_spec spec = {.path = directory};
    struct content content;

    put("0/a.pgm", 1, false);
    put("1/a.pgm", 2, false);
    content = take(&spec);
    ck_assert_ptr_null(content.schema.classes);
    ff_schema_release(&content.schema);
    put("11/a.pgm", 3, false);
    spec.schema = &schema;
    content = take(&spec);
    ck_assert_uint_eq(content.label[2], 11);
    ff_schema_release(&content.schema);
}
END_TEST

/* ---- Shapes ---- */

START_TEST(one_image_in_colour_makes_all_coloured)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct content content;

    put_pets(".");
    put("emu/a.ppm", 4, true);
    content = take(&spec);
    ck_assert_uint_eq(content.info.channels, 3);
    ck_assert_uint_eq(content.info.features, SIDE * SIDE * 3);
    ck_assert(!content.info.planar);
    ck_assert_uint_eq(content.level[0][0], 1);
    ck_assert_uint_eq(content.level[0][2], 1);
    ff_schema_release(&content.schema);
}
END_TEST

/* Writes an image of 2 x 3 pixels: a column of 10 and one of 30. */
static void put_odd(const char *name)
{
    static const unsigned char pixels[] = {10, 30, 10, 30, 10, 30};

    image_write_pnm(directory, name, 2, 3, 1, pixels);
}

START_TEST(another_size_is_an_error_that_names_the_image)
{
    struct ff_dataset_spec spec = {.path = directory};
    struct content content;

    put_pets(".");
    put_odd("dog/odd.pgm");
    ck_load(&spec, FF_EMISMATCH, "dog/odd.pgm: 2 x 3 pixels");
    ck_says("cat/a10.pgm has 4 x 4");
    ck_says("--resize 4x4");
    spec.resize_width = 1;
    spec.resize_height = 2;
    content = take(&spec);
    ck_assert_uint_eq(content.info.features, 2);
    ck_assert(content.schema.image_files && content.schema.resizes);
    ck_assert_uint_eq(content.level[2][0], 20); /* odd.pgm is before z.pgm */
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(images_are_resized_as_for_the_model)
{
    struct ff_schema schema = {.n_classes = 2, .image_files = true, .resizes = true};
    struct ff_image image = {.height = 1, .width = 1, .channels = 3};
    const struct ff_dataset_spec spec = {
        .path = directory, .unlabelled = true, .schema = &schema, .image = &image};
    struct content content;

    put_odd("a.pgm");
    content = take(&spec);
    ck_assert_uint_eq(content.info.features, 3);
    ck_assert_uint_eq(content.level[0][2], 20);
    ff_schema_release(&content.schema);
    schema.resizes = false;
    ck_load(&spec, FF_EMISMATCH, "2 x 3 pixels, but the model was trained on 1 x 1");
    put("a.pgm", 1, true);
    image = (struct ff_image){.height = SIDE, .width = SIDE, .channels = 1};
    ck_load(&spec, FF_EMISMATCH, "is in colour");
}
END_TEST

/* As of CIFAR-10: all red, then all green, then all blue values. */
START_TEST(images_are_planar_if_those_of_the_model_are)
{
    static const unsigned char pixels[] = {1, 2, 3, 4, 5, 6};
    const struct ff_schema schema = {.n_classes = 2};
    const struct ff_image image = {.height = 1, .width = 2, .channels = 3, .planar = true};
    const struct ff_dataset_spec spec = {
        .path = directory, .unlabelled = true, .schema = &schema, .image = &image};
    struct content content;

    image_write_pnm(directory, "a.ppm", 2, 1, 3, pixels);
    content = take(&spec);
    ck_assert_uint_eq(content.level[0][0], 1);
    ck_assert_uint_eq(content.level[0][1], 4);
    ck_assert_uint_eq(content.level[0][2], 2);
    ff_schema_release(&content.schema);
}
END_TEST

START_TEST(only_image_files_are_resized)
{
    const struct data_fixture *fixture = fixture_named("idx");
    const struct ff_dataset_spec spec = {.path = directory, .resize_width = 2, .resize_height = 2};

    fixture->write(fixture, directory, 3);
    ck_load(&spec, FF_EINVAL, "--resize is for image files");
}
END_TEST

/* ---- Description ---- */

static struct ff_data_file describe(void)
{
    const struct ff_dataset_spec spec = {.path = directory};
    struct content content = take(&spec);

    ff_schema_release(&content.schema);
    ck_assert_uint_eq(content.files.count, 1);
    return content.files.file[0];
}

START_TEST(the_hash_covers_names_classes_and_contents)
{
    struct ff_data_file before, after;

    put_pets(".");
    before = describe();
    after = describe();
    ck_assert_str_eq(after.hash, before.hash);
    put("cat/b.PGM", 7, false);
    after = describe();
    ck_assert_uint_eq(after.bytes, before.bytes);
    ck_assert_str_ne(after.hash, before.hash);
    put("cat/b.PGM", 2, false);
    ck_assert_str_eq(describe().hash, before.hash);
    ck_assert_int_eq(rename(data_path(directory, "cat/b.PGM"), data_path(directory, "cat/c.pgm")),
                     0);
    ck_assert_str_ne(describe().hash, before.hash);
    ck_assert_int_eq(rename(data_path(directory, "cat/c.pgm"), data_path(directory, "cat/b.PGM")),
                     0);
    ck_assert_int_eq(rename(data_path(directory, "dog"), data_path(directory, "hound")), 0);
    ck_assert_str_ne(describe().hash, before.hash);
}
END_TEST

/* Changes a dataset after its first row; reading or describing it must notice. */
START_TEST(a_change_while_it_is_read_is_an_error)
{
    const struct ff_dataset_spec spec = {.path = directory};
    unsigned char values[SIDE * SIDE];
    struct ff_data_files files;
    struct ff_dataset *dataset;
    uint16_t label;
    size_t n;

    put_pets(".");
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    ck_assert_int_eq(ff_dataset_read(dataset, 1, values, &label, &n), FF_OK);
    if (_i == 0)
        put("dog/0.pgm", 1, false);
    else if (_i == 1)
        unlink(data_path(directory, "dog/z.pgm"));
    else
        put("dog/z.pgm", 1, true);
    ck_assert_int_ne(ff_dataset_describe(dataset, &files), FF_OK);
    ff_dataset_close(dataset);
}
END_TEST

static void add_layouts(TCase *tc)
{
    tcase_add_loop_test(tc, each_layout_is_found, 0, 5);
    tcase_add_test(tc, a_class_may_be_called_train);
    tcase_add_test(tc, a_missing_split_is_an_error);
    tcase_add_test(tc, images_without_classes_are_for_prediction_only);
    tcase_add_test(tc, other_formats_come_first);
    tcase_add_test(tc, what_is_no_image_is_counted_in_one_warning);
    tcase_add_test(tc, images_beside_the_classes_are_counted_in_one_warning);
    tcase_add_test(tc, a_class_without_images_is_an_error);
    tcase_add_test(tc, names_of_classes_are_utf8);
    tcase_add_test(tc, labels_in_a_file_are_refused);
}

int main(void)
{
    Suite *suite = suite_create("image: datasets");
    TCase *shapes = dataset_tcase(suite, "shapes");
    TCase *files = dataset_tcase(suite, "files");

    add_layouts(dataset_tcase(suite, "layouts"));
    tcase_add_test(shapes, classes_are_those_of_the_model);
    tcase_add_test(shapes, numbers_need_no_names);
    tcase_add_test(shapes, one_image_in_colour_makes_all_coloured);
    tcase_add_test(shapes, another_size_is_an_error_that_names_the_image);
    tcase_add_test(shapes, images_are_resized_as_for_the_model);
    tcase_add_test(shapes, images_are_planar_if_those_of_the_model_are);
    tcase_add_test(shapes, only_image_files_are_resized);
    tcase_add_test(files, the_hash_covers_names_classes_and_contents);
    tcase_add_loop_test(files, a_change_while_it_is_read_is_an_error, 0, 3);
    return run_suite(suite);
}
