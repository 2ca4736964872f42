/* Text of others on its way to a terminal or into JSON. */
#include "support/suite.h"

#include <check.h>
#include <fftool/text.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LENGTHY 64

static const char *escaped(const char *text, enum ff_escape how, char out[LENGTHY])
{
    ck_assert_uint_eq(ff_text_escape(text, how, out, LENGTHY), strlen(out));
    return out;
}

START_TEST(control_characters_of_terminals_are_escaped)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"model.ff", "model.ff"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\u009b2J"}, /* C1: starts a command as ESC [ does */
        {"\xe2\x80\xae"
         "cod.ff",
         "\\u202ecod.ff"},
        {"\xe2\x81\xa6 \xe2\x81\xa9 \xe2\x80\x8f \xd8\x9c", "\\u2066 \\u2069 \\u200f \\u061c"},
        {"\xe2\x80\xa8 \xe2\x80\xa9", "\\u2028 \\u2029"},
    };
    char out[LENGTHY];

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_str_eq(escaped(pairs[i][0], FF_ESCAPE_LINE, out), pairs[i][1]);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_escaped_one_by_one)
{
    static const char *const pairs[][2] = {
        {"caf\xe9", "caf\\xe9"},                      /* Latin-1 */
        {"\xc3", "\\xc3"},                            /* truncated */
        {"\xc3\x28", "\\xc3("},                       /* not continued */
        {"\xe2\x82", "\\xe2\\x82"},                   /* truncated */
        {"\xc0\x8a", "\\xc0\\x8a"},                   /* a newline in two bytes */
        {"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},          /* in three */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
        {"\x80\xff", "\\x80\\xff"},
        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
    };
    char out[LENGTHY];

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ck_assert_str_eq(escaped(pairs[i][0], FF_ESCAPE_LINE, out), pairs[i][1]);
        ck_assert_str_eq(escaped(pairs[i][0], FF_ESCAPE_BYTES, out), pairs[i][1]);
    }
}
END_TEST

START_TEST(other_text_stays_as_it_is)
{
    static const char *const texts[] = {"Z\xc3\xbcrich",    "\xe6\x97\xa5\xe6\x9c\xac",
                                        "\xf0\x9f\x98\x80", "back\\slash \\n",
                                        "\xc2\xa0",         "\xef\xbf\xbd",
                                        "\xf4\x8f\xbf\xbf"};
    char out[LENGTHY];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_str_eq(escaped(texts[i], FF_ESCAPE_LINE, out), texts[i]);
        ck_assert_str_eq(escaped(texts[i], FF_ESCAPE_JSON, out), texts[i]);
        ck_assert_str_eq(escaped(texts[i], FF_ESCAPE_BYTES, out), texts[i]);
    }
    ck_assert_str_eq(escaped("a\n\x1b\xc2\x9b", FF_ESCAPE_BYTES, out), "a\n\x1b\xc2\x9b");
}
END_TEST

START_TEST(json_keeps_its_layout_and_gets_escapes_of_its_own)
{
    char out[LENGTHY];

    ck_assert_str_eq(escaped("{\n  \"a\": \"\xc2\x9b\x7f\xe2\x80\xae\"\n}\n", FF_ESCAPE_JSON, out),
                     "{\n  \"a\": \"\\u009B\\u007F\\u202E\"\n}\n");
}
END_TEST

/* As a terminal reads it: no control character, C0 or C1, in any decoding. */
static bool is_fit(const unsigned char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text == 0x7f)
            return false;
        if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f)
            return false;
    }
    return true;
}

/* All texts of two bytes, and of three with a first one of three or more. */
START_TEST(any_bytes_give_printable_text_that_stays_the_same)
{
    char once[LENGTHY], twice[LENGTHY], text[4] = {0};

    for (uint32_t n = 0; n < 1 << 16; n++) {
        text[0] = (char)(n >> 8);
        text[1] = (char)n;
        for (int third = 0x40; third < 0x100; third += 0x3f) {
            text[2] = (char)third;
            escaped(text, FF_ESCAPE_LINE, once);
            if (!is_fit((const unsigned char *)once) ||
                strcmp(escaped(once, FF_ESCAPE_LINE, twice), once) != 0)
                ck_abort_msg("bytes %02x %02x %02x", n >> 8, n & 0xff, (unsigned)third);
        }
    }
}
END_TEST

START_TEST(long_text_is_cut_between_characters)
{
    static const char text[] = "\xc3\xbc\x1b\xe2\x82\xac";
    static const char whole[] = "\xc3\xbc\\x1b\xe2\x82\xac";
    static const size_t ends[] = {0, 2, 6, 9}; /* of characters in WHOLE */
    char out[16];

    ck_assert_uint_eq(ff_text_escape(text, FF_ESCAPE_LINE, NULL, 0), strlen(whole));
    for (size_t size = 1; size <= sizeof whole; size++) {
        size_t kept;

        memset(out, 'x', sizeof out);
        ck_assert_uint_eq(ff_text_escape(text, FF_ESCAPE_LINE, out, size), strlen(whole));
        kept = strlen(out);
        ck_assert_uint_lt(kept, size);
        ck_assert_int_eq(memcmp(out, whole, kept), 0);
        ck_assert(kept == ends[0] || kept == ends[1] || kept == ends[2] || kept == ends[3]);
        ck_assert_int_eq(out[size], 'x');
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: text");
    TCase *tc = tcase_create("escape");

    tcase_add_test(tc, control_characters_of_terminals_are_escaped);
    tcase_add_test(tc, bytes_that_are_not_utf8_are_escaped_one_by_one);
    tcase_add_test(tc, other_text_stays_as_it_is);
    tcase_add_test(tc, json_keeps_its_layout_and_gets_escapes_of_its_own);
    tcase_add_test(tc, any_bytes_give_printable_text_that_stays_the_same);
    tcase_add_test(tc, long_text_is_cut_between_characters);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
