#include <fftool/text.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NO_CHARACTER UINT32_MAX
#define FIRST_SURROGATE 0xd800
#define LAST_SURROGATE 0xdfff
#define LAST_CHARACTER 0x10ffff

/* Characters that move the cursor, start a terminal command, or reorder the text. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
    {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

static bool is_unsafe(uint32_t character)
{
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        if (character >= unsafe[i].first && character <= unsafe[i].last)
            return true;
    }
    return false;
}

/* Reads the character at TEXT and its length in bytes; NO_CHARACTER, of one byte, for invalid
 * UTF-8: a truncated or overlong sequence, a surrogate, or a number beyond Unicode. */
static uint32_t read_character(const char *text, size_t *bytes)
{
    /* By the first byte: the bits that mark the form, and the smallest character of that form. */
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0x00}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *c = (const unsigned char *)text;
    size_t form = 0, i;
    uint32_t character;

    *bytes = 1;
    while (form < 4 && (c[0] & forms[form].mask) != forms[form].mark)
        form++;
    if (form == 4)
        return NO_CHARACTER;
    character = c[0] & (unsigned char)~forms[form].mask;
    for (i = 1; i <= form; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return NO_CHARACTER;
        character = character << 6 | (c[i] & 0x3f);
    }
    if (character < forms[form].least || character > LAST_CHARACTER ||
        (character >= FIRST_SURROGATE && character <= LAST_SURROGATE))
        return NO_CHARACTER;
    *bytes = form + 1;
    return character;
}

static bool stays(uint32_t character, enum ff_escape how)
{
    if (character == NO_CHARACTER)
        return false;
    if (how == FF_ESCAPE_JSON && character < ' ') /* newlines and indentation of the JSON text */
        return true;
    return how == FF_ESCAPE_BYTES || !is_unsafe(character);
}

/* Writes the escape sequence of CHARACTER or, for NO_CHARACTER, of BYTE. */
static int escape(uint32_t character, unsigned char byte, enum ff_escape how,
                  char out[FF_ESCAPED_SIZE])
{
    if (how == FF_ESCAPE_JSON) /* JSON cannot escape a byte: U+FFFD replaces it */
        return snprintf(out, FF_ESCAPED_SIZE, "\\u%04X",
                        character == NO_CHARACTER ? 0xfffdu : (unsigned)(character & 0xffff));
    if (character == '\n' || character == '\t' || character == '\r')
        return snprintf(out, FF_ESCAPED_SIZE, "\\%c",
                        character == '\n'   ? 'n'
                        : character == '\t' ? 't'
                                            : 'r');
    if (character == NO_CHARACTER || character < 0x80)
        return snprintf(out, FF_ESCAPED_SIZE, "\\x%02x", byte);
    return snprintf(out, FF_ESCAPED_SIZE, "\\u%04x", (unsigned)(character & 0xffff));
}

size_t ff_text_next(const char **text, enum ff_escape how, char out[FF_ESCAPED_SIZE])
{
    const char *at = *text;
    size_t bytes;
    uint32_t character;

    out[0] = '\0';
    if (*at == '\0')
        return 0;
    character = read_character(at, &bytes);
    *text += bytes;
    if (!stays(character, how))
        return (size_t)escape(character, (unsigned char)*at, how, out);
    memcpy(out, at, bytes);
    out[bytes] = '\0';
    return bytes;
}

size_t ff_text_escape(const char *text, enum ff_escape how, char *out, size_t size)
{
    char shown[FF_ESCAPED_SIZE];
    size_t length = 0, bytes;
    bool cut = false;

    if (size > 0)
        *out = '\0';
    while ((bytes = ff_text_next(&text, how, shown)) > 0) {
        cut = cut || length + bytes >= size;
        if (!cut)
            memcpy(out + length, shown, bytes + 1);
        length += bytes;
    }
    return length;
}
