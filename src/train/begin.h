/*
 * What a run begins with: its options, checked; its data, as far as can be told without reading the
 * images; and the manifest of a new model.
 */
#ifndef FF_TRAIN_BEGIN_H
#define FF_TRAIN_BEGIN_H

#include "data/dataset.h"
#include "model/manifest.h"

#include <fftool/train.h>

/* Checks what OPTS must name; RECIPE is NULL if a model has it. */
FF_CHECK int ff_begin_check(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                            const struct ff_train_opts *opts);
/* An option that does nothing with RECIPE is a mistake; and there cannot be any number of threads.
 */
FF_CHECK int ff_begin_check_use(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                const struct ff_train_opts *opts);
/* Reads "none", "zstd" or "zstd:LEVEL"; TEXT may be NULL. */
FF_CHECK int ff_begin_compression(struct ff_ctx *ctx, const char *text, struct ff_compression *out);
/* What recipe and data together must satisfy. PATH is for messages; NULL: there is no such data,
 * and INFO is what somebody says. */
FF_CHECK int ff_begin_check_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                                 const char *path, uint64_t samples,
                                 const struct ff_dataset_info *info);
/* Opens the dataset of OPTS for what it tells of itself, and for the samples to train on, checks
 * that, and closes it. */
FF_CHECK int ff_begin_data(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                           const struct ff_train_opts *opts, struct ff_dataset_info *info,
                           uint64_t *samples);
/* Fills an empty MANIFEST for a new model; without a path in OPTS its data has none. On error it is
 * still to be released. */
FF_CHECK int ff_begin_manifest(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                               const struct ff_train_opts *opts, uint64_t samples,
                               const struct ff_dataset_info *info, struct ff_manifest *manifest);
/* The dataset's place is that of OPTS, by default of MANIFEST. Data that the model has been trained
 * on must be the same, else FF_EMISMATCH (same_data.h). That which the manifest alone names may be
 * missing. */
FF_CHECK int ff_begin_record_data(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                                  struct ff_manifest *manifest);

#endif
