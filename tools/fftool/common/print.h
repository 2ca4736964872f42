/*
 * Printing of text from outside: arguments, file names, strings from models, logs and results. It
 * is escaped (fftool/text.h), so that the terminal obeys none of it.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdarg.h>
#include <stdio.h>

/* Prints TEXT, which may hold anything. */
void print_text(FILE *out, const char *text);
/* Prints TEXT right-aligned in a column of WIDTH characters. */
void print_column(FILE *out, int width, const char *text);
/* Prints one line, escaped as a whole; the newline at its end is added. */
void print_line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void print_line_va(FILE *out, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
