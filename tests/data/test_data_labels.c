/* Labels that are any integers: the classes they become, alone and by the schema of a model. */
#include "data/labels.h"
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 5000 /* labels in a test */

/* ---- The set ---- */

START_TEST(classes_are_in_the_order_of_the_values)
{
    const int64_t values[] = {800, -7, 0, 800, INT64_MAX, 400, INT64_MIN, -7};
    const char *const names[] = {"-9223372036854775808", "-7", "0", "400", "800",
                                 "9223372036854775807"};
    struct ff_labels labels = {0};
    struct ff_schema schema = {0};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ck_assert(ff_labels_add(&labels, values[i]));
    ck_assert_int_eq(ff_labels_settle(ctx, &labels, &schema), FF_OK);
    ck_assert_uint_eq(schema.n_classes, 6);
    for (uint32_t c = 0; c < 6; c++)
        ck_assert_str_eq(schema.classes[c], names[c]);
    ck_assert_uint_eq(ff_labels_class(&labels, INT64_MIN), 0);
    ck_assert_uint_eq(ff_labels_class(&labels, -7), 1);
    ck_assert_uint_eq(ff_labels_class(&labels, INT64_MAX), 5);
    ck_assert_uint_eq(ff_labels_class(&labels, 401), FF_LABEL_UNSEEN);
    memset(&labels, 0, sizeof labels);
    ff_labels_of_schema(&schema, &labels);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ck_assert_str_eq(names[ff_labels_class(&labels, values[i])],
                         schema.classes[ff_labels_class(&labels, values[i])]);
    ck_assert_uint_eq(labels.n, 6);
    ff_schema_release(&schema);
}
END_TEST

START_TEST(labels_from_0_on_need_no_names)
{
    struct ff_labels labels = {0};
    struct ff_schema schema = {0};

    for (int64_t value = 9; value >= 0; value--)
        ck_assert(ff_labels_add(&labels, value));
    ck_assert_int_eq(ff_labels_settle(ctx, &labels, &schema), FF_OK);
    ck_assert_uint_eq(schema.n_classes, 0);
    ck_assert_ptr_null(schema.classes);
    for (int64_t value = 0; value < 10; value++)
        ck_assert_int_eq(ff_labels_class(&labels, value), value);
}
END_TEST

START_TEST(the_set_holds_as_many_labels_as_there_may_be_classes)
{
    struct ff_labels labels = {0};

    /* 7919 and 1000 have no common divisor: each label once, in no order. */
    for (int64_t i = 0; i < FF_MAX_DATA_CLASSES; i++)
        ck_assert(ff_labels_add(&labels, i * 7919 % FF_MAX_DATA_CLASSES - 500));
    ck_assert(ff_labels_add(&labels, -500));
    ck_assert(!ff_labels_add(&labels, -501));
    ck_assert(!ff_labels_add(&labels, 500));
    ck_assert_uint_eq(labels.n, FF_MAX_DATA_CLASSES);
    for (uint32_t i = 1; i < labels.n; i++)
        ck_assert_int_eq(labels.value[i], labels.value[i - 1] + 1);
}
END_TEST

START_TEST(only_decimal_names_are_labels)
{
    char text[][20] = {"1", "10", "2", "cat", "07", "+3", "-3", "", "9223372036854775808", "5.0"};
    enum { NAMES = sizeof text / sizeof *text };
    char *names[NAMES];
    const struct ff_schema schema = {.n_classes = NAMES, .classes = names},
                           unnamed = {.n_classes = 3};
    struct ff_labels labels = {0};

    for (size_t i = 0; i < NAMES; i++)
        names[i] = text[i];
    ff_labels_of_schema(&schema, &labels);
    ck_assert_uint_eq(labels.n, 4);
    ck_assert_uint_eq(ff_labels_class(&labels, 1), 0);
    ck_assert_uint_eq(ff_labels_class(&labels, 10), 1);
    ck_assert_uint_eq(ff_labels_class(&labels, 2), 2);
    ck_assert_uint_eq(ff_labels_class(&labels, -3), 6);
    ck_assert_uint_eq(ff_labels_class(&labels, 7), FF_LABEL_UNSEEN);
    ck_assert_uint_eq(ff_labels_class(&labels, 0), FF_LABEL_UNSEEN);
    ff_labels_of_schema(&unnamed, &labels);
    ck_assert_uint_eq(labels.n, 3);
    ck_assert_uint_eq(ff_labels_class(&labels, 2), 2);
    ck_assert_uint_eq(ff_labels_class(&labels, 3), FF_LABEL_UNSEEN);
}
END_TEST

/* ---- Datasets ---- */

/* Writes images of one byte with these labels, int32, as IDX or NumPy files; returns the names of
 * the images. */
static const char *write_dataset(bool npy, size_t n, const int32_t *labels)
{
    const uint32_t lengths[] = {(uint32_t)n, 1};
    struct data_bytes bytes;
    char text[128];

    snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, 1)}", n);
    bytes = npy ? data_npy(1, text) : data_idx(0x08, 2, lengths);
    for (size_t i = 0; i < n; i++)
        data_put(&bytes, "", 1);
    data_write(directory, npy ? "x_train.npy" : "images", &bytes);
    snprintf(text, sizeof text, "{'descr': '>i4', 'fortran_order': False, 'shape': (%zu, 1)}", n);
    bytes = npy ? data_npy(1, text) : data_idx(0x0c, 1, lengths);
    for (size_t i = 0; i < n; i++)
        data_put_be32(&bytes, (uint32_t)labels[i]);
    data_write(directory, npy ? "y_train.npy" : "labels", &bytes);
    return data_path(directory, npy ? "x_train.npy" : "images");
}

