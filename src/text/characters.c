#include "text/characters.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <wctype.h>

#define BYTE_ORDER_MARK 0xfeffu

int ff_fold_open(struct ff_ctx *ctx, locale_t *out)
{
    *out = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (*out)
        return FF_OK;
    return ff_fail(ctx, FF_ENOTFOUND,
                   "fold-case: the locale C.UTF-8 is not installed (Debian: libc-bin)");
}

void ff_fold_close(locale_t unicode)
{
    if (unicode)
        freelocale(unicode);
}

uint32_t ff_fold(locale_t unicode, uint32_t character)
{
    return unicode ? (uint32_t)towlower_l((wint_t)character, unicode) : character;
}

int ff_characters_open(struct ff_ctx *ctx, const char *path, bool folds,
                       struct ff_characters *characters)
{
    int status;

    memset(characters, 0, sizeof *characters);
    characters->ctx = ctx;
    status = folds ? ff_fold_open(ctx, &characters->unicode) : FF_OK;
    if (status != FF_OK)
        return status;
    status = ff_input_open(ctx, path, &characters->input);
    if (status == FF_OK)
        status = ff_characters_rewind(characters);
    if (status != FF_OK)
        ff_characters_release(characters);
    return status;
}

void ff_characters_release(struct ff_characters *characters)
{
    ff_input_close(characters->input);
    characters->input = NULL;
    ff_fold_close(characters->unicode);
    characters->unicode = (locale_t)0;
}

/* Moves what is unread to the beginning of the buffer and fills the rest. */
static int fill(struct ff_characters *characters)
{
    size_t left = characters->end - characters->begin, got = 0;
    size_t room = FF_CHARACTERS_BUFFER_BYTES - left;
    int status;

    memmove(characters->buffer, characters->buffer + characters->begin, left);
    status = ff_input_read(characters->input, characters->buffer + left, room, &got);
    if (status != FF_OK)
        return status;
    characters->begin = 0;
    characters->end = left + got;
    characters->buffer[characters->end] = '\0';
    characters->ended = got < room;
    return characters->ended ? ff_input_expect_end(characters->input, "its last character") : FF_OK;
}

static int damaged(const struct ff_characters *characters)
{
    const unsigned char byte = (unsigned char)characters->buffer[characters->begin];
    const char *path = ff_input_path(characters->input);

    if (byte < ' ')
        return ff_fail(characters->ctx, FF_ECORRUPT,
                       "%s: line %" PRIu64 ": byte 0x%02x: this is not text", path,
                       characters->line, byte);
    return ff_fail(characters->ctx, FF_ECORRUPT,
                   "%s: line %" PRIu64 ": byte 0x%02x is not UTF-8; convert the text, for example "
                   "with iconv -f latin1 -t utf-8",
                   path, characters->line, byte);
}

/* Control characters that are not in texts, or invalid UTF-8. */
static bool is_damaged(uint32_t character)
{
    return character == FF_NO_CHARACTER ||
           (character < ' ' && (character < '\t' || character > '\r'));
}

/* Reads a character without folding it. */
static int take(struct ff_characters *characters, uint32_t *character, bool *got)
{
    const size_t left = characters->end - characters->begin;
    size_t bytes;

    if (left < FF_CHARACTER_BYTES && !characters->ended) {
        int status = fill(characters);

        if (status != FF_OK)
            return status;
    }
    *got = characters->begin < characters->end;
    if (!*got)
        return FF_OK;
    *character = ff_utf8_read(characters->buffer + characters->begin, &bytes);
    if (is_damaged(*character))
        return damaged(characters);
    characters->begin += bytes;
    characters->line += *character == '\n';
    return FF_OK;
}

int ff_characters_rewind(struct ff_characters *characters)
{
    uint32_t first = 0;
    bool got;
    int status = ff_input_rewind(characters->input);

    characters->line = 1;
    characters->begin = characters->end = 0;
    characters->ended = false;
    if (status == FF_OK)
        status = fill(characters);
    if (status != FF_OK || characters->end == 0)
        return status;
    status = take(characters, &first, &got);
    if (status == FF_OK && first != BYTE_ORDER_MARK) {
        characters->begin = 0;
        characters->line = 1;
    }
    return status;
}

int ff_characters_next(struct ff_characters *characters, uint32_t *character, bool *got)
{
    int status = take(characters, character, got);

    if (status == FF_OK && *got)
        *character = ff_fold(characters->unicode, *character);
    return status;
}
