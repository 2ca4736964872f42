/* Text of the program's tables in mdoc(7): lines filled, options and placeholders marked. */
#ifndef MAN_WORDS_H
#define MAN_WORDS_H

#include "man/page.h"

/* Prints N characters of TEXT, escaped. ALL_MINUS: "-" is no hyphen, as in a command. */
void print_escaped(const char *text, size_t n, bool all_minus);
/* Prints TEXT on lines of its own; placeholders are those of PAGE's options. */
void print_words(const struct page *page, const char *text);
/* Prints FORMAT as a sentence on lines of its own. */
void print_sentence(const struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
