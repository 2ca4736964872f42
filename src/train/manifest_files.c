#include "train/manifest_files.h"

#include <string.h>

#define HASH_DIGITS "0123456789abcdef"

json_t *ff_manifest_files_write(const struct ff_data_files *files)
{
    json_t *array = json_array();
    int failed = array ? 0 : -1;

    for (uint32_t i = 0; i < files->count && !failed; i++) {
        const struct ff_data_file *file = &files->file[i];

        failed =
            json_array_append_new(array, json_pack("{s:s, s:I, s:I, s:s}", "name", file->name,
                                                   "bytes", (json_int_t)file->bytes, "mtime",
                                                   (json_int_t)file->mtime_ns, "hash", file->hash));
    }
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static bool read_file(const json_t *object, struct ff_data_file *out)
{
    const json_t *bytes = json_object_get(object, "bytes"),
                 *mtime = json_object_get(object, "mtime");
    const char *name = json_string_value(json_object_get(object, "name"));
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
        return ff_fail(ctx, FF_ECORRUPT, "data: \"files\" is no list of at most %d", FF_DATA_FILES);
    for (; out->count < n; out->count++) {
        if (!read_file(json_array_get(array, out->count), &out->file[out->count]))
            return ff_fail(ctx, FF_ECORRUPT, "data: file %u is damaged", out->count + 1);
    }
    return FF_OK;
}
