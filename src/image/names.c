#include "image/names.h"

#include "input/input.h"
#include "input/paths.h"

#include <fftool/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)64 * 1024) /* of the file: 255 for each of 256 names */
#define NAME_BYTES 256                 /* of a name, with the final NUL */

/* Finds the file NAME; false: there is none. */
static bool find(const char *place, const char *name, char out[FF_PATH_BYTES])
{
    int directory = (int)(ff_path_base(place) - place);

    if (ff_path_is_directory(place))
        return ff_path_find(place, name, out);
    return snprintf(out, FF_PATH_BYTES, "%.*s%s", directory, place, name) < FF_PATH_BYTES &&
           ff_path_exists(out);
}

static int add_name(struct ff_ctx *ctx, const char *path, const char *text, char **out)
{
    size_t length = strlen(text);

    if (length >= NAME_BYTES || ff_text_escape(text, FF_ESCAPE_BYTES, NULL, 0) != length)
        return ff_fail(ctx, FF_EINVAL, "%s: \"%.60s\" is not UTF-8, or longer than %d bytes", path,
                       text, NAME_BYTES - 1);
    *out = strdup(text);
    return *out ? FF_OK : ff_fail(ctx, FF_ENOMEM, "%s: out of memory for the names", path);
}

/* Divides TEXT into COUNT names. */
static int take_names(struct ff_ctx *ctx, const char *path, char *text, uint32_t count, char **out)
{
    uint32_t n = 0;
    char *rest = NULL;
    int status = FF_OK;

    for (char *line = strtok_r(text, "\r\n", &rest); line && status == FF_OK;
         line = strtok_r(NULL, "\r\n", &rest)) {
        if (line[strspn(line, " \t")] == '\0')
            continue;
        if (n < count)
            status = add_name(ctx, path, line, &out[n]);
        n++;
    }
    if (status == FF_OK && n != count)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: has %u names of classes instead of %u; remove the file, "
                       "or restore it",
                       path, n, count);
    return status;
}

/* Reads the file PATH to TEXT, MOST_BYTES and a NUL. */
static int read_text(struct ff_ctx *ctx, const char *path, char *text)
{
    struct ff_input *input;
    size_t got = 0;
    int status = ff_input_open(ctx, path, &input);

    if (status != FF_OK)
        return status;
    status = ff_input_read(input, text, MOST_BYTES, &got);
    if (status == FF_OK)
        status = ff_input_expect_end(input, "its names");
    ff_input_close(input);
    text[got] = '\0';
    return status;
}

int ff_names_read(struct ff_ctx *ctx, const char *place, const char *name, uint32_t count,
                  char ***out)
{
    char path[FF_PATH_BYTES], *text, **names;
    int status;

    *out = NULL;
    if (!find(place, name, path))
        return FF_OK;
    text = ff_alloc(ctx, FF_MEM_IO, MOST_BYTES + 1);
    if (!text)
        return ff_alloc_status(ctx);
    names = calloc(count, sizeof *names);
    status = names ? read_text(ctx, path, text)
                   : ff_fail(ctx, FF_ENOMEM, "%s: out of memory for the names", path);
    if (status == FF_OK)
        status = take_names(ctx, path, text, count, names);
    ff_free(ctx, FF_MEM_IO, text, MOST_BYTES + 1);
    for (uint32_t i = 0; names && status != FF_OK && i < count; i++)
        free(names[i]);
    if (status == FF_OK)
        *out = names;
    else
        free(names);
    return status;
}
