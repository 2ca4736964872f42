/*
 * Checks that the data is still what a model was trained on. A model resumed on changed data would
 * match neither version of the data.
 */
#ifndef FF_TRAIN_SAME_DATA_H
#define FF_TRAIN_SAME_DATA_H

#include "learn/import.h"
#include "model/manifest.h"

#include <fftool/train.h>

/* Where files of data are; LABELS and ARRAYS may be NULL, as in struct ff_dataset_spec. */
struct ff_data_location {
    char *path, *labels, *arrays;
};

/*
 * Compares the data at LOCATION with that of MANIFEST, which has been imported. Files whose path,
 * size and time are those in the manifest are not read. Of others the contents are compared,
 * because a file may be rewritten or decompressed. Updates the manifest's files. The message of
 * FF_EMISMATCH names the files that differ.
 */
FF_CHECK int ff_same_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                          struct ff_manifest *manifest, const struct ff_data_location *location);
/* Fails with FF_EMISMATCH for data at PATH whose FACTS differ from those of MODEL's MANIFEST. */
int ff_other_data(struct ff_ctx *ctx, const char *model, const struct ff_manifest *manifest,
                  const char *path, const struct ff_import_facts *facts);
/* Reads the samples of SPEC that MANIFEST's model trains on; the fingerprint is "" if SPEC has no
 * such samples. */
FF_CHECK int ff_read_facts(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                           const struct ff_manifest *manifest, const struct ff_dataset_spec *spec,
                           struct ff_import_facts *facts);
/* ff_train_fingerprint(). */
FF_CHECK int ff_same_data_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                      char out[FF_HASH_BYTES]);
/* The samples that OPTS name, whose columns and classes are to be found. */
struct ff_dataset_spec ff_given_data_spec(const struct ff_train_opts *opts);
/* The samples that MANIFEST's model trains on, at LOCATION or the rows of OPTS. */
struct ff_dataset_spec ff_data_spec(const struct ff_manifest *manifest,
                                    const struct ff_train_opts *opts,
                                    const struct ff_data_location *location);

#endif
