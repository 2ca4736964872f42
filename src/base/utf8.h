/* Characters of UTF-8. */
#ifndef FF_BASE_UTF8_H
#define FF_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define FF_NO_CHARACTER UINT32_MAX
#define FF_CHARACTER_BYTES 4 /* of a character, at most */
#define FF_LAST_CHARACTER 0x10ffffu
#define FF_REPLACEMENT_CHARACTER 0xfffdu

/* Reads the character at TEXT, which a NUL ends, and its length in bytes; FF_NO_CHARACTER, of one
 * byte, for invalid UTF-8: a truncated or overlong sequence, a surrogate, or a number beyond
 * Unicode. */
uint32_t ff_utf8_read(const char *text, size_t *bytes);
/* Writes CHARACTER, a valid one, and a NUL to OUT; returns its length in bytes. */
size_t ff_utf8_write(uint32_t character, char out[FF_CHARACTER_BYTES + 1]);

#endif
