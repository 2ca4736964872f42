/* Columns, classes, moments and class weights of the data as members of the manifest's "data". */
#ifndef FF_MODEL_MANIFEST_SCHEMA_H
#define FF_MODEL_MANIFEST_SCHEMA_H

#include "data/moments.h"
#include "data/schema.h"
#include "nn/class_weights.h"

#include <jansson.h>

/* Set members of DATA: "columns" and "class_names" if there are any. -1: out of memory. */
int ff_manifest_schema_write(json_t *data, const struct ff_schema *schema);
/* Set "mean" and "deviation" if there are any. */
int ff_manifest_moments_write(json_t *data, const struct ff_moments *moments);
/* Set "class_samples", from which the weights follow, if there are any. */
int ff_manifest_class_weights_write(json_t *data, const struct ff_class_weights *weights);
/* Read them from DATA, of CLASSES classes, to OUT, which is empty, also on error. FF_ECORRUPT,
 * FF_ENOMEM. */
FF_CHECK int ff_manifest_schema_read(struct ff_ctx *ctx, const json_t *data, uint32_t classes,
                                     struct ff_schema *out);
FF_CHECK int ff_manifest_moments_read(struct ff_ctx *ctx, const json_t *data,
                                      struct ff_moments *out);
FF_CHECK int ff_manifest_class_weights_read(struct ff_ctx *ctx, const json_t *data,
                                            uint32_t classes, struct ff_class_weights *out);

#endif
