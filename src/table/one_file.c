#include "table/one_file.h"

#include <stdio.h>
#include <string.h>

int ff_one_file_bid(const struct ff_dataset_spec *spec, const struct ff_dataset_format *format)
{
    const char *const *names = format->names[spec->split];
    char path[FF_PATH_BYTES];

    if (ff_path_is_directory(spec->path))
        return ff_path_find_any(spec->path, names, path) ? FF_BID_DIRECTORY : 0;
    for (; *names; names++)
        if (ff_path_has_ending(spec->path, strchr(*names, '.')))
            return FF_BID_NAME;
    return 0;
}

int ff_one_file_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                     const struct ff_dataset_format *format, unsigned i, char path[FF_PATH_BYTES])
{
    *path = '\0';
    if (i > 0)
        return FF_OK;
    if (!ff_path_is_directory(spec->path)) {
        snprintf(path, FF_PATH_BYTES, "%s", spec->path);
        return FF_OK;
    }
    if (ff_path_find_any(spec->path, format->names[spec->split], path))
        return FF_OK;
    return ff_fail(ctx, FF_ENOTFOUND, "%s: was deleted while it was in use", spec->path);
}

int ff_one_file_read(struct ff_dataset *dataset, const struct ff_one_file_rows *how,
                     const char *path, uint64_t *done, size_t max_rows, float *features,
                     uint16_t *labels, size_t *rows)
{
    const struct ff_dataset_info *info = &dataset->info;
    /* A subsample has fewer rows than the file. */
    const uint64_t left = info->all_rows - *done;
    const size_t n = left < max_rows ? (size_t)left : max_rows;
    bool got = true;
    int status = FF_OK;

    if (info->classes == 0)
        labels = NULL;
    for (*rows = 0; *rows < n && status == FF_OK && got; ++*rows) {
        status = how->next(dataset, &got);
        if (status == FF_OK && got)
            status = how->read(dataset, features + *rows * info->features,
                               labels ? &labels[*rows] : NULL);
    }
    *done += n;
    if (status == FF_OK && got && *done == info->all_rows) {
        status = how->next(dataset, &got);
        got = !got;
    }
    return status == FF_OK && !got ? ff_data_changed(dataset->ctx, path) : status;
}
