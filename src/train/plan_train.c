#include <fftool/plan.h>

#include "train/begin.h"
#include "train/plan.h"

/* Rows and columns that a dataset may have; formats refuse more. */
#define MOST_SAMPLES ((uint64_t)1 << 40)
#define MOST_FEATURES (1u << 24)

static int describe(struct ff_ctx *ctx, const struct ff_plan_data *data,
                    struct ff_dataset_info *out)
{
    uint64_t pixels = (uint64_t)data->height * data->width;

    if (data->samples < 1 || data->samples > MOST_SAMPLES || data->features < 1 ||
        data->features > MOST_FEATURES || data->classes < 1 || data->classes > FF_MAX_CLASSES)
        return ff_fail(
            ctx, FF_EINVAL,
            "%llu samples of %u features in %u classes: not within 1 and %llu, %u and %d",
            (unsigned long long)data->samples, data->features, data->classes,
            (unsigned long long)MOST_SAMPLES, MOST_FEATURES, FF_MAX_CLASSES);
    if ((data->height > 0 || data->width > 0) && (pixels == 0 || data->features % pixels != 0))
        return ff_fail(ctx, FF_EINVAL, "%u features are not images of %u x %u pixels",
                       data->features, data->height, data->width);
    *out = (struct ff_dataset_info){
        .rows = data->samples,
        .features = data->features,
        .height = data->height,
        .width = data->width,
        .channels = pixels > 0 ? (uint32_t)(data->features / pixels) : 0,
        .classes = data->classes,
        .is_float = data->is_float,
    };
    return FF_OK;
}

int ff_plan_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                  const struct ff_train_opts *opts, const struct ff_plan_data *data,
                  struct ff_plan *out)
{
    struct ff_manifest manifest = {0};
    struct ff_compression compression;
    struct ff_dataset_info info;
    uint64_t samples = data ? data->samples : 0;
    int status = ff_begin_compression(ctx, opts->compress, &compression);

    *out = (struct ff_plan){0};
    if (status == FF_OK)
        status = ff_begin_check_use(ctx, recipe, opts);
    if (status == FF_OK && data) {
        status = describe(ctx, data, &info);
        if (status == FF_OK)
            status = ff_begin_check_data(ctx, recipe, NULL, samples, &info);
    } else if (status == FF_OK) {
        status = opts->data.path ? ff_begin_data(ctx, recipe, opts, &info, &samples)
                                 : ff_fail(ctx, FF_EINVAL, "no data is named");
    }
    if (status == FF_OK)
        status = ff_begin_manifest(ctx, recipe, opts, samples, &info, &manifest);
    if (status == FF_OK) {
        struct ff_plan_job job = ff_plan_job(&manifest, opts, &compression);

        status = ff_plan_run(ctx, &job, out);
    }
    ff_manifest_release(&manifest);
    return status;
}
