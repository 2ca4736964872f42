/*
 * The start of a run: checks its options and its data, without reading the samples, and makes the
 * manifest of a new model.
 */
#ifndef FF_TRAIN_BEGIN_H
#define FF_TRAIN_BEGIN_H

#include "data/dataset.h"
#include "model/manifest.h"

#include <fftool/train.h>

/* Checks the required options; RECIPE is NULL if the model has it. */
FF_CHECK int ff_begin_check(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                            const struct ff_train_opts *opts);
/* FF_EINVAL if an option has no effect with RECIPE or the number of threads is out of range. */
FF_CHECK int ff_begin_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                const struct ff_train_opts *opts);
/* Reads "none", "zstd" or "zstd:LEVEL"; TEXT may be NULL. */
FF_CHECK int ff_begin_compression(struct ff_ctx *ctx, const char *text, struct ff_compression *out);

/* What is to be trained on, and how. */
struct ff_training {
    struct ff_dataset_info info;
    struct ff_schema schema;
    uint64_t samples;
    struct ff_recipe recipe; /* completed for them */
};

void ff_training_release(struct ff_training *training);
/* Completes RECIPE for the data of TRAINING, and checks both together. PATH is for messages; NULL:
 * options give the shape of the data, there is no dataset. */
FF_CHECK int ff_begin_recipe(struct ff_ctx *ctx, const struct ff_recipe *recipe, const char *path,
                             struct ff_training *training);
/* Opens the dataset of OPTS, reads its shape and the number of samples to train on, closes it, and
 * does ff_begin_recipe(). TRAINING is to be released also on error. */
FF_CHECK int ff_begin_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                           const struct ff_train_opts *opts, struct ff_training *training);
/* The same for the data that MANIFEST describes, without opening it. */
FF_CHECK int ff_begin_same_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                const struct ff_manifest *manifest, struct ff_training *training);
/* Fills an empty MANIFEST for a new model. Without a path in OPTS the manifest has none. The caller
 * releases it also on error. */
FF_CHECK int ff_begin_manifest(struct ff_ctx *ctx, const struct ff_training *training,
                               const struct ff_train_opts *opts, struct ff_manifest *manifest);
/* Records the path of the dataset, from OPTS or else MANIFEST. FF_EMISMATCH if the model was
 * trained on other data (same_data.h). A dataset that only the manifest names may be missing. */
FF_CHECK int ff_begin_record_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                  struct ff_manifest *manifest);

#endif
