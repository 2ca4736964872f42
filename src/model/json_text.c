#include "model/json_text.h"

#include <errno.h>
#include <fftool/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_SUFFIX "_hex"
#define NAME_BYTES 64

/* json_dumps() is not used: it drops a member's name if its buffer cannot grow (jansson 2.14). */
char *ff_json_text(const json_t *value, size_t flags)
{
    size_t size = json_dumpb(value, NULL, 0, flags); /* 0: out of memory */
    char *text = size ? malloc(size + 1) : NULL;

    if (text && json_dumpb(value, text, size, flags) != size) {
        free(text);
        return NULL;
    }
    if (text)
        text[size] = '\0';
    return text;
}

struct source {
    const char *text, *end;
    bool out_of_memory;
};

/* A json_load_callback_t that returns one byte at a time. If memory runs out within a token,
 * jansson 2.14 drops a part of it and may succeed; errno stays ENOMEM until the next byte. */
static size_t give_byte(void *to, size_t room, void *arg)
{
    struct source *source = arg;

    (void)room;
    source->out_of_memory = source->out_of_memory || errno == ENOMEM;
    if (source->text == source->end)
        return 0;
    *(char *)to = *source->text++;
    return 1;
}

int ff_json_parse(struct ff_ctx *ctx, const char *text, size_t n, json_t **out, json_error_t *error)
{
    struct source source = {.text = text, .end = text + n};

    errno = 0;
    *out = json_load_callback(give_byte, &source, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    if (source.out_of_memory ||
        (!*out && (errno == ENOMEM || json_error_code(error) == json_error_out_of_memory)))
        return ff_fail(ctx, FF_ENOMEM, "out of memory");
    return *out ? FF_OK : ff_fail(ctx, FF_ECORRUPT, "%s", error->text);
}

static void hex_name(const char *name, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "%s" HEX_SUFFIX, name);
}

static json_t *hex_of(const char *bytes)
{
    size_t n = strlen(bytes);
    char *digits = malloc(2 * n + 1);
    json_t *value;

    if (!digits)
        return NULL;
    for (size_t i = 0; i < n; i++)
        snprintf(digits + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
    value = json_stringn(digits, 2 * n);
    free(digits);
    return value;
}

int ff_json_set_path(json_t *object, const char *name, const char *path)
{
    char hex[NAME_BYTES], *shown;
    size_t size;
    int failed;

    if (!path)
        return json_object_set_new(object, name, json_null());
    size = ff_text_escape(path, FF_ESCAPE_BYTES, NULL, 0) + 1;
    if (size == strlen(path) + 1)
        return json_object_set_new(object, name, json_string(path));
    shown = malloc(size);
    if (!shown)
        return -1;
    ff_text_escape(path, FF_ESCAPE_BYTES, shown, size);
    hex_name(name, hex);
    failed = json_object_set_new(object, name, json_string(shown)) != 0 ||
             json_object_set_new(object, hex, hex_of(path)) != 0;
    free(shown);
    return failed ? -1 : 0;
}

/* The byte of two hexadecimal digits; 0 if they are invalid. A path has no byte 0. */
static char byte_of(const char *digits)
{
    static const char all[] = "0123456789abcdef";
    const char *high = digits[0] ? strchr(all, digits[0]) : NULL;
    const char *low = high && digits[1] ? strchr(all, digits[1]) : NULL;

    return (char)(low ? (high - all) << 4 | (low - all) : 0);
}

static int read_hex(struct ff_ctx *ctx, const char *name, const char *digits, char **path)
{
    size_t n = strlen(digits) / 2;

    *path = malloc(n + 1);
    if (!*path)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for a path");
    for (size_t i = 0; i < n; i++) {
        (*path)[i] = byte_of(digits + 2 * i);
        if ((*path)[i] == '\0')
            n = 0;
    }
    (*path)[n] = '\0';
    if (n > 0 && digits[2 * n] == '\0')
        return FF_OK;
    free(*path);
    *path = NULL;
    return ff_fail(ctx, FF_ECORRUPT, "\"%s" HEX_SUFFIX "\" does not hold the bytes of a path",
                   name);
}

int ff_json_get_path(struct ff_ctx *ctx, const json_t *object, const char *name, char **path)
{
    const json_t *value = json_object_get(object, name), *digits;
    char hex[NAME_BYTES];

    *path = NULL;
    hex_name(name, hex);
    digits = json_object_get(object, hex);
    if (json_is_string(digits))
        return read_hex(ctx, name, json_string_value(digits), path);
    if (digits)
        return ff_fail(ctx, FF_ECORRUPT, "\"%s\" is not a string", hex);
    if (!value || json_is_null(value))
        return FF_OK;
    if (!json_is_string(value))
        return ff_fail(ctx, FF_ECORRUPT, "\"%s\" is not a string", name);
    *path = strdup(json_string_value(value));
    return *path ? FF_OK : ff_fail(ctx, FF_ENOMEM, "out of memory for a path");
}
