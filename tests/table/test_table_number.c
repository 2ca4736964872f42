/* Numbers of text: the nearest double, as strtod() finds it. */
#include "base/rng.h"
#include "support/suite.h"
#include "table/number.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_NUMBERS 200000

static locale_t c;

static void setup(void)
{
    c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    ck_assert(c != (locale_t)0);
}

static void teardown(void)
{
    freelocale(c);
}

static void ck_number(const char *text)
{
    double expected = strtod(text, NULL), value = -1;

    ck_assert_msg(ff_number_parse(text, c, &value), "%s", text);
    ck_assert_msg(memcmp(&value, &expected, sizeof value) == 0, "%s: %.17g instead of %.17g", text,
                  value, expected);
}

static const char *const numbers[] = {
    "0",
    "-0",
    "+7",
    "7.",
    ".5",
    "-.5e3",
    "1e5",
    "1E+5",
    "1e-5",
    "00012.500",
    /* At the ends of the exact paths */
    "9007199254740991e22",
    "9007199254740993",
    "9007199254740993e22",
    "9007199254740992e-22",
    "18446744073709551615",
    "18446744073709551616",
    "9999999999999999999e27",
    "1e28",
    "9999999999999999999e-27",
    "12345678901234567890123",
    "0.1234567890123456789012345",
    /* Halfway between two doubles, and a digit beyond */
    "9007199254740993.0",
    "9007199254740992.99999999999",
    "9007199254740993.00000000001",
    "4503599627370496.5",
    "4503599627370497.5",
    "1.00000000000000011102230246251565",
    "1.00000000000000011102230246251566",
    "8589973999999999.5e0",
    /* The ends of the range */
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e400",
    "-1e400",
    "4.9e-324",
    "2.4e-324",
    "2.2250738585072011e-308",
    "0e999999999999",
    "1e-999999999999",
    "1e999999999999",
    "0.00000000000000000000000000000000000000000000000000001e60",
};

START_TEST(hard_numbers_are_rounded_correctly)
{
    ck_number(numbers[_i]);
}
END_TEST

START_TEST(random_numbers_are_rounded_correctly)
{
    struct ff_rng rng = ff_rng_make(1, FF_RNG_SAMPLE, 0, 0);
    char text[64];

    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        uint32_t random[4];
        uint64_t bits;
        double value;

        ff_rng_block(&rng, (uint64_t)i, random);
        bits = (uint64_t)random[1] << 32 | random[0];
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.17g", value);
        ck_number(text);
        snprintf(text, sizeof text, "%.17g", (double)(bits >> 11) * 0x1p-53 * 1000);
        ck_number(text);
        snprintf(text, sizeof text, "-%llue%d", (unsigned long long)(bits >> bits % 40),
                 (int)(bits % 61) - 30);
        ck_number(text);
        snprintf(text, sizeof text, "%.*f", (int)(bits % 12), (double)(bits >> 30) * 1e-5);
        ck_number(text);
    }
}
END_TEST

static const char *const others[] = {
    "",    "-",    "+",   ".",   "e5",  "1e", "1e+",  "1.2.3", "--1",  "1 ",       " 1",
    "1,5", "0x10", "inf", "nan", "NaN", "1f", "1e5x", "-.e1",  "1e5.", "infinity", "1_000"};

START_TEST(other_texts_are_no_numbers)
{
    double value;

    ck_assert_msg(!ff_number_parse(others[_i], c, &value), "%s", others[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: numbers of text");
    TCase *tc = tcase_create("numbers");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, hard_numbers_are_rounded_correctly, 0,
                        (int)(sizeof numbers / sizeof *numbers));
    tcase_add_test(tc, random_numbers_are_rounded_correctly);
    tcase_add_loop_test(tc, other_texts_are_no_numbers, 0, (int)(sizeof others / sizeof *others));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
