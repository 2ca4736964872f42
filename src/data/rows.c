/* Rows provided by the caller (struct ff_rows) as a dataset. */
#include "data/finite.h"
#include "data/format.h"
#include "data/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct rows {
    struct ff_dataset base;
    const struct ff_rows *rows;
    const char *name;
    uint64_t next; /* the row to be read next */
};

static int check_rows(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    const struct ff_rows *rows = spec->rows;

    if (!rows->values && !rows->read)
        return ff_fail(ctx, FF_EINVAL, "%s: neither values nor a function that reads them",
                       spec->path);
    if (!spec->unlabelled && rows->values && !rows->labels)
        return ff_fail(ctx, FF_EINVAL, "%s: values without labels", spec->path);
    return FF_OK;
}

static int rows_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                     struct ff_dataset **out)
{
    const struct ff_rows *rows = spec->rows;
    struct ff_dataset_info info = {
        .rows = rows->rows,
        .features = rows->features,
        .height = rows->height,
        .width = rows->width,
        .planar = rows->planar && rows->height > 0,
        .classes = spec->unlabelled ? 0 : rows->classes,
        .is_float = rows->is_float,
    };
    int status = ff_shape_settle(ctx, spec->path, !spec->unlabelled, &info);
    struct rows *open;

    if (status == FF_OK)
        status = check_rows(ctx, spec);
    if (status != FF_OK)
        return status;
    open = ff_alloc(ctx, FF_MEM_IO, sizeof *open);
    if (!open)
        return ff_alloc_status(ctx);
    open->rows = rows;
    open->name = spec->path;
    open->base.ctx = ctx;
    open->base.info = info;
    *out = &open->base;
    return FF_OK;
}

static size_t row_bytes(const struct ff_rows *rows)
{
    return rows->features * (rows->is_float ? sizeof(float) : 1);
}

/* Gets the next N rows from memory or from the caller's function. */
static int take(struct rows *open, size_t n, void *features, uint16_t *labels)
{
    const struct ff_rows *rows = open->rows;

    if (!rows->values && rows->read(rows->arg, open->next, n, features, labels) != 0)
        return ff_fail(open->base.ctx, FF_EIO,
                       "%s: the program failed to provide rows %" PRIu64 " to %" PRIu64 " (from 0)",
                       open->name, open->next, open->next + n - 1);
    if (rows->values)
        memcpy(features, (const char *)rows->values + open->next * row_bytes(rows),
               n * row_bytes(rows));
    if (rows->values && labels)
        memcpy(labels, rows->labels + open->next, n * sizeof *labels);
    return FF_OK;
}

static int check_labels(const struct rows *open, size_t n, const uint16_t *labels)
{
    uint32_t classes = open->base.info.classes;

    for (size_t i = 0; i < n; i++) {
        if (labels[i] >= classes)
            return ff_fail(open->base.ctx, FF_EINVAL,
                           "%s: the label of row %" PRIu64 " (from 0) is %u: must be 0 to %u",
                           open->name, open->next + i, labels[i], classes - 1);
    }
    return FF_OK;
}

static int rows_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                     size_t *rows)
{
    struct rows *open = (struct rows *)dataset;
    uint64_t left = open->rows->rows - open->next;
    size_t n = left < max_rows ? (size_t)left : max_rows;
    uint16_t *wanted = dataset->info.classes > 0 ? labels : NULL;
    int status = n > 0 ? take(open, n, features, wanted) : FF_OK;

    if (status == FF_OK && dataset->info.is_float)
        status = ff_check_finite(dataset->ctx, open->name, open->next, n, dataset->info.features,
                                 features);
    if (status == FF_OK && wanted)
        status = check_labels(open, n, wanted);
    open->next += n;
    *rows = n;
    return status;
}

static void rows_close(struct ff_dataset *dataset)
{
    ff_free(dataset->ctx, FF_MEM_IO, dataset, sizeof(struct rows));
}

/* The dataset has no files. */
static int rows_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                     char path[FF_PATH_BYTES])
{
    (void)ctx;
    (void)spec;
    (void)i;
    *path = '\0';
    return FF_OK;
}

static int rows_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    (void)dataset;
    out->count = 0;
    return FF_OK;
}

const struct ff_dataset_format ff_format_rows = {
    .info = {.name = "rows"},
    .open = rows_open,
    .read = rows_read,
    .close = rows_close,
    .find = rows_find,
    .describe = rows_describe,
};
