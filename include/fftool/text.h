/*
 * Escaping of untrusted text (file names, strings from models and logs, arguments) before it is
 * printed: a terminal obeys control characters, and invisible characters can reorder visible ones.
 * Messages of the library are escaped already.
 *
 * Escaped are the control characters C0, DEL and C1 (U+0080 to U+009F), the separators of lines and
 * paragraphs (U+2028, U+2029), the controls of text direction (U+061C, U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069) and bytes that are not UTF-8. Everything else is unchanged,
 * backslashes included, so that escaping twice equals escaping once.
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

/* Takes the next character, or a byte that is part of none, from *TEXT and writes it escaped to
 * OUT. Returns the number of bytes written, without the '\0'; 0 at the end of TEXT. */
size_t ff_text_next(const char **text, enum ff_escape how, char out[FF_ESCAPED_SIZE]);
/* Writes TEXT escaped to OUT, of SIZE bytes, cut between two characters if it does not fit. Returns
 * the length without the cut. OUT may be NULL if SIZE is 0. */
size_t ff_text_escape(const char *text, enum ff_escape how, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
