/* Columns, classes and moments of the data as members of the manifest's "data". */
#ifndef FF_MODEL_MANIFEST_SCHEMA_H
#define FF_MODEL_MANIFEST_SCHEMA_H

#include "data/moments.h"
#include "data/schema.h"

#include <jansson.h>

/* Set members of DATA: "columns" and "class_names" if there are any. -1: out of memory. */
int ff_manifest_schema_write(json_t *data, const struct ff_schema *schema);
/* Set "mean" and "deviation" if there are any. */
int ff_manifest_moments_write(json_t *data, const struct ff_moments *moments);
/* Read them from DATA, of CLASSES classes, to OUT, which is empty, also on error. FF_ECORRUPT,
 * FF_ENOMEM. */
FF_CHECK int ff_manifest_schema_read(struct ff_ctx *ctx, const json_t *data, uint32_t classes,
                                     struct ff_schema *out);
FF_CHECK int ff_manifest_moments_read(struct ff_ctx *ctx, const json_t *data,
                                      struct ff_moments *out);

#endif
