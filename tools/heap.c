#include "heap.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_exit(void *block)
{
    if (block == NULL) {
        fputs("fftool: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return block;
}

void *heap_resize(void *block, size_t count, size_t size)
{
    if (count == 0)
        count = 1;
    return or_exit(reallocarray(block, count, size));
}

char *heap_copy(const char *text)
{
    return or_exit(strdup(text));
}

char *heap_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    return or_exit(length >= 0 ? text : NULL);
}

static bool out_of_memory;

static void *noting_malloc(size_t size)
{
    void *block = malloc(size);

    out_of_memory = out_of_memory || block == NULL;
    return block;
}

/* Where memory runs out within a token, jansson 2.14 leaves out a part of it, and may succeed; nor
 * does it leave errno alone. */
json_t *heap_json(const char *text, size_t bytes, size_t flags, json_error_t *error)
{
    json_t *value;

    out_of_memory = false;
    json_set_alloc_funcs(noting_malloc, free);
    value = json_loadb(text, bytes, flags, error);
    if (out_of_memory)
        or_exit(NULL);
    return value;
}
