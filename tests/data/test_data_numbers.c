/* Numbers of every type and byte order: their conversion, and arrays of them as features. */
#include "data/numbers.h"
#include "fixtures/dataset_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *descr;  /* kind and bytes */
    const char *number; /* in big-endian order */
    double value;
} cases[] = {
    {"u1", "\0", 0},
    {"u1", "\377", 255},
    {"i1", "\200", -128},
    {"i1", "\177", 127},
    {"u2", "\377\376", 65534},
    {"i2", "\377\376", -2},
    {"i2", "\177\377", 32767},
    {"u4", "\377\377\377\377", 4294967295.0},
    {"i4", "\377\377\377\377", -1},
    {"i4", "\200\0\0\0", -2147483648.0},
    {"u8", "\200\0\0\0\0\0\0\0", 9223372036854775808.0},
    {"i8", "\200\0\0\0\0\0\0\0", -9223372036854775808.0},
    {"i8", "\0\0\0\0\0\0\1\2", 258},
    {"f2", "\74\0", 1},
    {"f2", "\273\377", -0.99951171875},
    {"f2", "\173\377", 65504},
    {"f2", "\0\1", 0x1p-24},
    {"f2", "\203\377", -0x1.ff8p-15},
    {"f2", "\4\0", 0x1p-14},
    {"f2", "\200\0", 0},
    {"f4", "\77\300\0\0", 1.5},
    {"f4", "\0\0\0\1", 0x1p-149},
    {"f8", "\100\4\0\0\0\0\0\0", 2.5},
    {"f8", "\300\4\0\0\0\0\0\0", -2.5},
    {"f8", "\107\357\377\377\340\0\0\0", 0x1.fffffep127},
};

/* The type of the case, and its number in that order. */
static struct ff_element element_of(int i, bool big_endian, unsigned char at[FF_ELEMENT_BYTES])
{
    struct ff_element element = {cases[i].descr[0], (uint8_t)(cases[i].descr[1] - '0'), big_endian};

    for (unsigned b = 0; b < element.bytes; b++)
        at[big_endian ? b : element.bytes - 1u - b] = (unsigned char)cases[i].number[b];
    return element;
}

START_TEST(numbers_are_converted_in_either_byte_order)
{
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        unsigned char at[FF_ELEMENT_BYTES];
        struct ff_element element = element_of(_i, big_endian, at);
        const double value = cases[_i].value;
        float got = NAN;
        int64_t integer = 0;

        ck_assert(ff_number_to_double(element, at) == value);
        ck_assert_uint_eq(ff_numbers_to_floats(element, 1, at, &got), 1);
        ck_assert(got == (float)value);
        ck_assert(ff_number_to_integer(element, at, &integer) ==
                  (value == trunc(value) && value < 0x1p63));
        ck_assert(integer == 0 || (double)integer == value);
    }
}
END_TEST

/* Writes x_train.npy, one row of the case's number in each of 3 columns, and its labels. */
static void write_case(int i, bool big_endian)
{
    struct data_bytes bytes;
    unsigned char at[FF_ELEMENT_BYTES];
    struct ff_element element = element_of(i, big_endian, at);
    char text[128];

    snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (1, 3)}",
             big_endian ? '>' : '<', cases[i].descr);
    bytes = data_npy(1, text);
    for (int column = 0; column < 3; column++)
        data_put(&bytes, at, element.bytes);
    data_write(directory, "x_train.npy", &bytes);
}

