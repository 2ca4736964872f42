#include "utf8.h"

/* By the first byte of a character. */
static size_t bytes_announced(unsigned char first)
{
    static const struct {
        unsigned char mask, mark;
    } firsts[] = {{0x80, 0x00}, {0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};
    size_t i;

    for (i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        if ((first & firsts[i].mask) == firsts[i].mark)
            return i + 1;
    return 0;
}

size_t utf8_bytes(const char *text)
{
    size_t n = *text != '\0' ? bytes_announced((unsigned char)*text) : 0, i;

    for (i = 1; i < n; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Moves over a character, or over a byte that is of none. */
static const char *next(const char *text)
{
    size_t n = utf8_bytes(text);

    return text + (n > 0 ? n : 1);
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
