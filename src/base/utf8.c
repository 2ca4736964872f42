#include "base/utf8.h"

#define FIRST_SURROGATE 0xd800
#define LAST_SURROGATE 0xdfff

/* By the first byte: the bits that mark the form, and the smallest character of that form. */
static const struct {
    unsigned char mask, mark;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0x00}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

uint32_t ff_utf8_read(const char *text, size_t *bytes)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t form = 0, i;
    uint32_t character;

    *bytes = 1;
    while (form < 4 && (c[0] & forms[form].mask) != forms[form].mark)
        form++;
    if (form == 4)
        return FF_NO_CHARACTER;
    character = c[0] & (unsigned char)~forms[form].mask;
    for (i = 1; i <= form; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return FF_NO_CHARACTER;
        character = character << 6 | (c[i] & 0x3f);
    }
    if (character < forms[form].least || character > FF_LAST_CHARACTER ||
        (character >= FIRST_SURROGATE && character <= LAST_SURROGATE))
        return FF_NO_CHARACTER;
    *bytes = form + 1;
    return character;
}

size_t ff_utf8_write(uint32_t character, char out[FF_CHARACTER_BYTES + 1])
{
    size_t form = 3;

    while (form > 0 && character < forms[form].least)
        form--;
    for (size_t i = form; i > 0; i--, character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)(forms[form].mark | character);
    out[form + 1] = '\0';
    return form + 1;
}
