#include "input/files.h"

#include <string.h>

#define NS_PER_S INT64_C(1000000000)

int64_t ff_data_nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

bool ff_data_files_equal(const struct ff_data_files *a, const struct ff_data_files *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct ff_data_file *x = &a->file[i], *y = &b->file[i];

        if (x->mtime_ns != y->mtime_ns || x->bytes != y->bytes || strcmp(x->name, y->name) != 0 ||
            strcmp(x->hash, y->hash) != 0)
            return false;
    }
    return true;
}

bool ff_data_files_untouched(const struct ff_data_files *read, const struct ff_data_files *now)
{
    struct ff_data_files expected = *read;

    for (uint32_t i = 0; i < read->count; i++) {
        if (read->file[i].mtime_ns == 0)
            return false;
        *expected.file[i].hash = '\0';
    }
    return read->count > 0 && ff_data_files_equal(&expected, now);
}

int ff_data_changed(struct ff_ctx *ctx, const char *path)
{
    return ff_fail(ctx, FF_EMISMATCH,
                   "%s: changed while it was read; run the command again once it is complete",
                   path);
}
