/*
 * Text that others wrote (names of files, strings from models and logs, arguments) made fit to be
 * printed. A terminal obeys control characters, and some characters that show nothing change the
 * order of those that do.
 *
 * Escaped are the control characters C0, DEL and C1 (U+0080 to U+009F), the separators of lines and
 * paragraphs (U+2028, U+2029), the controls of writing direction (U+061C, U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069) and bytes that are not UTF-8. Everything else stays as it is, the
 * backslash too, so that escaping twice is the same as once.
 */
#ifndef FFTOOL_TEXT_H
#define FFTOOL_TEXT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_escape {
    FF_ESCAPE_LINE, /* as in C: \n, \t, \r, \x1b, \u202e; bytes that are not UTF-8: \xe9 */
    FF_ESCAPE_JSON, /* of a whole JSON text: \u009B, \u202E; its line breaks stay */
    FF_ESCAPE_BYTES /* only bytes that are not UTF-8: \xe9 */
};

#define FF_ESCAPED_SIZE 8 /* of one character, with the '\0' */

/* Takes the next character, or a byte that belongs to none, from *TEXT and writes it to OUT as it
 * is to be printed. Returns the bytes written, without the '\0'; 0 at the end of TEXT. */
size_t ff_text_next(const char **text, enum ff_escape how, char out[FF_ESCAPED_SIZE]);
/* Writes TEXT escaped to OUT, of SIZE bytes, cut between two characters where it does not fit.
 * Returns the length it has uncut. OUT may be NULL with SIZE 0. */
size_t ff_text_escape(const char *text, enum ff_escape how, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
