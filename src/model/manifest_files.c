#include "model/manifest_files.h"

#include "model/json_text.h"

#include <stdlib.h>
#include <string.h>

#define HASH_DIGITS "0123456789abcdef"

static json_t *file_to_json(const struct ff_data_file *file)
{
    json_t *object = json_pack("{s:I, s:I, s:s}", "bytes", (json_int_t)file->bytes, "mtime",
                               (json_int_t)file->mtime_ns, "hash", file->hash);

    if (ff_json_set_path(object, "name", file->name) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *ff_manifest_files_write(const struct ff_data_files *files)
{
    json_t *array = json_array();
    int failed = array ? 0 : -1;

    for (uint32_t i = 0; i < files->count && !failed; i++)
        failed = json_array_append_new(array, file_to_json(&files->file[i]));
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static bool read_file(const json_t *object, const char *name, struct ff_data_file *out)
{
    const json_t *bytes = json_object_get(object, "bytes"),
                 *mtime = json_object_get(object, "mtime");
    const char *hash = json_string_value(json_object_get(object, "hash"));

    if (!name || !*name || strchr(name, '/') || strlen(name) >= sizeof out->name)
        return false;
    if (!hash || strlen(hash) != sizeof out->hash - 1 ||
        strspn(hash, HASH_DIGITS) != sizeof out->hash - 1)
        return false;
    if (!json_is_integer(bytes) || json_integer_value(bytes) < 0 || !json_is_integer(mtime))
        return false;
    strcpy(out->name, name);
    strcpy(out->hash, hash);
    out->bytes = (uint64_t)json_integer_value(bytes);
    out->mtime_ns = json_integer_value(mtime);
    return true;
}

int ff_manifest_files_read(struct ff_ctx *ctx, const json_t *array, struct ff_data_files *out)
{
    size_t n = json_array_size(array);

    *out = (struct ff_data_files){.count = 0};
    if (array && (!json_is_array(array) || n > FF_DATA_FILES))
        return ff_fail(ctx, FF_ECORRUPT, "data: \"files\" is not a list of at most %d",
                       FF_DATA_FILES);
    for (; out->count < n; out->count++) {
        const json_t *object = json_array_get(array, out->count);
        char *name;
        int status = ff_json_get_path(ctx, object, "name", &name);

        if (status == FF_OK && !read_file(object, name, &out->file[out->count]))
            status = ff_fail(ctx, FF_ECORRUPT, "data: file %u is damaged", out->count + 1);
        free(name);
        if (status != FF_OK)
            return status;
    }
    return FF_OK;
}