/* Opens it, by the schema of a model if there is one, and reads all labels. */
static struct ff_dataset *open_and_read(const char *path, const struct ff_schema *schema,
                                        uint16_t out[MOST])
{
    const struct ff_dataset_spec spec = {.path = path, .schema = schema};
    struct ff_dataset *dataset;
    unsigned char features[7];
    size_t done = 0, n = 1;

    ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
    for (; n > 0; done += n)
        ck_assert_int_eq(ff_dataset_read(dataset, sizeof features, features, out + done, &n),
                         FF_OK);
    return dataset;
}

START_TEST(test_labels_are_the_classes_of_the_training_data)
{
    const int32_t train[] = {800, 0, 400, 400, 0}, test[] = {400, 800, 7, 400};
    const uint16_t train_classes[] = {2, 0, 1, 1, 0}, test_classes[] = {1, 2, FF_LABEL_UNSEEN, 1};
    const struct ff_schema none = {0};
    uint16_t got[MOST];
    struct ff_dataset *dataset = open_and_read(write_dataset(_i, 5, train), _i ? &none : NULL, got);
    struct ff_schema schema;

    ck_assert_uint_eq(dataset->info.classes, 3);
    ck_assert_mem_eq(got, train_classes, sizeof train_classes);
    ck_assert_uint_eq(dataset->schema.n_classes, 3);
    ck_assert_str_eq(dataset->schema.classes[2], "800");
    ck_assert_int_eq(ff_schema_copy(ctx, &dataset->schema, &schema), FF_OK);
    ff_dataset_close(dataset);

    dataset = open_and_read(write_dataset(_i, 4, test), &schema, got);
    ck_assert_uint_eq(dataset->info.classes, 3);
    ck_assert_mem_eq(got, test_classes, sizeof test_classes);
    ck_assert_str_eq(dataset->schema.classes[1], "400");
    ff_dataset_close(dataset);
    ff_schema_release(&schema);
}
END_TEST

START_TEST(labels_of_a_model_without_names_are_numbers_from_0_on)
{
    const int32_t labels[] = {2, 3, -1, 5};
    const uint16_t classes[] = {2, 3, FF_LABEL_UNSEEN, FF_LABEL_UNSEEN};
    const struct ff_schema schema = {.n_classes = 4};
    uint16_t got[MOST];
    struct ff_dataset *dataset = open_and_read(write_dataset(_i, 4, labels), &schema, got);

    ck_assert_uint_eq(dataset->info.classes, 4);
    ck_assert_mem_eq(got, classes, sizeof classes);
    ff_dataset_close(dataset);
}
END_TEST

START_TEST(too_many_labels_are_refused_where_the_limit_is_passed)
{
    const struct ff_schema schema = {.n_classes = FF_MAX_DATA_CLASSES};
    struct ff_dataset_spec spec = {0};
    struct ff_dataset *dataset;
    int32_t labels[MOST];
    uint16_t got[MOST];

    for (int32_t i = 0; i < MOST; i++)
        labels[i] = i < 3000 ? -3 * (i % 1000) : i;
    spec.path = write_dataset(_i, MOST, labels);
    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_EINVAL);
    ck_says("label 3000 of row 3000 (from 0) is number 1001");
    ff_dataset_close(open_and_read(spec.path, &schema, got));
    ck_assert_uint_eq(got[0], 0);
    ck_assert_uint_eq(got[3000], FF_LABEL_UNSEEN);
    ff_dataset_close(open_and_read(write_dataset(_i, 3000, labels), NULL, got));
    ck_assert_uint_eq(got[0], 999);
    ck_assert_uint_eq(got[2999], 0);
}
END_TEST

/* The last of so many labels is beyond the buffer that the scan leaves. */
#define MANY 20000

START_TEST(a_label_that_was_not_there_at_first_is_an_error)
{
    static int32_t labels[MANY] = {1};
    static unsigned char features[MANY];
    static uint16_t got[MANY];
    const struct ff_dataset_spec spec = {.path = write_dataset(_i, MANY, labels)};
    struct ff_dataset *dataset;
    size_t n;

    ck_assert_int_eq(ff_dataset_open(ctx, &spec, &dataset), FF_OK);
    labels[MANY - 1] = 3;
    write_dataset(_i, MANY, labels);
    labels[MANY - 1] = 0;
    ck_assert_int_eq(ff_dataset_read(dataset, MANY, features, got, &n), FF_EMISMATCH);
    ck_says("changed while it was read");
    ff_dataset_close(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: labels");
    TCase *set = dataset_tcase(suite, "set"), *tc = dataset_tcase(suite, "datasets");

    tcase_add_test(set, classes_are_in_the_order_of_the_values);
    tcase_add_test(set, labels_from_0_on_need_no_names);
    tcase_add_test(set, the_set_holds_as_many_labels_as_there_may_be_classes);
    tcase_add_test(set, only_decimal_names_are_labels);
    tcase_add_loop_test(tc, test_labels_are_the_classes_of_the_training_data, 0, 2);
    tcase_add_loop_test(tc, labels_of_a_model_without_names_are_numbers_from_0_on, 0, 2);
    tcase_add_loop_test(tc, too_many_labels_are_refused_where_the_limit_is_passed, 0, 2);
    tcase_add_loop_test(tc, a_label_that_was_not_there_at_first_is_an_error, 0, 2);
    return run_suite(suite);
}
