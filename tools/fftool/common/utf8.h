/* Text in UTF-8, by characters instead of bytes. */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stddef.h>

/* Returns how many characters TEXT has; a byte that is of none counts as one. */
size_t utf8_length(const char *text);
/* Returns how many bytes the first MOST characters have: the precision of a "%.*s". */
int utf8_head(const char *text, size_t most);

#endif
