#include <fftool/text.h>

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static bool stays(uint32_t character, enum ff_escape how)
{
    if (character == FF_NO_CHARACTER)
        return false;
    if (how == FF_ESCAPE_JSON && character < ' ') /* newlines and indentation of the JSON text */
        return true;
    return how == FF_ESCAPE_BYTES || !is_unsafe(character);
}

/* Writes the escape sequence of CHARACTER or, for FF_NO_CHARACTER, of BYTE. */
static int escape(uint32_t character, unsigned char byte, enum ff_escape how,
                  char out[FF_ESCAPED_SIZE])
{
    if (how == FF_ESCAPE_JSON) /* JSON cannot escape a byte: U+FFFD replaces it */
        return snprintf(out, FF_ESCAPED_SIZE, "\\u%04X",
                        character == FF_NO_CHARACTER ? 0xfffdu : (unsigned)(character & 0xffff));
    if (character == '\n' || character == '\t' || character == '\r')
        return snprintf(out, FF_ESCAPED_SIZE, "\\%c",
                        character == '\n'   ? 'n'
                        : character == '\t' ? 't'
                                            : 'r');
    if (character == FF_NO_CHARACTER || character < 0x80)
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
    character = ff_utf8_read(at, &bytes);
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
