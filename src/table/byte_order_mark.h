/* The UTF-8 byte order mark, which editors on Windows put before a text. */
#ifndef FF_TABLE_BYTE_ORDER_MARK_H
#define FF_TABLE_BYTE_ORDER_MARK_H

#include <string.h>

/* Its bytes at the beginning of TEXT, of N bytes; 0: there is none. */
static inline size_t ff_byte_order_mark(const char *text, size_t n)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t bytes = sizeof mark - 1;

    return n >= bytes && memcmp(text, mark, bytes) == 0 ? bytes : 0;
}

#endif
