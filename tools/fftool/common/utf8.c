#include "common/utf8.h"
#include <fftool/text.h>

/* Moves over a character, or over a byte that is of none. */
static const char *next(const char *text)
{
    char shown[FF_ESCAPED_SIZE];

    ff_text_next(&text, FF_ESCAPE_LINE, shown);
    return text;
}

size_t utf8_length(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text = next(text))
        n++;
    return n;
}

int utf8_head(const char *text, size_t most)
{
    const char *end = text;

    for (; *end != '\0' && most > 0; most--)
        end = next(end);
    return (int)(end - text);
}