START_TEST(features_are_bytes_or_floats)
{
    const struct ff_dataset_spec spec = {.path = directory, .unlabelled = true};

    for (int big_endian = 0; big_endian < 2; big_endian++) {
        union {
            unsigned char bytes[3];
            float floats[3];
        } got;
        struct ff_dataset *dataset;
        size_t n;

        write_case(_i, big_endian);
        ck_assert_msg(ff_dataset_open(ctx, &spec, &dataset) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert(dataset->info.is_float == (strcmp(cases[_i].descr, "u1") != 0));
        ck_assert_int_eq(ff_dataset_read(dataset, 2, &got, NULL, &n), FF_OK);
        ck_assert_uint_eq(n, 1);
        for (int column = 0; column < 3; column++)
            ck_assert((dataset->info.is_float ? got.floats[column] : (float)got.bytes[column]) ==
                      (float)cases[_i].value);
        ff_dataset_close(dataset);
    }
}
END_TEST

START_TEST(integers_are_rounded_once)
{
    /* By way of a double, 2^60 + 2^36 + 1 is rounded to a tie, and then down. */
    const uint64_t value = (UINT64_C(1) << 60) + (UINT64_C(1) << 36) + 1;
    const struct ff_element types[] = {{'u', 8, false}, {'i', 8, false}};

    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        float got = 0;

        ck_assert_uint_eq(ff_numbers_to_floats(types[t], 1, &value, &got), 1);
        ck_assert(got == 0x1p60f + 0x1p37f);
    }
}
END_TEST

START_TEST(only_whole_numbers_that_fit_are_integers)
{
    static const struct {
        double value;
        bool fits;
    } reals[] = {
        {-0.0, true}, {-0x1p63, true},   {0x1p63, false},    {-0x1.8p63, false}, {0.5, false},
        {NAN, false}, {INFINITY, false}, {-INFINITY, false}, {0x1p62, true},
    };
    const uint64_t largest = UINT64_MAX;
    int64_t got;

    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        ck_assert(ff_number_to_integer((struct ff_element){'f', 8, false}, &reals[i].value, &got) ==
                  reals[i].fits);
    ck_assert(!ff_number_to_integer((struct ff_element){'u', 8, false}, &largest, &got));
}
END_TEST

/* Writes doubles, 5 columns wide, in either order; that of ROW and COLUMN is VALUE. */
static void write_doubles(bool fortran, size_t rows, size_t row, size_t column, double value)
{
    const size_t place = fortran ? column * rows + row : 5 * row + column;
    struct data_bytes bytes;
    char text[128];

    snprintf(text, sizeof text, "{'descr': '<f8', 'fortran_order': %s, 'shape': (%zu, 5)}",
             fortran ? "True" : "False", rows);
    bytes = data_npy(1, text);
    for (size_t i = 0; i < 5 * rows; i++) {
        double number = i == place ? value : -1e38;

        data_put(&bytes, &number, sizeof number);
    }
    data_write(directory, "x_train.npy", &bytes);
    snprintf(text, sizeof text, "{'descr': '|b1', 'fortran_order': False, 'shape': (%zu,)}", rows);
    bytes = data_npy(1, text);
    for (size_t i = 0; i < rows; i++)
        data_put(&bytes, i % 2 ? "\1" : "\0", 1);
    data_write(directory, "y_train.npy", &bytes);
}

START_TEST(a_value_too_large_for_float32_is_found)
{
    const struct ff_dataset_spec spec = {.path = directory};
    const size_t pieces[] = {1, 4, 1000};
    uint64_t rows, sum;

    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        write_doubles(_i, 900, 823, 3, 1e300);
        ck_assert_int_eq(read_all(&spec, pieces[p], &rows, &sum), FF_ENUMERIC);
        ck_says("row 823, column 3 (both from 0) is 1e+300, too large for float32");
        write_doubles(_i, 900, 823, 4, -INFINITY);
        ck_assert_int_eq(read_all(&spec, pieces[p], &rows, &sum), FF_ENUMERIC);
        ck_says("row 823, column 4 (both from 0) is infinite");
        write_doubles(_i, 900, 0, 0, 1e-300);
        ck_assert_msg(read_all(&spec, pieces[p], &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(rows, 900);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: numbers");
    TCase *tc = dataset_tcase(suite, "numbers");
    int count = (int)(sizeof cases / sizeof *cases);

    tcase_add_loop_test(tc, numbers_are_converted_in_either_byte_order, 0, count);
    tcase_add_loop_test(tc, features_are_bytes_or_floats, 0, count);
    tcase_add_test(tc, integers_are_rounded_once);
    tcase_add_test(tc, only_whole_numbers_that_fit_are_integers);
    tcase_add_loop_test(tc, a_value_too_large_for_float32_is_found, 0, 2);
    return run_suite(suite);
}
