/*
 * Whether the data is still what a model is trained on: a model that goes on, or is complete, on
 * data that has been corrected meanwhile would be one of neither.
 */
#ifndef FF_TRAIN_SAME_DATA_H
#define FF_TRAIN_SAME_DATA_H

#include "learn/import.h"
#include "model/manifest.h"

#include <fftool/train.h>

/*
 * Compares the data at PATH and LABELS (NULL: found beside it) with that of MANIFEST, which has
 * been imported. Files that have the sizes and times that the manifest says are not read; others,
 * and all at another place, are, and then their rows count: a file may be written again, or
 * unpacked. Updates the manifest's files. FF_EMISMATCH names those that differ.
 */
FF_CHECK int ff_same_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                          struct ff_manifest *manifest, const char *path, const char *labels);
/* FF_EMISMATCH for FACTS of data at PATH that are not those of MANIFEST, the manifest of MODEL. */
int ff_other_data(struct ff_ctx *ctx, const char *model, const struct ff_manifest *manifest,
                  const char *path, const struct ff_import_facts *facts);
/* ff_train_fingerprint(). */
FF_CHECK int ff_same_data_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                      char out[FF_HASH_BYTES]);
/* The rows that MANIFEST's model trains on, at PATH and LABELS or those of OPTS. */
struct ff_dataset_spec ff_data_spec(const struct ff_manifest *manifest,
                                    const struct ff_train_opts *opts, const char *path,
                                    const char *labels);

#endif
