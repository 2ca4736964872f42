#include "common/heap.h"
#include <stdarg.h>
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

static void *malloc_or_exit(size_t size)
{
    return or_exit(malloc(size));
}

/* Where memory runs out within a token, jansson 2.14 leaves out a part of it, and may succeed, or
 * an assertion of its own fails. */
json_t *heap_json(const char *text, size_t bytes, size_t flags, json_error_t *error)
{
    json_malloc_t allocate;
    json_free_t release;
    json_t *value;

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(malloc_or_exit, free);
    value = json_loadb(text, bytes, flags, error);
    json_set_alloc_funcs(allocate, release);
    return value;
}
