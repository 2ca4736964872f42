/*
 * The characters of a text in UTF-8, read one by one through a small buffer. A byte order mark is
 * skipped. With FOLDS, upper-case letters become lower-case ones, as Unicode pairs them.
 */
#ifndef FF_TEXT_CHARACTERS_H
#define FF_TEXT_CHARACTERS_H

#include "input/input.h"

#include <locale.h>

#define FF_CHARACTERS_BUFFER_BYTES (16 * 1024)

struct ff_characters {
    struct ff_ctx *ctx;
    struct ff_input *input;
    /* The rest is private. */
    locale_t unicode;  /* 0: letters are not folded */
    uint64_t line;     /* from 1 */
    size_t begin, end; /* the unread part of the buffer */
    bool ended;        /* the file ends with the buffer */
    char buffer[FF_CHARACTERS_BUFFER_BYTES + 1];
};

/* Opens the pairs of letters; FF_ENOTFOUND: the system lacks them. */
FF_CHECK int ff_fold_open(struct ff_ctx *ctx, locale_t *out);
void ff_fold_close(locale_t unicode); /* 0-safe */
/* The lower-case letter of CHARACTER, or CHARACTER; UNICODE 0: CHARACTER. */
uint32_t ff_fold(locale_t unicode, uint32_t character);

/* Opens PATH, before its first character. After an error it needs no release. */
FF_CHECK int ff_characters_open(struct ff_ctx *ctx, const char *path, bool folds,
                                struct ff_characters *characters);
void ff_characters_release(struct ff_characters *characters); /* does nothing if it is zeroed */
/* Begins, again, before the first character. */
FF_CHECK int ff_characters_rewind(struct ff_characters *characters);
/* Reads the next character; *GOT is false at the end. FF_ECORRUPT, with the line in the message, if
 * the bytes are not UTF-8 or a control character of no text; FF_EIO. */
FF_CHECK int ff_characters_next(struct ff_characters *characters, uint32_t *character, bool *got);

#endif
