/*
 * Small allocations of the command line. If memory runs out they end the program with a message.
 * Results are freed with free().
 */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

#include <jansson.h>
#include <stddef.h>

/* Makes BLOCK, which may be NULL, COUNT elements of SIZE bytes long; new bytes are not set. */
void *heap_resize(void *block, size_t count, size_t size);
char *heap_copy(const char *text);
char *heap_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* json_loadb(), whose result is freed with json_decref(): NULL is always a syntax error. */
json_t *heap_json(const char *text, size_t bytes, size_t flags, json_error_t *error);

#endif
