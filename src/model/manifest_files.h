/* The files of a dataset in the manifest: an array of objects. */
#ifndef FF_MODEL_MANIFEST_FILES_H
#define FF_MODEL_MANIFEST_FILES_H

#include "base/context.h"
#include "input/files.h"

#include <jansson.h>

/* A new array; NULL: out of memory. */
json_t *ff_manifest_files_write(const struct ff_data_files *files);
/* ARRAY may be NULL: a model of an earlier version, which has none. FF_ECORRUPT. */
FF_CHECK int ff_manifest_files_read(struct ff_ctx *ctx, const json_t *array,
                                    struct ff_data_files *out);

#endif
