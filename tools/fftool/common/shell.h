/*
 * Commands that messages suggest, ready to be typed: names are quoted for a POSIX shell if it would
 * take them for something else, and begin with ./ if the program would take them for options.
 * (Characters that must not reach a terminal are escaped when printed, as everywhere.)
 */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include <stddef.h>

#define SHELL_TEXT_BYTES 16384 /* a few paths; what does not fit is left out */

/* Text that grows at its end. Starts as {.length = 0}. */
struct shell_text {
    size_t length;
    char s[SHELL_TEXT_BYTES]; /* ends with '\0' */
};

/* Appends BYTES of TEXT as they are. */
void shell_add(struct shell_text *line, const char *text, size_t bytes);
/* Appends the name of a file as a word. */
void shell_add_name(struct shell_text *line, const char *name);

#endif
